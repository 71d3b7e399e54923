"""Why twine's upload failed, read from what it said: an index's refusal by its rule, or a way in which the network failed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pypi_runbook.rules import RULES
from pypi_runbook.rules.words import recognize

ALL = "troubleshooting/index.md"
DOWN = "incident/pypi-down.md"
INDEX_DOWN, LOST = "troubleshooting/index-down.md", "troubleshooting/connection-lost.md"
AGAIN = "run the same command again: what arrived stays, and the rest is sent"
# What an index has once said of these names and bytes, it will say for ever.
FINAL = {"file-exists", "filename-reuse", "release-closed", "one-sdist"}
NEXT_VERSION = "these files can never complete this version there; release the next version, and yank what is public of this one"
TOKEN = "give a token that is valid there; nothing else has to be done again"  # noqa: S105 (an advice)
TOKEN_RULES = re.compile(r"token-|caveat-|invalid-authentication|username-password|user-permission|publisher-permission|email-|two-factor")
ANSWER = re.compile(r"HTTPError: (?P<status>\d+) .*? from https://\S+ (?P<reason>.*)")
FIELDS = re.compile(r"\{.*?\}")
# Behind a proxy, twine 7 tries again on a new connection, without going back to the start of the file: it would wait there for minutes,
# for an answer to an upload that it never sends. Before anything is sent, trying again is right.
HOPELESS = re.compile(
    r"Retrying \(Retry\(.{0,200}? connection broken by '(?!NewConnection|ConnectTimeout|NameResolution|ConnectionRefused).{0,300}?': /legacy/"
)


@dataclass(frozen=True)
class Refusal:
    """id: a rule's, or a name of ours; words: twine's, in one line; final: whether the same files can never pass there."""

    id: str
    words: str
    next: str
    page: str
    final: bool = False


# The first that matches counts. What an index says comes before what the network does, as twine repeats both.
OTHERS: tuple[tuple[str, str, str, str], ...] = (
    (r"invalid-publisher", "invalid-publisher", "compare the publisher on the index with this job's claims", "troubleshooting/invalid-publisher.md"),
    (r"ACTIONS_ID_TOKEN_REQUEST", "id-token-permission", "give the job `id-token: write`", "troubleshooting/id-token-permission.md"),
    (r"TrustedPublishingFailure", "trusted-publishing", "read the reasons above", "publishing/trusted-publishing.md"),
    (r"Credential not found|could not determine credentials", "no-credential", "give twine a token", "troubleshooting/missing-credentials.md"),
    (r"HTTPError: 429|\b429 Too Many Requests", "too-many-requests", f"wait some minutes, then {AGAIN}", "troubleshooting/too-many-requests.md"),
    (r"HTTPError: 5\d\d|Received \"5\d\d", "server-error", f"look at https://status.python.org, wait, then {AGAIN}", INDEX_DOWN),
    (r"SSLError|CERTIFICATE_VERIFY_FAILED", "certificate", "somebody stands between you and the index: try another network", DOWN),
    (r"ProxyError|NameResolution|NewConnectionError", "no-network", f"check the network; then {AGAIN}", DOWN),
    (r"ConnectionError|RemoteDisconnected|BrokenPipe|ProtocolError|[Tt]imeout|Connection (aborted|reset)", "connection-lost", AGAIN, LOST),
    (r"InvalidDistribution", "invalid-distribution", "build and check again", ALL),
    (r"InvalidConfiguration", "twine-configuration", "repair ~/.pypirc, or move it away", ALL),
    (r"No space left|OSError|MemoryError", "machine", "make room on this machine; then " + AGAIN, ALL),
)


def read_refusal(output: str, status: int) -> Refusal:
    """Return why a twine that ended with STATUS, saying OUTPUT, did not upload everything."""
    text = " ".join(output.split())
    if HOPELESS.search(text):
        words = "the connection broke while a file was sent; twine does not send it again by itself, and was ended"
        return Refusal("connection-lost", words, AGAIN, LOST)
    words = last_words(output)
    if rule := _rule(words):
        final = rule in FINAL
        advice = NEXT_VERSION if final else TOKEN if TOKEN_RULES.match(rule) else "repair what it names, and begin again with the build"
        if rule in ("read-only", "uploads-disabled"):
            advice = f"wait until uploads are open again, then {AGAIN}"
        return Refusal(rule, words, advice, f"troubleshooting/{RULES[rule].entry}.md" if RULES[rule].entry else ALL, final)
    for pattern, id_, advice, page in OTHERS:
        if re.search(pattern, text):
            return Refusal(id_, words, advice, page)
    return Refusal("upload-failed", words or f"twine ended with status {status} and said nothing", AGAIN, ALL)


def last_words(output: str) -> str:
    """Return the end of twine's OUTPUT in one line: its last ERROR with what follows, otherwise its last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [number for number, line in enumerate(lines) if line.startswith("ERROR")]
    found = lines[errors[-1] :] if errors else lines[-1:]
    return " ".join(found).removeprefix("ERROR").strip().rstrip(".")


def _rule(words: str) -> str | None:
    """Return the id of the rule whose text an index answered with, as twine repeats it in WORDS."""
    if not (answer := ANSWER.match(words)):
        return None
    rules = [rule for rule in RULES.values() if rule.status == int(answer["status"]) and FIELDS.sub("", rule.text).strip()]
    # An index joins by commas what several limits of a token forbid, and last_words takes the full stop away.
    for text in (answer["reason"], f"{answer['reason']}.", answer["reason"].partition(", ")[0]):
        try:
            return recognize(text, rules).rule.id
        except LookupError:
            continue
    return None
