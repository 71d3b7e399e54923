"""Why PyPI refuses an upload: the reasons as data, and the predicates that find them, without a server."""

from pypi_runbook.rules.catalogue import RULES, TOKEN_RULES, Refused, Rule, Site, refuse
from pypi_runbook.rules.form import Form, check_form
from pypi_runbook.rules.metadata import check_metadata

__all__ = ["RULES", "TOKEN_RULES", "Form", "Refused", "Rule", "Site", "check_form", "check_metadata", "refuse"]
