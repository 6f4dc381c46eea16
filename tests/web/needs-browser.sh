# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# needs_browser TESTS WORK: Chromium, and in the folder WORK playwright, axe and the scripts of tests/web, which
# is TESTS. What is missing is installed; where it cannot be, it fails and the reason is in $why.
needs_browser() {
    # shellcheck disable=SC2034 # whoever sources this reads it
    nb_tests=$1 nb_work=$2
    mkdir -p "$nb_work"
    if ! command -v chromium >/dev/null; then
        "$nb_tests/../../tools/setup" --of 'chromium: the test of the page in a browser
fonts-dejavu-core: the test of the page in a browser' >"$nb_work/setup.log" 2>&1 || {
            why="chromium is not there and cannot be installed, see $nb_work/setup.log"
            return 1
        }
    fi
    if ! cmp -s "$nb_tests/package-lock.json" "$nb_work/installed.json"; then
        cp "$nb_tests/package.json" "$nb_tests/package-lock.json" "$nb_work/"
        (cd "$nb_work" && npm ci --ignore-scripts --no-audit --no-fund >npm.log 2>&1) || {
            why="playwright-core and axe-core cannot be installed, see $nb_work/npm.log"
            return 1
        }
        cp "$nb_tests/package-lock.json" "$nb_work/installed.json"
    fi
    cp "$nb_tests"/*.mjs "$nb_work/"
}
