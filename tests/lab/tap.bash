# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# For the tests in t/ (and transport): results in the Test Anything Protocol.
tap_count=0

pass() { echo "ok $((++tap_count)) - $*"; }
flunk() { echo "not ok $((++tap_count)) - $*"; }
skip() { echo "ok $((++tap_count)) - $1 # SKIP $2"; }
note() { sed 's/^/# /'; }
done_testing() { echo "1..$tap_count"; }

# check TEXT COMMAND...: passes when COMMAND succeeds.
check() {
    local text=$1
    shift
    if "$@"; then pass "$text"; else flunk "$text"; fi
}

# same TEXT EXPECTED SEEN
same() {
    [ "$2" = "$3" ] && pass "$1" && return
    flunk "$1"
    printf 'expected: %s\nseen:     %s\n' "$2" "$3" | note
}

# eventually SECONDS COMMAND...: tries it again until it succeeds. SECONDS is enough on an idle machine; on a busy
# one there are ten times as many, so that only what never happens fails.
eventually() {
    local end=$((SECONDS + 10 * $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.3
    done
}

# between N LEAST MOST
between() { [ "$1" -ge "$2" ] && [ "$1" -le "$3" ]; }
