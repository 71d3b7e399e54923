"""What `python -m ensurepip` runs in a session: it copies a pip that Python itself has installed before, instead of installing it again.

`venv` calls it for a new environment. In any other case, and whenever something is not as expected, it is Python's own.
Standard library only: it lies in a copy of the package `ensurepip`, next to the environment `_ready`; see `ready`.
"""

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

READY = Path(__file__).with_name("_ready")
# A longer first line, or one with a blank, is written in another way, which is pip's to know.
LONGEST = 127


def main() -> int:
    """Copy or install; return the exit status."""
    site, shebang = Path(sysconfig.get_path("purelib")), f"#!{sys.executable}\n"
    if not is_wanted(site, shebang):
        import ensurepip

        return ensurepip._main()  # type: ignore[attr-defined, no-any-return]
    ready = READY / site.relative_to(sys.prefix)
    subprocess.run([shutil.which("cp", path=os.defpath) or "cp", "-RPp", f"{ready}/.", str(site)], check=True)
    for record in site.glob("pip-*.dist-info/RECORD"):
        lines = record.read_text(encoding="utf-8").splitlines(keepends=True)
        record.write_text("".join(copy_script(line, site, shebang) for line in lines), encoding="utf-8")
    return 0


def is_wanted(site: Path, shebang: str) -> bool:
    """Say whether this is venv's call, as venv makes it, for an environment that holds nothing and sees no other packages."""
    if sys.argv[1:] != ["--upgrade", "--default-pip"] or sys.prefix == sys.base_prefix or not Path().samefile(sys.prefix):
        return False
    settings = Path(sys.prefix, "pyvenv.cfg").read_text(encoding="utf-8").lower()
    plain = len(shebang) <= LONGEST and " " not in shebang and "include-system-site-packages = false" in settings
    return plain and READY.is_dir() and not any(site.iterdir())


def copy_script(line: str, site: Path, shebang: str) -> str:
    """Copy the command that a LINE of a RECORD names, with this environment's SHEBANG; return its new line, any other one as it is."""
    name, _, _ = line.rsplit(",", 2)
    if not name.startswith(".."):
        return line
    target = site / name
    source = READY / os.path.relpath(target, sys.prefix)
    content = (shebang + source.read_text(encoding="utf-8").partition("\n")[2]).encode()
    target.write_bytes(content)
    shutil.copystat(source, target)
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
    return f"{name},sha256={digest},{len(content)}\n"


if __name__ == "__main__":
    sys.exit(main())
