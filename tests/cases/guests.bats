#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What a configuration says and what the guest costs.
load common

@test "maptrack of the host: a guest that says 2048 and 4096 frames" {
    # xen.spec of Qubes gives Xen these for every guest. The array of maptrack pointers is 8 pages.
    figures maptrack-of-the-host/said.cfg xen-4.17 .cost.later_max 494680
}

@test "nested virtualisation takes 5 pages a vCPU" {
    # libvirt's own test of it (test-fullvirt-nestedhvm) as xl.cfg.
    figures nested/lab.cfg xen-4.17 .cost.settled 8471428 .cost.fresh_max 8471580 .segments.shadow 81920
}

@test "altp2m: the figures of a guest with a pool of 32 MiB" {
    figures altp2m-pool/vm.cfg libxl .segments.shadow 32768 .need 4229120
}
