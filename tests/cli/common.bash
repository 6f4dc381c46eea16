# SPDX-License-Identifier: LGPL-2.1-or-later
# What every test of the commands starts from: the program, the sources, a folder of its own.
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

# Until that is done, or 20 s; then what the daemon logged.
wait_until() {
    for _ in $(seq 400); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.05
    done
    echo "not in time: $*" >&2
    cat log >&2
    return 1
}
