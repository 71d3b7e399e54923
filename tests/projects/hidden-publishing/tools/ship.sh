#!/bin/sh
set -eu
if [ -d dist ]; then
    python -m twine \
        upload --non-interactive dist/*
fi
