#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The examples that Debian's xen-utils-common installs in /etc/xen, as they are.
load common

setup_file() {
    export DEBIAN="$BATS_FILE_TMPDIR"
    cd "$DEBIAN" || return
    {
        apt-get download xen-utils-common && dpkg-deb -x xen-utils-common_*.deb .
    } >log 2>&1 </dev/null || echo "xen-utils-common cannot be downloaded: $(tail -n 1 log)" >missing
}

explain() { # FILE
    [ ! -f "$DEBIAN/missing" ] || skip "$(cat "$DEBIAN/missing")"
    run -0 --separate-stderr ballast explain --xl-conf "$DEBIAN/etc/xen/xl.conf" --json \
        "$DEBIAN/etc/xen/$1"
}

@test "xlexample.hvm" {
    explain xlexample.hvm
    # memory 128 MiB, 2 vCPUs: pool 2 x 256 + 128 = 640 pages; cirrus has 8 MiB.
    figure "$output" .name example.hvm
    figure "$output" .type hvm
    figure "$output" .segments.shadow 2560
    figure "$output" .segments.extra_external 2048
    figure "$output" .segments.extra_internal 1024
    figure "$output" .segments.video 8192
    figure "$output" .segments.guest 122880
    figure "$output" .segments.balloon 0
    figure "$output" .spans.overhead 5632
    figure "$output" .spans.xen_maximum 132096
    figure "$output" .spans.footprint 136704
    # 131072 + 2560 + 2048 = 135680, up to 67 x 2048.
    figure "$output" .need 137216
    figure "$output" .xenstore.target 122880
}

@test "xlexample.pvlinux" {
    explain xlexample.pvlinux
    # 128 MiB, 2 vCPUs; PV has no pool, but need has one: 2 x 256 + 128 pages.
    figure "$output" .name example.pvlinux
    figure "$output" .type pv
    figure "$output" .segments.shadow 0
    figure "$output" .segments.extra_external 1024
    figure "$output" .segments.guest 131072
    figure "$output" .spans.overhead 2048
    figure "$output" .spans.footprint 133120
    # 131072 + 2560 + 1024 = 134656, up to 66 x 2048.
    figure "$output" .need 135168
}

@test "xlexample.pvhlinux" {
    explain xlexample.pvhlinux
    # 512 MiB, 4 vCPUs: pool 4 x 256 + 512 = 1536 pages.
    figure "$output" .name example.pvhlinux
    figure "$output" .type pvh
    figure "$output" .segments.shadow 6144
    figure "$output" .segments.extra_external 2048
    figure "$output" .segments.video 0
    figure "$output" .segments.guest 524288
    figure "$output" .spans.overhead 9216
    figure "$output" .spans.footprint 533504
    # 524288 + 6144 + 2048 is 260 x 2048.
    figure "$output" .need 532480
}
