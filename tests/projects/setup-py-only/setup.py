"""Nothing of this file may run when the project is read."""

from pathlib import Path

Path(__file__).with_name("was-run").touch()

from setuptools import setup

setup(name="setup-py-only", version="1." + "1", python_requires=">=3.8")
