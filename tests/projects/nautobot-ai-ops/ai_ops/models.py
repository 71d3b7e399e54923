"""The models that AI Ops knows, and the Nautobot releases that each of them supports."""

from __future__ import annotations

from packaging.specifiers import SpecifierSet

MODELS = {
    "large": SpecifierSet(">=3.0"),
    "medium": SpecifierSet(">=2.4"),
    "small": SpecifierSet(">=2.4,<4"),
}


def models_for(nautobot: str) -> list[str]:
    """Return the names of the models that the release NAUTOBOT supports, pre-releases included."""
    return [name for name, releases in MODELS.items() if releases.contains(nautobot, prereleases=True)]
