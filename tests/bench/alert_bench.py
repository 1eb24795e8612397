#!/usr/bin/env python3
"""How long it takes from the confirming probe to the event at a sink, with 10,000 checks running, and what a storm of
10,000 checks that are down at once costs: alert_bench.py [REACHD]. Everything stays on the loopback interface."""

import calendar
import http.server
import json
import pathlib
import re
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

from processes import free_port, wait_for

CHECKS = 10_000
TOGGLED = 20  # ports that close and open while latency is measured
ROUNDS = 5
GUARD = 60  # seconds


def fetch(url):
    """The text of a URL."""
    with urllib.request.urlopen(url, timeout=GUARD) as answer:
        return answer.read().decode()


class Hook:
    """A webhook that notes when each event arrived."""

    def __init__(self):
        hook = self
        self.arrived = []

        class Handler(http.server.BaseHTTPRequestHandler):
            """One event."""

            def do_POST(self):  # pylint: disable=invalid-name
                """Takes it."""
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.arrived.append((time.time(), json.loads(body)))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):  # pylint: disable=arguments-differ
                """Quiet."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"


class Daemon:
    """reachd on a configuration in a folder of its own."""

    def __init__(self, reachd, folder, checks, alerting, defaults):
        self.port = free_port()
        self.folder = pathlib.Path(folder)
        settings = {"vantage": "bench", "state_dir": str(self.folder / "state"),
                    "web": {"listen": [f"127.0.0.1:{self.port}"]}, "defaults": defaults,
                    "limits": {"per_host": 1000}, "alerting": alerting, "checks": checks}
        config = self.folder / "reachd.yaml"
        config.write_text(json.dumps(settings), encoding="ascii")
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen([reachd, "run", "--config", config], stderr=log)  # pylint: disable=consider-using-with
        wait_for("the daemon", lambda: "watching" in (self.folder / "log").read_text())

    def resident(self):
        """Resident memory in MB, the highest so far."""
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(re.search(r"VmHWM:\s+(\d+)", text).group(1)) / 1024

    def journalled(self):
        """How many checks the journal says are down."""
        with sqlite3.connect(f"file:{self.folder}/state/journal.sqlite?mode=ro", uri=True) as journal:
            return journal.execute("select count(*) from events where kind = 'check.down'").fetchone()[0]

    def lag_p99(self):
        """The bound of the histogram's bucket that holds 99 % of the probes."""
        text = fetch(f"http://127.0.0.1:{self.port}/metrics")
        buckets = re.findall(r'reachd_schedule_lag_seconds_bucket\{le="([^"]+)"\} (\d+)', text)
        total = int(buckets[-1][1])
        return next(bound for bound, count in buckets if int(count) >= 0.99 * total)

    def end(self):
        """Stops it."""
        self.process.terminate()
        self.process.wait(GUARD)


def latency(reachd):
    """Ports that close while 10,000 checks run."""
    hook = Hook()
    listeners = {}

    def listen(port=0):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(64)
        threading.Thread(target=accept, args=(listener,), daemon=True).start()
        listeners[listener.getsockname()[1]] = listener

    def accept(listener):
        try:
            while True:
                listener.accept()[0].close()
        except OSError:
            pass  # closed

    for _ in range(TOGGLED):
        listen()
    ports = list(listeners)
    checks = [{"name": f"toggled-{port}", "probe": "tcp", "target": f"127.0.0.1:{port}", "interval": "500ms",
               "confirm_interval": "200ms"} for port in ports]
    checks += [{"name": f"c{n}", "probe": "tcp", "target": f"127.1.{n // 250}.{n % 250 + 1}:{ports[0]}"}
               for n in range(CHECKS - TOGGLED)]
    # Most of them are refused, and stay unknown until three failures; they only have to run.
    alerting = {"flapping": {"changes": 1000}, "sinks": [
        {"name": "hook", "type": "webhook", "url": hook.url, "match": "name=toggled-*"}]}
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(reachd, folder, checks, alerting,
                        {"interval": "10s", "timeout": "400ms", "down_after": 2, "up_after": 1})
        try:
            state = f"http://127.0.0.1:{daemon.port}/api/v1/checks?name=toggled-*&state=up"
            for _ in range(ROUNDS):
                wait_for("all up", lambda: json.loads(fetch(state))["total"] == TOGGLED)
                seen = len(hook.arrived)
                for port in ports[1:]:
                    socket.socket.shutdown(listeners[port], socket.SHUT_RDWR)
                    listeners[port].close()
                wait_for("all told", lambda seen=seen: len(hook.arrived) >= seen + TOGGLED - 1)
                for port in ports[1:]:
                    listen(port)
        finally:
            daemon.end()
    took = []
    for arrived, event in hook.arrived:
        if event["kind"] == "check.down":
            last = event["evidence"]["attempts"][-1]
            stamp = time.strptime(last["time"][:19], "%Y-%m-%dT%H:%M:%S")
            began = calendar.timegm(stamp) + float("0" + last["time"][19:-1])
            took.append((arrived - began) * 1000 - last["milliseconds"])
    took.sort()
    print(f"confirming probe to webhook, {CHECKS} checks running, {len(took)} events: median "
          f"{statistics.median(took):.1f} ms, p99 {took[int(len(took) * 0.99)]:.1f} ms, most {took[-1]:.1f} ms")


def storm(reachd):
    """10,000 checks that are refused from the start, each confirmed by its second probe."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        with subprocess.Popen(["prometheus-alertmanager", "--config.file=/dev/stdin", "--cluster.listen-address=",
                               f"--storage.path={folder}/am", f"--web.listen-address=127.0.0.1:{port}"],
                              stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as alertmanager:
            alertmanager.stdin.write(b"route: {receiver: none}\nreceivers: [{name: none}]\n")
            alertmanager.stdin.close()
            alerts = f"http://127.0.0.1:{port}/api/v2/alerts"

            def answers():
                try:
                    return fetch(f"http://127.0.0.1:{port}/-/ready")
                except OSError:
                    return False

            wait_for("Alertmanager", answers)
            target = free_port()
            with socket.socket() as listener:
                listener.bind(("0.0.0.0", target))
                listener.listen(4096)
                stop = threading.Event()

                def accept():
                    while not stop.is_set():
                        try:
                            listener.accept()[0].close()
                        except OSError:
                            return

                thread = threading.Thread(target=accept, daemon=True)
                thread.start()
                checks = [{"name": f"c{n}", "probe": "tcp", "target": f"127.1.{n // 250}.{n % 250 + 1}:{target}"}
                          for n in range(CHECKS)]
                daemon = Daemon(reachd, folder, checks, {"sinks": [
                    {"name": "am", "type": "alertmanager", "urls": [f"http://127.0.0.1:{port}"]}]},
                    {"interval": "5s", "timeout": "1s", "confirm_interval": "1s", "down_after": 1, "up_after": 1})
                try:
                    up = f"http://127.0.0.1:{daemon.port}/api/v1/checks?state=up&limit=1"
                    down = f"http://127.0.0.1:{daemon.port}/api/v1/checks?state=down&limit=1"
                    wait_for("all up", lambda: json.loads(fetch(up))["total"] == CHECKS)
                    before = daemon.resident()
                    stop.set()
                    listener.shutdown(socket.SHUT_RDWR)
                    listener.close()
                    wait_for("all down", lambda: json.loads(fetch(down))["total"] == CHECKS)
                    fell = time.monotonic()
                    wait_for("the journal", lambda: daemon.journalled() == CHECKS)
                    journalled = time.monotonic() - fell
                    wait_for("Alertmanager", lambda: len(json.loads(fetch(alerts))) == CHECKS)
                    told = time.monotonic() - fell
                    print(f"storm of {CHECKS}, after the last verdict: journalled {journalled:.2f} s, at Alertmanager "
                          f"{told:.2f} s (as polled), memory +{daemon.resident() - before:.0f} MB, lag p99 at most "
                          f"{daemon.lag_p99()} s")
                finally:
                    daemon.end()
                    alertmanager.terminate()


if __name__ == "__main__":
    BINARY = sys.argv[1] if len(sys.argv) > 1 else "build/release/bin/reachd"
    latency(BINARY)
    storm(BINARY)
