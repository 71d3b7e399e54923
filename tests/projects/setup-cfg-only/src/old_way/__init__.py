"""A package whose version is a literal in its code."""

__version__ = "0.9.3"
