"""setup.cfg says it all."""

from setuptools import setup

setup()
