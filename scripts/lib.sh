# Shared by all scripts: where builds go, how missing packages are installed, how a build is shown.
# Source it: . "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT"

# Everything that is built or fetched lives outside the checkout, so that clones share it and
# RocksDB is compiled once. The compiler is part of the build's identity: it is always clang.
export KLAMM_CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/klamm"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$KLAMM_CACHE/target}"
export CC=clang CXX=clang++
export KLAMM_BIN="$CARGO_TARGET_DIR/release/klamm"

say() { printf '== %s\n' "$*" >&2; }
die() { printf '!! %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# install_packages NAME...: installs Debian packages, as root or with sudo, and says so.
install_packages() {
  have apt-get || die "please install these with your package manager, then try again: $*"
  local as_root=()
  if [ "$(id -u)" != 0 ]; then
    have sudo || die "these packages are missing and there is no sudo: $*"
    as_root=(sudo)
  fi
  say "installing: $*"
  "${as_root[@]}" apt-get update -q >&2
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -q --no-install-recommends "$@" </dev/null >&2
}

has_libclang() {
  ls /usr/lib/llvm-*/lib/libclang*.so* /usr/lib/*/libclang*.so* >/dev/null 2>&1 ||
    [ -n "${LIBCLANG_PATH:-}" ]
}

# What compiling Klamm takes: Rust, a linker, clang for RocksDB, libclang for its bindings.
install_build_tools() {
  local missing=()
  have cc || missing+=(gcc)
  have clang++ || missing+=(clang)
  has_libclang || missing+=(libclang-dev)
  [ -e /usr/include/stdio.h ] || missing+=(libc6-dev)
  ls -d /usr/include/c++/* >/dev/null 2>&1 || missing+=(libstdc++-12-dev)
  [ ${#missing[@]} = 0 ] || install_packages "${missing[@]}"
  [ -x "$HOME/.cargo/bin/cargo" ] && PATH="$HOME/.cargo/bin:$PATH"
  have cargo || die "Rust is missing: install it from https://rustup.rs, then try again"
}

# RocksDB is one cargo step of many minutes: show how far it is, while the process $1 lives.
watch_rocksdb() {
  local objects seen=0
  while sleep 15 >/dev/null 2>&1 && kill -0 "$1" 2>/dev/null; do
    objects=$(find "$CARGO_TARGET_DIR/release/build" -path '*librocksdb-sys*' -name '*.o' \
      -newer "$KLAMM_CACHE/build-started" 2>/dev/null | wc -l)
    if [ "$objects" != "$seen" ]; then
      say "RocksDB: $objects of about 330 files compiled"
      seen=$objects
    fi
  done
}

# Cargo tells what is stale by the files' times, and clones share its folder: what another clone
# has built since this one was made would pass for this one's. So a change of clone makes it stale.
notice_another_clone() {
  local mark=$CARGO_TARGET_DIR/klamm-checkout
  [ "$(cat "$mark" 2>/dev/null)" = "$ROOT" ] && return
  touch src/lib.rs src/main.rs protocol-tests/main.rs protocol-tests/tidy.rs
  echo "$ROOT" >"$mark"
}

# cargo_shown ARGS...: runs cargo in the shared folder, with progress that never stays silent.
cargo_shown() {
  mkdir -p "$KLAMM_CACHE" "$CARGO_TARGET_DIR"
  touch "$KLAMM_CACHE/build-started"
  notice_another_clone
  if ! ls "$CARGO_TARGET_DIR"/release/build/librocksdb-sys-*/out/librocksdb.a >/dev/null 2>&1; then
    say "the first build compiles RocksDB: about 25 minutes on 2 cores, once; later ones are short"
  fi
  local watcher status=0
  watch_rocksdb $$ &
  watcher=$!
  cargo "$@" </dev/null || status=$?
  kill "$watcher" 2>/dev/null || true
  wait "$watcher" 2>/dev/null || true
  return $status
}

build_klamm() {
  install_build_tools
  say "building klamm (release) in $CARGO_TARGET_DIR"
  cargo_shown build --release --locked --bin klamm
}
