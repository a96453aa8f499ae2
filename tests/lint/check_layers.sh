#!/usr/bin/env bash
# Includes point down the house only: check_layers.sh ROOT
set -euo pipefail
cd "$1"

# A file may include its own folder and those before it in this line; main.c is last.
order="base net store identity credits workspace providers enrich webhooks api mcp cli main"

find src \( -name '*.[ch]' -o -name '*.cc' \) -print0 | sort -z | xargs -0 -r awk -v order="$order" '
    BEGIN {
        count = split(order, names, " ")
        for (i = 1; i <= count; i++) rank[names[i]] = i
    }
    FNR == 1 {
        split(FILENAME, path, "/")
        layer = path[2]
        sub(/\.(c|h|cc)$/, "", layer)
        if (!(layer in rank)) { print FILENAME ": the folder is not in the order of tests/lint/check_layers.sh"; bad = 1 }
    }
    /^[ \t]*#[ \t]*include[ \t]*"/ {
        split($0, quoted, "\"")
        split(quoted[2], target, "/")
        if (!(target[1] in rank) || quoted[2] !~ /\//) {
            print FILENAME ":" FNR ": write \"" quoted[2] "\" from src: \"folder/file.h\""; bad = 1
        } else if (rank[target[1]] > rank[layer]) {
            print FILENAME ":" FNR ": " layer " must not know " target[1]; bad = 1
        }
    }
    END { exit bad }
'
