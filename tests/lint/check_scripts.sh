#!/usr/bin/env bash
# Shell and JavaScript files are sound: check_scripts.sh ROOT
set -euo pipefail
cd "$1"

shells=()
for file in dev .ci/run; do
    [ ! -f "$file" ] || shells+=("$file")
done
while IFS= read -r -d '' file; do shells+=("$file"); done < <(find tests -name '*.sh' -print0 | sort -z)
[ ${#shells[@]} -eq 0 ] || shellcheck -x -e SC2013,SC2016 "${shells[@]}"

find tests -name '*.mjs' -not -path '*/node_modules/*' -print0 | sort -z | xargs -0 -r -n 1 node --check
