#!/usr/bin/env bash
# Runs the tests of one build: tests/run.sh MODE [NAME]. Called by ./dev test, which builds first.
# Quiet when green: a line per group. Ends with the plain line "N passed, N failed".
set -euo pipefail
shopt -s nullglob
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mode=$1
filter=${2:-}
out=build/test/$mode
slow=1
[ "$mode" != asan ] || slow=3
passed=0
failed=0

export UNSTUCK_BIN=$PWD/build/$mode/unstuck
export UNSTUCK_MODE=$mode
export CMOCKA_MESSAGE_OUTPUT=TAP
# The leak checker would take what lies before a library's thread-local block for its header, and fall over it.
export ASAN_OPTIONS=abort_on_error=1:detect_leaks=1:intercept_tls_get_addr=0 UBSAN_OPTIONS=print_stacktrace=1

main() {
    rm -rf "$out"
    mkdir -p "$out"
    run_group lint 1 300 list_lint
    run_group unit 2 120 list_unit
    run_group fuzz 2 120 list_fuzz
    run_group flow 3 240 list_scripts flow
    run_group contract 2 120 list_scripts contract
    run_group faults 2 900 list_scripts faults
    run_group proxy 1 180 list_scripts proxy
    finish
}

# Each lists its tests, a line each: name, then the command.
list_lint() {
    echo "selftest tests/lint/selftest.sh"
}

list_unit() {
    local source name
    for source in tests/unit/*_test.c; do
        name=$(basename "$source" .c)
        echo "$name build/$mode/unit/$name"
    done
}

list_fuzz() {
    local source name
    for source in tests/fuzz/*_fuzz.c; do
        name=$(basename "$source" .c)
        echo "$name build/$mode/fuzz/$name tests/fuzz/corpus/${name%_fuzz}"
    done
}

list_scripts() {
    local file
    for file in "tests/$1"/*.test.mjs; do
        echo "$(basename "$file" .test.mjs) node --test-reporter=tap $file"
    done
}

# run_group NAME JOBS SECONDS LIST...: a group without a test has lost its tests, and fails.
run_group() {
    local group=$1 jobs=$2 seconds=$(($3 * slow)) start=$SECONDS p f
    shift 3
    "$@" | awk -v want="$filter" 'want == "" || index($1, want)' >"$out/$group.list"
    if [ ! -s "$out/$group.list" ]; then
        [ -z "$filter" ] || return 0
        echo "$group: no tests found"
        failed=$((failed + 1))
        return 0
    fi
    xargs -P "$jobs" -L 1 tests/run_one.sh "$out/$group" "$seconds" <"$out/$group.list" || true
    p=$(awk '{ n += $1 } END { print n + 0 }' "$out/$group".*.count)
    f=$(awk '{ n += $2 } END { print n + 0 }' "$out/$group".*.count)
    passed=$((passed + p))
    failed=$((failed + f))
    show_failures "$group"
    echo "$group: $p passed, $f failed, $((SECONDS - start)) s"
}

show_failures() {
    local count log
    for count in "$out/$1".*.count; do
        [ "$(cut -d' ' -f2 "$count")" != 0 ] || continue
        log=${count%.count}.log
        echo "---- $log"
        grep -vE '^ *(ok |---$|\.\.\.$|duration_ms|# Subtest)' "$log" | tail -n 200
    done
}

finish() {
    if [ $((passed + failed)) -eq 0 ]; then
        echo "no test is called '$filter'"
        failed=1
    fi
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
}

main
