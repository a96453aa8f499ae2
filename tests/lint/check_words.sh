#!/usr/bin/env bash
# Words that must not stand in the project: check_words.sh ROOT
# Absolute paths of one machine and hosts of package registries: a checkout works anywhere, for anyone.
set -euo pipefail
cd "$1"

patterns=('/[w]ork/' '/[f]arm/' '/[h]ome/[a-z]' 'registry\.npmjs' '(deb|security|archive)\.debian\.org' 'proxy\.golang\.org'
    'files\.pythonhosted\.org')
expression=$(printf '|%s' "${patterns[@]}")

if grep -rnIE --exclude-dir=build --exclude-dir=.git --exclude-dir=node_modules -- "${expression:1}" .; then
    exit 1
fi
