#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The commands of a running host, on a simulated one: what is the same on both.
load common

# 860 MiB are free beyond the slack; "mail" stops at 700 MiB, "old" has no balloon.
make_host() {
    cat >host.scn <<'END'
says "two guests that give, one of them not far, and one that has no balloon"
host total=4GiB xen=100MiB slack=64MiB
guest zero dom0 tot=512MiB min=512MiB max=512MiB reclaim-rate=300MiB/s grow-rate=300MiB/s
guest web tot=1GiB min=256MiB max=1GiB uses=300MiB reclaim-rate=150MiB/s grow-rate=300MiB/s
guest mail tot=1GiB min=256MiB max=1GiB uses=300MiB reclaim-rate=200MiB/s grow-rate=300MiB/s floor=700MiB
guest old tot=512MiB min=128MiB max=512MiB no-balloon
duration 60s
END
    HOST=(--host sim:host.scn)
}

@test "list shows every domain, and as JSON in KiB" {
    make_host
    run -0 --separate-stderr ballast list "${HOST[@]}"
    [ -z "$stderr" ]
    [ "$(awk '$2 == "web" { print $5, $6, $7, $8, $9, $11 }' <<<"$output")" = "1024 1024 256-1024 1024 1024 yes" ]
    [ "$(awk '$2 == "old" { print $4, $11 }' <<<"$output")" = "run -" ]
    [[ $output == *"sum "*3072*3072*"free 924 of 4096 MiB; sizes in MiB" ]]
    [ "$(awk 'length > 80' <<<"$output")" = "" ]
    run -0 ballast list --json "${HOST[@]}"
    [ "${#lines[@]}" = 4 ]
    figure "${lines[1]}" .name web
    figure "${lines[1]}" .current_kib 1048576
    figure "${lines[1]}" .dynamic_min_kib 262144
    figure "${lines[1]}" .type null
    figure "${lines[3]}" .balloon false
}

@test "host sums to all of the simulated host" {
    make_host
    run -0 ballast host --json "${HOST[@]}"
    figure "$output" .total_kib 4194304
    figure "$output" '.parts | add' 4194304
    run -0 ballast host "${HOST[@]}"
    [[ $output == *"unexplained        0 "* ]]
}

@test "explain shows a domain as it is" {
    make_host
    run -0 ballast explain --domain web "${HOST[@]}" --json
    figure "$output" .id 1
    figure "$output" .segments.guest 1048576
    figure "$output" .spans.static_maximum 1048576
    figure "$output" .configured null
    run -0 ballast explain web mail "${HOST[@]}"
    [[ $output == "2 domains as now"*"  web "*"  mail "*"sum"* ]]
    run -0 ballast explain --diagram web mail "${HOST[@]}"
    [[ $output == "web: domain 1, simulated"*"mail: domain 2, simulated"* ]]
    run -0 ballast explain --diagram --domain 1 "${HOST[@]}"
    [[ $output == *"web: domain 1"*"sizes in KiB"* ]]
    run -2 ballast explain --domain nobody "${HOST[@]}"
    [[ $output == *"there is no domain 'nobody'"* ]]
    run -2 ballast explain --domain web "$EXAMPLES/web.cfg"
    run -2 ballast explain --profile all --domain web "${HOST[@]}"
}

@test "set-target moves a balloon and follows it" {
    make_host
    run -0 --separate-stderr ballast set-target web -256M --wait "${HOST[@]}"
    [[ $output == "domain 1 (web):"*"1048576 KiB -> 786432 KiB"*"reached after "* ]]
    [[ $stderr == *"% web holds "*" of 786432 KiB"* ]]
    run -0 ballast set-target 1 768 --wait --json "${HOST[@]}"
    figure "$output" .before.target_kib 1048576
    figure "$output" .after.target_kib 786432
    figure "$output" .after.xen_maximum_kib 786432
    figure "$output" .after.current_kib 786432
    figure "$output" .wait.state reached
    run -0 ballast set-target web 768M --no-enforce --json "${HOST[@]}"
    figure "$output" .after.xen_maximum_kib 1048576
    figure "$output" .wait null
    run -0 ballast set-target web 786432k --dry-run --json "${HOST[@]}"
    figure "$output" .dry_run true
    figure "$output" .after.target_kib 786432
    figure "$output" .after.current_kib 1048576
}

# Two that could die of a target: one of the guests of tests/scenario/panic.scn, one on demand.
make_frail_host() {
    cat >frail.scn <<'END'
says "A guest without swap, and one that is populated on demand."
host total=4GiB xen=100MiB slack=64MiB
guest zero dom0 tot=1GiB min=1GiB max=1GiB uses=700MiB
guest tmpfs tot=256MiB min=32MiB max=512MiB uses=160MiB panics
guest demand pod tot=256MiB maxmem=257MiB min=256MiB max=1GiB static=1GiB uses=200MiB boot=1h
duration 60s
END
    FRAIL=(--host sim:frail.scn)
}

@test "a target that would panic a guest is refused, and forced it panics" {
    make_frail_host
    run -1 ballast set-target tmpfs 32 "${FRAIL[@]}"
    [[ $output == *"32768 KiB is below 163840 KiB, the memory that it reports in use"*"or --force" ]]
    run -1 ballast set-target tmpfs 32 --dry-run "${FRAIL[@]}"
    run -0 ballast set-target tmpfs 160 --wait "${FRAIL[@]}"
    run -1 ballast set-target tmpfs 32 --wait --force "${FRAIL[@]}"
    [[ $output == *"domain 1 (tmpfs) is gone"* ]]
    run -0 ballast explain --domain tmpfs "${FRAIL[@]}"
    [[ $output == *"its floor is 163840 KiB, the memory that it reports in use: a lower target needs --force"* ]]
    run -0 ballast explain --domain tmpfs --json "${FRAIL[@]}"
    figure "$output" .floor 163840
}

@test "what is populated on demand is told honestly" {
    make_frail_host
    run -0 ballast explain --domain demand "${FRAIL[@]}"
    [[ $output == *"its kernel counts on 843776 KiB more, for which Xen keeps 57344 KiB: 786432 KiB are missing"* ]]
    [[ $output == *"it dies if it touches more than 262144 KiB before its balloon has freed 786432 KiB"* ]]
    run -0 ballast explain --domain demand --json "${FRAIL[@]}"
    figure "$output" .xen.pod_missing 786432
    # Raised, it takes all of that at once; which is said first.
    run -0 --separate-stderr ballast set-target demand 512 --json "${FRAIL[@]}"
    [[ $stderr == *"Xen takes up to 262144 KiB for it at once, and a lower target frees nothing"* ]]
    figure "$output" .after.current_kib 524288
    run -1 ballast doctor --interval 0 "${FRAIL[@]}"
    [[ $output == *pod-death*demand* ]]
}

@test "set-target says where a balloon stopped, and that time is over" {
    make_host
    run -1 --separate-stderr ballast set-target mail 512 --wait "${HOST[@]}"
    [[ $output == *"stopped at 716800 KiB, "* ]]
    run -1 ballast set-target mail 512 --wait --json "${HOST[@]}"
    figure "$output" .wait.state stopped
    figure "$output" .after.current_kib 716800
    run -1 ballast set-target web 512 --wait --json --timeout 1s "${HOST[@]}"
    figure "$output" .wait.state late
    run -1 ballast set-target old 256 --wait --json "${HOST[@]}"
    figure "$output" .wait.reason no-balloon
}

@test "set-target refuses with what to use instead" {
    make_host
    run -1 ballast set-target web 2G "${HOST[@]}"
    [[ $output == *"2097152 KiB is above the static maximum of 1048576 KiB"* ]]
    run -1 ballast set-target web +1K "${HOST[@]}"
    run -1 ballast set-target zero 100 "${HOST[@]}"
    [[ $output == *"dom0"*131072* ]]
    run -1 ballast set-target web 200 "${HOST[@]}"
    [[ $output == *"204800 KiB is below 307200 KiB, the memory that it reports in use"*"--force" ]]
    run -0 ballast set-target web 260 --force "${HOST[@]}"
    # No force moves it out of its range: that is another command's.
    run -1 ballast set-target web 200 --force "${HOST[@]}"
    [[ $output == *"204800 KiB is out of its dynamic range, 262144 to 1048576 KiB"* ]]
    run -1 ballast set-target old 64 "${HOST[@]}"
    [[ $output == *"below 92160 KiB, the minimum of an idle Linux"* ]]
    for size in 5x -5x + '' 1.5.G 0x10 99999999999999999999 9999999999999999T; do
        run -2 ballast set-target web "$size" "${HOST[@]}"
        [[ $output == "ballast: set-target: "* ]]
    done
    run -2 ballast set-target nobody 5 "${HOST[@]}"
    run -2 ballast set-target web "${HOST[@]}"
    run -2 ballast set-target web 512 --wait --dry-run "${HOST[@]}"
    run -2 ballast set-target web 512 --backend magic "${HOST[@]}"
    run -2 ballast set-target web 512 --backend libxl "${HOST[@]}"
    run -2 ballast set-target web 512 --wait --timeout soon "${HOST[@]}"
}

@test "set-max and set-range" {
    make_host
    run -1 ballast set-max web 900 "${HOST[@]}"
    [[ $output == *"921600 KiB is below the target of 1048576 KiB"* ]]
    run -0 --separate-stderr ballast set-max web 2G --json "${HOST[@]}"
    [[ $stderr == *"hotplugs memory"* ]]
    figure "$output" .after.xen_maximum_kib 2097152
    run -1 ballast set-range web 100 200 "${HOST[@]}"
    [[ $output == *"204800 KiB is below "*"use at least that, or --force"* ]]
    run -0 ballast set-range web 100 200 --force --json "${HOST[@]}"
    figure "$output" .after.dynamic_max_kib 204800
    run -0 ballast set-range web 100 200 --force "${HOST[@]}"
    [[ $output == *"KiB, is outside; no daemon runs that moves it" ]]
    run -1 ballast set-range web 200 100 "${HOST[@]}"
    [[ $output == *"the minimum, 204800 KiB, is above the maximum, 102400 KiB"* ]]
    run -1 ballast set-range web 100 2G "${HOST[@]}"
    [[ $output == *"the maximum, 2097152 KiB, is above the static maximum, 1048576 KiB"* ]]
    run -2 ballast set-range web 100 "${HOST[@]}"
}

@test "free has guests give, and the sum is told" {
    make_host
    run -0 --separate-stderr ballast free 1200 --json "${HOST[@]}"
    figure "$output" .freed true
    figure "$output" .available_before_kib 880640
    [ "$(jq '.available_after_kib >= 1200 * 1024' <<<"$output")" = true ]
    # What they gave is what came, and it is more than nothing; nobody but the two gave.
    [ "$(jq '[.domains[] | .before_kib - .after_kib] | add > 0' <<<"$output")" = true ]
    [ "$(jq '([.domains[] | .before_kib - .after_kib] | add) == (.available_after_kib - .available_before_kib)' <<<"$output")" = true ]
    [ "$(jq -c '[.domains[] | select(.before_kib != .after_kib) | .name]' <<<"$output")" = '["web","mail"]' ]
    run -0 --separate-stderr ballast free 1200 "${HOST[@]}"
    [[ $output == "1228800 KiB are free:"*"domain 1 (web) freed "*"domain 2 (mail) freed "* ]]
    run -0 ballast free 500 --json "${HOST[@]}"
    [ "$(jq '[.domains[] | .before_kib - .after_kib] | add' <<<"$output")" = 0 ]
}

@test "free that cannot be says who stopped where, and takes nothing in vain" {
    make_host
    run -1 ballast free 8G "${HOST[@]}"
    [[ $output == "8388608 KiB cannot be freed: 8 GiB were requested, and at most "* ]]
    [[ $output == *"domain 3 (old) freed nothing"*"(no-driver)"* ]]
    # 860 + 768 + 324 MiB can be had: mail's floor is above its minimum.
    run -1 --separate-stderr ballast free 2000 --json "${HOST[@]}"
    figure "$output" .freed false
    figure "$output" '.domains[2].after_kib' 716800
    figure "$output" '.domains[2].balloon_status' stuck
    run -1 --separate-stderr ballast free 1400 --timeout 1s --json "${HOST[@]}"
    figure "$output" .reason deadline-over
    run -1 ballast free 1200 --policy fixed --timeout 1s --json "${HOST[@]}"
    run -0 ballast free 1200 --dry-run --json "${HOST[@]}"
    figure "$output" .can_be true
    figure "$output" '.asked_first | length' 2
    run -1 ballast free 8G --dry-run "${HOST[@]}"
    run -2 ballast free 0 "${HOST[@]}"
    run -2 --separate-stderr ballast free 100 --timeout 0s "${HOST[@]}"
    [[ $stderr == "ballast: free: --timeout 0: use a time above 0"* ]]
    run -2 ballast free "${HOST[@]}"
    run -2 ballast free 1 --policy none "${HOST[@]}"
}

@test "an interrupt stops whoever gives where he is" {
    # Hours of simulated time with a thousand domains to look at: the signal comes long before.
    {
        echo 'says "a guest that gives slowly, among many that do not"'
        echo 'host total=64GiB xen=100MiB slack=64MiB'
        echo 'guest web tot=48GiB min=256MiB max=48GiB uses=1GiB reclaim-rate=20MiB/s grow-rate=300MiB/s'
        for i in $(seq 1000); do echo "guest g$i tot=1MiB min=1MiB max=1MiB"; done
        echo 'duration 60s'
    } >slow.scn
    interrupted said "$BALLAST" free 50G --timeout 1440m --json --host sim:slow.scn
    output=$(cat said)
    [ "$status" = 1 ]
    [ "$(jq -c '[.freed, .reason]' <<<"$output")" = '[false,"interrupted"]' ]
    [ "$(jq '.domains[0].before_kib > .domains[0].after_kib' <<<"$output")" = true ]
    interrupted said "$BALLAST" set-target web 1G --wait --timeout 1440m --json --host sim:slow.scn
    output=$(cat said)
    [ "$status" = 1 ]
    figure "$output" .wait.state interrupted
}

@test "doctor tells what it can of a simulated host" {
    make_host
    run -0 ballast doctor "${HOST[@]}"
    [ "$output" = "nothing found" ]
    sed -i 's/^guest web .*/guest web tot=1GiB min=1GiB max=1GiB/' host.scn
    run -0 ballast doctor --json "${HOST[@]}"
    figure "$output" .rule no-range
    figure "$output" .severity note
    figure "$output" .name web
    sed -i 's/^guest zero .*/guest zero dom0 tot=512MiB min=512MiB max=512MiB static=4GiB maxmem=4GiB/' host.scn
    run -1 ballast doctor "${HOST[@]}"
    [[ $output == "warning: dom0-unlimited"*"-> "* ]]
    printf 'autoballoon="on"\nclaim_mode=0\n' >xl.conf
    run -1 ballast doctor --xl-conf xl.conf --json --interval 0 "${HOST[@]}"
    [ "$(jq -r .rule <<<"$output" | xargs)" = "autoballoon dom0-unlimited claims-off no-range" ]
    printf 'autoballoon="perhaps"\n' >xl.conf
    run -2 ballast doctor --xl-conf xl.conf "${HOST[@]}"
    [[ $output == *"xl.conf:1: autoballoon: "* ]]
}

@test "without Xen each says what was tried, with status 3" {
    [ ! -e /proc/xen/privcmd ] && [ ! -e /dev/xen/privcmd ] || skip "this is a Xen host"
    for command in list host doctor 'set-target x 5' 'set-max x 5' 'set-range x 1 2' 'free 5' \
        'explain --domain x'; do
        # shellcheck disable=SC2086 # a command and its operands
        run -3 --separate-stderr ballast $command
        [ -z "$output" ]
        [[ $stderr == "ballast: the running Xen cannot be reached: "* ]]
        [ "$(wc -l <<<"$stderr")" = 1 ]
    done
    # What is no file is asked for only where there is somebody to ask.
    run -2 ballast explain nosuch
    [[ $output == "ballast: nosuch: "*"No such file"* ]]
}

@test "sim without a scenario is the built-in simulated host" {
    run -0 ballast list --json --host sim
    [ "$(jq -r '.name // empty' <<<"$output" | xargs)" = \
        "dom0 mail database web shop cache build office desktop dns proxy storage legacy" ]
    run -0 ballast explain --host sim mail --json
    figure "$output" .name mail
    run -0 ballast set-target mail 3G --json --host sim
    figure "$output" .after.target_kib 3145728
    run -0 ballast host --json --host sim
    figure "$output" .total_kib 33554432
    run -0 ballast plan --host sim
    run -0 ballast doctor --interval 0 --host sim
    run -2 ballast list --host simulated
    [[ $output == *"--host simulated: there is no such file: use xen, sim, sim:SCENARIO, or a file"* ]]
}

@test "a host is a file: it is looked at by every command, and not changed" {
    local file=$EXAMPLES/host.json
    for command in 'list --json' 'host --json' 'plan --json' 'doctor --json' 'explain --all --json' record; do
        # shellcheck disable=SC2086 # words
        run -0 ballast $command --host "$file"
    done
    [ "$(ballast list --json --host "$file" | jq -s 'map(.current_kib) | add')" = \
        "$(jq '[.doms[].tot_kib] | add' "$file")" ]
    [ "$(ballast record --host "$file" | jq .host.total_kib)" = "$(jq .host.total_kib "$file")" ]
    [ "$(ballast record --host "$file" | ballast list --host -)" = "$(ballast list --host "$file")" ]
    [ "$(ballast set-max ci 30G -n --json --host "$file" 2>/dev/null | jq .after.xen_maximum_kib)" = 31457280 ]
    for command in 'set-target ci 18G' 'set-max ci 30G' 'set-range ci 16G 18G' 'free 1G'; do
        # shellcheck disable=SC2086 # words
        run -2 ballast $command --host "$file"
        [[ $output == *"a file cannot be changed: use xen or sim[:SCENARIO]"* ]]
    done
    for command in 'list -w' 'host --watch' 'explain --all --watch'; do
        # shellcheck disable=SC2086 # words
        run -2 ballast $command --host "$file"
        [[ $output == *"a file does not change"* ]]
    done
}

@test "fits asks a host that runs, too" {
    run -1 ballast fits --json --host sim "$EXAMPLES/web.cfg"
    figure "$output" .need_kib 1056768
    figure "$output" .free_kib "$(ballast plan --json --start web=1056768K --host sim | jq .available_kib)"
    run -0 ballast fits --squeeze --host sim "$EXAMPLES/web.cfg"
}

@test "a host that is none" {
    run -2 ballast list --host nowhere
    [[ $output == *"--host nowhere: there is no such file: use xen, sim, sim:SCENARIO, or a file"* ]]
    for command in 'list' 'explain --all' 'set-target mail 3G'; do
        # shellcheck disable=SC2086 # words
        run -2 ballast $command --host sim:
        [ "$output" = "ballast: --host 'sim:': the scenario is missing: use sim, the built-in simulated host, or sim:SCENARIO" ]
    done
    run -2 ballast list --host sim:missing.scn
    run -2 ballast list --host sim:"$SOURCE/README.md"
    run -2 ballast list extra --host sim
    run -2 ballast doctor extra
}
