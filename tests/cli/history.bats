#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# history, why and metrics, against a daemon whose simulated clock runs fast: a minute is a second.
load common

start_daemon() {
    cat >host.scn <<'END'
says "two guests that give, and one that has nothing to give"
host total=8GiB xen=256MiB slack=64MiB
guest dom0 dom0 tot=512MiB min=512MiB max=512MiB
guest web tot=3GiB min=512MiB max=3GiB uses=600MiB reclaim-rate=100MiB/s grow-rate=100MiB/s
guest mail tot=3GiB min=512MiB max=3GiB uses=600MiB reclaim-rate=100MiB/s grow-rate=100MiB/s
guest old tot=512MiB min=512MiB max=512MiB no-balloon
duration 24h
END
    export BALLAST_RUN_DIR=$BATS_TEST_TMPDIR/run
    background log "$BALLASTD" --host sim:host.scn --run-dir run --state-dir state --config /dev/null --speed 60
    DAEMON=$!
    wait_until ballast status
}

teardown() {
    if [ -n "${DAEMON:-}" ]; then
        kill "$DAEMON" || true
        wait "$DAEMON" || true
    fi
}

points() {
    [ "$(ballast history "$1" --json --since 30m | jq '.time_usec | length')" -ge "$2" ]
}

@test "why tells a start's donors in sentences with numbers" {
    start_daemon
    run -0 ballast reserve 3G --label web-7
    wait_until ballast why web
    run -0 ballast why web
    [[ ${lines[0]} =~ ^web\ holds\ [0-9.]+\ .iB,\ target\ [0-9.]+\ .iB,\ need\ [0-9.]+\ .iB$ ]]
    [[ $output =~ [0-9]+:[0-9]+:[0-9]+\ target\ lowered\ from\ 3\ GiB\ to\ .*\ are\ missing\ to\ start\ web-7\ \(reservation\ 1\) ]]
    run -0 ballast why
    [[ $output == *"web-7 may start (reservation 1): 3 GiB are free for it"* ]]
    [[ $output == *" web: target lowered"* ]]
    run -0 ballast why web --json --last 1
    [ "${#lines[@]}" = 1 ]
    figure "$output" .name web
    [ "$(jq -r .message <<<"$output")" != null ]
    run -0 ballast why old
    [[ ${lines[1]} == "no decision is known" ]]
    run -2 ballast why nobody
    [[ $output == *"nothing is known of nobody"* ]]
    run -2 ballast why web --last 0
    run -2 ballast why web --since yesterday
    run -2 ballast why web mail
}

@test "history is figures in a pipe, a plot on a terminal, and a picture" {
    start_daemon
    wait_until points web 10
    run -0 ballast history web --since 30m --points 12
    [[ ${lines[0]} == "web, in MiB, a line per "*" s" ]]
    [[ ${lines[1]} == from*current*minimum*maximum*target*need ]]
    [ "$(awk '/^[0-9]/ && NF == 6 && ($2 < $3 || $2 > $4)' <<<"$output")" = "" ]
    run -0 ballast history --since 30m
    [[ ${lines[1]} == from*free*minimum*maximum*reserved*deficit ]]
    [[ $output == *"its parts, in MiB"* ]]
    # Each line sums, rounded as it is.
    sums=$(awk '/^its parts/ {on = 1} /: / {on = 0} on && /^[0-9]/ {
        sum = 0; for (i = 2; i < NF; i++) sum += $i; print sum == $NF}' <<<"$output" | sort | uniq -c)
    [[ $sums =~ ^\ *[0-9]+\ 1$ ]]
    run -0 ballast history --json --since 30m
    [ "$(jq '[.parts | to_entries[].value] | transpose | map(add) == []' <<<"$output")" = false ]
    [ "$(jq '([.parts[]] | transpose | map(add)) == ([.total_kib, .overcounted_kib] | transpose | map(add))' \
        <<<"$output")" = true ]
    run -0 script -qec "'$BALLAST' history --since 30m --color never" /dev/null
    [[ ${lines[0]} == "host: its parts, with their size now, ^ events"* ]]
    [[ ${lines[1]} == ". free "*", x xen "* ]]
    [[ $output == *" GiB |"*"#"*"0 +---"* ]]
    run -0 script -qec "'$BALLAST' history web --since 30m --color never" /dev/null
    [[ ${lines[0]} == "web: # current, ' its peak, - target, . need, ^ events"* ]]
    [[ $output == *" GiB | "*"0 +---"* ]]
    [ "$(grep -c $'\033' <<<"$output")" = 0 ]
    run -0 script -qec "'$BALLAST' history web --since 30m --color always" /dev/null
    [ "$(grep -c $'\033\\[3[345]m' <<<"$output")" -gt 0 ]
    ballast history web --since 30m --svg >web.svg
    xmllint --noout web.svg
    rsvg-convert web.svg -o web.png
    grep -q 'class="target"' web.svg
    ballast history --svg >host.svg
    xmllint --noout host.svg
    rsvg-convert host.svg -o host.png
    [ "$(grep -c '<path class="layer l' host.svg)" = 10 ]
    run -0 ballast history web --json --since 30m --points 7
    [ "$(jq '.time_usec | length <= 7' <<<"$output")" = true ]
    [ "$(jq '(.current_kib.max | length) == (.time_usec | length)' <<<"$output")" = true ]
    [ "$(jq '.events | type' <<<"$output")" = '"array"' ]
    run -2 ballast history web --json --svg
    run -2 ballast history web --points 1001
    run -2 ballast history nobody
}

@test "a guest that is gone, and a daemon that was started again" {
    start_daemon
    wait_until points mail 3
    uuid=$(ballast history mail --json | jq -r .domain.uuid)
    python3 - <<'END'
import json, socket
s = socket.socket(socket.AF_UNIX)
s.connect("run/control.sock")
for i, (method, params) in enumerate([("hello", {"version": 1}), ("sim-destroy", {"domain": "mail"})]):
    s.sendall(json.dumps({"jsonrpc": "2.0", "id": i, "method": method, "params": params}).encode() + b"\n")
    assert b"result" in s.recv(65536)
END
    gone() { ballast why mail | grep -q "is gone; it had"; }
    wait_until gone
    run -0 ballast why mail
    [ "${lines[0]}" = "mail is gone" ]
    kill "$DAEMON"
    wait "$DAEMON" || true
    background log.2 "$BALLASTD" --host sim:host.scn --run-dir run --state-dir state --config /dev/null --speed 60
    DAEMON=$!
    wait_until ballast status
    run -0 ballast history "$uuid" --since 30m
    [[ ${lines[0]} == "mail (gone), in MiB"* ]]
    [[ $output == *"is gone; it had 3 GiB"* ]]
    run -0 ballast why mail
    [[ $output == *"is gone; it had 3 GiB"* ]]
}

@test "metrics, for a scrape and for node_exporter" {
    start_daemon
    run -0 ballast metrics
    [ "${lines[-1]}" = "# EOF" ]
    total=$(awk '$1 == "ballast_host_memory_total_bytes" { print $2 }' <<<"$output")
    [ "$total" = 8589934592 ]
    [ "$(awk '/^ballast_host_memory_bytes[{]/ { sum += $2 } END { printf "%.0f", sum }' <<<"$output")" = "$total" ]
    run -0 ballast metrics --textfile ballast.prom
    [ "$output" = "" ]
    [ "$(stat -c %a ballast.prom)" = 644 ]
    [ "$(ls | grep -c ballast.prom)" = 1 ]
    grep -q '^ballast_up 1$' ballast.prom
    run -2 ballast metrics --format xml
    run -2 ballast metrics --textfile a --format openmetrics
    run -3 ballast metrics --textfile nowhere/ballast.prom
    kill "$DAEMON"
    wait "$DAEMON" || true
    DAEMON=
    run -3 --separate-stderr ballast metrics --textfile ballast.prom
    [[ $stderr == *"ballast: metrics: "* ]]
    [ "$(grep -v '^#' ballast.prom)" = "ballast_up 0" ]
    run -3 ballast history
    run -3 ballast why
}
