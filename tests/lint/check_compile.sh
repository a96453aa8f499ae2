#!/usr/bin/env bash
# Everything compiles without a warning, with both compilers: check_compile.sh ROOT
set -euo pipefail
cd "$1"

# The release is what users run; the tests are built as they are run, in debug.
compile() {
    local compiler=$1 mode=$2
    shift 2
    make -s -k -j "$(nproc)" MODE="$mode" CC="$compiler" OUT="build/lint/$compiler-$mode" "$@"
}

tests=()
if compgen -G 'tests/unit/*_test.c' >/dev/null; then tests+=(unit); fi
if compgen -G 'tests/fuzz/*_fuzz.c' >/dev/null; then tests+=(fuzzers); fi

compile gcc release all
compile gcc debug all "${tests[@]}"
compile clang debug all "${tests[@]}"
