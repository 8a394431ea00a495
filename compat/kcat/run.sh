#!/usr/bin/env bash
# kcat against Klamm: compat/kcat/run.sh [CHECK...]
# BROKER=kafka or BROKER=host:port picks another broker (see compat/broker.py).
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

scripts/setup kcat
export PYTHONPATH="$ROOT/compat" PYTHONDONTWRITEBYTECODE=1
exec python3 compat/kcat/with_kcat.py "$@"
