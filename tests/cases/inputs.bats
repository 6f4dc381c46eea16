# SPDX-License-Identifier: LGPL-2.1-or-later
# What people have and hand over: other programs' output, old files, slips of the pen.
load common

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

libxl_guest() { # DOMID NAME TYPE KIB: an entry of `xl list -l`
    printf '{"domid":%s,"config":{"c_info":{"type":"%s","name":"%s"},
 "b_info":{"max_vcpus":1,"avail_vcpus":[\n0\n],"max_memkb":%s,"target_memkb":%s,"sched_params":{},"claim_mode":"True",
 "type.%s":{},"arch_arm":{}},"on_reboot":"restart"}}' "$1" "$3" "$2" "$4" "$4" "$3"
}

@test "the JSON of xl list -l and of libxl's userdata is read as guests" {
    { echo '['; libxl_guest 0 Domain-0 pv 2097152; echo ,; libxl_guest 1 web pv 1048576; echo ,
      libxl_guest 4 mail hvm 4194304; echo ']'; } |
        jq '.[2].config.b_info += {max_vcpus: 2, avail_vcpus: [0, 1], target_memkb: 2097152, video_memkb: 16384, shadow_memkb: 18432}' >running.json
    run -0 ballast explain --json running.json
    figure "${lines[0]}" '"\(.name) \(.type) \(.segments.guest) \(.need)"' "web pv 1048576 1054720"
    figure "${lines[1]}" '"\(.name) \(.type) \(.segments | "\(.shadow) \(.video) \(.guest) \(.balloon)") \(.need)"' \
        "mail hvm 18432 16384 2080768 2097152 2117632"
    [ "${#lines[@]}" = 2 ]
    jq '.[1].config' running.json >userdata.json
    run -0 ballast explain --json userdata.json
    figure "$output" .need 1054720
    # So they can be planned for on another host.
    run -0 ballast fits --host "$EXAMPLES/host.json" running.json
    [[ $output == *"web: needs 1054720 KiB"* ]]
    jq '.[1].config.b_info.max_memkb = "1G"' running.json >bad.json
    run -2 ballast explain bad.json
    [[ $output == *"bad.json:"*"[1].config.b_info.max_memkb: must be a whole number"* ]]
}
