#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
load common

commands() {
    ballast help | sed -n '/^commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p' | grep -vx help
}

@test "help, --help and --version" {
    run -0 ballast --help
    [ "$output" = "$(ballast help)" ]
    run -0 ballast --version
    [[ $output =~ ^ballast\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
    run -2 ballast help frobnicate
}

@test "every cmd_NAME.c is a command, and has its page" {
    [ -n "$(commands)" ]
    commands | sort >in-help
    (cd "$SOURCE" && find src/app/ballast -name 'cmd_*.c') | sed 's/.*cmd_\(.*\)\.c/\1/; s/_/-/g' | sort >in-tree
    diff in-help in-tree
    (cd "$SOURCE" && ls docs/man) | sed -n 's/^ballast-\(.*\)\.1\.scd$/\1/p' | sort >in-man
    diff in-help in-man
    sed -n 's/^\t.*\*ballast-\([a-z-]*\)\*(1)$/\1/p' "$SOURCE/docs/man/ballast.1.scd" | sort >in-overview
    diff in-help in-overview
}

@test "every command has a help text, told in three ways" {
    for command in $(commands); do
        run -0 ballast help "$command"
        [[ $output == "usage: ballast $command "* ]]
        [ "$output" = "$(ballast "$command" --help)" ]
        [ "$output" = "$(ballast "$command" --help extra --arguments)" ]
    done
}

@test "help is at most 80 columns wide" {
    for command in '' $(commands); do
        # shellcheck disable=SC2086 # no word where there is no command
        [ "$(ballast help $command | awk 'length > 80')" = "" ]
    done
}

@test "every command has a man page that knows the same options" {
    for command in $(commands); do
        page=$SOURCE/docs/man/ballast-$command.1.scd
        [ -f "$page" ]
        grep -q "\*ballast-$command\*(1)" "$SOURCE/docs/man/ballast.1.scd"
        ballast help "$command" | sed -n '/^options:/,/^$/s/^  \(--[a-z-]*\)\( [A-Za-z.]*\)\? .*/\1\2/p' |
            sed 's/ *$//' | sort >in-help
        sed -n '/^# OPTIONS/,/^# /s/^\*\(--[a-z-]*\)\*\( _\([^_]*\)_\)\?$/\1 \3/p' "$page" |
            sed 's/ *$//' | sort >in-man
        [ -s in-help ]
        diff in-help in-man
    done
}

@test "every profile is in the man page" {
    for profile in $(ballast profiles --json | jq -r .name); do
        grep -qxF "*$profile*" "$SOURCE/docs/man/ballast-profiles.1.scd"
    done
    [ "$(ballast profiles --json | jq -s 'map(select(.default)) | length')" = 1 ]
    [ "$(ballast profiles --json | jq -r 'select(.exact) | "\(.name) \(.sure)"' | paste -sd, -)" = \
        "xen-4.14 measured,xen-4.17 measured,xen-4.18 source,xen-4.19 source,xen-4.20 measured" ]
    [[ $(ballast profiles | head -n 1) == "libxl "*"(default)" ]]
}

@test "the man pages are good roff" {
    command -v scdoc >/dev/null || skip "scdoc is not installed"
    for page in "$SOURCE"/docs/man/*.scd; do
        scdoc <"$page" >page.1
        [ -z "$(man --warnings -l page.1 2>&1 >/dev/null)" ]
    done
}
