#!/usr/bin/env bash
# What cppcheck finds besides style: check_cppcheck.sh ROOT
set -euo pipefail
cd "$1"

mkdir -p build/lint/cppcheck
cppcheck --quiet --error-exitcode=1 -j "$(nproc)" --cppcheck-build-dir=build/lint/cppcheck \
    --std=c11 --std=c++17 --library=posix --enable=warning,performance,portability --inline-suppr -Isrc \
    -DUNSTUCK_TEST_HOOKS --suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches \
    --suppress=unknownEvaluationOrder src
