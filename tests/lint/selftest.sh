#!/usr/bin/env bash
# Every check of ./dev lint passes a good project and fails a bad one: a check that was never seen to
# fail checks nothing. Prints TAP.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
count=0

# A small project that every check passes.
good_project() {
    rm -rf "$temp/p"
    mkdir -p "$temp/p/src/base" "$temp/p/src/net" "$temp/p/docs" "$temp/p/tests"
    cp "$here/../../Makefile" "$here/../../.clang-format" "$temp/p/"
    cd "$temp/p" || exit 1
    printf '#ifndef BASE_ONE_H\n#define BASE_ONE_H\n\nint one(void);\n\n#endif\n' >src/base/one.h
    printf '#include "base/one.h"\n\n/* Not strcpy(). */\nint one(void)\n{\n    return 1;\n}\n' >src/base/one.c
    printf '#include "base/one.h"\n\nint main(void)\n{\n    return one();\n}\n' >src/main.c
    printf '#include "base/one.h"\n' >src/net/two.h
    printf '`src/base/` and `src/net/`\n' >docs/architecture.md
    printf '#!/bin/sh\necho "$1"\n' >tests/ok.sh
    printf 'export const one = 1;\n' >tests/ok.mjs
}

# expect STATUS SENTENCE CHECK [WORD]: the check ends with 0 or not, and says WORD.
expect() {
    local wanted=$1 sentence=$2 check=$3 word=${4:-} output status=0 result="not ok"
    output=$("$here/check_$check.sh" "$temp/p" 2>&1) || status=1
    count=$((count + 1))
    if [ $status -eq "$wanted" ] && grep -qF -- "$word" <<<"$output"; then
        result=ok
    fi
    echo "$result $count - $sentence"
    [ "$result" = ok ] || echo "# status $status, output: $output"
}

good_project
for check in "$here"/check_*.sh; do
    name=$(basename "$check" .sh)
    expect 0 "a good project passes ${name#check_}" "${name#check_}"
done

printf 'int one(void)\n{\n    int unused;\n    return 1;\n}\n' >src/base/one.c
expect 1 "a warning fails compile" compile unused

good_project
printf '#include "net/two.h"\n' >>src/base/one.c
expect 1 "an arrow up the house fails layers" layers "base must not know net"
good_project
mkdir src/cellar && printf 'int x;\n' >src/cellar/x.c
expect 1 "a folder without a place fails layers" layers "src/cellar/x.c"
good_project
printf '#include "one.h"\n' >>src/base/one.c
expect 1 "an include that is not written from src fails layers" layers "one.h"

for call in 'strcpy(a, b)' 'strcat(a, b)' 'sprintf(a, b)' 'strtok(a, b)' 'atoi(a)' 'gets(a)' 'localtime(a)' \
    'gmtime(a)' 'system(a)' 'malloc(1)' 'calloc(1, 1)' 'realloc(a, 1)' 'free(a)' 'assert(a)'; do
    good_project
    printf 'void two(char *a, char *b)\n{\n    %s;\n}\n' "$call" >>src/base/one.c
    expect 1 "${call%%(*} fails functions" functions "one.c:10: ${call%%(*}"
done
good_project
printf 'void two(void)\n{\n    goto end;\nend:;\n}\n' >>src/base/one.c
expect 1 "goto fails functions" functions goto
good_project
printf 'void mem_free(void *p)\n{\n    free(p);\n}\n' >src/base/mem.c
expect 0 "base/mem.c may call free" functions

good_project
printf 'int  two ( void );\n' >>src/base/one.h
expect 1 "a crooked line fails format" format one.h
good_project
printf 'int  two ( void );\n' >src/base/two_shim.cc
expect 1 "a crooked line of C++ fails format" format two_shim.cc
good_project
printf '#include "net/two.h"\n' >src/base/two_shim.cc
expect 1 "an arrow up the house from C++ fails layers" layers "base must not know net"

good_project
printf 'int two(void)\n{\n    int a[2] = {0, 0};\n    return a[2];\n}\n' >>src/base/one.c
expect 1 "reading behind an array fails cppcheck" cppcheck "out of bounds"

slash=/ dot=.
for word in "${slash}work/main" "registry${dot}npmjs.org" "deb${dot}debian.org"; do
    good_project
    echo "see $word" >docs/notes.md
    expect 1 "the word $word fails words" words docs/notes.md
done

good_project
mkdir -p src/store && printf 'int x;\n' >src/store/x.c
expect 1 "a folder that the page does not name fails architecture" architecture "does not name src/store/"
good_project
printf '`src/attic/`\n' >>docs/architecture.md
expect 1 "a folder that only the page knows fails architecture" architecture "src/attic/"
good_project
rm docs/architecture.md
expect 1 "a missing page fails architecture" architecture missing

good_project
printf 'ERR(GONE, 410, "gone", false, "It is gone")\n' >src/base/err.def
printf '| 410 | `gone` | yes | It is gone |\n' >docs/api.md
expect 1 "a page that says something else of an error fails docs" docs '| 410 | `gone` | no | It is gone |'
good_project
printf 'METRIC(HOLDS, GAUGE, "unstuck_holds", NULL, NULL, "Holds that are open")\n' >src/base/metric.def
printf '| `unstuck_holds` | gauge | - | Holds |\n' >docs/api.md
expect 1 "a page that says something else of a metric fails docs" docs 'Holds that are open'
good_project
mkdir -p src/cli
printf '    SETTING(server, idle_ms, 1, 2, 1, "between two requests") \\\n' >src/cli/settings.h
printf '| `server.idle_ms` | 1 | 1 to 2 | between three requests |\n' >docs/operations.md
expect 1 "a page that says something else of a setting fails docs" docs 'between two requests'
good_project
mkdir -p src/api
printf 'ROUTE("GET", "/moon", moon_get, 0, 0, 0, "Its phase")\n' >src/api/routes.def
printf '## GET /sun\n' >docs/api.md
expect 1 "a route that the page does not tell of fails docs" docs 'GET /moon'

good_project
mkdir -p connectors/acme
printf '{\n  "connector": 1,\n  "name": "Acme",\n  "needs": []\n}\n' >connectors/acme/connector.json
printf '| `acme` | Acme | e-mails |\n' >docs/providers.md
expect 0 "a connector in the table passes docs" docs
printf '| `acne` | Acme | e-mails |\n' >docs/providers.md
expect 1 "a connector that the table does not have fails docs" docs '| `acme` | Acme |'

good_project
printf '#!/bin/sh\nrm $1\n' >tests/ok.sh
expect 1 "an unquoted word fails scripts" scripts SC2086
good_project
printf 'const = ;\n' >tests/ok.mjs
expect 1 "a JavaScript syntax error fails scripts" scripts SyntaxError

echo "1..$count"
