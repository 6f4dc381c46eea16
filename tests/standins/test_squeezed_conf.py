#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""squeezed.conf and the files of its directory: what they set, what goes before them, and what ends the daemon."""

from driver import until
from test_squeezed import GIB, MIB, Standin

FIXED = ["Fixed_size", str(2 * GIB * 1024)]
# Of driver.SCENARIO.
OWN = ["Auto_balloon", [str(1536 * MIB * 1024), str(2 * GIB * 1024)]]


class Configured(Standin):
    """With squeezed's configuration in a place of its own; a file that is None is not there."""

    def __init__(self, text, files=(), **more):
        super().__init__(**more)
        self.conf = self.run.parent / "squeezed.conf"
        self.arguments += ["--squeezed-config", str(self.conf)]
        self.write(text, files)

    def write(self, text, files=()):
        self.conf.unlink(missing_ok=True)
        if text is not None:
            self.conf.write_text(text)
        for name, content in dict(files).items():
            path = self.conf.with_name("squeezed.conf.d") / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(content)

    def policy(self):
        return self.squeezed().call("get_domain_zero_policy")

    def dom0_min_kib(self):
        with self.client() as control:
            return control.call("domains")["domains"][0]["dynamic_min_kib"]

    def idle_usec(self):
        with self.client() as control:
            return control.call("status")["configuration"]["idle_interval_usec"]

    def ends(self, status, why):
        self.start(wait=False)
        assert self.process.wait(600) == status and why in self.log(), self.log()


def dom0_gets_its_range():
    text = f"manage-domain-zero = true # c\ndomain-zero-dynamic-min = \"{1792 * MIB * 1024}\"\ndomain-zero-dynamic-max = auto\n"
    with Configured(text) as daemon:
        assert daemon.policy() == ["Auto_balloon", [str(1792 * MIB * 1024), str(2 * GIB * 1024)]]
        assert "squeezed.conf:1: manage-domain-zero true: dom0's dynamic range is 1879048192 bytes to its static maximum" in daemon.log(), daemon.log()
        assert "squeezed.conf:2: domain-zero-dynamic-min is used" in daemon.log()


def a_missing_bound_is_squeezeds():
    with Configured(f"manage-domain-zero = true\ndomain-zero-dynamic-max = {1900 * MIB * 1024}\n") as daemon:
        assert daemon.policy() == ["Auto_balloon", [str(GIB * 1024), str(1900 * MIB * 1024)]]


def an_unmanaged_dom0_has_a_fixed_size():
    with Configured("manage-domain-zero = false\ndomain-zero-dynamic-min = 1\n") as daemon:
        assert daemon.policy() == FIXED
        assert "domain-zero-dynamic-min is ignored: manage-domain-zero is not true" in daemon.log()
        daemon.write("")
        daemon.reload("")
        until(lambda: daemon.policy() == OWN)


def files_of_the_directory_follow_by_name():
    files = {"b": f"domain-zero-dynamic-min = {1700 * MIB * 1024}\n", "B": "domain-zero-dynamic-min = 4096\n", "a.conf": "manage-domain-zero = true\n"}
    with Configured("manage-domain-zero = false\n", files) as daemon:
        (daemon.conf.with_name("squeezed.conf.d") / "c").mkdir()
        assert daemon.policy() == ["Auto_balloon", [str(1700 * MIB * 1024), str(2 * GIB * 1024)]]
        assert "squeezed.conf.d/b:1: domain-zero-dynamic-min" in daemon.log(), daemon.log()
        daemon.reload("")
        assert daemon.process.poll() is None and daemon.policy()[0] == "Auto_balloon"


def what_ballastd_has_goes_before():
    text = "balance-check-interval = 10\nmanage-domain-zero = true\n"
    with Configured(text) as daemon:
        assert daemon.idle_usec() == 10_000_000
        assert "squeezed.conf:1: balance-check-interval 10: idle-interval is 10000 ms" in daemon.log(), daemon.log()
        daemon.reload("[ballastd]\nidle-interval = 3s\n[guest dom0]\nmin = 1800MiB\n")
        assert daemon.idle_usec() == 3_000_000
        assert "balance-check-interval is ignored: idle-interval of ballastd.conf goes before" in daemon.log()
        until(lambda: daemon.policy() == ["Auto_balloon", [str(1800 * MIB * 1024), str(2 * GIB * 1024)]])
        daemon.write(f"manage-domain-zero = true\ndomain-zero-dynamic-min = 4096\ndomain-zero-dynamic-max = {1700 * MIB * 1024}\n")
        daemon.reload("[guest dom0]\nmin = 1850MiB\n")
        until(lambda: daemon.dom0_min_kib() == 1850 * MIB)
        daemon.write("manage-domain-zero = false\n")
        daemon.reload("[guest dom0]\nmin = 1900MiB\n")
        until(lambda: daemon.policy() == ["Auto_balloon", [str(1900 * MIB * 1024), str(2 * GIB * 1024)]])


def an_interval_stays_within_ours():
    for value, usec in (("86400", 60_000_000), ("0", 500_000), ("0.75", 750_000)):
        with Configured(f"balance-check-interval = {value}\n", config="[ballastd]\ninterval = 500ms\n") as daemon:
            assert daemon.idle_usec() == usec, value


def what_is_not_used_is_named():
    text = "use-switch = true\nswitch-path = /s\nloglevel = debug\nunknown = 1\n"
    with Configured(text) as daemon:
        assert "squeezed.conf:1: use-switch true contradicts ballastd" in daemon.log(), daemon.log()
        assert "squeezed.conf:2: switch-path is ignored: ballastd has no message-switch" in daemon.log()
        assert "squeezed.conf:3: loglevel is ignored" in daemon.log() and "unknown" not in daemon.log()
        assert daemon.stop() == 0
        daemon.arguments += ["--message-switch", str(daemon.run.parent / "switch")]
        daemon.start()
        assert "squeezed.conf:1: use-switch is ignored, and agrees" in daemon.log(), daemon.log()
        assert "squeezed.conf:2: switch-path contradicts message-switch" in daemon.log()


def a_bad_value_ends_it():
    with Configured("") as daemon:
        daemon.write("manage-domain-zero = maybe\n")
        daemon.process.send_signal(1)
        until(lambda: "squeezed.conf:1: manage-domain-zero: invalid value 'maybe'" in daemon.log())
        assert daemon.policy() == OWN
        assert daemon.stop() == 0
        daemon.ends(2, "squeezed.conf:1: manage-domain-zero: invalid value 'maybe': use true or false")
        daemon.write("manage-domain-zero = true\n\ndomain-zero-dynamic-max = 4096\n")
        daemon.ends(2, "squeezed.conf:3: domain-zero-dynamic-max: less than domain-zero-dynamic-min")
        daemon.write("", {"x": "use-switch = 1\n"})
        daemon.ends(2, "squeezed.conf.d/x:1: use-switch: invalid value '1'")
        daemon.write(None)
        daemon.ends(2, "squeezed.conf: ")
        daemon.write("", {"x": ""})
        daemon.start()


def without_the_interface_it_is_not_read():
    with Configured("") as daemon:
        assert daemon.stop() == 0
        at = daemon.arguments.index("--squeezed-socket")
        del daemon.arguments[at:at + 2]
        daemon.write("manage-domain-zero = maybe\n")
        daemon.start()
        daemon.reload("[ballastd]\nsqueezed-socket = /nowhere/memory\n")


if __name__ == "__main__":
    from driver import run
    run((dom0_gets_its_range, a_missing_bound_is_squeezeds, an_unmanaged_dom0_has_a_fixed_size, files_of_the_directory_follow_by_name,
         what_ballastd_has_goes_before, an_interval_stays_within_ours, what_is_not_used_is_named, a_bad_value_ends_it,
         without_the_interface_it_is_not_read))
