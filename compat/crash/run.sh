#!/usr/bin/env bash
# kill -9 while producers write: compat/crash/run.sh [KILLS]
# BROKER=kafka runs it against Apache Kafka (see compat/broker.py).
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

scripts/setup python
export PYTHONPATH="$ROOT/compat" PYTHONDONTWRITEBYTECODE=1
exec "$KLAMM_CACHE/python/bin/python" compat/crash/crash.py "$@"
