"""A storm and who hears of it: ports that open and close at random moments, which are noted, and a file, a webhook and
a stand-in for Alertmanager that the daemon tells."""

import collections
import json
import os
import random
import selectors
import shutil
import socket
import sqlite3
import threading
import time

import receivers
import support
from watched import SERVER

SEED = int(os.environ.get("REACHD_SEED", random.randrange(1 << 32)))
PORTS = range(9000, 9200)
CHANGES = 100  # of ports a second
HOOK, ALERTS = "10.77.1.20", "10.77.1.21"
CONFIG = """
vantage: lab
state_dir: {state}
limits: {{per_host: 200}}
defaults: {{interval: 500ms, timeout: 400ms, confirm_interval: 100ms, down_after: 2, up_after: 1}}
checks: {checks}
alerting:
  resend: 2s
  flapping: {{changes: 1000, within: 1s}}
  sinks:
    - {{name: lines, type: file, path: lines.jsonl}}
    - {{name: hook, type: webhook, url: "http://{hook}/", timeout: 2s, parallel: 8}}
    - {{name: am, type: alertmanager, urls: ["http://{alerts}"], timeout: 2s}}
"""


class World(threading.Thread):
    """The truth: a server whose ports open and close at random moments, which it notes."""

    def __init__(self, lab, ports, chance):
        super().__init__(daemon=True)
        self._lab, self._chance = lab, chance
        self._selector = selectors.DefaultSelector()
        self._listeners = {}
        self._history = {port: [] for port in ports}  # (before, after, is it open then)
        self._storm = threading.Event()
        self._calm = threading.Event()
        self._over = False
        self.error = None
        for port in ports:
            self._turn(port)

    def run(self):
        try:
            due = time.monotonic()
            while not self._over:
                if self._storm.is_set() and time.monotonic() >= due:
                    self._turn(self._chance.choice(list(self._history)))
                    due = max(due, time.monotonic() - 1) + self._chance.expovariate(CHANGES)
                elif not self._storm.is_set():
                    self._calm.set()
                for key, _ in self._selector.select(0.005):
                    try:
                        key.fileobj.accept()[0].close()
                    except OSError:
                        pass  # whoever came is gone already
        except Exception as error:  # pylint: disable=broad-except
            self.error = error
            self._calm.set()

    def _turn(self, port):
        """Opens what is closed and closes what is open."""
        before = time.time()
        listener = self._listeners.pop(port, None)
        if listener:
            self._selector.unregister(listener)
            listener.close()
        else:
            listener = self._lab.socket("cloud")
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((SERVER, port))
            listener.setblocking(False)
            listener.listen(64)
            self._selector.register(listener, selectors.EVENT_READ)
            self._listeners[port] = listener
        self._history[port].append((before, time.time(), port in self._listeners))

    def storm(self):
        """Ports change from now on."""
        self._storm.set()

    def calm(self):
        """No port changes any more."""
        self._calm.clear()
        self._storm.clear()
        assert self._calm.wait(support.GUARD) and not self.error, self.error

    def stop(self):
        """Ends it."""
        self._over = True
        self.join(support.GUARD)
        for listener in self._listeners.values():
            listener.close()

    def closed(self):
        """The checks of what is closed now; only while it is calm."""
        return {name_of(port) for port in self._history if port not in self._listeners}

    def changes(self):
        """How often a port opened or closed."""
        return sum(len(rows) for rows in self._history.values())

    def was(self, port, is_open, begin, end):
        """Whether the port may have been so at some moment of that time."""
        rows = self._history[port]
        follow = [(*row, rows[i + 1][1] if i + 1 < len(rows) else float("inf")) for i, row in enumerate(rows)]
        return any(state == is_open and before <= end and until >= begin for before, _, state, until in follow)


class Heard:
    """What a sink got, in its order, with every repetition."""

    def __init__(self):
        self.all = []
        self.last = {}  # kind by check

    def add(self, event):
        """The next one."""
        self.all.append(event)
        if event["check"]:
            self.last[event["check"]["id"]] = event["kind"]

    def down(self):
        """The checks whose last event is an outage."""
        return {check for check, kind in self.last.items() if kind == "check.down"}


def name_of(port):
    return f"custom/p{port}"


def once(events):
    """Each where it came first."""
    found = {}
    for event in events:
        found.setdefault(event["id"], event)
    return list(found.values())


class Storm:
    """The daemon's surroundings: the world that it watches, and those whom it tells."""

    def __init__(self, test):
        self.test, self.lab = test, test.lab
        self.folder = self.lab.folder / "storm"
        self.folder.mkdir()
        self.chance = random.Random(SEED)
        self.lab.add_address("cloud", SERVER)
        self.world = World(self.lab, PORTS, random.Random(SEED + 1))
        self.world.start()
        test.addCleanup(self.world.stop)
        self.hook, self.alertmanager = (receivers.Receiver(self.lab, "site", address) for address in (HOOK, ALERTS))
        for receiver in (self.hook, self.alertmanager):
            receiver.open()
            test.addCleanup(receiver.close)
        self.journal = self.folder / "state" / "journal.sqlite"
        self.config = self.folder / "reachd.yaml"
        checks = [{"name": f"p{port}", "probe": "tcp", "target": f"{SERVER}:{port}"} for port in PORTS]
        self.config.write_text(CONFIG.format(
            state=self.folder / "state", checks=json.dumps(checks), hook=self.hook.address,
            alerts=self.alertmanager.address), encoding="ascii")
        self.by_file, self.by_hook = Heard(), Heard()
        self.torn = []  # what a kill left of lines
        self.alerts = {}  # check: (startsAt, endsAt)
        self.starts = collections.defaultdict(list)  # check: every startsAt, in order
        self._read = [0, 0, 0]

    def listen(self):
        """Takes note of what has come since."""
        with open(self.folder / "lines.jsonl", "rb") as file:
            file.seek(self._read[0])
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self._read[0] += len(line)
                try:
                    self.by_file.add(json.loads(line))
                except ValueError:
                    self.torn.append(line)
        for request in self._new(self.hook, 1):
            event = json.loads(request.body)
            self.test.assertEqual(request.headers["Idempotency-Key"], event["id"])
            self.by_hook.add(event)
        for request in self._new(self.alertmanager, 2):
            self.test.assertEqual(request.path, "/api/v2/alerts")
            for alert in json.loads(request.body):
                self._alert(alert)

    def _new(self, receiver, index):
        requests = receiver.requests()
        begin, self._read[index] = self._read[index], len(requests)
        # Of a daemon that died meanwhile the rest of a body never comes.
        return [request for request in requests[begin:]
                if request.accepted and len(request.body) == int(request.headers["Content-Length"])]

    def _alert(self, alert):
        check = alert["labels"].get("check")
        self.test.assertEqual((alert["labels"]["alertname"], bool(check)), ("RequiredPortClosed", True), alert)
        start = alert["startsAt"]
        if start not in self.starts[check]:
            self.starts[check].append(start)
        self.alerts[check] = (start, support.seconds_of(alert["endsAt"]))

    def open_alerts(self):
        """The checks whose alert is open."""
        now = time.time()
        return {check for check, (_, end) in self.alerts.items() if end > now}

    def settle(self):
        """Waits until everybody knows the truth."""
        self.world.calm()
        closed = self.world.closed()

        def agreed():
            self.listen()
            return self.by_file.down() == self.by_hook.down() == self.open_alerts() == closed

        try:
            support.wait_for("all to know the truth", agreed, 2 * support.GUARD)
        except AssertionError as error:
            wrong = {name: sorted(told ^ closed) for name, told in (
                ("file", self.by_file.down()), ("webhook", self.by_hook.down()), ("alerts", self.open_alerts()))}
            raise AssertionError(f"seed {SEED}: {error}: wrong are {wrong}\n{self.log()[-3000:]}") from error

    def log(self):
        """What all the daemons said."""
        return (self.lab.folder / "storm.log").read_text(errors="replace")

    def check_copy(self):
        """What a kill left on the disk is a whole database; the daemon's own is not touched."""
        copy = self.folder / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.journal.parent, copy)
        self.test.assertEqual(integrity(copy / self.journal.name), ["ok"])


def integrity(path):
    """What SQLite says of the file."""
    connection = sqlite3.connect(path)
    try:
        return [row[0] for row in connection.execute("PRAGMA integrity_check")]
    finally:
        connection.close()
