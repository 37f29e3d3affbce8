# Sourced by every finding: `observe PACKAGE==VERSION ... <<'PY'` runs the Python text that follows in a fresh
# environment with those packages, inside a temporary folder that is removed afterwards. The text can
# `from observe import check`. PYTHON names the interpreter (python3 unless set); the findings were recorded with 3.11.
set -euo pipefail

observe() {
    local folder
    folder=$(mktemp -d)
    trap "rm -rf '$folder'" EXIT
    cd "$folder"
    cat > finding.py
    cat > observe.py <<'PY'
"""Compare what a library does with what was recorded, and stop the finding as soon as they differ."""

import sys


def check(what, *, guess, seen, recorded):
    """Print the good guess and what was seen; exit with status 1 unless `seen` equals `recorded`."""
    print(f"{what}\n  good guess: {guess}\n  seen:       {seen}")
    if seen != recorded:
        sys.exit(f"  CHANGED: recorded was {recorded}. Look whether the finding still stands.")
PY
    "${PYTHON:-python3}" -m venv venv
    venv/bin/pip install --quiet --disable-pip-version-check "$@"
    venv/bin/pip freeze | grep -iE "^($(printf '%s\n' "$@" | sed 's/==.*//; s/-/[-_]/g' | paste -sd '|'))=="
    venv/bin/python -W ignore finding.py
}
