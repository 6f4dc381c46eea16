#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
load common

scenario() { # EXPECTATION
    cat >one.scn <<END
says "One guest gives 1 GiB, at 100 MiB/s."
host free=0MiB
guest a tot=2GiB min=1GiB reclaim-rate=100MiB/s maxmem=2GiB
start b at=1s need=1000MiB min=1000MiB build=2GiB/s
duration 30s
expect $1
END
}

@test "as expected: exit status 0, and the start's times" {
    scenario "start b granted within 1.1x"
    run -0 ballast simulate one.scn
    [[ $output == *"  b         1000.00    1.0 s    10.0 s  10.0 s   1.00  built"* ]]
    [[ $output == *"as expected: start b granted: after 10.0 s, shortest possible 10.0 s"* ]]
    run -0 ballast simulate --quiet one.scn
    [ "$output" = "" ]
    run -0 ballast simulate - <one.scn
}

@test "not as expected: exit status 1, and what it was" {
    scenario "writes <= 0"
    run -1 ballast simulate one.scn
    [[ $output =~ "NOT AS EXPECTED: writes <= 0: it was "[1-9] ]]
    run -1 ballast simulate --quiet one.scn
    [[ $output == *"NOT AS EXPECTED"* ]]
    run -1 ballast simulate --json one.scn
    [ "$(jq -c '[.met, .requests[0].answer, .requests[0].shortest_usec]' <<<"$output")" = '[false,"built",10000000]' ]
}

@test "bad input: exit status 2, file, line and word" {
    scenario "peace"
    run -2 ballast simulate one.scn
    [[ $output == *"one.scn:6: \"peace\": is not an expectation: use "* ]]
    run -2 ballast simulate missing.scn
    [ "$output" = "ballast: missing.scn: cannot be opened: No such file or directory" ]
    run -2 ballast simulate .
    run -2 ballast simulate
    run -2 ballast simulate --policy nobody one.scn
    run -2 ballast simulate --seed 0 one.scn
    run -2 ballast simulate --seed -1 one.scn
    run -2 ballast simulate --svg x.svg --policy all one.scn
    run -2 ballast simulate --json --compare one.scn
}

@test "all policies, side by side" {
    scenario "start b granted"
    run -0 ballast simulate --compare one.scn
    [[ $output == *"ballast "*"1/1"*"1.00"* ]]
    [[ $output == *"fixed "*"0/1"* ]]
    run -0 ballast simulate --policy all --json one.scn
    [ "$(jq -r .policy <<<"$output" | sort | xargs)" = "ballast fixed preferred proportional rules shares" ]
}

@test "the same seed gives the same run, another one may not" {
    run -0 ballast simulate --json "$SOURCE/tests/scenario/dozens.scn"
    first=$output
    run -0 ballast simulate --json "$SOURCE/tests/scenario/dozens.scn"
    [ "$output" = "$first" ]
    run -0 ballast simulate --json --seed 99 "$SOURCE/tests/scenario/dozens.scn"
    [ "$output" != "$first" ]
}

@test "the picture is well-formed, whatever the names, and knows light and dark" {
    scenario "start b granted"
    sed -i 's/One guest gives/A <\&> B gives/' one.scn
    run -0 ballast simulate --svg one.svg one.scn
    xmllint --noout one.svg
    grep -q 'prefers-color-scheme:dark' one.svg
    grep -q 'A &lt;&amp;&gt; B' one.svg
    grep -q 'b wants 1000 MiB: granted after 10.0 s' one.svg
    ballast simulate --svg - one.scn | cmp - one.svg
    run -3 ballast simulate --svg /nonexistent/x.svg one.scn
    run -3 ballast simulate --svg /dev/full one.scn
}

@test "the example in docs/scenarios.md plays" {
    sed -n '/^says/,/^```/p' "$SOURCE/docs/scenarios.md" | sed '/^```/,$d' >doc.scn
    run -0 ballast simulate doc.scn
    [[ $output == *"start web granted"* ]]
}
