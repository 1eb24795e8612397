#!/usr/bin/env python3
"""./run lab: a small estate in network namespaces, watched by reachd with both catalogues.

Opens and closes ports about once a minute, so that a person sees verdicts change with reason and offender.
"""

import argparse
import itertools
import json
import os
import pathlib
import shutil
import socketserver
import subprocess
import sys
import threading
import time

import estate
from lab import Lab, LabUnavailable

API = ("host", "127.0.0.1", 9790)  # where reachd's web port is, seen from inside the lab


SCENES = [  # what a person is told, address, port, transport, what the firewall does
    ("the firewall drops HTTPS to the batch server without a word", estate.BATCH, 443, "tcp", "drop"),
    ("the firewall forbids HTTPS to a rack server and says so", estate.RACK[0], 443, "tcp", "admin-prohibited"),
    ("the parent beacon's web server stops listening", estate.PARENT, 8443, "tcp", "tcp reset"),
    ("the way to the inventory server is gone", estate.INVENTORY, 443, "tcp", "net-unreachable"),
    ("the chassis stops answering secure TCP command mode", estate.CHASSIS, 6091, "tcp", "tcp reset"),
    ("the switch is cut off: everything to it is dropped", estate.SWITCH, None, "tcp", "drop"),
    ("the firewall drops questions to the DNS server", estate.DNS, 53, "udp", "drop"),
]


class Forwarder(socketserver.ThreadingTCPServer):
    """Carries connections to this machine's loopback into the lab, so that a browser can look at reachd."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, lab, port):
        self.lab = lab
        try:
            super().__init__(("127.0.0.1", port), _Forward)
        except OSError:
            super().__init__(("127.0.0.1", 0), _Forward)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        """Where to look on this machine."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Forward(socketserver.BaseRequestHandler):
    def handle(self):
        try:
            inside = self.server.lab.connect(*API)
        except OSError:
            return
        inside.settimeout(None)
        with inside:
            threading.Thread(target=_pour, args=(inside, self.request), daemon=True).start()
            _pour(self.request, inside)


def _pour(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(2)
        except OSError:
            pass


class View:
    """Prints what changed since it looked last."""

    _COLOURS = {"up": "32", "degraded": "33", "down": "31", "unknown": "36"}

    def __init__(self, lab):
        self.lab = lab
        self._known = {}
        self._colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")

    def rows(self):
        """The checks as the API tells them, or None while it does not answer."""
        try:
            status, _, body = self.lab.http(*API, "/api/v1/checks?limit=10000")
        except OSError:
            return None
        if status != 200:
            return None
        answer = json.loads(body)
        return answer["checks"] if isinstance(answer, dict) else answer

    def show_changes(self):
        """Prints a line for each verdict that is new. Returns all rows."""
        rows = self.rows() or []
        for row in rows:
            before, now = self._known.get(row["check"]), row["state"]
            self._known[row["check"]] = now
            if before is not None and before != now:
                self._line(row, before)
        return rows

    def _line(self, row, before):
        result = row.get("result") or {}
        offenders = sorted({attempt["offender"] for attempt in result.get("attempts", []) if attempt.get("offender")})
        state = row["state"].ljust(8)
        if self._colour:
            state = f"\033[{self._COLOURS.get(row['state'], '0')}m{state}\033[0m"
        said = "" if row["state"] == "up" else f"  {result.get('reason', '')} in {result.get('phase', '')}"
        blamed = f"  by {', '.join(offenders)}" if offenders and row["state"] != "up" else ""
        print(f"{time.strftime('%H:%M:%S')}  {before:>8} -> {state} {row['check']}  {row.get('target', '')}{said}{blamed}",
              flush=True)

    def summary(self):
        """One line of counts."""
        counts = {}
        for state in self._known.values():
            counts[state] = counts.get(state, 0) + 1
        return ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))


def _arguments():
    parser = argparse.ArgumentParser(prog="./run lab", description=__doc__.split("\n\n", maxsplit=1)[1])
    parser.add_argument("--reachd", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--every", type=float, default=60, help="seconds from one change to the next (default 60)")
    parser.add_argument("--scenes", type=int, default=0, help="stop after so many breakdowns (default: never)")
    parser.add_argument("--port", type=int, default=9790, help="the web port on this machine (default 9790)")
    return parser.parse_args()


def _watch(view, seconds, reachd):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if reachd.poll() is not None:
            sys.exit(f"reachd ended with {reachd.returncode}")
        view.show_changes()
        time.sleep(min(1, max(0, end - time.monotonic())))


def _play(lab, view, reachd, scene, seconds):
    text, address, port, transport, how = scene
    print(f"{time.strftime('%H:%M:%S')}  ** {text}", flush=True)
    if how == "drop":
        lab.drop(address, port, transport)
    else:
        lab.reject(address, port, how, transport)
    _watch(view, seconds, reachd)
    print(f"{time.strftime('%H:%M:%S')}  ** mended; it was: {view.summary()}", flush=True)
    lab.open(address, port, transport)
    _watch(view, seconds, reachd)


def main():
    """Returns the exit code."""
    options = _arguments()
    if os.geteuid() != 0 and shutil.which("sudo"):
        os.execvp("sudo", ["sudo", sys.executable, *sys.argv])
    with Lab() as lab:
        print("Building the estate: a cloud with its own DNS and authority behind a firewall, a parent beacon,\n"
              "agents' upload endpoints, a chassis, three servers, a switch, a storage box ...", flush=True)
        ground = estate.Estate(lab)
        ground.start()
        reachd = lab.spawn("reachd", "host", options.reachd.resolve(), "run", "--config", ground.config)
        lab.wait_listening(*API, reachd, "reachd")
        forwarder = Forwarder(lab, options.port)
        view = View(lab)
        end = time.monotonic() + 30
        while time.monotonic() < end and any(row["state"] == "unknown" for row in view.show_changes() or [{"state": "unknown"}]):
            time.sleep(0.5)
        print(f"\nreachd watches {len(view.rows() or [])} checks ({view.summary()}).\n"
              f"  status page   {forwarder.url}/\n  metrics       {forwarder.url}/metrics\n"
              f"  inside        ip netns exec {lab.namespace('host')} {options.reachd} check --config {ground.config}\n"
              f"  configuration {ground.config}, log {lab.folder}/reachd.log\n"
              "Ctrl-C ends it and removes everything. A port breaks or mends about every "
              f"{options.every:g} s:\n", flush=True)
        for count, scene in enumerate(itertools.cycle(SCENES), 1):
            _play(lab, view, reachd, scene, options.every)
            if count == options.scenes:
                break
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(0)
    except LabUnavailable as error:
        sys.exit(f"error: the lab can't be built on this machine: {error}")
    except (RuntimeError, subprocess.SubprocessError) as error:
        sys.exit(f"error: {error}")
