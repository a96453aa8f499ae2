#!/usr/bin/env bash
# Functions that invite mistakes, each with what to use instead: check_functions.sh ROOT
set -euo pipefail
cd "$1"

find src \( -name '*.[ch]' -o -name '*.cc' \) -print0 | sort -z | xargs -0 -r perl -e '
    my %instead = (
        (map { $_ => "struct str and buf" } qw(strcpy strncpy strcat strncat sprintf vsprintf strtok gets)),
        (map { $_ => "str_to_u64" } qw(atoi atol atoll)),
        (map { $_ => "clock_put_time, clock_read_time" } qw(localtime localtime_r gmtime gmtime_r ctime asctime)),
        system => "nothing: we run no shell",
        assert => "check, which stays on in release",
    );
    my %heap = map { $_ => "base/mem.h or an arena" } qw(malloc calloc realloc reallocarray free strdup strndup);
    my $bad = 0;

    for my $file (@ARGV) {
        open my $in, "<", $file or die "$file: $!\n";
        local $/;
        my $text = <$in>;
        # Comments and literals become blanks; lines keep their numbers.
        $text =~ s{/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\x27(?:\\.|[^\x27\\\n])+\x27}
                  { my $gone = $&; $gone =~ s/[^\n]/ /g; $gone }gsex;
        my %banned = $file =~ m{src/base/mem\.c$} ? %instead : (%instead, %heap);
        my $line = 0;
        for (split /\n/, $text) {
            $line++;
            while (/(?<![\w.>])(\w+)\s*\(/g) {
                next unless $banned{$1};
                print "$file:$line: $1: use $banned{$1}\n";
                $bad = 1;
            }
            if (/\bgoto\b/) {
                print "$file:$line: goto: let a function end early instead\n";
                $bad = 1;
            }
        }
    }
    exit $bad;
'
