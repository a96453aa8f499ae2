#!/usr/bin/env bash
# Runs one test program: tests/run_one.sh PREFIX SECONDS NAME COMMAND...
# Leaves its output in PREFIX.NAME.log and "passed failed" in PREFIX.NAME.count.
# Understands TAP, and node's own footer; a program that prints neither counts as one test.
set -uo pipefail

prefix=$1.$3
seconds=$2
shift 3

timeout --kill-after=10 "$seconds" "$@" >"$prefix.log" 2>&1 </dev/null
status=$?
case $status in
0) ;;
124) echo "# stopped after $seconds s" >>"$prefix.log" ;;
*) echo "# ended with status $status" >>"$prefix.log" ;;
esac

counts=$(awk '
    /^# pass [0-9]+$/ { node = 1; p = $3 }
    /^# (fail|cancelled) [0-9]+$/ { f_node += $3 }
    /^ok [0-9]+/ { ok++ }
    /^not ok [0-9]+/ { bad++ }
    /^1\.\.[0-9]+/ { tap = 1 }
    END {
        if (node) print p + 0, f_node + 0
        else if (tap) print ok + 0, bad + 0
        else print "none"
    }' "$prefix.log")

if [ "$counts" = none ]; then
    if [ $status -eq 0 ]; then counts="1 0"; else counts="0 1"; fi
fi
# It said that all went well and yet failed, or it ran nothing: that is a failure too.
case "$status $counts" in
"0 0 0" | [1-9]*" 0") counts="${counts% *} 1" ;;
esac
echo "$counts" >"$prefix.count"
