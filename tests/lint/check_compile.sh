#!/usr/bin/env bash
# Everything compiles without a warning, with both compilers: check_compile.sh ROOT
set -euo pipefail
cd "$1"

compile() {
    local compiler=$1 mode=$2 targets=(all)
    compgen -G 'tests/unit/*_test.c' >/dev/null && targets+=(unit)
    compgen -G 'tests/fuzz/*_fuzz.c' >/dev/null && targets+=(fuzzers)
    make -s -k -j "$(nproc)" MODE="$mode" CC="$compiler" OUT="build/lint/$compiler-$mode" "${targets[@]}"
}

compile gcc release
compile clang debug
