"""Artificial intelligence for Nautobot: which models a release can work with, and prompts from a device's facts."""

from __future__ import annotations

from importlib.metadata import version

from ai_ops.models import MODELS, models_for
from ai_ops.prompts import prompt

__all__ = ["MODELS", "__version__", "models_for", "prompt"]
__version__ = version("nautobot-ai-ops")
