# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# For the tests in t/ that use libvirt: libvirtd in dom0, and virsh.
libvirtd=

virsh() { command virsh --quiet --connect xen:///system "$@"; }
served() { virsh list --all >/tmp/virsh.log 2>&1; }

# Its configuration is written once; it may be restarted.
start_libvirt() {
    local map=/usr/share/libvirt/cpu_map
    printf 'auth_unix_rw = "none"\nauth_unix_ro = "none"\nunix_sock_group = "root"\n' >/tmp/libvirtd.conf
    mkdir -p /var/cache/libvirt /var/lib/libvirt /var/log/libvirt /etc/libvirt
    # What TCG emulates is no model of a processor that libvirt knows, and without one its driver for Xen does
    # not start: here is one that asks for nothing.
    if [ ! -e $map/x86_lab.xml ]; then
        echo '<cpus><model name="lab"><decode host="on" guest="on"/></model></cpus>' >$map/x86_lab.xml
        sed -i '/x86_486.xml/a <include filename="x86_lab.xml"/>' $map/index.xml
    fi
    # The driver of qemu asks for a user that the lab has not.
    rm -f /usr/lib/x86_64-linux-gnu/libvirt/connection-driver/libvirt_driver_qemu.so
    libvirtd --config /tmp/libvirtd.conf >/tmp/libvirtd.log 2>&1 &
    libvirtd=$!
    if eventually 60 served; then
        pass 'libvirt runs'
        return 0
    fi
    flunk 'libvirt runs'
    note </tmp/virsh.log
    note </tmp/libvirtd.log
    return 1
}

stop_libvirt() {
    kill "$libvirtd"
    wait "$libvirtd" || true
}
