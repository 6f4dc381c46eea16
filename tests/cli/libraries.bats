#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What a command does not need is not loaded: loading it all was most of what `ballast list` cost.
load common

HEAVY='libncurses|libtinfo|libxml2|libicu|libxlutil|libxenlight|libxenguest|libxenctrl|libxenstore'

# The libraries that the program with these arguments has loaded when it ends, one a line.
loaded_by() {
    LD_DEBUG=files LD_DEBUG_OUTPUT="$BATS_TEST_TMPDIR/files" "$BALLAST" "$@" >out 2>err || true
    sed -n 's/.*calling init: .*\/\([^/]*\)$/\1/p' "$BATS_TEST_TMPDIR"/files.* | sort -u
    rm "$BATS_TEST_TMPDIR"/files.*
}

needs_none() {
    loaded_by "$@" >libraries
    grep -q '^libc\.so' libraries # the loader does tell
    if grep -E "$HEAVY" libraries; then
        echo "loaded by: $*" >&2
        return 1
    fi
}

needs() { # LIBRARY ARGUMENT...
    local library=$1
    shift
    loaded_by "$@" >libraries
    grep -q "^$library\.so" libraries || { cat libraries err >&2; return 1; }
}

@test "the programs are linked with none of them" {
    for program in "$BALLAST" "$(dirname "$BALLAST")/ballastd"; do
        readelf -d "$program" >dynamic
        grep -q 'NEEDED.*libc\.so' dynamic
        run ! grep -E "NEEDED.*($HEAVY)" dynamic
    done
}

@test "--version, help and a host that cannot be reached load none" {
    needs_none --version
    needs_none list --help
    [ ! -e /proc/xen/privcmd ] && [ ! -e /dev/xen/privcmd ] || skip "this is a Xen host"
    needs_none list
    grep -qE 'not a Xen host|built without Xen' err
}

@test "what works on JSON or in the simulator loads none" {
    echo 'host total=4GiB' >host.scn
    needs_none explain "$EXAMPLES/cache.json"
    needs_none list --host sim:host.scn
    needs_none host --host "$EXAMPLES/host.json"
}

@test "only top loads ncurses" {
    printf 'says "x"\nhost total=4GiB\nduration 60s\n' >host.scn
    loaded_by list --host sim:host.scn >libraries
    run ! grep -E 'ncurses|tinfo' libraries
    command -v script >/dev/null || skip "no script(1)"
    TERM=no-such-terminal script -qec "LD_DEBUG=files LD_DEBUG_OUTPUT=$BATS_TEST_TMPDIR/top '$BALLAST' top --host sim:host.scn" \
        /dev/null >out </dev/null || true
    cat "$BATS_TEST_TMPDIR"/top.* | grep -q 'libncursesw.*dynamically loaded'
}

@test "a reader loads its own library and not the other's" {
    needs libxml2 explain "$EXAMPLES/proxy.xml"
    run ! grep -E 'libxl|libxen' libraries
    "$BALLAST" explain "$EXAMPLES/web.cfg" >/dev/null 2>err || grep -q 'made without' err && skip "no libxlutil"
    needs libxlutil explain "$EXAMPLES/web.cfg"
    run ! grep -E 'libxml2|libicu' libraries
}

@test "a library that cannot be loaded is named, and what would work" {
    echo 'no library' >"$(LD_DEBUG=files "$BALLAST" explain "$EXAMPLES/proxy.xml" 2>&1 >/dev/null |
        sed -n 's/.*file=\(libxml2\.so[^ ]*\) .*dynamically loaded.*/\1/p' | head -n 1)"
    LD_LIBRARY_PATH=$PWD run -2 --separate-stderr ballast explain "$EXAMPLES/proxy.xml"
    [ -z "$output" ]
    [[ $stderr == *'proxy.xml: cannot read XML: '*'libxml2.so'* ]] || { echo "$stderr"; false; }
    [ "$(wc -l <<<"$stderr")" = 1 ]
    LD_LIBRARY_PATH=$PWD run -0 ballast explain "$EXAMPLES/cache.json"
}
