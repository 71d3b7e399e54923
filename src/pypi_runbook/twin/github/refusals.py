"""GitHub's refusals in the REST API: status, message and errors, in its words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DOCS = "https://docs.github.com/rest"
LONGEST_BODY = 125_000


@dataclass
class ApiError(Exception):
    """Why the API does not do what it was asked; `errors` name the fields."""

    status: int
    message: str
    errors: list[dict[str, str]] = field(default_factory=list)

    def document(self, documentation: str) -> dict[str, Any]:
        """Return the answer's JSON object; DOCUMENTATION is the part of an address behind `/rest/`."""
        shown = {"errors": self.errors} if self.errors else {}
        address = f"{DOCS}/{documentation}" if documentation else DOCS
        return {"message": self.message, **shown, "documentation_url": address, "status": str(self.status)}


def words_in(document: Mapping[str, Any]) -> str:
    """Return a refusal's JSON object in one line, for people."""
    reasons = [each.get("message") or f"{each.get('field')} {each['code']}" for each in document.get("errors", [])]
    return ": ".join([" ".join(document["message"].split()), *(["; ".join(reasons)] if reasons else [])])


def invalid(resource: str, *problems: Mapping[str, str]) -> ApiError:
    """Return the refusal of a RESOURCE with these PROBLEMS, each a `code` with `field` and `message`."""
    return ApiError(422, "Validation Failed", [{"resource": resource, **problem} for problem in problems])


def already_exists(resource: str, name: str) -> ApiError:
    """Return the refusal of a second RESOURCE with the same field NAME."""
    return invalid(resource, {"code": "already_exists", "field": name})


def custom(message: str, name: str = "") -> dict[str, str]:
    """Return a problem that GitHub puts in words, with the field that it is about."""
    return {"code": "custom", **({"field": name} if name else {}), "message": message}


def not_supplied(name: str) -> ApiError:
    """Return the refusal of a request that lacks the field NAME."""
    return ApiError(422, f'Invalid request.\n\n"{name}" wasn\'t supplied.')


def wrong_type(name: str, value: object, wanted: str) -> ApiError:
    """Return the refusal of a VALUE that is not a WANTED, a `string` for example."""
    shown = "nil" if value is None else f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    return ApiError(422, f"Invalid request.\n\nFor 'properties/{name}', {shown} is not a {wanted}.")


NOT_FOUND = ApiError(404, "Not Found")
BAD_CREDENTIALS = ApiError(401, "Bad credentials")
NOT_SIGNED_IN = ApiError(401, "Requires authentication")
NO_INTEGRATION = ApiError(403, "Resource not accessible by integration")
