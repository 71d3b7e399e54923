"""What the benchmarks that the site shows have in common: their options, what a result says of its run, and where it is kept."""

from __future__ import annotations

import argparse
import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "assets" / "benchmarks"


def read_options(description: str | None, rounds: int) -> argparse.Namespace:
    """Return the command line's `rounds`, ROUNDS unless given, and `write`; DESCRIPTION is the script's own, of which the first line is shown."""
    parser = argparse.ArgumentParser(description=(description or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--write", action="store_true", help="keep the result for the site")
    return parser.parse_args()


def keep(name: str, options: argparse.Namespace, found: dict[str, Any]) -> None:
    """Print FOUND with the day, the Python and the processors of this run, and keep it as NAME when OPTIONS say so."""
    about = {"schema": 1, "date": datetime.now(UTC).date().isoformat(), "python": platform.python_version(), "cpus": os.cpu_count()}
    text = json.dumps({**about, "rounds": options.rounds, **found}, indent=2) + "\n"
    if options.write:
        FOLDER.mkdir(parents=True, exist_ok=True)
        (FOLDER / f"{name}.json").write_text(text)
    print(text, end="")
