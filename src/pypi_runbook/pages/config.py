"""Load mkdocs.yml for one guide, in the process that asks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from mkdocs.config import load_config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import MkDocsException

from pypi_runbook.errors import RunbookError
from pypi_runbook.pages.guides import Guide

PROJECT_KEY = "runbook_project"
PROJECT_VARIABLE = "PYPI_RUNBOOK_PROJECT"
# Material prints an advertisement otherwise, on every build.
os.environ.setdefault("NO_MKDOCS_2_WARNING", "1")


def configure(guide: Guide, site_dir: Path | None = None) -> MkDocsConfig:
    """Return the configuration of GUIDE's site, built into SITE_DIR; `extra` tells the macros which project it is about."""
    try:
        config = load_config(str(guide.config), site_dir=str(site_dir or guide.site_dir))
    except MkDocsException as error:
        raise RunbookError("bad-mkdocs-yml", str(error), file=guide.config.name) from error
    config.extra[PROJECT_KEY] = str(guide.project_root)
    return config


def macros_plugin(config: MkDocsConfig) -> Any:
    """Return the macros plugin of CONFIG, which renders Jinja without a build."""
    for name, plugin in config.plugins.items():
        if name.split("/")[-1] == "macros":
            return plugin
    raise RunbookError("no-macros-plugin", "mkdocs.yml does not list the plugin `macros`", file="mkdocs.yml", next="add it under `plugins`")
