# Klamm in a container, in the place of the apache/kafka image: the same user, ports, folders and
# KAFKA_* variables. Build: docker build -t klamm .   Run: docker run -p 9092:9092 klamm

FROM rust:1-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends clang libclang-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# RocksDB is most of this; clang builds it faster than gcc.
ENV CC=clang CXX=clang++
RUN cargo build --release --locked --bin klamm

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends libstdc++6 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 1000 --create-home --shell /bin/sh appuser \
    && mkdir -p /var/lib/kafka/data /mnt/shared/config /etc/kafka/docker \
    && chown -R appuser:appuser /var/lib/kafka /mnt/shared/config
COPY --from=build /src/target/release/klamm /usr/local/bin/klamm
# What the apache/kafka image starts, for compose files and tools that call it by its path.
COPY --chmod=755 scripts/container-run /etc/kafka/docker/run
USER appuser
EXPOSE 9092
VOLUME ["/var/lib/kafka/data"]
HEALTHCHECK --interval=5s --timeout=6s --start-period=10s --retries=3 \
    CMD ["klamm", "health", "--container"]
CMD ["/etc/kafka/docker/run"]
