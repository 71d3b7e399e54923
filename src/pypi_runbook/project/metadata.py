"""A distribution's metadata from `pyproject.toml` (PEP 621, [tool.poetry], both, or neither) and `setup.cfg`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pypi_runbook.errors import RunbookError
from pypi_runbook.project import dynamic, poetry
from pypi_runbook.project.cargo import read_cargo
from pypi_runbook.project.facts import Distribution, Unknown
from pypi_runbook.project.imports import import_names
from pypi_runbook.project.setup_cfg import read_setup_cfg
from pypi_runbook.project.text import is_file, items, text_of, words
from pypi_runbook.project.toml import Toml, read_toml

POETRY_NAMES = {"requires-python": ("dependencies", "python")}
# Poetry has these three of the links outside its table of links.
POETRY_URLS = {"homepage": "Homepage", "repository": "Repository", "documentation": "Documentation"}
TEXTS = ("name", "version", "description", "readme", "license", "requires-python", "authors", "keywords", "classifiers")
FIELDS = (*TEXTS, *POETRY_URLS, "urls", "dependencies")


def read_distribution(folder: Path, root: Path, path: str = "project") -> tuple[Distribution, list[Unknown]]:
    """Return what FOLDER's metadata files say, and what they leave open.

    folder: holds `pyproject.toml` or `setup.cfg`; root: what file names are relative to.
    path: where the distribution stands in the JSON document, for example `projects[0]`.
    """
    toml = read_toml(folder / "pyproject.toml", root) if is_file(folder / "pyproject.toml") else Toml({}, {})
    setup = read_setup_cfg(folder / "setup.cfg", root)
    reader = _Reader(dynamic.Source(toml, setup, folder, root))
    project = reader.distribution()
    return project, [Unknown(f"{path}.{name}", reason) for name, reason in reader.reasons.items()]


class _Reader:
    """Takes each field from the first place that may say it: [project], then [tool.poetry], setup.cfg or Cargo.toml, as the backend does."""

    def __init__(self, source: dynamic.Source) -> None:
        self.source = source
        self.folder = source.folder
        self.toml = source.toml
        self.setup = source.setup
        self.pep621 = self.toml.table("project")
        self.backend = self.toml.table("build-system").get("build-backend")
        # Without [build-system] it is setuptools that tools fall back to; a bare [tool.poetry] was written for Poetry.
        self.builder = str(self.backend or ("setuptools" if self.pep621 or not self.toml.table("tool", "poetry") else "poetry"))
        # Beside a [project] table, [tool.poetry] counts only where Poetry's backend reads it.
        self.poetry = self.toml.table("tool", "poetry") if "poetry" in self.builder else {}
        self.elsewhere = self.other_file()
        self.file = (self.folder / self.file_name()).relative_to(source.root).as_posix()
        self.reasons: dict[str, str] = {}
        self.spans: dict[str, tuple[int, int]] = {}

    def other_file(self) -> dict[str, Any]:
        """Return what a file beside pyproject.toml says: setup.cfg for setuptools, Cargo.toml for maturin."""
        if "maturin" in self.builder:
            manifest = self.toml.table("tool", "maturin").get("manifest-path")
            return read_cargo(self.folder / (manifest if isinstance(manifest, str) else "Cargo.toml"), self.source.root)
        return self.setup.values if "setuptools" in self.builder else {}

    def file_name(self) -> str:
        """Return the name of the file that errors and excerpts point to."""
        if self.pep621 or self.poetry or "maturin" in self.builder:
            return "pyproject.toml"
        is_program = not self.toml.data and is_file(self.folder / "setup.py")
        return "setup.cfg" if self.elsewhere else "setup.py" if is_program else "pyproject.toml"

    def distribution(self) -> Distribution:
        for name in FIELDS:
            self.locate(name)
        version, is_dynamic = self.version()
        return Distribution(
            name=self.text("name"),
            version=version,
            version_dynamic=is_dynamic,
            backend=self.build_backend(),
            license=self.license(),
            requires_python=self.requires_python(),
            description=self.text("description"),
            authors=self.authors(),
            keywords=self.strings("keywords"),
            classifiers=self.strings("classifiers"),
            readme=self.readme(),
            urls=self.urls(),
            import_names=self.imports(),
            dependencies=self.dependencies(),
            file=self.file,
            lines={name: span[0] for name, span in self.spans.items()},
            spans=self.spans,
        )

    def locate(self, name: str) -> None:
        """Note where field NAME stands, if it stands anywhere."""
        inside = ".".join(("tool.poetry", *POETRY_NAMES.get(name, (name,))))
        for key in (f"project.{name}", inside if self.poetry else ""):
            if key in self.toml.spans:
                self.spans[name] = self.toml.spans[key]
                return
        if name in self.setup.lines and not self.pep621 and not self.poetry:
            self.spans[name] = (self.setup.lines[name],) * 2

    def raw(self, name: str) -> Any:
        """Return field NAME as it is written, from the first place that has it."""
        for table in (self.pep621, self.poetry):
            if name in table and name != "dependencies":
                return table[name]
        # Beside [project] another file counts only for what [project] says is dynamic.
        if self.pep621 and not self.declares_dynamic(name):
            return None
        return self.from_files(name) if name in self.toml.table("tool", "setuptools", "dynamic") else self.elsewhere.get(name)

    def from_files(self, name: str) -> Any:
        """Return field NAME from the files that setuptools takes it from; None when it computes it."""
        place = self.toml.table("tool", "setuptools", "dynamic").get(name)
        files = words(place.get("file")) if isinstance(place, dict) and name != "version" else []
        if name == "readme":
            return files[0] if files else None
        texts = [text for file in files if (text := text_of(self.folder / file, self.source.root)) is not None]
        if not texts:
            return None
        lines = [line.strip() for text in texts for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
        return lines if name in ("dependencies", "classifiers", "keywords") else "\n".join(texts).strip()

    def poetry_table(self, name: str) -> dict[str, Any]:
        return self.toml.table("tool", "poetry", name) if self.poetry else {}

    def declares_dynamic(self, name: str) -> bool:
        return name in items(self.pep621.get("dynamic"))

    def text(self, name: str) -> str | None:
        value = self.raw(name)
        if value is None:
            return self.known(
                None,
                name.replace("-", "_"),
                self.why_not(name),
            )
        return str(self.checked(name, value, str, "a string"))

    def why_not(self, name: str) -> str:
        """Return why nothing gives field NAME."""
        if self.declares_dynamic(name):
            return f"it is dynamic: the build backend decides; {dynamic.ASK}"
        return dynamic.PROGRAM if dynamic.is_program(self.source) and not self.poetry else f"the metadata says no {name}"

    def open_list(self, name: str) -> None:
        """Note that the list NAME, which no file gives, is one that the backend makes."""
        if self.declares_dynamic(name) or self.why_not(name) == dynamic.PROGRAM:
            self.reasons[name.replace("-", "_")] = self.why_not(name)

    def strings(self, name: str) -> list[str]:
        value = self.raw(name)
        if value is None:
            self.open_list(name)
            return []
        self.checked(name, value, list, "a list of strings")
        return [str(item) for item in value]

    def checked(self, name: str, value: Any, kind: type, words: str) -> Any:
        """Return VALUE, or raise RunbookError `wrong-type` when the file gives another kind of value than the field may have."""
        if isinstance(value, kind):
            return value
        line = self.spans.get(name, (1, 1))[0]
        raise RunbookError("wrong-type", f"{name} must be {words}, not {type(value).__name__}", file=self.file, line=line, next="correct the value")

    def known(self, value: object, field: str, reason: str) -> str | None:
        """Return VALUE as text; where it is None, note why FIELD is null."""
        if value is None:
            self.reasons[field] = reason
        return None if value is None else str(value)

    def version(self) -> tuple[str | None, bool]:
        """Return the version, and whether the build backend decides it; a literal elsewhere is read, never computed."""
        written = self.raw("version")
        if self.poetry and self.toml.table("tool", "poetry-dynamic-versioning").get("enable"):
            self.known(None, "version", f"poetry-dynamic-versioning takes it from git when the backend runs; {dynamic.ASK}")
            return None, True
        if isinstance(written, str) and not dynamic.is_indirect(written):
            # Poetry's own table is metadata of the same file; what stands in any other is for the backend to fetch.
            return written, self.declares_dynamic("version") and "version" not in self.poetry
        if written is not None and not isinstance(written, str):
            self.checked("version", written, str, "a string")
        value, reason = dynamic.literal_version(self.source, self.builder)
        if value is None:
            self.known(None, "version", reason)
        return value, written is not None or self.declares_dynamic("version") or reason == dynamic.PROGRAM

    def build_backend(self) -> str | None:
        if self.backend:
            return str(self.backend)
        has_files = self.toml.data or self.setup.values or is_file(self.folder / "setup.py")
        return self.known(
            None, "backend", "no build-system.build-backend; tools fall back to setuptools" if has_files else "there is no pyproject.toml"
        )

    def license(self) -> str | None:
        value = self.raw("license")
        if isinstance(value, dict):
            if "text" in value:
                return str(value["text"])
            return self.known(None, "license", f"the text stands in {value.get('file')}; no expression names it")
        return self.text("license")

    def requires_python(self) -> str | None:
        value = self.raw("requires-python")
        if value is None and (wanted := self.poetry_table("dependencies").get("python")):
            converted = poetry.specifier(str(wanted))
            return converted if converted is not None else self.known(None, "requires_python", f"Poetry's {wanted!r} has no PEP 440 form")
        return self.text("requires-python")

    def authors(self) -> list[str]:
        value = self.raw("authors")
        if value is None:
            self.open_list("authors")
            return []
        self.checked("authors", value, list, "a list")
        return [person(entry) if isinstance(entry, dict) else str(entry) for entry in value]

    def readme(self) -> str | None:
        value = self.raw("readme")
        if isinstance(value, list):
            value = value[0] if value else None
        if isinstance(value, dict):
            value = value.get("file")
        return str(value) if value else self.known(None, "readme", self.why_not("readme file" if not self.declares_dynamic("readme") else "readme"))

    def urls(self) -> dict[str, str]:
        """Return label and address of each link, with the labels under which Poetry publishes its own three keys."""
        if "urls" in self.pep621 or not self.poetry:
            urls = self.raw("urls") or {}
            if not urls:
                self.open_list("urls")
        else:
            urls = {label: self.poetry[key] for key, label in POETRY_URLS.items() if key in self.poetry} | self.poetry_table("urls")
        return {str(label): str(url) for label, url in self.checked("urls", urls, dict, "a table").items()}

    def dependencies(self) -> list[str]:
        if "dependencies" in self.pep621:
            return [str(line) for line in self.checked("dependencies", self.pep621["dependencies"], list, "a list of requirements")]
        if self.poetry:
            return poetry.requirements(self.poetry_table("dependencies"))
        value = self.raw("dependencies")
        if value is None:
            self.open_list("dependencies")
        return [str(line) for line in items(value)]

    def imports(self) -> list[str]:
        name = self.raw("name")
        names = import_names(self.toml, self.folder, name if isinstance(name, str) else None, self.elsewhere.get("modules", []))
        if not names:
            self.known(None, "import_names", "no package of that name stands in the folder or in src/, and the metadata lists none")
        return names


def person(entry: dict[str, str]) -> str:
    """Return one author of PEP 621 as `Name <mail>`."""
    name, mail = entry.get("name"), entry.get("email")
    return f"{name} <{mail}>" if name and mail else str(name or mail)
