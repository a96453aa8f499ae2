#!/usr/bin/env bash
# docs/architecture.md names every folder of src, and none that is not there: check_architecture.sh ROOT
set -euo pipefail
cd "$1"

page=docs/architecture.md
bad=0

if [ ! -f "$page" ]; then
    echo "$page is missing"
    exit 1
fi
for folder in src/*/; do
    [ -n "$(find "$folder" -type f -print -quit)" ] || continue
    if ! grep -qF "$folder" "$page"; then
        echo "$page does not name $folder"
        bad=1
    fi
done
for folder in $(grep -oE 'src/[a-z_]+/' "$page" | sort -u); do
    if [ ! -d "$folder" ]; then
        echo "$page names $folder, which does not exist"
        bad=1
    fi
done
exit $bad
