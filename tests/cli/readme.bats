#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
load common

@test "the picture in README.md is what the program prints" {
    sed -n '/^\$ ballast explain examples\/mail.cfg$/,/^```$/p' "$SOURCE/README.md" |
        sed '1d; $d' >in-readme
    cd "$SOURCE"
    ballast explain examples/mail.cfg | diff - "$BATS_TEST_TMPDIR/in-readme"
}

@test "examples/run shows the main job" {
    command -v ballastd >/dev/null || skip "ballastd is not built"
    run -0 "$SOURCE/examples/run" --once
    [[ $output == *"mail: hvm guest"*"sizes in KiB"*"fits once other domains free"*"KiB are reserved"* ]]
    [[ $output == *"it is domain "*" is built and has "*"may start"*"# Next"* ]]
    grep -q ' queue$' <<<"$output"
    # Once it may start, nobody is asked for anything more.
    after=${output##*may start}
    [[ ${output%%may start*} == *"missing to start"* ]]
    [[ $after != *"does not suffice"* && $after != *"missing to start"* && $after != *"below its pinned"* ]]
    run -0 "$SOURCE/examples/run" "$EXAMPLES/web.cfg"
    [[ $output == "web: pv guest"* ]]
    run -2 "$SOURCE/examples/run" missing.cfg
}
