# SPDX-License-Identifier: LGPL-2.1-or-later
# Inputs as users have them: other programs' output, old files, typing errors.
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

# The reports of drakvuf-sandbox paste `xl info`, most of them `xl list` behind it.
@test "xl info is a host for fits, plan and host, and what it lacks is named" {
    cat >xlinfo.txt <<'END'
host                   : h1
nr_cpus                : 8
virt_caps              : pv hvm hap shadow gnttab-v1 gnttab-v2
total_memory           : 5172
free_memory            : 2430
sharing_freed_memory   : 0
outstanding_claims     : 0
xen_version            : 4.14.6
xen_commandline        : placeholder dom0_mem=2585M,max:2585M
END
    printf '%s\n' 'name = "vm-0"' 'builder = "hvm"' 'maxmem = 3048' 'memory = 3048' 'vcpus = 2' 'shadow_memory = 32' \
        'altp2m = 2' 'vga = "stdvga"' >vm-0.cfg
    run -1 --separate-stderr ballast fits --json --host xlinfo.txt vm-0.cfg
    figure "$output" '"\(.profile) \(.need_kib) \(.free_kib) \(.missing_kib)"' "xen-4.14.6 3154364 2488320 666044"
    [[ $stderr == *"xlinfo.txt: note: it lacks its domains (append the output of "*"the memory of Xen itself"*"whole MiB"* ]]
    run -1 --separate-stderr ballast plan --json --host xlinfo.txt --start vm-0.cfg
    figure "$output" '.steps[0] | "\(.step) \(.need_kib)"' "refuse 3154364"
    run -0 --separate-stderr ballast host --json --host xlinfo.txt
    figure "${lines[0]}" '.parts | "\(.free) \(.dom0) \(.xen) \(.unexplained)"' "2488320 0 54356 2753452"
    { echo '[root@h1 ~]# xl info'; cat xlinfo.txt; echo '[root@h1 ~]# xl list'
      printf 'Name          ID   Mem VCPUs\tState\tTime(s)\nDomain-0       0  2585     8     r-----      51.2\n'; } >both.txt
    run -0 --separate-stderr ballast host --json --host both.txt
    figure "${lines[0]}" '.parts | "\(.free) \(.dom0) \(.xen) \(.unexplained)"' "2488320 2647040 54356 106412"
    [[ $stderr != *"its domains"* ]]
    sed -i 's/^free_memory.*/free_memory : 2.4G/' xlinfo.txt
    run -2 ballast fits --host xlinfo.txt vm-0.cfg
    [[ $output == *"xlinfo.txt:5: free_memory: invalid size '2.4G': xl writes a whole number of MiB"* ]]
}

# Guests of 64 GB to 1 TB on hosts where dom0 has it all: 33 seconds of waiting for it were not enough (xen-devel, December 2014).
@test "pace of a large dom0: minutes to hours for 1 TiB, not seconds" {
    run -0 ballast plan --host "$BATS_TEST_DIRNAME/pace-of-a-large-dom0/host.json" --start big=1T
    [[ $output == *"1072693248 KiB are missing; about 9 min to 3 h"* ]]
    [[ $output == *"domain 0 Domain-0: up to 1072693248 KiB, 100.00 to 2048.00 MiB/s (a guess"* ]]
    run -0 ballast plan --json --host "$BATS_TEST_DIRNAME/pace-of-a-large-dom0/host.json" --start big=1T
    figure "$output" '.waiting[0] | "\(.seconds_min | floor) \(.seconds_max | floor)"' "511 10475"
}

# Of 30 real files four could not be read, and the whole table was refused each time.
@test "one bad file hides no other: what can be shown is, the rest is named, the sum says it lacks them" {
    printf 'name="a"\ntype="pvh"\nmemory=1024\nvcpus=1\n' >a.cfg
    printf 'import os\nname="b"\nmemory=512\n' >b.cfg
    printf 'name="c"\nmemory=2048\nvcpus=2\n' >c.cfg
    printf 'name="d"\nmemory="1G"\n' >d.cfg
    run -2 --separate-stderr ballast explain a.cfg b.cfg c.cfg d.cfg missing.cfg
    [[ ${lines[0]} == "2 guests, profile libxl, sizes in KiB" ]]
    [[ $output == *"sum without 3 "*" 3166208"* ]]
    [[ $stderr == *"b.cfg:1: "* && $stderr == *"d.cfg:2: memory: "* && $stderr == *"missing.cfg: "* ]]
    [[ $stderr == *"explain: the answer lacks 3 guests that could not be read"* ]]
    run -2 --separate-stderr ballast explain --json a.cfg b.cfg c.cfg d.cfg
    [ "$(jq -r .name <<<"$output" | xargs)" = "a c" ]
    run -2 --separate-stderr ballast explain --svg b.cfg a.cfg
    [[ $output == "<svg"* || $output == "<?xml"* ]]
    run -2 --separate-stderr ballast explain --profile all --json b.cfg a.cfg
    [ "$(jq -r .name <<<"$output" | sort -u)" = a ]
    run -2 --separate-stderr ballast fits --json --host "$EXAMPLES/host.json" a.cfg b.cfg c.cfg
    [ "$(jq -r .name <<<"$output" | xargs)" = "a c" ]
    run -2 --separate-stderr ballast plan --json --host "$EXAMPLES/host.json" --start a.cfg --start b.cfg
    figure "$output" '[.steps[] | select(.step == "grant").name] | join(" ")' a
    [[ $stderr == *"plan: the answer lacks 1 guest that could not be read"* ]]
    run -2 --separate-stderr ballast host --json --host "$EXAMPLES/host.json" b.cfg
    printf 'says "One guest."\nhost total=4GiB\nguest a tot=1GiB\nduration 1s\n' >good.scn
    sed 's/1GiB/1GX/' good.scn >bad.scn
    run -2 --separate-stderr ballast simulate --json bad.scn good.scn
    figure "$output" .scenario good
    [[ $stderr == *"bad.scn:3: "*"simulate: the answer lacks 1 scenario that could not be played"* ]]
    # With nothing that can be read there is no answer.
    run -2 --separate-stderr ballast explain b.cfg d.cfg
    [ -z "$output" ]
}

@test "one bad guest hides no other in its file, whatever the format" {
    guest() { printf '{"name":"%s","type":"%s","config":{"memory_kib":65536}}\n' "$1" "$2"; }
    { guest a pv; guest b arm; guest c pvh; } >guests.json
    run -2 --separate-stderr ballast explain --json guests.json
    [ "$(jq -r .name <<<"$output" | xargs)" = "a c" ]
    [[ $stderr == *"guests.json:2: type: "* ]]
    { guest a pv; echo '{"name":'; } >broken.json
    run -2 --separate-stderr ballast explain --json broken.json
    [ "$(jq -r .name <<<"$output")" = a ]
    # What `virsh dumpxml` wrote of each domain, and what libvirt keeps of one that runs.
    domain() { printf '<domain type="%s">\n<name>%s</name><os><type>xen</type></os><memory>65536</memory>\n</domain>\n' "$2" "$1"; }
    { domain a xen; domain b kvm; echo '<domstatus state="running" reason="booted" pid="7">'; domain c xen; echo '</domstatus>'; } >all.xml
    run -2 --separate-stderr ballast explain --json all.xml
    [ "$(jq -r .name <<<"$output" | xargs)" = "a c" ]
    [[ $stderr == *'all.xml:4: domain: unsupported type="kvm"'* ]]
    # A start needs all of what it is given.
    run -2 ballast run --dry-run all.xml
    [[ $output == *'all.xml:4: '* ]]
}

# A post of 2009 and, to this day, debian-installer's own example: xm executed these.
@test "a configuration in Python is told from one of xl" {
    printf 'import os, re\narch = os.uname()[4]\nif re.search("64", arch):\n    arch_libdir = "lib64"\nname = "dev"\n' >old.cfg
    run -2 ballast explain old.cfg
    [[ $output == *"old.cfg:1: this is Python, which only xm executed"* ]]
    printf '# made by hand\narch = os.uname()[4]\nname = "dev"\n' >old.cfg
    run -2 ballast explain old.cfg
    [[ $output == *"old.cfg:2: this is Python"*"key = number"* ]]
}

@test "a size with a unit gets the number to write" {
    local row
    for row in '"512M" 512' '4G 4096' '4096.0 4096' '"1.5 GiB" 1536' "'1GiB' 1024" '512m 512'; do
        printf 'name = "a"\ntype = "pvh"\nvcpus = 1\nmemory = %s\n' "${row% *}" >a.cfg
        run -2 ballast explain a.cfg
        [[ $output == *"a.cfg:4: memory: invalid size "*"xl takes a whole number of MiB: write ${row##* }" ]] || { echo "$output"; false; }
    done
    printf '<domain><name>a</name><os><type>xen</type></os>\n<memory unit="GiB">1.5</memory></domain>' >a.xml
    run -2 ballast explain a.xml
    [[ $output == *"a.xml:2: memory: invalid size '1.5': libvirt takes whole numbers: write 1536 with unit=\"MiB\"" ]]
    printf '<domain xmlns="http://example.org/d"><name>a</name></domain>' >a.xml
    run -2 ballast explain a.xml
    [[ $output == *'a.xml:1: xmlns: a default namespace'*'delete xmlns="http://example.org/d"' ]]
}

# xl mem-set takes t, g, m, k and b; libvirt and our scenarios write MiB; and what is printed can be given.
@test "sizes are one language wherever they are given" {
    printf 'says "One guest."\nhost total=4GiB xen=128MiB slack=8MiB\nguest dom0 dom0 tot=1GiB\n%s\nduration 1h\n' \
        'guest a tot=1GiB min=256MiB max=2GiB uses=200MiB' >x.scn
    target() { ballast set-target --host sim:x.scn a "$1" --dry-run --json | jq -c .after.target_kib; }
    local want=524288 size
    for size in 512 25% 512M 512m 512MiB 512mib '512 MiB' 512.00MiB 0.5G 0.5GiB 524288K 524288KiB 536870912b 536870912B; do
        [ "$(target "$size")" = "$want" ] || { echo "$size: $(target "$size"), not $want"; false; }
    done
    for size in 512X 512MBs '' M 512MiBs 1.2.3G -; do
        run -2 ballast set-target --host sim:x.scn a "$size" --dry-run
        [[ $output == *"invalid size '"*"': use a number with K, M, G or T, such as 512M or 1.5G"* ]] || { echo "$output"; false; }
    done
    [ "$(target 512MB)" = 500000 ]
    run -2 ballast set-target --host sim:x.scn a 101% --dry-run
    [[ $output == *"invalid part '101%': use a number from 0% to 100%, such as 25%"* ]]
    run -0 ballast plan --json --host "$EXAMPLES/host.json" --start a=512
    figure "$output" '.steps[] | select(.step == "grant").need_kib' 524288
}

# "gnp.exe" with a mark before it is shown as "exe.png".
@test "what turns or hides text is a question mark in every name, and escaped in JSON" {
    local mark=$'\u202e' hidden=$'\u200b\u2066' seen=$'gr\u00fc\u00df'
    printf 'name = "%s%sgnp%s"\nmemory = 64\n' "$seen" "$mark" "$hidden" >a.cfg
    run -0 ballast explain a.cfg
    [[ ${lines[0]} == "$seen???gnp??????: pv guest"* ]]
    run -0 ballast explain --json a.cfg
    [[ $output == *'\u202egnp\u200b\u2066"'* && $output != *"$mark"* ]]
    figure "$output" .name "$seen${mark}gnp$hidden"
    for form in --svg --table --diagram; do
        run -0 ballast explain $form a.cfg
        [[ $output != *"$mark"* && $output != *"$hidden"* ]]
    done
    run -0 ballast fits --host "$EXAMPLES/host.json" a.cfg
    [[ $output == "$seen???gnp"* && $output != *"$mark"* ]]
    # In what is refused, and in a host's domains.
    printf 'name = "a"\nvga = "%s"\ntype = "hvm"\nmemory = 64\n' "$mark" >b.cfg
    run -2 ballast explain b.cfg
    [[ $output != *"$mark"* ]]
    printf '{"host":{"total_kib":9000,"free_kib":1000},"doms":[{"id":1,"name":"x%s","tot_kib":64}]}' "$mark" >host.json
    for form in --json --table; do
        run -0 ballast host $form --host host.json
        [[ $output != *"$mark"* ]]
    done
    run -2 ballast "expl${mark}ain"
    [[ $output != *"$mark"* ]]
}

@test "a recording is a host too: its last snapshot counts" {
    tail -n 1 "$EXAMPLES/host.jsonl" >last.json
    printf 'name = "a"\nmemory = 4096\n' >a.cfg
    for command in 'fits --json a.cfg --host' 'explain --json a.cfg --host' 'host --json --host'; do
        run -0 ballast $command last.json
        local want=$output
        run -0 ballast $command "$EXAMPLES/host.jsonl"
        [ "$output" = "$want" ]
    done
    { tail -n 1 "$EXAMPLES/host.jsonl"; head -n 1 "$EXAMPLES/host.jsonl"; } >back.jsonl
    run -2 ballast fits --host back.jsonl a.cfg
    [[ $output == *"back.jsonl:2: "* ]]
}
