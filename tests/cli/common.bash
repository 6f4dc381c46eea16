# SPDX-License-Identifier: LGPL-2.1-or-later
# Shared by the tests of the commands: the program, the sources, a temporary folder.
: "${BALLAST:?the program to test}" "${SOURCE:?the top of the source tree}"
PATH=$(dirname "$BALLAST"):$PATH
EXAMPLES=$SOURCE/examples
unset NO_COLOR TERM
# No test depends on whether the machine itself was calibrated.
export BALLAST_HOST_PROFILE=$BATS_TEST_TMPDIR/host-profile.json
bats_require_minimum_version 1.5.0

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

example_guests() {
    ls "$EXAMPLES"/*.cfg "$EXAMPLES"/*.xml "$EXAMPLES"/*.json | grep -v '/host\.json$'
}

# figure JSON PATH VALUE: the number at that place, by jq.
figure() {
    local found
    found=$(jq -r "$2" <<<"$1")
    [ "$found" = "$3" ] || { echo "$2 is $found, not $3, in $1" >&2; return 1; }
}

# at_work PID FILE: it has said something, or it takes SIGINT and has used half a second of a processor since that was seen,
# on any machine and under a sanitizer too.
at_work() {
    local ticks mask
    [ ! -s "$2" ] || return 0
    ticks=$(awk '{ print $14 + $15 }' "/proc/$1/stat") || return
    mask=$(awk '$1 == "SigCgt:" { print $2 }' "/proc/$1/status") || return
    (((16#$mask & 2) != 0)) || return
    [ -s "$2.since" ] || echo "$ticks" >"$2.since"
    [ "$ticks" -ge $(($(cat "$2.since") + $(getconf CLK_TCK) / 2)) ]
}

# background FILE COMMAND...: starts it with all that it says in FILE; $! is its pid. FILE is empty when this returns: with
# `COMMAND >FILE &` the program's own shell empties it, which may be after what an earlier program said was taken for this one's.
background() {
    local file=$1
    shift
    { "$@" 2>&1 3>&- & } >"$file"
}

# interrupted FILE COMMAND...: starts it, interrupts it when it is at its work; what it said is in FILE, `status` is its.
interrupted() {
    local file=$1 pid
    shift
    rm -f "$file.since"
    # One signal, to it alone: the second one ends it at once. Jobs in the background ignore it otherwise.
    { env --default-signal=INT "$@" 3>&- & } >"$file"
    pid=$!
    wait_until at_work "$pid" "$file"
    kill -INT "$pid"
    status=0
    wait "$pid" || status=$?
}

# Until that is done; the twenty minutes only end a test that fails, on whatever machine. Then what the daemon logged.
wait_until() {
    for _ in $(seq 24000); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.05
    done
    echo "not in time: $*" >&2
    cat log* >&2
    return 1
}
