#!/bin/sh
twine upload --repository "${1:-pypi}" dist/*
