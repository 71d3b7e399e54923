"""Whether a README renders: only reStructuredText can fail."""

from __future__ import annotations

from packaging.metadata import Metadata

from pypi_runbook.rules.catalogue import refuse


def check_description(metadata: Metadata) -> None:
    """Raise when the description is reStructuredText, or says nothing of its form, and does not render."""
    kind = metadata.description_content_type
    if not metadata.description or (kind and kind.split(";")[0].strip().lower() != "text/x-rst"):
        return
    # docutils takes long to import, and most projects write Markdown.
    from readme_renderer import rst

    if rst.render(metadata.description) is None:
        raise refuse("description-content-type", content_type=kind) if kind else refuse("description")
