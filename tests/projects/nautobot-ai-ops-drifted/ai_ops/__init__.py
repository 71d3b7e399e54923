"""AI Ops, as far as a release needs it."""

from importlib import metadata

try:
    __version__ = metadata.version("nautobot-ai-ops")
except metadata.PackageNotFoundError:
    __version__ = "1.0.6"
