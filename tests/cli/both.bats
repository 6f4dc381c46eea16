#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Commands with and without the daemon: the answer has the same form.
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
    export BALLAST_RUN_DIR=$BATS_TEST_TMPDIR/run
    : >conf
    background log "$BALLASTD" --host sim:host.scn --run-dir run --state-dir state --config conf
    DAEMON=$!
    wait_until ballast status
}

teardown() {
    if [ -n "${DAEMON:-}" ]; then
        kill "$DAEMON" || true
        wait "$DAEMON" || true
    fi
}

# KEEP: what of the answers is compared; which steps a plan has is of the moment.
keys() {
    jq -cs "${KEEP:-.}"' | [.[] | paths | map(if type == "number" then "[]" else . end) | join(".")] | unique'
}

same_keys() { # COMMAND [ARGUMENT]...
    local by_daemon straight
    by_daemon=$(ballast "$@" --json 2>err | keys)
    straight=$(ballast "$@" --json --host sim:host.scn 2>err | keys)
    echo "$*: daemon $by_daemon, straight $straight"
    [ "$by_daemon" != '[]' ] || return 1
    [ "$by_daemon" = "$straight" ]
}

@test "an option that the daemon cannot carry out is an error and changes nothing" {
    start_daemon
    run -2 ballast set-target small 900M --no-enforce
    [[ $output == *"--no-enforce does not work beside ballastd"* ]]
    run -2 ballast set-target small 900M --no-enforce --dry-run
    run -2 ballast free 7700M --policy ballast
    [[ $output == *"ballast policy ballast"* ]]
    run -2 ballast free 7700M --policy fixed --dry-run
    run -0 ballast list --json
    [[ $output == *'"name":"small"'* && $output != *'"pinned_kib":'[0-9]* ]]
    run -0 ballast set-target small 900M --json
    run -0 ballast list --json
    [[ $output == *'"pinned_kib":'[0-9]* ]]
}

@test "JSON has the same keys through the daemon and straight" {
    start_daemon
    same_keys list
    same_keys host
    same_keys explain --all
    KEEP='map(.steps = [])' same_keys plan
    KEEP='map(.steps = [])' same_keys plan --start new=5G
    same_keys free 4G --dry-run
    same_keys free 7700M --dry-run
    same_keys free 7700M
    same_keys set-target small 900M --dry-run
    same_keys set-target small 900M
    same_keys set-target small 800M --wait
    same_keys set-max small 2G
    same_keys free 4G
}

# TEXT COMMAND [ARGUMENT]...: TEXT is in the answer. Figures are of the moment, and what the daemon has learned of a
# guest is its own; words and sentences are the same.
same_words() {
    local by_daemon straight text=$1 words='del(.available_before_kib, .available_after_kib, .spare_kib)
        | del(.domains[]?["before_kib", "after_kib", "balloon_status", "floor_kib"], .asked_first[]?["current_kib", "target_kib"])
        | (.why | strings) |= gsub("[0-9]+"; "N")'
    shift
    by_daemon=$(ballast "$@" --json 2>err | jq -cS "$words")
    straight=$(ballast "$@" --json --host sim:host.scn 2>err | jq -cS "$words")
    echo "$*: daemon $by_daemon, straight $straight"
    [[ $straight == *"$text"* ]] || return 1
    [ "$by_daemon" = "$straight" ]
}

@test "free says the same through the daemon and straight" {
    start_daemon
    same_words '"reason":"reclaimed-for-start"' free 4G --dry-run
    same_words '"reason":"cannot-fit"' free 9G
    same_words '"reason":"deadline-over"' free 4600M --timeout 100ms
    same_words '"reason":"fits"' free 3G
}

# STATUS COMMAND [ARGUMENT]...: ends so and begins with the same sentence, whatever its figures.
same_report() {
    local by_daemon wanted=$1
    shift
    run --separate-stderr ballast "$@"
    echo "daemon: status $status, $output"
    [ "$status" = "$wanted" ]
    by_daemon=${lines[0]//[0-9]/}
    run --separate-stderr ballast "$@" --host sim:host.scn
    echo "straight: status $status, $output"
    [ "$status" = "$wanted" ]
    [ "$by_daemon" != "" ]
    [ "$by_daemon" = "${lines[0]//[0-9]/}" ]
}

@test "free reports to people the same through the daemon and straight" {
    start_daemon
    same_report 1 free 9G
    same_report 1 free 4600M --timeout 100ms
    run -0 ballast free 3G
    [[ $output == *"3145728 KiB are free: "*" KiB beyond what is kept for Xen, "*" before"* ]]
    run -1 ballast free 9G
    [[ $output == *"9437184 KiB cannot be freed: "*"domain "*" freed nothing of its "* ]]
    same_report 0 free 3G
}

@test "a target is pinned through the daemon, shown, and given back" {
    start_daemon
    run -0 ballast set-target small 700M
    [[ $output == *"target "*" KiB -> 716800 KiB"* ]]
    [[ $output == *"pinned at      none -> 716800 KiB"*"pinned by      $(id -un)"* ]]
    [[ $output != *"nothing changes"* ]]
    run -0 ballast list --json
    [ "$(jq -c 'select(.name == "small") | [.pinned_kib, .pinned_by]' <<<"$output")" = "[716800,\"$(id -un)\"]" ]
    run -0 ballast list --columns name,pinned
    grep -qE '^small +700$' <<<"$output"
    run -0 ballast why small
    [[ $output == *"target pinned at 700 MiB by $(id -un)"* ]]
    run -0 ballast why small --reason needs-more
    [[ $output != *"pinned at 700 MiB"* ]]
    run -0 ballast metrics
    [[ $output == *'ballast_domain_pinned_target_bytes{'*'name="small"'*'} 734003200'* ]]
    run -0 ballast set-target small 700M
    [[ $output == *"pinned by      $(id -un)"* ]]
    run -0 ballast set-range small 256M 600M --json
    figure "$output" .before.pinned_kib 716800
    figure "$output" .after.pinned_kib 614400
    run -0 ballast set-target small auto
    [[ $output == *"pinned at      614400 KiB -> none"* ]]
    run -0 ballast list --json
    [ "$(jq -c 'select(.name == "small") | [.pinned_kib, .pinned_by]' <<<"$output")" = "[null,null]" ]
}

@test "without a daemon nothing keeps a target, and that is said" {
    start_daemon
    run -0 ballast set-target small 700M --host sim:host.scn
    [[ $output == *"not pinned: without a daemon nothing keeps this target"* ]]
    run -1 ballast set-target small auto --host sim:host.scn
    [[ $output == *"its target is not pinned: without a daemon nothing keeps it"* ]]
    run -2 ballast set-target small auto --wait
}

@test "--wait says that a target is another one by now, and why" {
    start_daemon
    # All that is free and that others can give, and more: the pin gives way while this waits.
    background out ballast set-target small 3G --wait --timeout 10m
    waits=$!
    wait_until pinned
    run -0 ballast reserve 4300M --label big
    status=0
    wait "$waits" || status=$?
    cat out
    [ "$status" = 1 ]
    grep -qE 'its target is now [0-9.]+ [KMG]iB: target (raised|lowered) .*: it(s target is pinned at| goes below its pinned target of) ' out
}

pinned() {
    ballast list --json | jq -es 'any(.[]; .pinned_kib == 3145728)'
}
