#!/usr/bin/env bash
# Apache Kafka's own command line tools against Klamm: compat/java/run.sh [TRANSCRIPT...]
# BROKER=kafka or BROKER=host:port picks another broker (see compat/broker.py).
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

scripts/setup java
[ $# -gt 0 ] || set -- compat/java/*.txt
exec python3 compat/broker.py java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
  -Dorg.slf4j.simpleLogger.defaultLogLevel=error \
  -cp "$KLAMM_CACHE/apache-kafka/libs/*" compat/java/Transcript.java "$@"
