# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# For the tests in t/ that run the daemon: starts it, and guests like the present ones.
export BALLAST_RUN_DIR=/tmp/ballast-run
state=/tmp/ballast-state
rm -rf "$BALLAST_RUN_DIR" "$state" /tmp/ballastd.log
daemon=
# Its SQLite is 3.34, and tables that keep to their types came with 3.37 (src/edge/sqlite/code.h): without a ledger
# the daemon neither reserves memory nor balances.
if [ "$BALLAST_LAB_XEN" = 4.14 ]; then
    echo '1..0 # SKIP the SQLite of that Debian is older than the daemon needs (3.37)'
    exit 0
fi

answers() { ballast status --json >/tmp/status.json 2>/dev/null; }
start_daemon() {
    # shellcheck disable=SC2086 # words
    ballastd --host xen --run-dir "$BALLAST_RUN_DIR" --state-dir "$state" --check-laws ${daemon_words:-} \
        2>>/tmp/ballastd.log &
    daemon=$!
    eventually 60 answers
}
stop_daemon() {
    kill -TERM "$daemon"
    wait "$daemon"
}
free_mib() { echo $(($(ballast host --json | jq '.parts | .free + .scrub + .reserved + .slack + .claimed') / 1024)); }
variant() { # NAME MIB OF: a guest like that one
    sed "s/^name = .*/name = \"$1\"/; s/^memory = .*/memory = $2/; s/^maxmem = .*/maxmem = $2/" \
        "/run/lab/guests/$3.cfg" >"/tmp/$1.cfg"
}
awake() { [ "$(node "$(xl domid "$1")" control/feature-suspend)" = 1 ]; }
is_gone() { ! xl domid "$1" >/dev/null 2>&1; }
