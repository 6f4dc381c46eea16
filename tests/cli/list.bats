#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
load common

make_scenario() {
    cat >host.scn <<'END'
says "One that shrinks to its target."
host total=8GiB xen=64MiB slack=64MiB
guest dom0 dom0 tot=1GiB min=1GiB max=1GiB
guest web tot=3GiB target=1GiB min=512MiB max=3GiB reclaim-rate=200MiB/s
guest db tot=2GiB min=512MiB max=3GiB overhead=20MiB
duration 10s
END
    HOST=(--host sim:host.scn)
}

names() {
    sed -n '2,/sum\|^free/p' <<<"$1" | awk '$1 ~ /^[0-9]+$/ {print $2}' | xargs
}

@test "sorted by any column, and the other way round" {
    make_scenario
    [ "$(names "$(ballast list "${HOST[@]}")")" = "dom0 web db" ]
    [ "$(names "$(ballast list "${HOST[@]}" --sort -id)")" = "db web dom0" ]
    [ "$(names "$(ballast list "${HOST[@]}" --sort name)")" = "db dom0 web" ]
    [ "$(names "$(ballast list "${HOST[@]}" --sort current)")" = "web db dom0" ]
    [ "$(names "$(ballast list "${HOST[@]}" --sort -current)")" = "dom0 db web" ]
    [ "$(names "$(ballast list "${HOST[@]}" --sort target)")" = "db dom0 web" ]
    [ "$(ballast list "${HOST[@]}" --json --sort overhead | jq -r .name | xargs)" = "db dom0 web" ]
    run -2 ballast list "${HOST[@]}" --sort size
    [[ $output == *"no column 'size'"*"id, name, type"*"overhead, need, pinned, bar"* ]]
}

@test "whatever can be shown can be sorted by" {
    make_scenario
    run -2 ballast list "${HOST[@]}" --sort ''
    columns=$(sed "s/.*there are //; s/; see .*//; s/,//g" <<<"$output")
    [ "$(wc -w <<<"$columns")" = 20 ]
    for column in $columns; do
        run -0 ballast list "${HOST[@]}" --columns "$column" --sort "$column"
        one=$(ballast list "${HOST[@]}" --json --sort "$column" | jq -r .name)
        other=$(ballast list "${HOST[@]}" --json --sort "-$column" | jq -r .name)
        [ "$one" = "$(tac <<<"$other")" ]
        [ "$(wc -l <<<"$one")" = 3 ]
    done
    # Without a daemon there is no estimate.
    figure "$(ballast list "${HOST[@]}" --json | head -n 1)" .need_kib null
    run -0 ballast list "${HOST[@]}" --columns name,need
    [ "${lines[1]}" = "dom0     -" ]
}

@test "only the columns that are asked for, in that order" {
    make_scenario
    run -0 ballast list "${HOST[@]}" --columns current,name
    [ "${lines[0]}" = "current  name" ]
    [ "${lines[1]}" = "   1024  dom0" ]
    [ "${lines[4]}" = "   6144  sum" ]
    run -0 ballast list "${HOST[@]}" --columns name,bar
    [ "${lines[3]}" = "db    x############......." ]
    [ "${#lines[1]}" = 26 ]
    [[ $output == *"memory: s shadow"*". balloon" ]]
    [ "$(awk 'length > 80' <<<"$output")" = "" ]
    run -2 ballast list "${HOST[@]}" --columns name,colour
    [[ $output == *"no column 'colour'; there are id, name"* ]]
    run -2 ballast list "${HOST[@]}" --columns name,
    run -2 ballast list "${HOST[@]}" --columns name,id,name
    [[ $output == *"'name' is listed twice"* ]]
    run -2 ballast list "${HOST[@]}" --columns bar,name
    [[ $output == *"last"* ]]
    run -2 ballast list "${HOST[@]}" --columns name --json
}

@test "in a pipe: plain columns, without colour unless it is asked for" {
    make_scenario
    esc=$(printf '\033')
    run -0 ballast list "${HOST[@]}"
    [[ $output != *"$esc"* && ${lines[0]} == *"xen max"*"balloon" ]]
    run -0 ballast list "${HOST[@]}" --columns name,bar --color always
    [[ $output == *"$esc[33mx$esc[32m#"* ]]
    run -0 ballast list "${HOST[@]}" --columns name,bar
    [[ $output != *"$esc"* ]]
    run -2 ballast list "${HOST[@]}" --color sometimes
}

@test "on a terminal: bars, in colour unless NO_COLOR says no" {
    make_scenario
    command -v script >/dev/null || skip "no script(1)"
    TERM=xterm script -qec "$BALLAST list --host sim:host.scn" /dev/null >out </dev/null
    grep -q "memory" out
    grep -qF "$(printf '\033[32m#')" out
    run ! grep -q "xen max" out
    TERM=xterm NO_COLOR=1 script -qec "$BALLAST list --host sim:host.scn" /dev/null >out </dev/null
    grep -qE 'db .*x####' out
    run ! grep -qF "$(printf '\033')" out
}

@test "--watch: the table, then in words what has changed, without a steering character" {
    make_scenario
    run -0 --keep-empty-lines ballast list "${HOST[@]}" --watch=2s
    [ "$(grep -c 'sizes in MiB' <<<"$output")" = 1 ]
    grep -qx 'web (1): current 3072 -> 2672' <<<"$output"
    grep -qx 'free: 1964 -> 2364' <<<"$output"
    [ "$(printf %s "$output" | grep -c "^$")" = 5 ]
    [[ $output != *$(printf '\033')* ]]
    sed -i 's/ target=1GiB//' host.scn
    run -0 ballast list "${HOST[@]}" --watch=5s
    [ "$(grep -cx 'nothing has changed' <<<"$output")" = 2 ]
    run -0 ballast list "${HOST[@]}" --watch=5s --json
    [ "$(grep -c '"name":"web"' <<<"$output")" = 3 ]
    run -2 ballast list "${HOST[@]}" --watch=1ms
    [[ $output == *"10ms or more"* ]]
}

@test "list NAME... lists these domains, by name and id, and refuses one that is not there" {
    [ "$(names "$(ballast list --host sim web 1)")" = "mail web" ]
    [ "$(ballast list --host sim --json 3 mail | jq -r .name | xargs)" = "mail web" ]
    run -2 ballast list --host sim nosuch
    [[ $output == *"there is no domain 'nosuch' ('ballast list' shows them)"* ]]
}

@test "-o json is --json, -o table is --table, for the commands that have them" {
    [ "$(ballast list --host sim -o json)" = "$(ballast list --host sim --json)" ]
    [ "$(ballast host --host sim -ojson)" = "$(ballast host --host sim --json)" ]
    [ "$(ballast host --host sim -o table)" = "$(ballast host --host sim --table)" ]
    run -2 ballast list --host sim -o yaml
    [[ $output == *"-o yaml: use -o json;"* ]]
    run -2 ballast host --host sim -o yaml
    [[ $output == *"-o yaml: use -o json or -o table;"* ]]
    run -2 ballast list --host sim -o
    [[ $output == *"'-o': no form is given"* ]]
    run -2 ballast metrics -o json
    [[ $output == *"there is no option -o"* ]]
}
