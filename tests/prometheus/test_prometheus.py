#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The metrics in the hands of those they are for: promtool, a Prometheus that scrapes them, its
rules, the dashboard's queries, and node_exporter. Skips, with the reason, what is not installed."""

import contextlib
import http.server
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

SOURCE = pathlib.Path(os.environ["SOURCE"])
BALLAST = os.environ["BALLAST"]
sys.path.insert(0, str(SOURCE / "tests/ballastd"))

from driver import SCENARIO, Daemon, run, until  # noqa: E402

DIST = SOURCE / "dist"
SKIP = 77


def metrics(daemon, *options):
    done = subprocess.run([BALLAST, "metrics", "--run-dir", daemon.run, *options],
                          capture_output=True, text=True, timeout=600)
    return done.stdout


class ByCommand(http.server.ThreadingHTTPServer):
    """/metrics as `ballast metrics` writes it, in the format that is asked for."""

    daemon_threads = True

    def __init__(self, daemon):
        self.accepted = set()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(handler):  # noqa: N805
                accept = handler.headers.get("Accept", "")
                self.accepted.add(accept)
                wanted = "openmetrics" if "application/openmetrics-text" in accept else "text"
                body = metrics(daemon, "--format", wanted).encode()
                handler.send_response(200)
                handler.send_header("Content-Type", {
                    "openmetrics": "application/openmetrics-text; version=1.0.0; charset=utf-8",
                    "text": "text/plain; version=0.0.4; charset=utf-8"}[wanted])
                handler.send_header("Content-Length", str(len(body)))
                handler.end_headers()
                # Whoever asked may have gone away meanwhile.
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    handler.wfile.write(body)

            def log_message(handler, *_):  # noqa: N805
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class ByWeb:
    """/metrics as ballast-web serves it."""

    def __init__(self, daemon):
        # It gives up root's rights, and must still reach the status socket.
        os.chmod(daemon.run, 0o755)
        self.process = subprocess.Popen(
            [os.environ["BALLAST_WEB"], "--run-dir", daemon.run, "--listen", "127.0.0.1:0"],
            stderr=subprocess.PIPE, text=True)
        ready = re.search(r"http://127\.0\.0\.1:(\d+)/", self.process.stderr.readline())
        self.server_port = int(ready.group(1))
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        assert self.process.wait(600) == 0


# Who serves /metrics: given a Daemon, a context with `server_port`. A build without npm has no page.
SERVE = ByWeb if "BALLAST_WEB" in os.environ else ByCommand


def needs(*programs):
    for program in programs:
        if not shutil.which(program):
            print(f"skip: {program} is not installed (tools/setup installs it)")
            sys.exit(SKIP)


def free_port():
    """Free now: whoever listens there may find it taken, and tries another."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Prometheus:
    """Of one's own: a private port, data that goes away with it, a scrape a second. Which may come too
    late on a slow machine, and what it scrapes is not there until the next one: all that is asked of
    it is waited for."""

    def __init__(self, target):
        self.directory = tempfile.TemporaryDirectory(prefix="ballast-prometheus.")
        base = pathlib.Path(self.directory.name)
        (base / "rules.yml").write_text((DIST / "prometheus-rules.yml").read_text())
        (base / "prometheus.yml").write_text(
            "global: {scrape_interval: 1s, evaluation_interval: 200ms}\n"
            "rule_files: [rules.yml]\n"
            "scrape_configs:\n"
            "  - job_name: ballast\n"
            f"    static_configs: [{{targets: ['127.0.0.1:{target}']}}]\n")
        self.log = open(base / "log", "w+")
        self.begin()

    def begin(self):
        base = pathlib.Path(self.directory.name)
        self.port = free_port()
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={base / 'prometheus.yml'}",
             f"--storage.tsdb.path={base / 'data'}", f"--web.listen-address=127.0.0.1:{self.port}"],
            stdout=self.log, stderr=self.log)

    def get(self, path, **params):
        query = "?" + urllib.parse.urlencode(params) if params else ""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}{query}", timeout=600) as answer:
                text = answer.read()
                return json.loads(text) if path.startswith("/api") else text
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path} {params}: {error.read()}") from error

    def query(self, expression):
        """[(labels, value)]"""
        answer = self.get("/api/v1/query", query=expression)
        assert answer["status"] == "success", answer
        return [(r["metric"], float(r["value"][1])) for r in answer["data"]["result"]]

    def __enter__(self):
        def ready():
            if self.process.poll() is not None:
                assert "address already in use" in self.said(), self.said()
                self.log.truncate(0)
                self.begin()
            try:
                return self.get("/-/ready")
            except (OSError, AssertionError, ValueError):
                return None
        until(ready)
        return self

    def said(self):
        self.log.seek(0)
        return self.log.read()[-4000:]

    def __exit__(self, kind, *_):
        self.process.terminate()
        self.process.wait(600)
        if kind:
            print(self.said())
        self.log.close()
        self.directory.cleanup()


def promtool(*arguments, text=None):
    done = subprocess.run(["promtool", *map(str, arguments)], input=text, capture_output=True, text=True,
                          timeout=120)
    assert done.returncode == 0, f"promtool {arguments}: {done.stdout}{done.stderr}"
    return done.stdout + done.stderr


# Whose Xen is known to the page, so that what a guest costs is predicted; with room for one that
# does not ask.
EXACT = SCENARIO.replace("total=36GiB", "total=64GiB").replace("slack=64MiB",
                                                               "slack=64MiB xen-version=4.17.7")


def test_promtool():
    needs("promtool")
    with Daemon(EXACT, speed=10) as daemon:
        with daemon.client() as client:
            client.call("reserve", min_kib=4096, wait=True)
            client.call("sim-start", name="new", need_kib=64 * 1024, overhead_kib=8 * 1024,
                        vcpus=1)
            until(lambda: "ballast_prediction_error_bytes{" in metrics(daemon, "--format", "text"))
            text = metrics(daemon, "--format", "text")
        # It lints too: nothing that it would have otherwise.
        assert promtool("check", "metrics", text=text) == ""
    assert promtool("check", "metrics", text=metrics(daemon, "--format", "text")) == ""
    promtool("check", "rules", DIST / "prometheus-rules.yml")
    promtool("check", "config", DIST / "prometheus-scrape.yml")
    with tempfile.TemporaryDirectory() as base:
        shutil.copy(DIST / "prometheus-rules.yml", f"{base}/rules.yml")
        shutil.copy(SOURCE / "tests/prometheus/rules_test.yml", base)
        promtool("test", "rules", f"{base}/rules_test.yml")


def figures(prometheus, expression):
    return [value for _, value in prometheus.query(expression)]


def check_sums(prometheus, client):
    total = client.call("host")["total_kib"] * 1024
    until(lambda: figures(prometheus, "sum(ballast_host_memory_bytes)") == [total])
    until(lambda: figures(prometheus, "ballast_host_memory_total_bytes") == [total])
    until(lambda: figures(prometheus, "count(ballast_host_memory_bytes)") == [11])
    # What domains take, by domain and by host; while they move the two answers may be a tick apart.
    until(lambda: figures(prometheus, 'sum(ballast_domain_memory_bytes) - sum('
                          'ballast_host_memory_bytes{component=~"dom0|domains|overhead"})') == [0.0])


def check_types(prometheus):
    metadata = prometheus.get("/api/v1/metadata")["data"]
    for name, kind, unit in (("ballast_moved_bytes", "counter", "bytes"),
                             ("ballast_host_memory_bytes", "gauge", "bytes"),
                             ("ballast_domain_pressure_ratio", "gauge", "ratio"),
                             ("ballast_uptime_seconds", "gauge", "seconds"),
                             ("ballast_build", "info", "")):
        found = metadata[name][0]
        assert (found["type"], found["unit"]) == (kind, unit) and found["help"], (name, found)


def check_dashboard(prometheus):
    """Each query is understood, and asks for what there is."""
    dashboard = json.loads((DIST / "grafana-dashboard.json").read_text())
    names = set(prometheus.get("/api/v1/label/__name__/values")["data"])
    later = {"ballast_alert", "ballast_prediction_error_bytes", "ballast_reservation_bytes", "ballast_reservation_missing_bytes"}
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert len(queries) > 10
    for query in queries:
        asked = set(re.findall(r"ballast_\w+", query))
        assert asked and asked <= names | later, (query, asked - names)
        query = query.replace("$instance", ".*").replace("$domain", ".*").replace("$__rate_interval", "1m")
        prometheus.query(query)
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))


def test_scrape():
    needs("prometheus")
    with Daemon() as daemon, daemon.client() as client, SERVE(daemon) as server, \
            Prometheus(server.server_port) as prometheus:
        until(lambda: [t["health"] for t in prometheus.get("/api/v1/targets")["data"]["activeTargets"]]
              == ["up"])
        if SERVE is ByCommand:
            assert any("application/openmetrics-text" in accept for accept in server.accepted)
        until(lambda: prometheus.query("ballast_up == 1"))
        check_sums(prometheus, client)
        until(lambda: "ballast_build" in prometheus.get("/api/v1/metadata")["data"])
        check_types(prometheus)
        got = client.call("reserve", min_kib=8 * 1024 * 1024, label="big", wait=True)
        until(lambda: figures(prometheus, f'ballast_reservation_bytes{{id="{got["id"]}"}}')
              == [got["granted_kib"] * 1024])
        until(lambda: prometheus.query('ballast_admission_total{result="granted",reason="ok"} == 1'))
        until(lambda: prometheus.query('ballast_moved_bytes_total{direction="down"} > 0'))
        check_sums(prometheus, client)
        check_dashboard(prometheus)
        for group in prometheus.get("/api/v1/rules")["data"]["groups"]:
            for rule in group["rules"]:
                assert rule["health"] in ("ok", "unknown") and not rule.get("lastError"), rule
        until(lambda: prometheus.query("instance:ballast_host_memory_used:ratio"))
        # The daemon is gone: that is a metric too, and an alert that waits for its time.
        assert daemon.stop() == 0
        until(lambda: prometheus.query("ballast_up == 0"))
        pending = until(lambda: [a for a in prometheus.get("/api/v1/alerts")["data"]["alerts"]
                                 if a["labels"]["alertname"] == "BallastDown"])
        assert pending[0]["state"] in ("pending", "firing")
        daemon.start()
        until(lambda: prometheus.query("ballast_up == 1"))


def test_node_exporter():
    needs("prometheus-node-exporter")
    with Daemon() as daemon, tempfile.TemporaryDirectory() as base:
        os.chmod(base, 0o755)
        metrics(daemon, "--textfile", f"{base}/ballast.prom")
        def scraped():
            port = free_port()
            exporter = subprocess.Popen(
                ["prometheus-node-exporter", "--collector.disable-defaults", "--collector.textfile",
                 f"--collector.textfile.directory={base}", f"--web.listen-address=127.0.0.1:{port}"],
                stderr=subprocess.DEVNULL)
            try:
                while exporter.poll() is None:
                    try:
                        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=600) as answer:
                            return answer.read().decode()
                    except OSError:
                        time.sleep(0.02)
                return None
            finally:
                exporter.terminate()
                exporter.wait(600)
        text = until(scraped)
        assert "node_textfile_scrape_error 0" in text
        values = [float(v) for v in re.findall(r"^ballast_host_memory_bytes\{.*\} (\S+)$", text, re.M)]
        total = re.search(r"^ballast_host_memory_total_bytes (\S+)$", text, re.M)
        assert len(values) == 11 and sum(values) == float(total.group(1))


run([value for name, value in list(globals().items()) if name.startswith("test_")])
