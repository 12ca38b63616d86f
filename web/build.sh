#!/bin/sh
# Build the board when its sources are newer than what was built.
set -eu
[ -f web/package.json ] || { echo "board: no sources yet"; exit 0; }
