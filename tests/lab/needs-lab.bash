# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# needs_lab LAB [--systemd] XEN: ends a test that cannot run here, with the reason. LAB is the folder lab/.
needs_lab() {
    local lab=$1 log
    shift
    local xen=${*: -1}
    log=$(mktemp)
    # To standard error as well: making an image is no moment's work.
    if { "$lab/setup" >&2 && "$lab/image" "$@"; } 2>&1 >/dev/null | tee "$log" >&2 &&
        [ "${PIPESTATUS[0]}" -eq 0 ]; then
        rm -f "$log"
        return
    fi
    if [ -n "${BALLAST_LAB_REQUIRED:-}" ]; then
        echo "not ok 1 - a lab of Xen $xen can be had: $(tail -n 1 "$log")"
        echo 1..1
    else
        echo "1..0 # SKIP no lab of Xen $xen: $(tail -n 1 "$log")"
    fi
    rm -f "$log"
    exit 0
}
