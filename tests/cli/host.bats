#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
load common

# 1000000 = 100000 + 200000 + (300000 + 100000) + 30000 + 150000 free, and 120000 unexplained.
make_host() {
    cat >host.json <<'END'
{"v":1,"t":7,"host":{"total_kib":1000000,"free_kib":150000,"claimed_kib":40000,"slush_kib":10000,
                     "scrub_kib":30000,"xen_kib":100000},
 "doms":[{"id":0,"name":"Domain-0","tot_kib":200000},
         {"id":3,"name":"web","tot_kib":300000,"overhead_kib":30000},
         {"id":4,"name":"new","state":"build","tot_kib":100000,"build_left_kib":50000}]}
END
}

@test "it sums, and what cannot be explained is shown" {
    make_host
    run -0 ballast host --host host.json --json
    figure "$output" '[.parts[]] | add' 1000000
    figure "$output" '.parts | map_values(select(. > 0)) | to_entries | map("\(.key) \(.value)") | join(",")' \
        "xen 100000,dom0 200000,domains 400000,overhead 30000,unexplained 120000,claimed 50000,slack 10000,scrub 30000,free 60000"
    figure "$output" .overcounted_kib 0
    figure "$output" '.domains[1].current_kib' 300000
}

@test "the bars are at most 80 columns and say what each character means" {
    run -0 ballast host --bars --host "$EXAMPLES/host.json"
    [ "${lines[0]}" = "host: 64540.00 MiB, 4 domains, 10176.00 MiB available" ]
    [ "$(awk 'length > 80' <<<"$output")" = "" ]
    grep -qE '^files +16777216 +25\.4% \| +#{10,14} +\|$' <<<"$output"
    grep -qE '^free +10420224 +15\.8% \| +\.{6,10}\|$' <<<"$output"
    grep -qE '^total +66088960 +100\.0%$' <<<"$output"
    [[ $output == *"a letter per part, as in 'ballast top'"* ]]
    make_host
    run -0 ballast host --bars --host - <host.json
    grep -qE '^unexplained +120000 +12\.0% \| +\?+ +\|$' <<<"$output"
    grep -qE '^claimed +50000 +5\.0% \| +c+ +\|$' <<<"$output"
}

@test "many domains: the largest have bars, the others one" {
    jq -nc '{host:{total_kib:9000000,free_kib:0},doms:[range(1;60)|{id:.,name:"g\(.)",tot_kib:(. * 1000)}]}' >many.json
    run -0 ballast host --bars --host many.json
    [ "$(grep -c '^g' <<<"$output")" = 20 ]
    grep -qE '^g59 ' <<<"$output"
    grep -qE '^g40 ' <<<"$output"
    # 1 to 39
    grep -qE '^39 other domains +780000 ' <<<"$output"
    [[ $output == *"the snapshot does not have Xen's own memory"* ]]
}

@test "the table adds up and tells of each domain" {
    make_host
    run -0 ballast host --table --host host.json
    awk '$1 == "part" {on = 1; next} on && $1 != "total" {s += $2} $1 == "total" {exit s != $2}' <<<"$output"
    grep -qE '^domain 4 new +build +100000 +0$' <<<"$output"
}

@test "guests that are known are divided, and what is not measured is told" {
    cat >web.cfg <<'END'
name = "web"
type = "hvm"
memory = 280
vcpus = 1
END
    make_host
    run -0 ballast host --host host.json --json web.cfg
    # 280 MiB with 8 of video: 300000 - 8192, of which 1024 may be extra internal: none is, it is at its target.
    figure "$output" '.domains[1].segments | "\(.guest) \(.video) \(.extra_internal)"' "291808 8192 0"
    figure "$output" '.domains[1] | (.segments | .shadow + .iommu + .extra_external + .other) == .overhead_kib' true
    figure "$output" '.domains[2].segments' null
    figure "$output" .estimated_kib 0
    jq '.doms[1].overhead_kib = 0' host.json >less.json
    run -0 ballast host --host less.json --json web.cfg
    # 256 pages a vCPU, one a MiB and a page for each MiB of p2m; 2 MiB of extra external.
    wanted=$(ballast explain --json web.cfg | jq '.segments | .shadow + .iommu + .extra_external')
    figure "$output" .estimated_kib "$wanted"
    figure "$output" .parts.overhead "$wanted"
    figure "$output" '[.parts[]] | add' 1000000
    run -0 ballast host --host less.json --table web.cfg
    grep -qE "^domain 3 web +run +300000 +291808 +8192 +0 +~$wanted " <<<"$output"
    [[ $output == *"note: $wanted KiB of the overhead are not measured but the most that configurations"* ]]
}

@test "a host that contradicts itself is shown, with by how much" {
    make_host
    jq '.host.total_kib = 700000 | .host.slush_kib = 200000' host.json >odd.json
    run -0 ballast host --host odd.json
    [[ $output == *"note: the parts sum to 180000 KiB more than the host has"* ]]
    [[ $output == *"note: slack, claims and reservations are 100000 KiB more than is free"* ]]
    run -0 ballast host --host odd.json --json
    figure "$output" '([.parts[]] | add) - .overcounted_kib' 700000
    jq '.doms[1].tot_kib = 18446744073709551614' host.json | sed 's/1844674407370955[0-9]*/18446744073709551614/' >huge.json
    run -2 ballast host --host huge.json
    [[ $output == "ballast: huge.json:1: "*"64 bits"* ]]
}

make_scenario() {
    cat >host.scn <<'END'
says "One that shrinks to its target."
host total=8GiB xen=64MiB slack=64MiB
guest dom0 dom0 tot=1GiB min=1GiB max=1GiB
guest db tot=2GiB min=512MiB max=3GiB overhead=20MiB
guest web tot=3GiB target=1GiB min=512MiB max=3GiB reclaim-rate=200MiB/s
duration 10s
END
    HOST=(--host sim:host.scn)
}

@test "on a terminal bars, in colour unless NO_COLOR says no; in a pipe a table" {
    make_scenario
    esc=$(printf '\033')
    run -0 ballast host "${HOST[@]}"
    [[ ${lines[1]} == "part "*"KiB"*"MiB" && $output != *"|"* ]]
    run -0 ballast host "${HOST[@]}" --color always
    [[ $output != *"$esc"* ]]
    TERM=xterm script -qec "$BALLAST host --host sim:host.scn" /dev/null >out </dev/null
    grep -qF "${esc}[32m###" out
    grep -qF "${esc}[33m000" out
    TERM=xterm NO_COLOR=1 script -qec "$BALLAST host --host sim:host.scn" /dev/null >out </dev/null
    grep -qE '^web .*\| +#+ +\|' out
    run ! grep -qF "$esc" out
    TERM=xterm script -qec "$BALLAST host --table --host sim:host.scn" /dev/null >out </dev/null
    run ! grep -qF "|" out
}

@test "domains are sorted in every form, and have the columns that are asked for" {
    make_scenario
    [ "$(ballast host "${HOST[@]}" --json | jq -r '.domains[].name' | xargs)" = "dom0 db web" ]
    [ "$(ballast host "${HOST[@]}" --json --sort current | jq -r '.domains[].name' | xargs)" = "web db dom0" ]
    [ "$(ballast host "${HOST[@]}" --json --sort -name | jq -r '.domains[].name' | xargs)" = "web dom0 db" ]
    [ "$(ballast host "${HOST[@]}" --table --sort overhead | sed -n 's/^domain . \(db\|web\|dom0\) .*/\1/p' | head -n 1)" = db ]
    # A bar of its own for each domain, in that order; the parts stay where they are.
    [ "$(ballast host "${HOST[@]}" --bars --sort -current | awk '/\|/ {print $1}' | xargs)" = \
        "xen dom0 db web overhead unexplained slack free" ]
    run -2 ballast host "${HOST[@]}" --sort ''
    columns=$(sed "s/.*there are //; s/; see .*//; s/,//g" <<<"$output")
    [ "$(wc -w <<<"$columns")" = 13 ]
    for column in $columns; do
        run -0 ballast host "${HOST[@]}" --columns "$column" --sort "$column"
        one=$(ballast host "${HOST[@]}" --json --sort "$column" | jq -r '.domains[].name')
        [ "$(ballast host "${HOST[@]}" --json --sort "-$column" | jq -r '.domains[].name' | tac)" = "$one" ]
    done
    run -0 ballast host "${HOST[@]}" --columns current,name --sort current
    grep -qx 'current  name' <<<"$output"
    grep -qx '3145728  web' <<<"$output"
    run -2 ballast host "${HOST[@]}" --columns name --bars
    [[ $output == *"--columns: bars have no columns: use --table"* ]]
    run -2 ballast host "${HOST[@]}" --columns name --json
    run -2 ballast host "${HOST[@]}" --columns name,name
    run -2 ballast host "${HOST[@]}" --columns size
    [[ $output == *"no column 'size'; there are domain, id, name"* ]]
}

@test "--watch: the host, then in words what has changed" {
    make_scenario
    run -0 --keep-empty-lines ballast host "${HOST[@]}" --watch=5s
    [ "$(grep -c 'sizes in KiB' <<<"$output")" = 1 ]
    grep -qx 'web (2): current 3145728 -> 2121728' <<<"$output"
    grep -qx 'domains: 5242880 -> 4218880' <<<"$output"
    grep -qx 'free: 1945600 -> 2969600' <<<"$output"
    [[ $output != *$(printf '\033')* ]]
    run -0 ballast host "${HOST[@]}" --bars --watch=5s
    [ "$(grep -c '^web .*|' <<<"$output")" = 1 ]
    grep -qx 'web (2): current 2121728 -> 1097728' <<<"$output"
    run -0 ballast host "${HOST[@]}" --json --watch=5s
    [ "$(jq -s 'map(.parts.free) | join(" ")' <<<"$output")" = '"1945600 2969600 3993600"' ]
    sed -i 's/ target=1GiB//' host.scn
    run -0 ballast host "${HOST[@]}" --watch=5s
    [ "$(grep -cx 'nothing has changed' <<<"$output")" = 2 ]
    run -2 ballast host "${HOST[@]}" --watch=1ms
    [[ $output == *"10ms or more"* ]]
    make_host
    run -2 ballast host --host host.json --watch
    [[ $output == *"a file does not change"* ]]
}

@test "wrong usage" {
    make_host
    run -2 ballast host --host missing.json
    run -2 ballast host --host host.json --json --table
    run -2 ballast host --host host.json --profile nonesuch
    run -2 ballast host --host host.json --color sometimes
    run -2 ballast host --host host.json missing.cfg
    # shellcheck disable=SC2016 # that shell's
    run -3 bash -c '"$BALLAST" host --host host.json >/dev/full'
}

@test "names cannot steer the terminal; colour is only where it is asked for" {
    make_host
    esc=$(printf '\033')
    jq '.doms[1].name = "a\u001b[31m\u009bb"' host.json >evil.json
    run -0 ballast host --host evil.json
    [[ $output != *"$esc"* && $output == *"a?[31m??b"* ]]
    run -0 ballast host --bars --color always --host host.json
    # The letters and colours of top: core/draw/palette.c.
    [[ $output == *"${esc}[31m?"* && $output == *"${esc}[33m0"* && $output == *"${esc}[32m#"* ]]
}

@test "a Xen that no profile is of is reported as unknown, with what stands for it" {
    printf 'says "Later."\nhost total=4GiB xen=128MiB slack=8MiB xen-version=4.99.1\nguest dom0 dom0 tot=1GiB\nduration 1h\n' >later.scn
    for command in list host doctor; do
        run ballast $command --host sim:later.scn
        [ "$status" = "$([ $command = doctor ] && echo 1 || echo 0)" ]
        [[ $output == *"no profile is of Xen 4.99.1: "*"xen-4."*"nearest"*"ballast calibrate --out"* ]] || { echo "$output"; false; }
    done
    [[ $(ballast host --json --host sim:later.scn | jq -r .unknown_xen) == "no profile is of Xen 4.99.1: "* ]]
    sed 's/ xen-version=4.99.1//' later.scn >now.scn
    run -0 ballast list --host sim:now.scn
    [[ $output != *"no profile"* ]]
}
