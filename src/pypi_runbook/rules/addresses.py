"""Mail addresses as PyPI judges them: the package email-validator, asked without the network.

What differs: a domain with letters beyond ASCII is encoded by Python's IDNA 2003, so a few letters that IDNA 2008
refuses pass here, and Python's words stand where email-validator hands on those of the package idna.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from email.utils import getaddresses

_ATOM = r"a-zA-Z0-9_!#$%&'*+\-/=?^`{|}~"
_BEYOND = "\u0080-\U0010ffff"
LOCAL = re.compile(rf"[{_ATOM}{_BEYOND}]+(\.[{_ATOM}{_BEYOND}]+)*")
LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9\-]*[A-Za-z0-9])?")
RESERVED = ("arpa", "invalid", "local", "localhost", "onion", "test")
ADDRESS_LIMIT, DOMAIN_LIMIT, LABEL_LIMIT = 254, 253, 63


def address_in(header: str) -> str:
    """Return the one address in HEADER; empty when there is none, or more than one, which PyPI then does not judge."""
    found = getaddresses([header])
    return found[0][1] if len(found) == 1 else ""


def address_problem(address: str) -> str:
    """Return why ADDRESS is not one, in email-validator's words; empty when it is."""
    local, at, domain = _split(address)
    if not at:
        return _missing_at(address)
    return _local_problem(local) or _domain_problem(domain) or _length_problem(address)


def _split(address: str) -> tuple[str, str, str]:
    """Return what stands before, at and after the first at-sign outside quotes."""
    match = re.match(r'(?:[^@"]|"(?:[^"\\]|\\.)*")*', address, re.DOTALL)
    end = match.end() if match else 0
    if address[end : end + 1] != "@":
        return address, "", ""
    return address[:end], "@", address[end + 1 :]


def _missing_at(address: str) -> str:
    if "\uff20" in address:
        return 'The email address has the "full-width" at-sign (@) character instead of a regular at-sign.'
    if "\ufe6b" in address:
        return 'The email address has the "small commercial at" character instead of a regular at-sign.'
    return "An email address must have an @-sign."


def _local_problem(local: str) -> str:
    if not local:
        return "There must be something before the @-sign."
    if local.startswith('"'):
        return "Quoting the part before the @-sign is not allowed here."
    if LOCAL.fullmatch(local):
        return _unsafe(local)
    if wrong := [c for c in local if not re.match(rf"[.{_ATOM}{_BEYOND}]", c)]:
        return f"The email address contains invalid characters before the @-sign: {_shown(wrong)}."
    return _dot_problem(local, "An email address cannot start with a {}.", "An email address cannot have a {} immediately before the @-sign.")


def _domain_problem(domain: str) -> str:
    if not domain:
        return "There must be something after the @-sign."
    if domain.startswith("[") and domain.endswith("]"):
        return "A bracketed IP address after the @-sign is not allowed here."
    if wrong := [c for c in domain if not re.match(rf"[a-zA-Z0-9\-.{_BEYOND}]", c)]:
        return f"The part after the @-sign contains invalid characters: {_shown(wrong)}."
    end = "An email address cannot end with a {}."
    problem = _unsafe(domain) or _dot_problem(domain, "An email address cannot have a {} immediately after the @-sign.", end, hyphens=True)
    if problem or any(re.match("(?!xn)..--", label, re.IGNORECASE) for label in domain.split(".")):
        rule = "An email address cannot have two letters followed by two dashes immediately after the @-sign or after a period, except Punycode."
        return problem or rule
    return _host_problem(domain.lower())


def _host_problem(domain: str) -> str:
    """Return what is wrong with DOMAIN as a name on the internet."""
    try:
        host = domain if domain.isascii() else ".".join(label.encode("idna").decode() for label in domain.split("."))
    except UnicodeError as error:
        return f"The part after the @-sign is invalid ({error})."
    if len(host) > DOMAIN_LIMIT:
        return f"The email address is too long after the @-sign {_excess(len(host) - DOMAIN_LIMIT)}."
    longest = max(map(len, host.split(".")))
    if longest > LABEL_LIMIT:
        return f"After the @-sign, periods cannot be separated by so many characters {_excess(longest - LABEL_LIMIT)}."
    if "." not in host:
        return "The part after the @-sign is not valid. It should have a period."
    if not host[-1].isalpha():
        return "The part after the @-sign is not valid. It is not within a valid top-level domain."
    if host.rpartition(".")[2] in RESERVED:
        return "The part after the @-sign is a special-use or reserved name that cannot be used with email."
    return ""


def _dot_problem(part: str, start: str, end: str, *, hyphens: bool = False) -> str:
    for mark, name in ((".", "period"), ("-", "hyphen")) if hyphens else ((".", "period"),):
        if part.endswith(mark):
            return end.format(name)
        if part.startswith(mark):
            return start.format(name)
        if ".." in part:
            return "An email address cannot have two periods in a row."
    if hyphens and (".-" in part or "-." in part):
        return "An email address cannot have a period and a hyphen next to each other."
    return ""


def _length_problem(address: str) -> str:
    over = len(address.encode()) - ADDRESS_LIMIT
    return f"The email address is too long {_excess(over)}." if over > 0 else ""


def _unsafe(part: str) -> str:
    """Return which characters of PART are no letters, numbers, signs or symbols, nor marks on one of those."""
    wrong = [c for place, c in enumerate(part) if unicodedata.category(c)[0] not in ("LNPSM" if place else "LNPS")]
    return f"The email address contains unsafe characters: {', '.join(map(_name, sorted(set(wrong))))}." if wrong else ""


def _shown(characters: Iterable[str]) -> str:
    return ", ".join(sorted({_name(c) for c in characters}))


def _name(character: str) -> str:
    if character == "\\":
        return '"\\"'
    if unicodedata.category(character)[0] in "LNPS":
        return repr(character)
    return unicodedata.name(character, f"U+{ord(character):04X}")


def _excess(count: int) -> str:
    return f"({count} character{'s' if count > 1 else ''} too many)"
