#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What a configuration says and what the guest costs.
load common

@test "maptrack of the host: a guest that says 2048 and 4096 frames" {
    # xen.spec of Qubes gives Xen these for every guest. The array of maptrack pointers is 8 pages, 6 more than for 1024
    # frames; those of the grant table are 21 + 4, which were measured (tests/exact/measured.h): 24 KiB and 100 KiB more than
    # the 427840 KiB of a guest of 64 and 1024 frames.
    figures maptrack-of-the-host/said.cfg xen-4.17 .cost.settled $((427840 + 24 + 100)) .cost.later_max $((494680 + 100))
}

# Where a guest does not say, xl and libvirt leave it to Xen, which takes what its command line has; before 4.18 that is also the
# most that a guest may say (grant_table_init: -EINVAL).
@test "maptrack of the host: a guest that does not say costs what one costs that says the host's" {
    for host in host.json xlinfo.txt; do
        run -0 --separate-stderr ballast explain --profile xen-4.17 --host maptrack-of-the-host/$host --json maptrack-of-the-host/unsaid.cfg
        figure "$output" .cost.settled $((427840 + 24 + 100))
        figure "$output" .cost.later_max $((494680 + 100))
        figure "$output" '[.notes[] | select(.note == "limits-assumed")] | length' 0
    done
    # Where the host is not known Xen's defaults are assumed, which is said.
    figures maptrack-of-the-host/unsaid.cfg xen-4.17 .cost.settled 427840 .cost.later_max 433604
    [[ $(note maptrack-of-the-host/unsaid.cfg xen-4.17 limits-assumed) == "64 grant and 1024 maptrack frames are assumed"* ]]
    run ! note maptrack-of-the-host/said.cfg xen-4.17 limits-assumed
}

@test "maptrack of the host: what says more than the host allows is refused before 4.18, with the reason" {
    host() { jq -c ".host.gnttab_max_frames = $1 | .host.gnttab_max_maptrack_frames = $2 | .host.xen_version = \"$3\"" \
        maptrack-of-the-host/host.json >"$BATS_TEST_TMPDIR/h.json"; }
    said() { run "$1" ballast explain --host "$BATS_TEST_TMPDIR/h.json" --json maptrack-of-the-host/said.cfg; }
    host 2047 4096 4.17.7
    said -2
    [[ $output == *"said.cfg:6: max_grant_frames: 2048: the host's Xen refuses more than gnttab_max_frames of its command line, 2047 (EINVAL)"* ]]
    host 2048 1024 4.17.7
    said -2
    [[ $output == *"said.cfg:7: max_maptrack_frames: 4096: "*"gnttab_max_maptrack_frames of its command line, 1024 (EINVAL)"* ]]
    host 2048 4096 4.17.7
    said -0
    host 64 1024 4.18.0
    said -0
}

@test "nested virtualisation takes 5 pages a vCPU" {
    # libvirt's own test of it (test-fullvirt-nestedhvm) as xl.cfg.
    figures nested/lab.cfg xen-4.17 .cost.settled 8471428 .cost.fresh_max 8471580 .segments.shadow 81920
}

@test "nested virtualisation through libvirt's <cpu> costs what nestedhvm=1 costs" {
    figures nested/lab.xml xen-4.17 .config.nestedhvm true .segments.shadow 81920 .cost.settled 8471428 .cost.fresh_max 8471580
    with() { sed "$1" nested/lab.xml >"$BATS_TEST_TMPDIR/v.xml"; }
    with "s/svm/vmx/; s/require/force/"
    figures "$BATS_TEST_TMPDIR/v.xml" xen-4.17 .cost.settled 8471428
    for edit in "s/require/disable/" "s/require/forbid/" "s/require/optional/" "s/host-passthrough/custom/" "s/'svm'/'ssse3'/"; do
        with "$edit"
        figures "$BATS_TEST_TMPDIR/v.xml" xen-4.17 .cost.settled 8471108
    done
    # The last one counts, and svm means nothing to a host of Intel's.
    with "s|</cpu>|<feature policy='disable' name='svm'/></cpu>|"
    figures "$BATS_TEST_TMPDIR/v.xml" xen-4.17 .config.nestedhvm false
    jq -c '.host.processor = "GenuineIntel-6-55-4"' maptrack-of-the-host/host.json >"$BATS_TEST_TMPDIR/h.json"
    run -0 ballast explain --host "$BATS_TEST_TMPDIR/h.json" --json nested/lab.xml
    figure "$output" .config.nestedhvm null
}

# drakvuf-sandbox has guests of 4 GiB with a pool of 32 MiB and three views beside their own tables: 4 x 2055 pages of 8192.
@test "altp2m: how many views the paging pool holds is noted" {
    figures altp2m-pool/vm.cfg libxl .segments.shadow 32768 .need 4229120
    for profile in libxl xen-4.17; do
        text=$(note altp2m-pool/vm.cfg $profile altp2m)
        [[ $text == *"up to 2055 pages"*"8192 pages hold the guest's own tables and 2 views, not 3"*"raise shadow_memory" ]]
    done
    sed 's/shadow_memory.*/shadow_memory = 33/' altp2m-pool/vm.cfg >"$BATS_TEST_TMPDIR/more.cfg"
    [[ $(note "$BATS_TEST_TMPDIR/more.cfg" libxl altp2m) == *"8448 pages hold the guest's own tables and 3 views, not 4"* ]]
    sed 's/shadow_memory.*/shadow_memory = 8/' altp2m-pool/vm.cfg >"$BATS_TEST_TMPDIR/less.cfg"
    [[ $(note "$BATS_TEST_TMPDIR/less.cfg" libxl altp2m) == *"hold not even the guest's own tables"* ]]
    sed 's/^altp2m.*//' altp2m-pool/vm.cfg >"$BATS_TEST_TMPDIR/without.cfg"
    run ! note "$BATS_TEST_TMPDIR/without.cfg" libxl altp2m
}

# The template of drakvuf-sandbox, where Intel Processor Trace is used: Xen allocates get_order(vmtrace_size) pages for each
# vCPU when it is created, outside the guest's own memory and its pool; libxl's need does not know of them.
@test "vmtrace: 2 vCPUs of 8 MiB each cost 16384 KiB more" {
    figures vmtrace/sandbox.cfg xen-4.17 .cost.settled 4243588 .cost.fresh_max 4243644 .cost.later_max 4249400 \
        '.cost_terms[] | select(.term == "vmtrace") | .pages' 4096
    [[ $(note vmtrace/sandbox.cfg xen-4.17 vmtrace) == *"16384 KiB"* ]]
}

@test "vmtrace: libxl's need of it is too small, and says by how much" {
    figures vmtrace/sandbox.cfg libxl .need 4229120
    [[ $(note vmtrace/sandbox.cfg libxl vmtrace) == *"16384 KiB"*"need does not include them" ]]
    # 66 pages and 8 a vCPU are as much less than the 2048 KiB that need has for all of them.
    [[ $(note vmtrace/sandbox.cfg libxl need-too-small) == *"up to "*" KiB more" ]]
}

@test "vmtrace: neither Xen 4.14 nor XAPI knows it, which is said" {
    figures vmtrace/sandbox.cfg xen-4.14 '[.cost_terms[] | select(.term == "vmtrace")] | length' 0
    for profile in libxl-4.14 xen-4.14 xapi; do
        [[ $(note vmtrace/sandbox.cfg $profile vmtrace-ignored) == *"8192 KiB has no effect"* ]]
    done
}

@test "vmtrace: what Xen refuses is refused" {
    with() { sed "s/^vmtrace_buf_kb.*/vmtrace_buf_kb = $1/; s/^type.*/type = \"$2\"/" vmtrace/sandbox.cfg >"$BATS_TEST_TMPDIR/g.cfg"; }
    for kib in 12 131072; do
        with $kib hvm
        run -2 ballast explain "$BATS_TEST_TMPDIR/g.cfg"
        [[ $output == *"g.cfg:11: vmtrace_buf_kb: $kib: Xen takes only a power of two from 4 to 65536 KiB"* ]]
    done
    with 4096 pv
    run -2 ballast explain "$BATS_TEST_TMPDIR/g.cfg"
    [[ $output == *"vmtrace_buf_kb: 4096: Xen cannot trace the processor of a PV guest"* ]]
    # libxl rounds it up to pages.
    with 6 hvm
    run -0 ballast explain --json --profile xen-4.17 "$BATS_TEST_TMPDIR/g.cfg"
    figure "$output" '.cost_terms[] | select(.term == "vmtrace") | .pages' 4
}

# qubes-core-libvirt asks for a pool of libxl_get_required_shadow_memory(max_memory, max_vcpus) where <maxMemory> is there:
# 4*(256*2 + 2*4000) KiB; nothing else of the guest changes.
@test "Qubes' maxMemory sizes the paging pool" {
    figures qubes-maxmemory/appvm.xml libxl .segments.shadow 34048 .need 446464 .segments.guest 409600 \
        .segments.balloon 0 .spans.static_maximum 409600 .xenstore.target 409600
    figures qubes-maxmemory/appvm.xml xen-4.17 .cost.settled 443840 .cost.fresh_max 443896
    note qubes-maxmemory/appvm.xml libxl max-memory >"$BATS_TEST_TMPDIR/said"
    [[ $(<"$BATS_TEST_TMPDIR/said") == "maxMemory of 4096000 KiB sizes the paging pool"*"upstream's Xen driver refuses the element" ]]
    run -1 --separate-stderr ballast fits --host qubes-maxmemory/host.json --json qubes-maxmemory/appvm.xml
    figure "$output" .need_kib 443896
    figure "$output" .missing_kib 11768
}

# maxGrantFrames may be 0 (VIR_XML_PROP_NONNEGATIVE), and only what is more is handed on.
@test "libvirt: 0 grant frames and event channels are as if the controller was not there" {
    sed '/controller/d' zero-means-default/a.xml >"$BATS_TEST_TMPDIR/without.xml"
    [ "$(ballast explain --profile xen-4.17 --json zero-means-default/a.xml)" = \
        "$(ballast explain --profile xen-4.17 --json "$BATS_TEST_TMPDIR/without.xml")" ]
}

# virDomainDefPostParseMemory: both the most memory and its slots must be there.
@test "libvirt: maxMemory without slots is refused" {
    run -2 ballast explain zero-means-default/b.xml
    [[ $output == *"b.xml:4: maxMemory: libvirt refuses it without both a size and slots="* ]]
}

# 4 MiB are XAPI's own default (xapi_xenops.ml: int platform 4 "videoram", 16 at least for a vGPU alone); libxl wants 8 for cirrus.
@test "xapi: 4 MiB of video memory, asked for or not" {
    sed '/videoram/d' xapi-videoram/w.cfg >"$BATS_TEST_TMPDIR/unsaid.cfg"
    for file in xapi-videoram/w.cfg "$BATS_TEST_TMPDIR/unsaid.cfg"; do
        figures "$file" xapi .segments.video 4096 .segments.guest 2093056 .spans.footprint 2118656
        figures "$file" xapi-2025 .segments.video 4096 .segments.guest 2093056
    done
    figures "$BATS_TEST_TMPDIR/unsaid.cfg" libxl .segments.video 8192
    # As for 8 MiB, but for where the line between video and guest is.
    sed 's/videoram.*/videoram = 8/' xapi-videoram/w.cfg >"$BATS_TEST_TMPDIR/eight.cfg"
    figures "$BATS_TEST_TMPDIR/eight.cfg" xapi .spans.footprint 2118656
    run -2 ballast explain --profile libxl xapi-videoram/w.cfg
    [[ $output == *"w.cfg:5: videoram: 4096 KiB: cirrus on qemu-xen needs at least 8192 KiB"* ]]
    # What was written is read again by the same rules.
    ballast explain --profile xapi --json xapi-videoram/w.cfg >"$BATS_TEST_TMPDIR/w.json"
    [ "$(ballast explain --json "$BATS_TEST_TMPDIR/w.json")" = "$(cat "$BATS_TEST_TMPDIR/w.json")" ]
    run -0 ballast fits --profile xapi --host maptrack-of-the-host/host.json xapi-videoram/w.cfg
}

# A unikernel on a Raspberry Pi was told of as a PV guest of x86: on Arm it is PVH, with 128 pages more of pool.
@test "Arm: a guest that only Arm can have is refused, at the key that says so" {
    run -2 ballast explain arm/app.cfg
    [[ $output == *"arm/app.cfg:5: gic_version: this is an Arm guest: Ballast knows only x86"* ]]
    for key in vuart tee sve nr_spis arm_sci device_tree llc_colors trap_unmapped_accesses; do
        sed "s/^gic_version.*/$key = \"1\"/" arm/app.cfg >"$BATS_TEST_TMPDIR/a.cfg"
        run -2 ballast explain "$BATS_TEST_TMPDIR/a.cfg"
        [[ $output == *"a.cfg:5: $key: this is an Arm guest"* ]]
    done
    # In a string it is no key.
    sed '/gic_version/d; s/preserve/gic_version=3/' arm/app.cfg >"$BATS_TEST_TMPDIR/x86.cfg"
    run -0 ballast explain "$BATS_TEST_TMPDIR/x86.cfg"
}

@test "Arm: a libvirt guest of another architecture is refused, and so is a host of it" {
    for arch in aarch64 armv7l riscv64; do
        sed "s/<type>/<type arch='$arch'>/" zero-means-default/a.xml >"$BATS_TEST_TMPDIR/a.xml"
        run -2 ballast explain "$BATS_TEST_TMPDIR/a.xml"
        [[ $output == *"a.xml:5: os/type: unsupported arch=\"$arch\": Ballast knows only x86"* ]]
    done
    sed "s|<os>|<features><gic version='3'/></features>&|" zero-means-default/a.xml >"$BATS_TEST_TMPDIR/a.xml"
    run -2 ballast explain "$BATS_TEST_TMPDIR/a.xml"
    [[ $output == *"a.xml:5: gic: this is an Arm guest"* ]]
    sed '1s/^/machine : aarch64\n/' maptrack-of-the-host/xlinfo.txt >"$BATS_TEST_TMPDIR/host.txt"
    run -2 ballast fits --host "$BATS_TEST_TMPDIR/host.txt" maptrack-of-the-host/unsaid.cfg
    [[ $output == *"host.txt:1: machine: aarch64: Ballast knows only x86"* ]]
}

@test "keys that are not known or not counted are noted" {
    sed '1s/^/balloon_size = 3\nvpmu = 1\n/; $s/$/\nmax_pages = 3\nballoon_size = 4\n/' maptrack-of-the-host/unsaid.cfg >"$BATS_TEST_TMPDIR/g.cfg"
    [[ $(note "$BATS_TEST_TMPDIR/g.cfg" libxl unknown-keys) == *"ignored as xl ignores them: balloon_size, max_pages" ]]
    [[ $(note "$BATS_TEST_TMPDIR/g.cfg" libxl not-counted) == "vpmu: "*"is not counted" ]]
    run ! note maptrack-of-the-host/unsaid.cfg libxl unknown-keys
    # A hostile file says no more than that.
    for i in $(seq 400); do printf 'key_%s = 1\n' "$i"; done >>"$BATS_TEST_TMPDIR/g.cfg"
    [[ $(note "$BATS_TEST_TMPDIR/g.cfg" libxl unknown-keys) == *"balloon_size, max_pages, key_1, "*" more" ]]
}
