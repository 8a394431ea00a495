#!/usr/bin/env bash
# Python clients against Klamm: compat/python/run.sh [CHECK...]
# BROKER=kafka or BROKER=host:port picks another broker (see compat/broker.py).
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

scripts/setup python
export PYTHONPATH="$ROOT/compat" PYTHONDONTWRITEBYTECODE=1
status=0
"$KLAMM_CACHE/python/bin/python" compat/python/with_confluent.py "$@" || status=1
"$KLAMM_CACHE/python/bin/python" compat/python/with_kafka_python.py "$@" || status=1
exit $status
