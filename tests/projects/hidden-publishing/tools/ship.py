"""Uploads with Poetry."""

import subprocess
import sys

subprocess.run(["poetry", "config", "repositories.internal", "https://pypi.example.invalid/legacy/"], check=True)
subprocess.run([sys.executable, "-m", "poetry", "publish", "--repository", "internal"], check=True)
