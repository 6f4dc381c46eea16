#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The commands that show the host, through a daemon.
load common

start_daemon() {
    cat >host.scn <<'END'
says "One that needs much, and one that needs little."
host total=8GiB xen=256MiB slack=64MiB
guest dom0 dom0 tot=512MiB min=512MiB max=512MiB
guest small tot=1GiB min=256MiB max=3GiB uses=300MiB reclaim-rate=100MiB/s grow-rate=100MiB/s
guest large tot=3GiB min=512MiB max=3GiB uses=2500MiB reclaim-rate=100MiB/s grow-rate=100MiB/s
duration 24h
END
    : >config
    export BALLAST_RUN_DIR=$BATS_TEST_TMPDIR/run
    background log "$BALLASTD" --host sim:host.scn --run-dir run --state-dir state --config config
    DAEMON=$!
    wait_until ballast status
}

teardown() {
    if [ -n "${DAEMON:-}" ]; then
        kill "$DAEMON" || true
        wait "$DAEMON" || true
    fi
}

needs_are_known() {
    ballast list --json | jq -es 'map(select(.name != "dom0").need_kib) | all(. > 0)'
}

@test "list --sort need: what the daemon believes that each needs" {
    start_daemon
    wait_until needs_are_known
    [ "$(ballast list --json --sort need | jq -r 'select(.name != "dom0").name' | xargs)" = "large small" ]
    [ "$(ballast list --json --sort -need | jq -r 'select(.name != "dom0").name' | xargs)" = "small large" ]
    run -0 ballast list --columns name,need --sort need
    grep -qE '^large +[1-9][0-9]+$' <<<"$output"
}

says() {
    grep -qx "$1" "$2"
}

@test "host and explain are watched through the daemon until a signal comes" {
    start_daemon
    for command in host "explain large" "explain --all" list; do
        # shellcheck disable=SC2086 # words
        background out ballast $command --watch=20ms
        watcher=$!
        wait_until says 'nothing has changed' out
        kill -TERM "$watcher"
        status=0
        wait "$watcher" || status=$?
        [ "$status" = 0 ]
    done
    [ "$(ballast explain --all --json | jq -r .name | xargs)" = "dom0 small large" ]
    [ "$(ballast host --json | jq '[.parts[]] | add')" = 8388608 ]
}

@test "a domain that comes while somebody watches is told of as new" {
    start_daemon
    printf 'name = "late"\ntype = "pv"\nmemory = 256\n' >late.cfg
    watchers=()
    for command in host "explain --all" list; do
        # shellcheck disable=SC2086 # words
        background "${command%% *}" ballast $command --watch=20ms
        watchers+=($!)
        wait_until says 'nothing has changed' "${command%% *}"
    done
    ballast run late.cfg -- ballast sim-create late.cfg
    wait_until says 'late ([0-9]*) is new: state .*current .*, overhead .*' host
    wait_until says 'late ([0-9]*) is new: type .*, state .*guest .*' explain
    wait_until says 'late ([0-9]*) is new: type .*, state .*current .*' list
    kill "${watchers[@]}"
    wait "${watchers[@]}"
}

@test "status --check: 1 while there is an alert, 0 before and after" {
    start_daemon
    run -0 ballast status --check
    echo 'no such line' >config
    kill -HUP "$DAEMON"
    is_alarmed() { ! ballast status --check && ballast status | grep -q '^ALERT *configuration: '; }
    wait_until is_alarmed
    run -1 ballast status --check --json
    : >config
    kill -HUP "$DAEMON"
    wait_until ballast status --check
}
