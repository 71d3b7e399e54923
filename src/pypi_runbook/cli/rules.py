"""`pypi-runbook rules`: for which reasons PyPI refuses an upload or a token, and a file for each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from pypi_runbook.cli import json_option
from pypi_runbook.rules import Rule
from pypi_runbook.rules.lookup import all_rules, facts_of, find_rule, write_sample


@click.command()
@click.argument("rule_id", metavar="[ID]", required=False)
@click.option("--sample", type=click.Path(path_type=Path), metavar="DIR", help="Write the distribution that breaks this rule alone into DIR.")
@json_option
def command(rule_id: str | None, sample: Path | None, as_json: bool) -> None:
    """Say for which reasons PyPI refuses an upload, or a token for a GitHub job.

    Without ID every rule has a line, in PyPI's order of checks; with one, what is known of it. A `{name}` in the text stands for what
    PyPI puts there. A sample is right in everything else, so that a client or a test meets exactly this answer.
    """
    if rule_id is None and sample:
        raise click.UsageError("--sample needs the ID of a rule")
    rules = [find_rule(rule_id)] if rule_id else list(all_rules().values())
    path = write_sample(rules[0], sample) if sample else None
    if as_json:
        click.echo(document(rules, path))
    elif path:
        click.echo(path)
    elif rule_id:
        click.echo(told(rules[0]))
    else:
        for rule in rules:
            click.echo(f"{rule.id}  {rule.status} {rule.text}")


def document(rules: list[Rule], path: Path | None) -> str:
    """Return the JSON document about RULES, and the sample's PATH when one was written."""
    found: dict[str, Any] = {"schema": 1, "rules": [facts_of(rule) for rule in rules]}
    return json.dumps(found | ({"sample": str(path)} if path else {}), indent=2)


def told(rule: Rule) -> str:
    """Return what people are told of one rule."""
    facts = facts_of(rule)
    strict = ("yes" if rule.strict else "no") if facts["sample"] else "no file shows it"
    lines = {
        "rule": f"{rule.id} ({rule.number})",
        "answer": " ".join(filter(None, (str(rule.status), rule.code, rule.text))),
        "when": rule.when,
        "these words since": rule.since or "not known",
        "source": rule.source,
        "twine check --strict finds it": strict,
        "entry": f"troubleshooting/{rule.entry}.md" if rule.entry else "none",
        "sample": f"pypi-runbook rules {rule.id} --sample DIR" if facts["sample"] else "none",
    }
    return "\n".join(f"{name}: {value}" for name, value in lines.items()) + (f"\nnot met here: {rule.unreachable}" if rule.unreachable else "")
