# SPDX-License-Identifier: LGPL-2.1-or-later
# Cases from public reports and files, restated: each folder has the original inputs with other names, and a test
# in one of the .bats files has the correct values and the reason.
load ../cli/common

setup() {
    cd "$BATS_TEST_DIRNAME" || return
}

# figures FILE|- PROFILE PATH VALUE...: what `explain --json` says of the one guest in it, by jq.
figures() {
    local file=$1 profile=$2 said
    shift 2
    said=$(ballast explain --profile "$profile" --json "$file") || return
    while [ $# -gt 0 ]; do
        figure "$said" "$1" "$2" || return
        shift 2
    done
}

# note FILE PROFILE NOTE: the text of that note; fails where it is missing.
note() {
    ballast explain --profile "$2" --json "$1" | jq -er --arg note "$3" '.notes[] | select(.note == $note) | .text'
}
