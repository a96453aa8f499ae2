#!/usr/bin/env bash
# docs/api.md tells of every route of routes.def, every error of err.def and every metric of metric.def,
# docs/operations.md every number of the settings, word for word, and none besides; docs/providers.md has every connector:
# check_docs.sh ROOT
set -euo pipefail
cd "$1"

bad=0

# same CODE PAGE: the rows that the code has, on stdin, are those of the page, in ROWS.
same() {
    local difference
    difference=$(diff <(sort) <(sort <<<"$ROWS")) || {
        echo "$2 and $1 do not say the same (< code, > page):"
        grep '^[<>]' <<<"$difference"
        bad=1
    }
}

errors() {
    sed -nE 's/^ERR\([A-Z_]+, +([1-9][0-9]*), "([a-z_]+)", +(true|false), +"(.*)"\)$/| \1 | `\2` | \3 | \4 |/p' "$1" |
        sed 's/| true |/| yes |/; s/| false |/| no |/'
}

metrics() {
    sed -nE 's/^METRIC\([A-Z_]+, +[A-Z_]+, +"([a-z_]+)", .*"(.*)"\)$/| `\1` | \2 |/p' "$1"
}

settings() {
    sed -nE 's/^ +SETTING\(([a-z]+), ([a-z_]+), [^"]*"(.*)"\) *\\?$/| `\1.\2` | \3 |/p' "$1"
}

connectors() {
    local file
    for file in connectors/*/connector.json; do
        sed -nE "0,/^  \"name\": /s/^  \"name\": \"(.*)\",$/| \`$(basename "$(dirname "$file")")\` | \\1 |/p" "$file"
    done
}

if [ -f src/base/err.def ]; then
    ROWS=$(grep -E '^\| [0-9]{3} \| `[a-z_]+` \| (yes|no) \|' docs/api.md)
    same src/base/err.def docs/api.md < <(errors src/base/err.def)
fi
if [ -f src/base/metric.def ]; then
    ROWS=$(grep -E '^\| `unstuck_[a-z_]+` \|' docs/api.md | sed -E 's/ \| [a-z]+ \| [^|]* \|/ |/')
    same src/base/metric.def docs/api.md < <(metrics src/base/metric.def)
fi
if [ -f src/cli/settings.h ]; then
    ROWS=$(sed -nE 's/^\| `([a-z]+\.[a-z_]+)` \| [0-9][^|]*\|[^|]*\| (.*) \|$/| `\1` | \2 |/p' docs/operations.md)
    same src/cli/settings.h docs/operations.md < <(settings src/cli/settings.h)
fi
if [ -d connectors ]; then
    ROWS=$(sed -nE 's/^(\| `[a-z_0-9]+` \| [^|]+ \|).*/\1/p' docs/providers.md)
    same connectors docs/providers.md < <(connectors)
fi
if [ -f src/api/routes.def ]; then
    while read -r route; do
        if ! grep -qF "$route" docs/api.md; then
            echo "docs/api.md does not tell of $route"
            bad=1
        fi
    done < <(sed -nE 's/^ROUTE\("([A-Z]+)", +"([^"]+)".*/\1 \2/p' src/api/routes.def)
fi
exit $bad
