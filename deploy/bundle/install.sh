#!/bin/sh
# Installs Citewell from this folder, without a network: ./install.sh /opt/citewell
# It checks every file first, and writes nothing but the folder that is given.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
target=${1:-}
python=${PYTHON:-python3}
wanted=$(cat "$here/python-version")

if [ -z "$target" ]; then
    echo "Say where to: $0 /opt/citewell" >&2
    exit 2
fi
if [ -e "$target" ]; then
    echo "$target is there already. Install beside it, try it, and then change over; nothing was changed." >&2
    exit 2
fi
found=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])') || {
    echo "No $python was found; this bundle is for Python $wanted. Another one: PYTHON=/path/to/python $0 $target" >&2
    exit 2
}
if [ "$found" != "$wanted" ]; then
    echo "$python is Python $found; this bundle is for $wanted. Another one: PYTHON=/path/to/python $0 $target" >&2
    exit 2
fi
if ! (cd "$here" && sha256sum --check --strict --quiet SHA256SUMS); then
    echo "A file of this bundle was changed or is missing. Copy it again; nothing was installed." >&2
    exit 1
fi

"$python" -m venv "$target" || {
    echo "No virtual environment could be made. On Debian: apt-get install python3-venv" >&2
    exit 1
}
"$target/bin/python" -m pip install --quiet --disable-pip-version-check --no-index --no-deps --require-hashes \
    --find-links "$here/wheels" --requirement "$here/requirements.txt"
echo "Installed into $target. Start it: $target/bin/citewell serve --data-dir /var/lib/citewell"
