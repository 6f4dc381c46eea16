#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
load common

refused() { # EXPECTED-BEGINNING, the file on standard input
    cat >guest.cfg
    run -2 --separate-stderr ballast explain guest.cfg
    [ -z "$output" ]
    [[ $stderr == "ballast: guest.cfg:$1"* ]] || { echo "$stderr"; false; }
    [ "$(wc -l <<<"$stderr")" = 1 ]
}

@test "a wrong value names file, line and key" {
    refused '3: memory: ' <<'END'
name = "x"
type = "pvh"
memory = "plenty"
END
    refused '4: maxmem: ' <<'END'
name = "x"
type = "hvm"
memory = 512
maxmem = 256
END
    refused '5: videoram: ' <<'END'
name = "x"
type = "hvm"
memory = 512
stdvga = 1
videoram = 8
END
    refused '5: pci: ' <<'END'
name = "x"
type = "hvm"
memory = 512
maxmem = 1024
pci = [ "03:00.0" ]
END
}

@test "what is wrong in XML and JSON names its line too" {
    printf '<domain type="xen">\n<name>x</name>\n<memory unit="parsec">1</memory>\n<os><type>hvm</type></os>\n</domain>\n' >x.xml
    run -2 ballast explain x.xml
    [[ $output == "ballast: x.xml:3: "*memory* ]]
    printf '{"name":"x","type":"pv",\n "config":{"memory_kib":-4}}\n' >x.json
    run -2 ballast explain x.json
    [[ $output == "ballast: x.json:"*memory_kib* ]]
}

@test "a file that is not there, a folder, nothing at all" {
    run -2 ballast explain missing.cfg
    [[ $output == *"missing.cfg: "* ]]
    run -2 ballast explain .
    run -2 ballast explain /dev/null
    run -2 ballast explain
    [[ $output == *"FILE or DOMAIN is missing"* ]]
}

@test "wrong usage is status 2 with a hint" {
    run -2 ballast
    [[ $output == *usage:* ]]
    run -2 ballast explian
    [[ $output == *"did you mean 'explain'?"* ]]
    run -2 ballast frobnicate
    [[ $output == *"there is no command 'frobnicate'; see 'ballast help'"* ]]
    run -2 ballast --frobnicate
    run -2 ballast explain --frobnicate x
    [[ $output == *"there is no option --frobnicate"*"ballast help explain"* ]]
    # The nearest, and of equals the one that help lists first.
    local row
    for row in 'lits fits' 'lst list' 'hots host' 'set-trget set-target' 'relase release' 'relpay replay'; do
        run -2 ballast ${row% *}
        [[ $output == *"there is no command '${row% *}': did you mean '${row#* }'?"* ]]
    done
    run -2 ballast explain --jsno x
    [[ $output == *"there is no option --jsno: did you mean --json?"* ]]
    run -2 ballast fits --hots=x y
    [[ $output == *"there is no option --hots=x: did you mean --host?"* ]]
    run -2 ballast explain -x y
    [[ $output == *"there is no option -x"* ]]
    run -2 ballast explain --json=yes x
    [[ $output == *"--json takes no argument"* ]]
    run -2 ballast explain --profile
    [[ $output == *"--profile needs its NAME"* ]]
    run -2 ballast explain --json --svg "$EXAMPLES/web.cfg"
    [[ $output == *"only one of"* ]]
    run -2 ballast explain --profile nonesuch "$EXAMPLES/web.cfg"
    [[ $output == *"there is no profile 'nonesuch'"* ]]
    run -2 ballast explain --color sometimes "$EXAMPLES/web.cfg"
    run -2 ballast explain --only nobody "$EXAMPLES/web.cfg"
    [[ $output == *"none of the "*" guests read has that name"* ]]
    run -2 ballast profiles extra
    run -2 ballast fits --host missing.json "$EXAMPLES/web.cfg"
    [[ $output == *"missing.json"* ]]
    run -2 ballast fits --host "$EXAMPLES/host.json"
    [[ $output == *"GUEST is missing"* ]]
    run -2 ballast fits --host "$EXAMPLES/host.json" --profile all "$EXAMPLES/web.cfg"
}

@test "output that cannot be written is no success" {
    for command in "explain $EXAMPLES/mail.cfg" "explain --json $EXAMPLES/mail.cfg" profiles help \
        "profiles --json" "fits --host $EXAMPLES/host.json $EXAMPLES/web.cfg" --version; do
        # shellcheck disable=SC2086 # words
        run -3 bash -c '"$BALLAST" "$@" >/dev/full' sh $command
        [[ $output == *"standard output: No space left on device"* ]]
        # shellcheck disable=SC2086
        run -3 bash -c '"$BALLAST" "$@" >&-' sh $command
        [[ $output == *"standard output: Bad file descriptor"* ]]
    done
    # A reader that has gone: the signal, or where that is ignored the message.
    run -0 bash -c 'trap "" PIPE; exec 3> >(:); wait $!; "$BALLAST" explain "$1" >&3; echo "status $?" >&2' \
        sh "$EXAMPLES/mail.cfg"
    [[ $output == *"Broken pipe"*"status 3"* ]]
}

@test "bad input with standard output closed is still bad input" {
    run -2 bash -c '"$BALLAST" explain missing.cfg >&-'
    [[ $output != *"standard output"* ]]
}
