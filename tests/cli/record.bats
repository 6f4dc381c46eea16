#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Recordings of a host, and the balancer run over them.
load common

make_host() {
    cat >host.scn <<'END'
says "one gives 512 MiB at 100 MiB/s"
host total=4GiB xen=100MiB slack=64MiB
guest zero dom0 tot=512MiB min=512MiB max=512MiB
guest web tot=1GiB target=512MiB min=256MiB max=1GiB uses=300MiB reclaim-rate=100MiB/s
duration 20s
END
    HOST=(--host sim:host.scn)
}

@test "record writes a line a sample, at even intervals" {
    make_host
    run -0 --separate-stderr ballast record "${HOST[@]}" --interval 500ms --for 3s
    [ -z "$stderr" ]
    [ "${#lines[@]}" = 7 ]
    [ "$(jq '.t * 10' <<<"$output" | xargs)" = "0 5 10 15 20 25 30" ]
    figure "${lines[0]}" '.doms[1].tot_kib' 1048576
    figure "${lines[2]}" '.doms[1].tot_kib' 946176
    # Nobody balances it meanwhile.
    [ "$(jq -c '.doms[1].target_kib' <<<"$output" | sort -u)" = 524288 ]
    [ "$(jq -c '.host.free_kib + .host.xen_kib + (.doms | map(.tot_kib + .overhead_kib) | add)' <<<"$output" | sort -u)" = 4194304 ]
}

@test "a simulated host is recorded to the end of its scenario, a second a sample" {
    make_host
    run -0 ballast record "${HOST[@]}"
    [ "${#lines[@]}" = 21 ]
}

@test "what was recorded can be planned for, decided on, shown and replayed" {
    make_host
    ballast record "${HOST[@]}" --for 8s >host.jsonl
    run -0 ballast plan --host host.jsonl
    [[ $output == *"which has seen the 8 snapshots before"* ]]
    ballast decide --stdio <host.jsonl >decided
    [ "$(wc -l <decided)" = 9 ]
    tail -n 1 host.jsonl >last.json
    run -0 ballast host --host last.json --json
    figure "$output" .overcounted_kib 0
    run -0 ballast replay host.jsonl
    [[ ${lines[-1]} == "9 samples in 8.0 s under policy ballast: "*" changes, no law broken" ]]
}

@test "replay says what would have been changed, and when" {
    make_host
    ballast record "${HOST[@]}" >host.jsonl
    run -0 --separate-stderr ballast replay - <host.jsonl
    [ -z "$stderr" ]
    [[ ${lines[0]} == "     "*" s  domain 1 web: "* ]]
    changes=$((${#lines[@]} - 1))
    [[ ${lines[-1]} == *": $changes changes, no law broken" ]]
    run -0 ballast replay --json host.jsonl
    figure "$output" '.sets | length' "$changes"
    figure "$output" .samples 21
    figure "$output" '.broken | length' 0
    figure "$output" '.sets[0].domid' 1
    figure "$output" .policy ballast
    run -0 ballast replay --json --policy fixed host.jsonl
    figure "$output" .policy fixed
    run -0 ballast replay --quiet host.jsonl
    [ -z "$output" ]
}

@test "a recording that cannot be one is refused with file and line" {
    make_host
    ballast record "${HOST[@]}" --for 3s >host.jsonl
    sed '3s/"total_kib":4194304/"total_kib":4194308/' host.jsonl >other.jsonl
    run -2 ballast replay other.jsonl
    [[ $output == "ballast: other.jsonl:3: host.total_kib: 4194308: the previous line has 4194304"* ]]
    sed '2s/"free_kib":[0-9]*/"free_kib":"much"/' host.jsonl >other.jsonl
    run -2 ballast replay other.jsonl
    [[ $output == "ballast: other.jsonl:2: host.free_kib: "* ]]
    head -c 1000 host.jsonl >other.jsonl
    run -2 ballast replay other.jsonl
    [[ $output == "ballast: other.jsonl:"* ]]
    : >other.jsonl
    run -2 ballast replay other.jsonl
    [[ $output == *"other.jsonl: is empty"* ]]
    run -2 ballast replay missing.jsonl
}

@test "Ctrl-C ends a recording with whole lines" {
    make_host
    interrupted host.jsonl "$BALLAST" record "${HOST[@]}" --interval 10ms --for 1440m
    [ "$status" = 0 ]
    [ -s host.jsonl ]
    jq -c .t host.jsonl >/dev/null
    [ "$(tail -c 1 host.jsonl | xxd -p 2>/dev/null || tail -c 1 host.jsonl | od -An -tx1 | tr -d ' ')" = 0a ]
}

@test "wrong usage" {
    make_host
    run -2 ballast record "${HOST[@]}" --interval 9ms
    [[ $output == *"use 10ms or more"* ]]
    run -2 ballast record "${HOST[@]}" --for ever
    run -2 ballast record "${HOST[@]}" FILE
    run -2 ballast replay
    run -2 ballast replay a b
    run -2 ballast replay --policy none host.scn
    [ ! -e /proc/xen/privcmd ] && [ ! -e /dev/xen/privcmd ] || skip "this is a Xen host"
    run -3 ballast record --host xen
}
