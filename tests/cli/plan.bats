#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
load common

# 1 GiB is available. "idle" has 8 GiB and uses 1; "busy" uses all of its 2 GiB
# and may not have less.
make_host() {
    cat >host.json <<'END'
{"v":1,"t":100,"host":{"total_kib":16777216,"free_kib":1048576,"xen_kib":524288},
 "doms":[{"id":1,"name":"idle","balloon":true,"tot_kib":8388608,"target_kib":8388608,"maxmem_kib":8388608,
          "dyn_min_kib":1048576,"dyn_max_kib":8388608,"static_max_kib":8388608,
          "used_kib":1048576,"free_kib":7340032,"report_age":0},
         {"id":2,"name":"busy","balloon":true,"tot_kib":2097152,"target_kib":2097152,"maxmem_kib":2097152,
          "dyn_min_kib":2097152,"dyn_max_kib":2097152,"static_max_kib":2097152,
          "used_kib":2097152,"free_kib":0,"report_age":0},
         {"id":3,"name":"sleeper","state":"paused","balloon":true,"tot_kib":1048576,
          "dyn_min_kib":4096,"dyn_max_kib":1048576,"static_max_kib":1048576}]}
END
}

@test "a start that fits is granted, and nobody is asked" {
    make_host
    run -0 ballast plan --policy fixed --host host.json --start web=1G
    [[ $output == *"host: 16384.00 MiB, 1024.00 MiB free, 1024.00 MiB available"* ]]
    [[ $output == *"   1  web may start: 1 GiB are free for it, 0 KiB stay free"* ]]
    [ "$(grep -c -- '->' <<<"$output")" = 0 ]
}

@test "a start that has to wait: who gives, from what to what, how long" {
    make_host
    run -0 ballast plan --host host.json --start web=2G
    [[ $output == *"   1  domain 1 idle: "*" 1 GiB are missing to start a guest"* ]]
    [[ $output == *"      target 8388608 -> 7340032 KiB, maximum 8388608 -> 7340032 KiB; current 8388608 KiB"* ]]
    [[ $output != *"domain 2 busy"* && $output != *"domain 3 sleeper"* ]]
    # 1 GiB at 100 MiB to 2 GiB a second, which it rests on.
    [[ $output == *"web needs 2097152 KiB and has to wait: 1048576 KiB are missing; about 1 to 11 s"* ]]
    [[ $output == *"      domain 1 idle: up to 1048576 KiB, 100.00 to 2048.00 MiB/s (a guess: the range of any balloon)"* ]]
    run -0 ballast plan --json --host host.json --start web=2G
    figure "$output" '.steps | length' 1
    figure "$output" '.steps[0] | "\(.step) \(.domid) \(.target_kib.from) \(.target_kib.to)"' "set 1 8388608 7340032"
    figure "$output" '.steps[0].reason | endswith("-for-start")' true
    figure "$output" '.waiting[0] | "\(.name) \(.need_kib) \(.missing_kib)"' "web 2097152 1048576"
    figure "$output" '.waiting[0] | "\(.seconds_min) \(.seconds_max)"' "0.5 10.24"
    figure "$output" '.donors[0] | "\(.rate_min_kib_per_sec) \(.rate_max_kib_per_sec) \(.rate_basis)"' "102400 2097152 range"
    figure "$output" '[.parts[]] | add' 16777216
}

@test "a start that can never fit is refused by arithmetic, with status 1" {
    make_host
    run -1 ballast plan --host host.json --start web=1G --start giant=10G
    # 1 + 7 GiB
    [[ $output == *"giant cannot start: it needs 10 GiB; with every domain at its minimum 8 GiB would be free"* ]]
    [[ $output == *"web may start"* ]]
    run -1 ballast plan --json --host host.json --start giant=10G
    figure "$output" '.steps | map(select(.step == "refuse"))[0].reason' never-fits
}

@test "several that wait: each is behind those before it" {
    make_host
    run -0 ballast plan --json --host host.json --start a=2G --start b=3G
    figure "$output" '[.waiting[] | "\(.name) \(.missing_kib)"] | join(",")' "a 1048576,b 4194304"
    figure "$output" '.waiting[0].seconds_min < .waiting[1].seconds_min' true
    # Together more than could be free: the second waits for better times, without a time.
    run -0 ballast plan --json --host host.json --start a=5G --start b=5G
    figure "$output" '.waiting[1].seconds_max' null
    run -0 ballast plan --host host.json --start a=5G --start b=5G
    [[ $output == *"b needs 5242880 KiB and has to wait: 9437184 KiB are missing; the donors free "* ]]
}

@test "a policy that takes from nobody says so" {
    make_host
    run -0 ballast plan --policy fixed --host host.json --start web=2G
    [[ $output == *"nothing to change"*"policy fixed does not reclaim for it"* ]]
    for policy in ballast proportional preferred rules shares fixed; do
        run -0 ballast plan --policy "$policy" --host host.json
        [[ $output == *"policy: $policy"* ]]
    done
}

@test "one who is short gets what is free, after another is told to give" {
    make_host
    jq -c '.doms[1].dyn_max_kib = 4194304 | .doms[1].static_max_kib = 4194304 | .doms[1].used_kib = 3145728
        | .host.free_kib = 262144' host.json >short.json
    run -0 ballast plan --json --host short.json
    figure "$output" '.steps | map(.domid) | join(",")' 1,2
    figure "$output" '.steps[0].target_kib | .to < .from' true
    # No more than what is free already.
    figure "$output" '.steps[1].target_kib | .to > .from and .to <= .from + 262144' true
    run -0 ballast plan --host short.json
    [[ $output == *"   1  domain 1 idle: it does not use all of its memory, "*"   2  domain 2 busy: it needs "*" and has "*"current 2097152 KiB" ]]
}

@test "what a guest has shown counts: measured rates, and who does not move" {
    run -0 ballast plan --host "$EXAMPLES/host.jsonl" --start new=16G
    [[ $output == *"which has seen the 12 snapshots before"* ]]
    grep -qE 'domain 3 files: up to [0-9]+ KiB, 200\.00 MiB/s \(measured\)' <<<"$output"
    [[ $output == *"domain 7 ci: its balloon stopped at 20 GiB"* ]]
    # The same by the last snapshot alone: nothing is known of them.
    tail -n 1 "$EXAMPLES/host.jsonl" >last.json
    run -0 ballast plan --host last.json --start new=16G
    [[ $output != *measured* && $output != *backoff* ]]
    run -0 ballast plan --host - --start new=16G <"$EXAMPLES/host.jsonl"
    [[ $output == *"(measured)"* ]]
}

@test "a start is a guest's file, counted by a profile" {
    make_host
    printf 'name = "small"\ntype = "pv"\nkernel = "/k"\nvcpus = 1\nmemory = 512\n' >small.cfg
    run -0 ballast plan --host host.json --json --start small.cfg
    # As fits counts it: 516 MiB, and 519 by XAPI's rules.
    figure "$output" '.steps | map(select(.step == "grant"))[0] | "\(.name) \(.need_kib)"' "small 528384"
    run -0 ballast plan --host host.json --json --profile xapi --start small.cfg
    figure "$output" '.steps | map(select(.step == "grant"))[0].need_kib' 531456
    figure "$output" '.steps | map(select(.step == "grant"))[0].profile_why' "chosen by --profile"
    jq -c '.host.xen_version = "4.20.4" | .host.processor = "AuthenticAMD-25-1"' host.json >known.json
    run -0 ballast plan --host known.json --json --start small.cfg
    # 11 + 2 + 3 + 1 pages beyond memory, and at most 9 of Xen's heap.
    figure "$output" '.steps | map(select(.step == "grant"))[0] | "\(.profile) \(.need_kib)"' "xen-4.20.4 524392"
    run -0 ballast plan --host known.json --start small.cfg
    [[ $output == *"need by profile xen-4.20.4: the host runs Xen 4.20.4: measured to the page"* ]]
    # A stubdomain is in the need of its guest; a file whose name has a = is given with a folder.
    cp "$EXAMPLES/desktop.cfg" a=1.cfg
    run -0 ballast plan --host host.json --json --start ./a=1.cfg
    figure "$output" '.waiting | map("\(.name) \(.need_kib)") | join(",")' "desktop 4378624"
}

@test "sizes are read strictly" {
    make_host
    for size in '' 1.5.G -1 1GX 0x10 '1  G' 1e6 18446744073709551616; do
        run -2 ballast plan --host host.json --start "web=$size"
        [[ $output == "ballast: plan: --start web=$size: "* ]]
    done
    run -2 ballast plan --host host.json --start =1G
    run -2 ballast plan --host host.json --start web=0
    run -0 ballast plan --host host.json --json --start a=512m --start b=512 --start c=524288K
    figure "$output" '[.steps[], .waiting[] | select(.need_kib) | .need_kib] | unique | join(",")' 524288
}

@test "the host itself, or a simulated one" {
    cat >host.scn <<'EOF'
says "Two guests, one of them larger than it needs to be."
host total=8GiB xen=64MiB slack=64MiB
guest zero dom0 tot=1GiB min=1GiB max=1GiB uses=700MiB
guest idle tot=5GiB min=1GiB max=6GiB uses=1GiB reclaim-rate=200MiB/s grow-rate=200MiB/s
duration 1min
EOF
    run -0 ballast plan --host sim:host.scn --start web=3G
    [[ $output == *"idle: "*" are missing to start a guest"* ]]
    [[ $output == *"web needs 3145728 KiB and has to wait"* ]]
    run -2 ballast plan --host sim:missing.scn
    [[ $output == *missing.scn* ]]
    if [ ! -e /proc/xen/privcmd ]; then
        BALLAST_RUN_DIR=$PWD/none run -3 ballast plan
    fi
}

@test "bad input" {
    make_host
    run -2 ballast plan --host missing.json
    [[ $output == *missing.json* ]]
    run -2 ballast plan --host host.json web.cfg
    [[ $output == *"write --start before a guest"* ]]
    run -2 ballast plan --host host.json --policy greedy
    [[ $output == *"there is no policy 'greedy': there are ballast, fixed, proportional,"* ]]
    run -2 ballast plan --host host.json --start missing.cfg
    [[ $output == *missing.cfg* ]]
    run -2 ballast plan --host /dev/null
    [[ $output == *"/dev/null: is empty"* ]]
    { cat host.json; jq -c '.t = 99' host.json; } >back.json
    run -2 ballast plan --host back.json
    [[ $output == "ballast: back.json: snapshot 2: time went backwards"* ]]
    { jq -c . host.json; echo '{"host":{}}'; } >second.json
    run -2 ballast plan --host second.json
    [[ $output == "ballast: second.json:2: host.total_kib: missing"* ]]
    jq '.doms[1].id = 1' host.json >twice.json
    run -2 ballast plan --host twice.json
    [[ $output == *"duplicate domain id 1"* ]]
    # shellcheck disable=SC2016 # that shell's
    run -3 bash -c '"$BALLAST" plan --host host.json >/dev/full'
}

@test "a snapshot that does not close is planned for, and the plan says so" {
    make_host
    jq '.host.total_kib = 4194304 | .host.claimed_kib = 2097152' host.json >odd.json
    run -0 ballast plan --host odd.json
    [[ $output == *"note: the parts sum to "*" KiB more than the host has"* ]]
    [[ $output == *"note: slack, claims and reservations are 1048576 KiB more than is free"* ]]
}

@test "ten thousand domains in a moment" {
    jq -nc '{host:{total_kib:90000000000,free_kib:1000000},doms:[range(0;10000)|{id:.,name:"g\(.)",balloon:true,
        tot_kib:4194304,dyn_min_kib:1048576,dyn_max_kib:4194304,static_max_kib:4194304}]}' >many.json
    run -0 timeout 120 "$BALLAST" plan --host many.json --start web=100G
    [[ $output == *"web needs"* ]]
}
