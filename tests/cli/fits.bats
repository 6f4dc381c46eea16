#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
load common

# 1000 MiB are free beyond the slush; "a" can spare 900 MiB, "b" 300, the paused one nothing.
make_host() {
    cat >host.json <<'END'
{"v":1,"host":{"total_kib":16777216,"free_kib":1048576,"slush_kib":24576},
 "doms":[{"id":1,"name":"a","balloon":true,"tot_kib":2097152,"dyn_min_kib":1175552,
          "dyn_max_kib":2097152,"static_max_kib":2097152},
         {"id":2,"name":"b","balloon":true,"tot_kib":1048576,"dyn_min_kib":741376,
          "dyn_max_kib":1048576,"static_max_kib":1048576},
         {"id":5,"name":"sleeper","state":"paused","balloon":true,"tot_kib":4194304,
          "dyn_min_kib":1048576,"dyn_max_kib":4194304,"static_max_kib":4194304}]}
END
}

guest() { # NAME MIB: PV, one vCPU; need is MIB + 2 + (256 + MIB) pages in whole 2 MiB
    printf 'name = "%s"\ntype = "pv"\nkernel = "/k"\nvcpus = 1\nmemory = %s\n' "$1" "$2" >"$1.cfg"
}

@test "one that fits" {
    make_host
    guest small 512
    run -0 ballast fits --host host.json small.cfg
    # 512 + 1 MiB and (256 + 512) pages = 3 MiB: 516 MiB.
    [ "$output" = "small: needs 528384 KiB, 1024000 KiB are free: fits" ]
}

@test "one that fits if others give, in proportion to what they can spare" {
    make_host
    guest large 1592
    # 1592 + 1 MiB + 1848 pages = 1600.2 MiB: 1602 MiB; 602 of them are missing; 3 : 1.
    run -1 ballast fits --host host.json large.cfg
    [ "${lines[0]}" = "large: needs 1640448 KiB, 1024000 KiB are free: fits if others give 616448 KiB" ]
    [ "${lines[1]}" = "    domain 1 a gives 462336 KiB: from 2097152 to 1634816 KiB" ]
    [ "${lines[2]}" = "    domain 2 b gives 154112 KiB: from 1048576 to 894464 KiB" ]
    [ "${#lines[@]}" = 3 ]
    run -0 ballast fits --squeeze --host host.json large.cfg
}

@test "one that does not fit takes nothing from those behind it" {
    make_host
    guest huge 4096
    guest small 512
    run -1 ballast fits --squeeze --host host.json huge.cfg small.cfg
    # 4096 + 1 MiB + 4352 pages = 17 MiB: 4114 MiB; 1000 are free, 1200 can be given.
    [ "${lines[0]}" = "huge: needs 4212736 KiB, 1024000 KiB are free: does not fit" ]
    [ "${lines[1]}" = "    others can give 1228800 KiB, 1959936 KiB would still be missing" ]
    [ "${lines[2]}" = "small: needs 528384 KiB, 1024000 KiB are free: fits" ]
}

@test "the order decides, and nothing is promised twice" {
    make_host
    guest first 512
    guest second 1024
    guest third 1024
    run -1 ballast fits --json --host host.json first.cfg second.cfg third.cfg
    figure "${lines[0]}" .answer fits
    figure "${lines[1]}" .answer fits-if-given
    figure "${lines[2]}" .answer does-not-fit
    # 484 MiB left; 1024 + 1 MiB + 1280 pages = 5: 1030 MiB; 546 missing; 654 left to give.
    figure "${lines[1]}" .free 495616
    figure "${lines[1]}" .missing 559104
    figure "${lines[1]}" '[.gifts[].gives] | add' 559104
    figure "${lines[2]}" .free 0
    figure "${lines[2]}" .spare 669696
    figure "${lines[2]}" .missing 385024
    figure "${lines[2]}" '.gifts | length' 0
}

@test "the examples: some fit, one if others give, one not" {
    run -1 ballast fits --json --host "$EXAMPLES/host.json" "$EXAMPLES"/{web.cfg,office.cfg,shop.xml,database.cfg}
    [ "$(jq -r .answer <<<"$output" | xargs)" = "fits fits fits-if-given does-not-fit" ]
}

@test "a stubdomain is counted once, in its guest" {
    run -0 ballast fits --json --host "$EXAMPLES/host.json" "$EXAMPLES/desktop.cfg"
    [ "${#lines[@]}" = 1 ]
    # 4096 MiB, pool (2 x 256 + 4096) pages = 18, 2 beyond, 144 + 16 for the stubdomain: 4276 MiB.
    figure "$output" .need 4378624
    # Its own JSON as input is the same question.
    ballast explain --json "$EXAMPLES/desktop.cfg" >desktop.json
    run -0 ballast fits --json --host "$EXAMPLES/host.json" desktop.json
    figure "$output" .need 4378624
}

@test "need follows the profile" {
    make_host
    guest small 512
    run -0 ballast fits --json --profile xapi --host host.json small.cfg
    # XAPI: 512 + 1 + 1 for 38 pages + (256 + 1024) pages = 5: 519 MiB.
    figure "$output" .need 531456
    figure "$output" .profile xapi
}

@test "a host that contradicts itself is refused" {
    jq '.host.free_kib = 99999999' "$EXAMPLES/host.json" >bad.json
    run -2 ballast fits --host bad.json "$EXAMPLES/web.cfg"
    [[ $output == *bad.json* ]]
    echo '{"host":{"total_kib":1,"free_kib":"much"}}' >bad.json
    run -2 ballast fits --host bad.json "$EXAMPLES/web.cfg"
    [[ $output == *"bad.json:1: "*free_kib* ]]
    run -2 ballast fits --host missing.json "$EXAMPLES/web.cfg"
}
