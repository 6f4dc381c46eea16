#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
load common

commands() {
    ballast help | sed -n '/^commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p' | grep -vx help
}

@test "help, --help and --version" {
    run -0 ballast --help
    [ "$output" = "$(ballast help)" ]
    [ "$(ballast -h)" = "$output" ]
    [ "$(ballast -V)" = "$(ballast --version)" ]
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
        [ "$output" = "$(ballast "$command" -h)" ]
        [ "$output" = "$(ballast "$command" --help extra --arguments)" ]
    done
}

@test "what a shell completes is listed a word a line" {
    diff <(ballast --complete) <(commands)
    for command in $(commands); do
        diff <(ballast --complete "$command" | sort) \
            <(ballast help "$command" | sed -n '/^options:/,/^$/s/^  \(-[a-z], \)\?\(--[a-z-]*\).*/\2/p' | sort)
    done
    for command in list host explain; do
        run -2 ballast "$command" --columns nonesuch
        for column in $(ballast --complete "$command" --columns); do
            [[ ${output//,/;} =~ [\ ]$column\; ]]
        done
    done
    [ "$(ballast --complete list --color | xargs)" = "auto always never" ]
    [ "$(ballast --complete free --policy | sort | xargs)" = "ballast fixed" ]
    [ "$(ballast --complete plan --policy | sort | xargs)" = "ballast fixed preferred proportional rules shares" ]
    [ "$(ballast --complete fits --profile | xargs)" = "$(ballast profiles --json | jq -r .name | xargs)" ]
    [ "$(ballast --complete list --host)" = "" ]
    run -2 ballast --complete nonesuch
}

@test "a short option is the long one" {
    [ "$(ballast free 64 -n --host sim)" = "$(ballast free 64 --dry-run --host sim)" ]
    [ "$(ballast set-max web 4096 -n --host sim)" = "$(ballast set-max web 4096 --dry-run --host sim)" ]
    [ "$(ballast list -w600s --host sim)" = "$(ballast list --watch=10m --host sim)" ]
    run -2 ballast list -x --host sim
    [[ $output == *"there is no option -x"* ]]
    run -2 ballast list -w1fortnight --host sim
    [[ $output == *"--watch: invalid time '1fortnight': use a number with ms, s, min, h, d or w"* ]]
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
        ballast help "$command" | sed -n '/^options:/,/^$/s/^  \(-[a-z], \)\?\(--[a-z-]*\)\(\[=T\]\| [A-Za-z.]*\)\? .*/\1\2\3/p' |
            sed 's/ *$//' | sort >in-help
        sed -n '/^# OPTIONS/,/^# /s/^\(\*-[a-z]\*, \)\?\*\(--[a-z-]*\)\*\(\[=_T_\]\| _[^_]*_\)\?$/\1\2\3/p' "$page" |
            tr -d '*_' | sort >in-man
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
        "xen-4.14 measured,xen-4.17 measured,xen-4.18 source,xen-4.19 source,xen-4.20 measured,xen-4.21 source" ]
    [[ $(ballast profiles | head -n 1) == "libxl "*"(default)" ]]
}

@test "the man pages are good roff" {
    command -v scdoc >/dev/null || skip "scdoc is not installed"
    for page in "$SOURCE"/docs/man/*.scd; do
        scdoc <"$page" >page.1
        [ -z "$(man --warnings -l page.1 2>&1 >/dev/null)" ]
    done
}
