"""The whole of it."""
