#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`ballast top` in tmux, with a daemon on a simulated host: what is on the screen is what counts, and it
is waited for. The screens are kept in $SCREENS; top.svg is the picture in README.md."""

import os
import pathlib
import re
import shlex
import signal
import subprocess
import time
import unittest

from driver import Daemon, until

BALLAST = os.environ["BALLAST"]
SCREENS = pathlib.Path(os.environ.get("SCREENS", "screens"))
TOOLS = pathlib.Path(__file__).resolve().parent
LOOKS = int(os.environ.get("BALLAST_WAIT", "600"))  # seconds for a state to come, on a machine that has better things to do

HOST = """says "Guests of which two want more than they have."
host total=32GiB xen=256MiB slack=64MiB
guest dom0 dom0 tot=2GiB min=1536MiB max=2GiB uses=1200MiB
guest mail tot=4GiB min=2GiB max=4GiB uses=2500MiB overhead=14MiB
guest database tot=6GiB min=4GiB max=8GiB uses=5GiB overhead=20MiB shares=2000
guest web tot=2GiB min=1GiB max=3GiB uses=1200MiB overhead=9MiB
guest shop tot=3GiB min=1GiB max=4GiB uses=1500MiB overhead=12MiB
guest cache tot=3GiB min=1GiB max=4GiB uses=1800MiB overhead=12MiB
guest build tot=4GiB min=1GiB max=6GiB uses=square:1GiB..5GiB,4s/2s overhead=18MiB
guest desktop tot=2GiB min=1GiB max=2GiB uses=1300MiB overhead=25MiB reclaim-rate=60MiB/s
guest dns tot=512MiB min=256MiB max=512MiB uses=200MiB overhead=6MiB
guest legacy tot=1GiB min=1GiB max=1GiB no-balloon overhead=6MiB
duration 24h
"""
MANY = """says "As many as there may be."
host total=512GiB xen=1GiB slack=64MiB
guest dom0 dom0 tot=4GiB min=4GiB max=4GiB
guest vm*255 tot=1GiB min=512MiB max=2GiB uses=600MiB overhead=8MiB
duration 24h
"""


class Terminal:
    """A tmux of one's own with a shell in it."""

    count = 0

    def __init__(self, columns=80, rows=24, **env):
        Terminal.count += 1
        self.name = f"ballast-top-{os.getpid()}-{Terminal.count}"
        settings = {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "PS1": "shell> ", **env}
        words = " ".join(f"{key}={shlex.quote(value)}" for key, value in settings.items())
        environment = {key: value for key, value in os.environ.items()
                       if key not in ("TMUX", "NO_COLOR", "BALLAST_RUN_DIR")}
        environment["LC_ALL"] = "C.UTF-8"
        subprocess.run(["tmux", "-L", self.name, "-f", "/dev/null", "new-session", "-d",
                        "-x", str(columns), "-y", str(rows),
                        f"exec env {words} bash --norc --noprofile"], check=True, env=environment)
        self.tmux("set-option", "-g", "status", "off")
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def tmux(self, *words):
        return subprocess.run(["tmux", "-L", self.name, *words], check=True, text=True,
                              stdout=subprocess.PIPE).stdout

    def keys(self, *keys):
        self.tmux("send-keys", *keys)

    def type(self, text):
        self.tmux("send-keys", "-l", text)

    def run(self, command):
        self.type(command)
        self.keys("Enter")

    def screen(self, *options):
        return self.tmux("capture-pane", "-p", *options)

    def wait(self, *wanted):
        """The first screen on which all of these are (regular expressions)."""
        end = time.monotonic() + LOOKS
        while True:
            screen = self.screen()
            if all(re.search(one, screen, re.M) for one in wanted):
                return screen
            assert time.monotonic() < end, f"{wanted} does not come:\n{screen}"
            time.sleep(0.05)

    def keep(self, name):
        SCREENS.mkdir(parents=True, exist_ok=True)
        (SCREENS / f"{name}.txt").write_text(self.screen())

    def close(self):
        subprocess.run(["tmux", "-L", self.name, "kill-server"], check=False)


class Case(unittest.TestCase):
    scenario = HOST

    def setUp(self):
        self.daemon = Daemon(scenario=self.scenario).start()
        self.addCleanup(self.end)

    def end(self):
        self.daemon.stop()
        self.daemon.directory.cleanup()

    def terminal(self, *size, **env):
        terminal = Terminal(*size, **env)
        self.addCleanup(terminal.close)
        terminal.wait("shell>")
        return terminal

    def top(self, *options, size=(80, 24), **env):
        terminal = self.terminal(*size, **env)
        words = " ".join(map(shlex.quote, [BALLAST, "top", "--run-dir", str(self.daemon.run), *options]))
        terminal.run(f"clear; before=$(stty -g); {words}; echo ended $?; [ \"$before\" = \"$(stty -g)\" ] && echo as before")
        terminal.wait("^ ballast top .* domains")
        return terminal

    def domain(self, name):
        with self.daemon.client(status=True) as client:
            return client.call("domains", domain=name)["domains"][0]


class Screens(Case):
    def test_looks(self):
        top = self.top()
        screen = top.wait(r"> +0 dom0 ", r"10 domains  balancing by ballast", "^-- events")
        sizes = [int(n) for n in re.findall(r"[a-z0?] (\d+)", screen[screen.index("]"):screen.index("=")])]
        self.assertEqual(sum(sizes), 32768, screen)
        self.assertEqual(int(re.search(r"= (\d+) MiB", screen)[1]), 32768)
        top.keep("80x24")
        top.keys("Down", "Down")
        top.wait(r"^> +2 database ")
        top.keys("Enter")
        top.wait(r"database: domain 2", r"\| extra +\|")
        top.keep("guest")
        top.keys("End")
        top.wait(r"static maximum +8192 MiB", r"shares +2000")
        top.keys("Escape")
        top.wait(r"^> +2 database ")
        top.keys("?")
        top.wait("show the guest: its breakdown")
        top.keep("help")
        top.keys("q")
        top.wait(r"^> +2 database ")
        top.keys("q")
        top.wait("^ended 0", "^as before", "shell>")

    def test_sizes(self):
        top = self.top()
        for columns, rows in ((120, 40), (200, 60), (80, 24)):
            top.tmux("resize-window", "-x", str(columns), "-y", str(rows))
            line = f"^\\[.{{{columns - 2}}}\\]$"
            screen = top.wait(line, "^-- events[ a-z,-]*$", "q quit")
            self.assertEqual(bool(re.search("^ +id name .* why$", screen, re.M)), columns >= 120)
            top.keep(f"{columns}x{rows}")
        top.tmux("resize-window", "-x", "20", "-y", "5")
        top.wait("^too small$", "^70x15 at least$")
        top.tmux("resize-window", "-x", "80", "-y", "24")
        top.wait(r"> +0 dom0 ")

    def test_sorts_and_filters(self):
        top = self.top("--sort", "current", "--filter", "D")
        screen = top.wait(r"sort: current  / filter: D")
        names = re.findall(r"^[> ] +\d+ (\w+)", screen, re.M)
        self.assertEqual(sorted(names), ["build", "database", "desktop", "dns", "dom0"])
        self.assertEqual(names[0], "database")
        top.keys("Escape")
        top.wait(r"mail ")
        top.type("/web")
        top.wait("names that contain: web_")
        top.keys("Enter")
        screen = top.wait(r"^[> ] +3 web ")
        self.assertNotIn("mail", screen)

    def test_without_colours(self):
        for env in ({"NO_COLOR": "1"}, {"TERM": "vt100"}, {}):
            top = self.top(*([] if env else ["--color", "never"]), **env)
            top.wait(r"> +0 dom0 ", r" +x[#|]+\.*")
            codes = set(re.findall(r"\x1b\[([0-9;]*)m", top.screen("-e")))
            self.assertFalse([c for c in codes if re.search(r"(^|;)[34]\d", c) and c not in ("39", "49")],
                             f"{env}: {codes}")
        top = self.top(TERM="screen-256color")
        top.wait(r"> +0 dom0 ")
        self.assertIn("48;5;36", top.screen("-e"))

    def test_events_come(self):
        top = self.top(size=(100, 30))
        top.wait(r"^ +\d+s build: .*iB")
        top.keep("events")

    def test_picture(self):
        top = self.top(size=(124, 24), TERM="screen-256color")
        top.keys("Down", "Down")
        top.wait(r"^> +2 database", r"^ +\d+ build +run +\S*\|", r"^ +\d+s build: .*iB")
        screen = top.screen("-e")
        SCREENS.mkdir(parents=True, exist_ok=True)
        with open(SCREENS / "top.svg", "w") as out:
            subprocess.run([TOOLS / "screen-svg", "ballast top: a host, its guests and what is decided"],
                           input=re.sub(r"sim:\S*", "xen1  ", screen), text=True, stdout=out, check=True)
        self.assertIn("database", (SCREENS / "top.svg").read_text())


class Changes(Case):
    def test_a_target(self):
        top = self.top()
        top.keys("Down", "Down", "Down", "p")
        top.wait(r"^balancing of web \(3\): on -> paused\? y: yes")
        top.keys("y")
        top.wait(r"^done: balancing of web", r"^> +3 web +frozen")
        top.keys("t")
        top.type("1200")
        top.wait(r"target of web, .*: 1200_")
        top.keys("Enter")
        top.wait(r"^target of web \(3\): \d+(\.\d\d)? MiB -> 1200 MiB\? y: yes")
        top.keep("confirm")
        before = self.domain("web")["target_kib"]
        top.keys("n")
        top.wait("^nothing was changed")
        self.assertEqual(self.domain("web")["target_kib"], before)
        top.keys("t")
        top.type("1200")
        top.keys("Enter")
        top.wait(r"MiB -> 1200 MiB\?")
        top.keys("y")
        top.wait(r"^done: target of web \(3\): 1200 MiB", r"^> +3 web +frozen .* 1200 ")
        self.assertEqual(self.domain("web")["target_kib"], 1200 * 1024)

    def test_what_the_daemon_refuses(self):
        top = self.top()
        top.keys("Down", "r")
        top.type("9G 1G")
        top.keys("Enter")
        top.wait(r"^range of mail \(1\): 2048 MiB to 4096 MiB -> 9216 MiB to 1024 MiB\?")
        top.keys("y")
        top.wait("^not done: .*minimum")
        top.keys("r")
        top.type("1G 3G")
        top.keys("Enter")
        top.wait(r"-> 1024 MiB to 3072 MiB\?")
        top.keys("y")
        top.wait("^done: range of mail", r"^> +1 mail .* 1024-3072 ")
        self.assertEqual(self.domain("mail")["dynamic_max_kib"], 3 << 20)


class Endings(Case):
    def test_the_daemon_dies_and_comes_back(self):
        top = self.top("--interval", "200ms")
        top.wait(r"> +0 dom0 ")
        self.daemon.kill()
        top.wait("^ OLD FIGURES, retrying", r"> +0 dom0 ")
        top.keep("lost")
        top.keys("t")
        top.type("1G")
        top.keys("Enter", "y")
        top.wait("^not done: no daemon")
        self.daemon.start()
        screen = top.wait("^ ballast top .* balancing by ballast")
        self.assertNotIn("OLD FIGURES", screen)

    def test_stops_and_goes_on(self):
        top = self.top()
        top.keys("Down")
        top.wait(r"^> +1 mail")
        top.keys("C-z")
        top.wait("Stopped", "shell>")
        top.run("stty -a | tr ' ' '\\n' | grep -x -- -*echo")
        top.wait("^echo$")
        top.run("fg")
        top.wait(r"^ ballast top ", r"^> +1 mail")
        top.keys("Down")
        top.wait(r"^> +2 database")
        top.keys("C-c")
        top.wait("shell>")
        top.run("echo still $((6 * 7))")
        top.wait("^still 42")

    def test_signals_leave_the_terminal_in_order(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            top = self.top()
            pane = int(top.tmux("display-message", "-p", "#{pane_pid}"))
            child = until(lambda: subprocess.run(["pgrep", "-P", str(pane), "-x", "ballast"], text=True,
                                                 stdout=subprocess.PIPE).stdout.strip())
            os.kill(int(child), number)
            top.wait(f"^ended {128 + number}", "^as before")

    def test_the_terminal_goes_away(self):
        top = self.top()
        pane = int(top.tmux("display-message", "-p", "#{pane_pid}"))
        child = int(subprocess.run(["pgrep", "-P", str(pane), "-x", "ballast"], text=True, check=True,
                                   stdout=subprocess.PIPE).stdout)
        top.close()
        until(lambda: not pathlib.Path(f"/proc/{child}").exists(), LOOKS)


class Many(Case):
    scenario = MANY

    def test_256_of_them(self):
        top = self.top(size=(120, 40))
        top.wait("256 domains", r"> +0 dom0")
        top.keys("End")
        top.wait(r"^> +255 vm255 ")
        top.keep("256-end")
        top.keys("PgUp")
        top.wait(r"^> +2\d\d vm2\d\d ")
        top.keys("Home")
        top.wait(r"> +0 dom0")


class Without(unittest.TestCase):
    def test_no_daemon(self):
        terminal = Terminal(100, 30)
        self.addCleanup(terminal.close)
        path = SCREENS / "host.scn"
        SCREENS.mkdir(parents=True, exist_ok=True)
        path.write_text(HOST)
        terminal.wait("shell>")
        terminal.run(f"{BALLAST} top --host sim:{path}; echo ended $?")
        terminal.wait("not balanced", r"^> +0 dom0", "no events so far")
        terminal.keys("t")
        terminal.wait("there is no daemon: use")
        terminal.keys("q")
        terminal.wait("^ended 0")
        terminal.run(f"clear; {BALLAST} top --run-dir /nowhere; echo ended $?")
        terminal.wait("no daemon at /nowhere", "^ended 3")
        # libtinfo leaves 1,624 bytes (new_prescr) when it knows no such terminal.
        terminal.run(f"clear; TERM=no-such ASAN_OPTIONS=detect_leaks=0 {BALLAST} top --host sim:{path}; echo ended $?")
        terminal.wait("the terminal 'no-such' of TERM is not known here", "^ended 3")

    def test_no_terminal(self):
        for words, said in ((["top"], "no terminal"), (["top", "--host", "sim:x", "--run-dir", "y"], "exclude each other"),
                            (["top", "--sort", "size"], "id, name, current, target, need, gap, state, range, bar, why"),
                            (["top", "--interval", "1ms"], "100ms or more"), (["top", "x"], "unexpected argument")):
            path = SCREENS / "host.scn"
            SCREENS.mkdir(parents=True, exist_ok=True)
            path.write_text(HOST)
            words = [*words, "--host", f"sim:{path}"] if words == ["top"] else words
            done = subprocess.run([BALLAST, *words], text=True, stdin=subprocess.DEVNULL,
                                  capture_output=True, check=False)
            self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
            self.assertIn(said, done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
