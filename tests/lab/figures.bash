# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Facts about domains from Xen and xenstore, without the program under test: Xen's own dump of
# its domains (debug key q) has page counts, which xl rounds to MiB.

# Requests a dump from Xen; xen_pages reads it.
ask_xen() {
    xl dmesg -c >/dev/null
    xl debug-keys q
    xl dmesg | tr -d "\r" >/tmp/xen-domains
}

# xen_pages ID nr_pages|max_pages
xen_pages() {
    awk -v id="$1:" -v key=" $2=" '
        /General information for domain/ { here = $NF == id }
        here && (at = index($0, key)) { print substr($0, at + length(key)) + 0; exit }' /tmp/xen-domains
}

# Free memory in KiB, by Xen's dump of its heaps (debug key m).
xen_free_kib() {
    xl dmesg -c >/dev/null
    xl debug-keys m
    xl dmesg | sed -n 's/.*Dom heap: \([0-9]*\)kB free.*/\1/p'
}

node() { # ID NAME
    xenstore-read "/local/domain/$1/$2" 2>/dev/null || echo none
}

# All that a change of size may move: what guests see, and what Xen holds them to.
state_of() { # NAME
    local id
    id=$(xl domid "$1")
    ask_xen
    echo "target=$(node "$id" memory/target) static=$(node "$id" memory/static-max)" \
        "vm=$(xenstore-read "$(node "$id" vm)/memory" 2>/dev/null || echo none)" \
        "max=$(xen_pages "$id" max_pages)"
}

holds_pages() { # NAME
    ask_xen
    xen_pages "$(xl domid "$1")" nr_pages
}

# Two counts that are the same, half a second apart.
settled() { # NAME
    local first
    first=$(holds_pages "$1")
    sleep 0.5
    [ "$first" = "$(holds_pages "$1")" ]
}

# set_by_xl NAME MIB: and waits until the guest has followed.
set_by_xl() {
    local target
    xl mem-set "$1" "$2"
    target=$(node "$(xl domid "$1")" memory/target)
    eventually 60 arrived "$1" $((target / 4)) && eventually 20 settled "$1"
}

# Within extra internal of its target, and a HVM guest's pages that it never has.
arrived() { # NAME PAGES
    local now
    now=$(holds_pages "$1")
    [ "$now" -ge $(($2 - 64)) ] && [ "$now" -le $(($2 + 256)) ]
}

guests() { xl list | awk 'NR > 2 { print $1 }'; }
