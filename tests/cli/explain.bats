#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
load common

@test "every example is explained in every form" {
    for guest in $(example_guests); do
        run -0 --separate-stderr ballast explain "$guest"
        [ -z "$stderr" ]
        [[ $output == *footprint* ]]
        run -0 ballast explain --diagram "$guest"
        [[ $output == *"sizes in KiB"* ]]
        run -0 ballast explain --table "$guest"
        [[ $output == *footprint* ]]
        run -0 ballast explain --profile all "$guest"
        [[ $output == *libxl-4.14*xapi-2025* ]]
        run -0 ballast explain --json "$guest"
        jq -e '.name and .spans.footprint and .need != null' <<<"$output" >/dev/null
    done
}

@test "no diagram is wider than 80 columns" {
    for guest in $(example_guests); do
        ballast explain --diagram "$guest" | grep -v '^note: ' >diagram
        [ "$(awk 'length > 80' diagram)" = "" ]
    done
}

@test "a diagram ends with how need comes about and what is unusual" {
    run -0 ballast explain "$EXAMPLES/mail.cfg"
    # 2048 MiB of which 8 are video, grown to 4096: pool (2 x 256 + 4096) pages = 18432 KiB;
    # 2097152 + 18432 + 2048 = 2117632 is a multiple of 2048.
    [[ $output == *"need 2117632 KiB = footprint 2118656 - extra internal 1024"* ]]
    [[ $output == *"note: populated on demand: it starts with 2097152 of 4194304 KiB"* ]]
    # The overhead is that of 4096 MiB already; what may come is the other half.
    [[ $output == *"it costs 2118656 KiB now and can later cost 4215808 KiB"* ]]
    [[ $output == *"takes up to 2097152 KiB at once and permanently" ]]
}

@test "--table tells what each part is set through" {
    run -0 ballast explain --table "$EXAMPLES/mail.cfg"
    for line in "shadow 18432 4608 18.00 build_info.shadow_memkb" \
        "extra external 2048 512 2.00 LIBXL_HVM_EXTRA_MEMORY" \
        "extra internal 1024 256 1.00 LIBXL_MAXMEM_CONSTANT" \
        "video 8192 2048 8.00 build_info.video_memkb" \
        "guest 2088960 522240 2040.00" \
        "balloon 2097152 524288 2048.00" \
        "static maximum 4194304 1048576 4096.00 build_info.max_memkb" \
        "build start 2088960 522240 2040.00 build_info.target_memkb, less video" \
        "actual target 2097152 524288 2048.00 libxl_set_memory_target" \
        "xen maximum 2098176 524544 2049.00 libxl_domain_setmaxmem" \
        "footprint 2118656 529664 2069.00" \
        "memory/static-max 4194304 1048576 4096.00" \
        "memory/target 2087936 521984 2039.00" \
        "memory/videoram 8192 2048 8.00"; do
        grep -qxF "$line" <<<"$(tr -s ' ' <<<"$output")" || { echo "no line: $line"; false; }
    done
    run -0 ballast explain --table "$EXAMPLES/web.cfg"
    [[ $output == *LIBXL_PV_EXTRA_MEMORY* ]]
    [[ $output != *shadow* && $output != *video_memkb* ]]
}

@test "several guests are a table with a sum" {
    run -0 ballast explain "$EXAMPLES/web.cfg" "$EXAMPLES/build.cfg" "$EXAMPLES/proxy.xml"
    [[ $output == *"3 guests, profile libxl, sizes in KiB"* ]]
    # By column: the sum is that of the lines above it.
    awk '/^name /{on=1; next} on && $1 != "sum" {for (i = 3; i <= 8; i++) s[i] += $i; n++}
         $1 == "sum" {for (i = 2; i <= 7; i++) if ($i != s[i + 1]) exit 1; done = n}
         END {exit done != 3}' <<<"$output"
}

@test "guests that follow different profiles say which" {
    ballast explain --json --profile xapi "$EXAMPLES/cache.json" >xapi.json
    run -0 ballast explain "$EXAMPLES/web.cfg" xapi.json
    [[ $output == "2 guests, sizes in KiB"* ]]
    grep -q '^web .* libxl$' <<<"$output"
    grep -q '^cache .* xapi$' <<<"$output"
    [ -z "$(grep " $" <<<"$output")" ]
    run -0 ballast explain --profile xapi "$EXAMPLES/web.cfg" xapi.json
    [[ $output == "2 guests, profile xapi, sizes in KiB"* ]]
}

@test "a sum that leaves 64 bits is an error with its operands" {
    printf '{"name":"huge%d","type":"pv","config":{"memory_kib":9000000000000000000}}\n' 1 2 3 >huge.json
    run -2 ballast explain huge.json
    [[ $output == *"the sum up to huge3: "*"more than 64 bits"* ]]
}

@test "a stubdomain is a second guest" {
    run -0 ballast explain "$EXAMPLES/desktop.cfg"
    [[ $output == *$'\n'"desktop "* && $output == *$'\n'"desktop-dm "* ]]
    run -0 ballast explain --json "$EXAMPLES/desktop.cfg"
    [ "${#lines[@]}" = 2 ]
    # 144 MiB and its guest's 16 MiB of video; counted in the need of its guest.
    figure "${lines[1]}" .name desktop-dm
    figure "${lines[1]}" .type pv
    figure "${lines[1]}" .spans.actual_target 163840
    figure "${lines[1]}" .need 0
    run -0 ballast explain --only desktop-dm "$EXAMPLES/desktop.cfg"
    [[ $output == *"desktop-dm: pv guest"* ]]
}

@test "JSON is good input: output explained again is the same" {
    # shellcheck disable=SC2046 # the examples' names have no spaces
    ballast explain --json $(example_guests) >once
    ballast explain --json - <once >twice
    [ "$(wc -l <once)" -gt 12 ]
    diff once twice
    for profile in $(ballast profiles --json | jq -r .name); do
        # shellcheck disable=SC2046
        ballast explain --json --profile "$profile" $(example_guests) >once
        ballast explain --json - <once | diff once -
    done
}

@test "JSON of figures alone is explained, but follows no other profile" {
    ballast explain --json "$EXAMPLES/mail.cfg" | jq -c 'del(.config)' >given.json
    run -0 ballast explain --json given.json
    figure "$output" .spans.footprint 2118656
    run -0 ballast explain given.json
    [[ $output == *footprint* ]]
    run -2 ballast explain --profile xapi given.json
    [[ $output == *"mail: its file has figures and no configuration"*'"config"'* ]]
}

@test "--profile all shows the difference of each to the first" {
    run -0 ballast explain --profile all "$EXAMPLES/mail.cfg"
    # 4.14 takes two pages a MiB: 4096 pages more. XAPI: 512 + 2 x 4096 pages = 34 MiB.
    grep -qx 'shadow *18432 *34816 *18432 *34816 *34816' <<<"$output"
    grep -qx ' *+16384 *= *+16384 *+16384' <<<"$output"
    run -0 ballast explain --profile all --json "$EXAMPLES/mail.cfg"
    [ "$(jq -r .profile <<<"$output" | sort -u | wc -l)" = "$(ballast profiles | wc -l)" ]
}

@test "--svg is a well-formed picture that renders" {
    for guest in mail.cfg web.cfg build.cfg storage.cfg; do
        ballast explain --svg "$EXAMPLES/$guest" >picture.svg
        xmllint --noout picture.svg
        grep -q 'prefers-color-scheme:dark' picture.svg
        grep -q '<desc' picture.svg
        rsvg-convert picture.svg -o picture.png
        [ -s picture.png ]
    done
}

@test "--svg of several guests says how" {
    run -2 ballast explain --svg "$EXAMPLES/desktop.cfg"
    [[ $output == *"select one with --only ('desktop', 'desktop-dm')"* ]]
    run -0 ballast explain --svg --only desktop "$EXAMPLES/desktop.cfg"
}

@test "standard input is read where the file is -" {
    run -0 ballast explain - <"$EXAMPLES/mail.cfg"
    [[ $output == "mail: hvm guest, profile libxl"* ]]
    run -0 ballast explain - <"$EXAMPLES/shop.xml"
    [[ $output == "shop: hvm guest"* ]]
}

@test "a host that cannot do it refuses what it cannot" {
    jq '.host.caps.iommu = false' "$EXAMPLES/host.json" >host.json
    run -0 ballast explain --host "$EXAMPLES/host.json" "$EXAMPLES/gpu.cfg"
    run -2 ballast explain --host host.json "$EXAMPLES/gpu.cfg"
    [[ $output == *"gpu.cfg:7: pci: "*"IOMMU"* ]]
}

@test "xl.conf is read" {
    echo 'claim_mode = 0' >xl.conf
    run -0 ballast explain --xl-conf xl.conf "$EXAMPLES/web.cfg"
    [[ $output == *"note: claims are off"* ]]
    run -2 ballast explain --xl-conf missing.conf "$EXAMPLES/web.cfg"
    [[ $output == *"missing.conf: No such file"* ]]
}

@test "colour only where it is asked for or a terminal shows it" {
    esc=$(printf '\033')
    run -0 env TERM=xterm "$BALLAST" explain "$EXAMPLES/mail.cfg"
    [[ $output != *"$esc"* ]]
    run -0 ballast explain --color always "$EXAMPLES/mail.cfg"
    [[ $output == *"$esc"* ]]
    run -0 env TERM=xterm script -qec "$BALLAST explain $EXAMPLES/mail.cfg" /dev/null
    [[ $output == *"$esc"* ]]
    run -0 env TERM=xterm NO_COLOR=1 script -qec "$BALLAST explain $EXAMPLES/mail.cfg" /dev/null
    [[ $output != *"$esc"* ]]
    run -0 env TERM=xterm script -qec "$BALLAST explain --color never $EXAMPLES/mail.cfg" /dev/null
    [[ $output != *"$esc"* ]]
}

@test "a name cannot steer the terminal" {
    printf '{"name":"a\\u009b31mb","type":"pv","config":{"memory_kib":65536}}' >evil.json
    run -0 ballast explain evil.json
    [[ $output == "a??31mb: pv guest"* ]]
}

@test "an exact profile has a cost, its terms with their source, and what others waste beside it" {
    run -0 ballast explain --profile xen-4.17 "$EXAMPLES/mail.cfg"
    grep -qx 'need [0-9]* KiB = footprint [0-9]* + arena 56' <<<"$output"
    grep -q '^cost [0-9]* KiB on a settled heap' <<<"$output"
    run -0 ballast explain --table --profile xen-4.14 "$EXAMPLES/mail.cfg"
    grep -q '^stdvga  *64  *settled  *measured' <<<"$output"
    grep -q '^grant table: common/grant_table.c gnttab_grow_table' <<<"$output"
    run -0 ballast explain --json --profile xen-4.17.3 "$EXAMPLES/mail.cfg"
    [ "$(jq '.need == .cost.fresh_max and .spans.footprint == .cost.settled' <<<"$output")" = true ]
    [ "$(jq '([.cost_terms[] | select(.in == "settled") | .pages] | add) * 4 == .cost.settled' <<<"$output")" = true ]
    [ "$(jq '[.notes[].note] | contains(["not-measured"])' <<<"$output")" = true ]
    run -0 ballast explain --profile all --json "$EXAMPLES/mail.cfg"
    jq -es '(map({key: .profile, value: .}) | from_entries) as $by
        | $by.libxl.beside[] | select(.profile == "xen-4.17")
        | .settled == $by.libxl.need - $by["xen-4.17"].cost.settled' <<<"$output"
    run -2 ballast explain --profile xen-4.16 "$EXAMPLES/mail.cfg"
    jq -c '.cost.settled += 4' <(ballast explain --json --profile xen-4.17 "$EXAMPLES/mail.cfg") >edited
    run -2 ballast explain --json edited
    [[ $output == *cost.settled* ]]
    ballast explain --json --profile xen-4.17 "$EXAMPLES/mail.cfg" |
        jq -c 'del(.config, .cost_terms, .need_terms, .notes)' >given
    ballast explain --json given | diff - given
}

@test "a host's own profile corrects an exact one" {
    cat >rack.json <<'END'
{"calibration":"rack-7","base":"xen-4.17","guests":9,
 "corrections":{"pv":{"base":0,"vcpu":0},"pvh":{"base":0,"vcpu":0},"hvm":{"base":64,"vcpu":1},"nested_vcpu":0},
 "arena":{"pv":{"base":8,"vcpu_permyriad":4000},"pvh":{"base":10,"vcpu_permyriad":17000},
          "hvm":{"base":20,"vcpu_permyriad":20000}}}
END
    run -0 ballast explain --json --profile rack.json "$EXAMPLES/mail.cfg"
    local own=$output exact
    exact=$(ballast explain --json --profile xen-4.17 "$EXAMPLES/mail.cfg")
    # Two vCPUs: 64 + 2 pages; an arena of 20 + 4, not 14.
    [ "$(jq -n "$own.cost.settled - $exact.cost.settled")" = 264 ]
    [ "$(jq -n "$own.need - $own.cost.settled")" = 96 ]
    [ "$(jq -r '.cost_terms[] | select(.term == "calibrated").pages' <<<"$own")" = 66 ]
    run -0 ballast explain --table --profile ./rack.json "$EXAMPLES/mail.cfg"
    [[ $output == *"profile rack-7"* ]]
    run -2 ballast explain --profile missing.json "$EXAMPLES/mail.cfg"
    [[ $output == *"there is no profile 'missing.json'"* ]]
    sed 's/xen-4.17/libxl/' rack.json >bad.json
    run -2 ballast explain --profile bad.json "$EXAMPLES/mail.cfg"
    [[ $output == *"bad.json:1: base: "*"not an exact profile"* ]]
}

three_guests() {
    GUESTS=("$EXAMPLES/web.cfg" "$EXAMPLES/mail.cfg" "$EXAMPLES/proxy.xml")
}

@test "several are sorted in every form, and have the columns that are asked for" {
    three_guests
    [ "$(ballast explain --json --sort footprint "${GUESTS[@]}" | jq .spans.footprint)" = \
        "$(ballast explain --json "${GUESTS[@]}" | jq .spans.footprint | sort -rn)" ]
    by_name=$(ballast explain --json "${GUESTS[@]}" | jq -r .name | LC_ALL=C sort)
    [ "$(ballast explain --json --sort name "${GUESTS[@]}" | jq -r .name)" = "$by_name" ]
    [ "$(ballast explain --sort -name "${GUESTS[@]}" | awk '/^name /{on=1; next} $1 == "sum" {exit} on {print $1}')" = \
        "$(tac <<<"$by_name")" ]
    [ "$(ballast explain --diagram --sort name "${GUESTS[@]}" | sed -n 's/^\([a-z]*\): [a-z]* guest.*/\1/p')" = "$by_name" ]
    run -2 ballast explain --sort '' "${GUESTS[@]}"
    columns=$(sed "s/.*there are //; s/; see .*//; s/,//g" <<<"$output")
    [ "$(wc -w <<<"$columns")" = 22 ]
    for column in $columns; do
        one=$(ballast explain --json --sort "$column" "${GUESTS[@]}" | jq -r .name)
        [ "$(ballast explain --json --sort "-$column" "${GUESTS[@]}" | jq -r .name | tac)" = "$one" ]
        run -0 ballast explain --columns "$column" "${GUESTS[@]}"
    done
    # Each of the interface has its column.
    figures=$(ballast explain --json "$EXAMPLES/mail.cfg" | jq '.segments + .spans')
    for word in $(jq -r 'keys[]' <<<"$figures"); do
        run -0 ballast explain --columns "$word" "$EXAMPLES/mail.cfg"
        [ "${lines[2]// /}" = "$(jq ".$word" <<<"$figures")" ]
    done
}

@test "columns make a table, of one guest too" {
    three_guests
    run -0 ballast explain --columns need,name "$EXAMPLES/mail.cfg"
    [ "${lines[0]}" = "1 guest, profile libxl, sizes in KiB" ]
    [ "${lines[2]}" = "2117632  mail" ]
    [ "${#lines[@]}" = 3 ]
    run -0 ballast explain --columns name,bar "${GUESTS[@]}"
    grep -qx 'mail   sxnv########\.\.\.\.\.\.\.\.' <<<"$output"
    [[ $output == *"memory: s shadow"*". balloon" && $output != *$(printf '\033')* ]]
    run -0 ballast explain --columns name,bar --color always "${GUESTS[@]}"
    [[ $output == *"$(printf '\033[35ms\033[33mx')"* ]]
    for form in --diagram --svg; do
        run -2 ballast explain "$form" --columns name "$EXAMPLES/mail.cfg"
        [[ $output == *"--columns: a picture has no columns: use --table"* ]]
    done
    run -2 ballast explain --json --columns name "$EXAMPLES/mail.cfg"
    [[ $output == *"--columns: --json prints every key"* ]]
    run -2 ballast explain --profile all --columns name "$EXAMPLES/mail.cfg"
    run -2 ballast explain --profile all --sort name "$EXAMPLES/mail.cfg"
    run -2 ballast explain --columns bar,name "${GUESTS[@]}"
    [[ $output == *"last"* ]]
}

@test "on a terminal several have bars, in a pipe figures" {
    three_guests
    run -0 ballast explain "${GUESTS[@]}"
    [[ $output == *" video "*" balloon "* && $output != *memory* ]]
    TERM=xterm script -qec "$BALLAST explain ${GUESTS[*]}" /dev/null >out </dev/null
    grep -qF "$(printf '\033[35ms\033[33mx')" out
    TERM=xterm NO_COLOR=1 script -qec "$BALLAST explain ${GUESTS[*]}" /dev/null >out </dev/null
    grep -q '^mail .* sxnv####' out
    run ! grep -qF "$(printf '\033')" out
    [ -z "$(tr -d '\r' <out | awk 'length > 80')" ]
}

make_scenario() {
    cat >host.scn <<'END'
says "One that shrinks to its target."
host total=8GiB xen=64MiB slack=64MiB
guest dom0 dom0 tot=1GiB min=1GiB max=1GiB
guest web tot=3GiB target=1GiB min=512MiB max=3GiB reclaim-rate=200MiB/s
guest db tot=2GiB min=512MiB max=3GiB overhead=20MiB
duration 10s
END
    HOST=(--host sim:host.scn)
}

@test "--all and several domains: a line each, or each in full" {
    make_scenario
    run -0 ballast explain --all "${HOST[@]}"
    [ "${lines[0]}" = "3 domains as now, profile libxl, sizes in KiB" ]
    grep -qx ' 2  db    -     run       20480      0  2097152  1048576    2117632  2097152' <<<"$output"
    [ "$(ballast explain --all --json "${HOST[@]}" | jq -r .name | xargs)" = "dom0 web db" ]
    [ "$(ballast explain --all --json --sort footprint "${HOST[@]}" | jq -r .name | xargs)" = "web db dom0" ]
    run -0 ballast explain db web --columns name,target "${HOST[@]}"
    grep -qx 'web   1048576' <<<"$output"
    [ "$(ballast explain --all --diagram "${HOST[@]}" | grep -c '^[a-z0-9]*: domain ')" = 3 ]
    run -2 ballast explain --all web "${HOST[@]}"
    run -2 ballast explain --all --domain web "${HOST[@]}"
    run -2 ballast explain --all --only web "${HOST[@]}"
    run -2 ballast explain --all --svg "${HOST[@]}"
    [[ $output == *"--svg draws one domain"* ]]
    run -0 ballast explain --all --host "$EXAMPLES/host.json"
    [[ $output == *"ci "* ]]
    run -2 ballast explain web nobody "${HOST[@]}"
    [[ $output == *"there is no domain 'nobody'"* ]]
}

@test "--watch: a domain as it is, then in words what has changed" {
    make_scenario
    run -0 --keep-empty-lines ballast explain web --watch=5s "${HOST[@]}"
    [ "$(grep -c '^web: domain 1' <<<"$output")" = 1 ]
    grep -qx 'web (1): guest 3145728 -> 2121728, balloon 0 -> 1024000, footprint 3145728 -> 2121728' <<<"$output"
    grep -qx 'web (1): guest 2121728 -> 1097728, balloon 1024000 -> 2048000, footprint 2121728 -> 1097728' <<<"$output"
    [[ $output != *$(printf '\033')* ]]
    run -0 ballast explain db --watch=5s "${HOST[@]}"
    [ "$(grep -cx 'nothing has changed' <<<"$output")" = 2 ]
    run -0 ballast explain --all --columns name,guest --watch=5s "${HOST[@]}"
    grep -qx 'web (1): guest 3145728 -> 2121728' <<<"$output"
    run -0 ballast explain --all --watch=5s --json "${HOST[@]}"
    [ "$(jq -s 'map(select(.name == "web").segments.guest) | join(" ")' <<<"$output")" = '"3145728 2121728 1097728"' ]
    [ "$(jq -s 'length' <<<"$output")" = 9 ]
    run -2 ballast explain web --watch --svg "${HOST[@]}"
    run -2 ballast explain web --watch=1ms "${HOST[@]}"
    [[ $output == *"10ms or more"* ]]
    run -2 ballast explain --watch "$EXAMPLES/web.cfg"
    [[ $output == *"--watch shows running domains, and $EXAMPLES/web.cfg is a file"* ]]
}
