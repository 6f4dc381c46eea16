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
    run -0 "$SOURCE/examples/run"
    [[ $output == *"mail: hvm guest"*"sizes in KiB"*"sum "*"fits if others give"*"does not fit"*Next:* ]]
    run -0 "$SOURCE/examples/run" "$EXAMPLES/web.cfg"
    [[ $output == "web: pv guest"* ]]
    run -2 "$SOURCE/examples/run" missing.cfg
}
