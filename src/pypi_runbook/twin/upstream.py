"""Where everybody else's packages come from: the outer machine's pip settings, mirrors and authorities included."""

from __future__ import annotations

import configparser
import os
import ssl
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DEFAULT_INDEX = "https://pypi.org/simple"


@dataclass(frozen=True)
class Upstream:
    """Simple indexes in the order of trust, the file of authorities that vouch for them (None: the system's), and a proxy."""

    indexes: tuple[str, ...]
    authorities: str | None = None
    proxy: str | None = None

    def tls(self) -> ssl.SSLContext:
        """Return the TLS settings for connections to the indexes."""
        return ssl.create_default_context(cafile=self.authorities)


def read_upstream(environment: Mapping[str, str]) -> Upstream:
    """Return what pip would use in ENVIRONMENT: its variables win over its configuration files."""
    settings = _from_files(environment)
    for name in ("index-url", "extra-index-url", "cert", "proxy", "no-index"):
        if value := environment.get(f"PIP_{name.upper().replace('-', '_')}"):
            settings[name] = value
    # The user's `no-index` would leave nothing to read through; what is kept on disk is still served.
    nothing = settings.get("no-index", "").lower() in ("1", "true", "yes", "on")
    indexes = [] if nothing else [settings.get("index-url", DEFAULT_INDEX), *settings.get("extra-index-url", "").split()]
    authorities = settings.get("cert") or environment.get("REQUESTS_CA_BUNDLE") or environment.get("SSL_CERT_FILE")
    return Upstream(tuple(index.rstrip("/") for index in indexes), authorities or None, settings.get("proxy") or None)


def _from_files(environment: Mapping[str, str]) -> dict[str, str]:
    settings: dict[str, str] = {}
    for file in _files(environment):
        parser = configparser.RawConfigParser()
        try:
            parser.read(file, encoding="utf-8")
        except (configparser.Error, OSError, UnicodeDecodeError):
            continue
        for section in ("global", "install", "download"):
            if parser.has_section(section):
                settings.update({name.replace("_", "-"): value.strip() for name, value in parser.items(section)})
    return settings


def _files(environment: Mapping[str, str]) -> list[Path]:
    """Return pip's configuration files, the strongest last."""
    chosen = environment.get("PIP_CONFIG_FILE")
    if chosen == os.devnull:
        return []
    home = Path(environment.get("HOME") or Path.home())
    site = [Path(sys.prefix, "pip.conf")]
    return _global_files(environment) + _user_files(environment, home) + site + ([Path(chosen)] if chosen else [])


def _global_files(environment: Mapping[str, str]) -> list[Path]:
    if sys.platform == "darwin":
        return [Path("/Library/Application Support/pip/pip.conf")]
    folders = environment.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    return [*(Path(folder, "pip", "pip.conf") for folder in folders.split(":")), Path("/etc/pip.conf")]


def _user_files(environment: Mapping[str, str], home: Path) -> list[Path]:
    if sys.platform == "win32":
        return [home / "pip" / "pip.ini", Path(environment.get("APPDATA", home), "pip", "pip.ini")]
    settings = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    if sys.platform == "darwin" and (home / "Library/Application Support/pip").is_dir():
        settings = home / "Library/Application Support"
    return [home / ".pip" / "pip.conf", settings / "pip" / "pip.conf"]
