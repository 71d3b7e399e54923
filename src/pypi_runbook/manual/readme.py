"""The README as PyPI shows it: what the commit's files make of it on GitHub is not there."""

from __future__ import annotations

import re
from email.parser import BytesHeaderParser

from pypi_runbook.finding import Finding
from pypi_runbook.rules.compare import listing

PAGE = "troubleshooting/description-does-not-render.md"
CODE = re.compile(r"^(?P<fence>```+|~~~+).*?^(?P=fence)\s*$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
# A target that begins with a scheme, with // or with # works anywhere.
TARGETS = (
    re.compile(r"\]\(\s*<?(?!\w[\w+.-]*:|//|#)([^)\s>]+)"),
    re.compile(r"""\b(?:src|href)\s*=\s*["'](?!\w[\w+.-]*:|//|#)([^"']+)""", re.IGNORECASE),
    re.compile(r"^\s*\[[^\]]+\]:\s+<?(?!\w[\w+.-]*:|//|#)(\S+?)>?\s*$", re.MULTILINE),
    re.compile(r"^\s*\.\. (?:image|figure)::\s+(?!\w[\w+.-]*:|//)(\S+)", re.MULTILINE),
)


def read(metadata: bytes, shown: str) -> tuple[str, list[Finding]]:
    """Return what PyPI will show as the project's description, in words, and what is not right with it.

    metadata: METADATA or PKG-INFO as it is; whether the description renders at all is twine's and the rules' to say.
    """
    headers = BytesHeaderParser().parsebytes(metadata)
    text = metadata.decode("utf-8", "replace").replace("\r\n", "\n").partition("\n\n")[2] or str(headers.get("Description") or "")
    if not text.strip():
        fix = "name a README in pyproject.toml"
        return "none", [Finding("no-description", "warning", "the project's page on the index will be empty", shown, None, fix, PAGE)]
    kind = str(headers.get("Description-Content-Type") or "text/x-rst").partition(";")[0]
    return f"{len(text.split())} words of {kind}", _relative(text, shown)


def _relative(text: str, shown: str) -> list[Finding]:
    prose = CODE.sub("", text)
    found = dict.fromkeys(match[1] for pattern in TARGETS for match in pattern.finditer(prose))
    if not found:
        return []
    message = f"the index will not find {listing(found)}: these links and pictures of the README lead to places beside it"
    return [Finding("relative-link", "warning", message, shown, None, "write whole https addresses, to files of a tag for pictures", PAGE)]
