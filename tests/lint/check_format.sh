#!/usr/bin/env bash
# C and C++ files are formatted by .clang-format, with the version everybody has: check_format.sh ROOT
set -euo pipefail
cd "$1"

find src tests \( -name '*.[ch]' -o -name '*.cc' \) -print0 | sort -z | xargs -0 -r clang-format-14 --style=file --dry-run -Werror
