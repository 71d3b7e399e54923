"""A device's facts and a question as one text for a model."""

from __future__ import annotations

from collections.abc import Mapping


def prompt(device: str, facts: Mapping[str, str], question: str, limit: int = 2000) -> str:
    """Return the prompt for QUESTION about DEVICE; facts beyond LIMIT characters are left out, the question never."""
    known = "\n".join(f"- {name}: {value}" for name, value in sorted(facts.items()))[:limit]
    return f"Device {device}\n{known}\n\n{question}\n"
