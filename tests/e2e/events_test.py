"""What happened, as each way to ask tells it: the file sink, `reachd events`, the API's pages, the stream over its breaks,
and the report over the time without a daemon. And a device's outage, which is one alert."""

import http.client
import json
import signal
import socket
import threading
import time
import urllib.parse

import support
import watched

PORTS = {f"c{i}": 8000 + i for i in range(3)}
ALERTING = """
alerting:
  flapping: {changes: 1000, within: 1m}
  sinks:
    - {name: lines, type: file, path: lines.jsonl}
    - {name: pager, type: file, path: pager.jsonl, suppressed: false}
"""
CHASSIS = "10.30.0.10"
CHASSIS_PORTS = {22, 427, 443, 5989, 6091}
DEVICE = """
devices: {{interval: 1s, timeout: 800ms, down_after: 2, confirm_interval: 200ms, up_after: 1, per_host: 4, per_host_gap: 0ms}}
products:
  - product: xclarity-administrator
    appliance: {server}
    devices: [{{name: chassis-1, type: flex_cmm, address: {chassis}}}]
"""


class Stream:
    """/api/v1/stream as a browser reads it: events as they come, until it is cut or closed."""

    def __init__(self, daemon, last=None):
        client = http.client.HTTPConnection("127.0.0.1", daemon.port)
        client.sock = self._socket = daemon.lab.connect(daemon.place, "127.0.0.1", daemon.port, support.GUARD)
        client.request("GET", "/api/v1/stream", headers={"Last-Event-ID": last} if last else {})
        self._answer = client.getresponse()
        assert self._answer.status == 200 and self._answer.headers["Content-Type"] == "text/event-stream"
        self.events = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        fields = {}
        try:
            for raw in self._answer:
                line = raw.decode().rstrip("\n")
                if line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                    continue
                if "data" in fields:
                    event = json.loads(fields["data"])
                    assert (fields["id"], fields["event"]) == (event["id"], event["kind"]), fields
                    self.events.append(event)
                fields = {}
        except (OSError, http.client.HTTPException):
            pass  # it was cut

    def wait(self, kind, names):
        """Waits until an event of that kind came of each of these checks."""
        support.wait_for(f"{kind} of {list(names)} in the stream", lambda: set(names) <= {
            event["check"]["name"] for event in list(self.events) if event["kind"] == kind})

    def wait_end(self):
        """Waits until the other side has ended it."""
        self._thread.join(support.GUARD)
        assert not self._thread.is_alive(), "the stream did not end"

    def cut(self):
        """Ends it from this side."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self.wait_end()


class EventsTest(support.LabTestCase):
    @classmethod
    def set_up_lab(cls):
        watched.serve(cls.lab)
        pair = support.certificates.self_signed(cls.lab.folder, "chassis", ["chassis.invalid"])
        cim = {"/": """add_header WWW-Authenticate 'Basic realm="cim"' always; return 401;"""}
        support.servers.web(cls.lab, "devices", [{"listen": f"{CHASSIS}:443", "certificate": pair},
                                                 {"listen": f"{CHASSIS}:5989", "certificate": pair, "locations": cim}])
        support.servers.ssh(cls.lab, "devices", [CHASSIS])
        support.servers.stubs(cls.lab, "devices", f"udp-slp@{CHASSIS}:427", f"slp@{CHASSIS}:427", f"hold@{CHASSIS}:6091,{pair[0]},{pair[1]}", name="chassis")

    def watch(self, name, more=""):
        return watched.Watched(self, name, PORTS, ALERTING + more)

    def test_every_record_says_the_same(self):
        ground = self.watch("records")
        ground.start()
        with open(ground.folder / "followed.jsonl", "ab") as out, open(ground.folder / "follow.log", "ab") as log:
            follow = self.lab.spawn("follow", "host", support.REACHD, "events", "--json", "--follow", "--config",
                                    ground.config, stdout=out, stderr=log)
        for change, kind in ((ground.close, "check.down"), (ground.open, "check.up")) * 2:
            change()
            events = ground.wait_events(kind, PORTS)
        text = (ground.folder / "lines.jsonl").read_text(encoding="utf-8")
        self.assertEqual(ground.command("events", "--json"), text, "byte by byte")
        self.assertEqual(events[0]["kind"], "daemon.started")
        self.assertEqual([event["id"] for event in events], sorted({event["id"] for event in events}))
        support.wait_for("the follower", lambda: ground.lines("followed.jsonl") == events)
        self.lab.end(follow)

        one = [json.loads(line) for line in ground.command(
            "events", "--json", "--check", "custom/c1", "--kind", "check.down").splitlines()]
        self.assertEqual(one, [event for event in events if event["kind"] == "check.down" and event["check"]["name"] == "c1"])
        table = ground.command("events").splitlines()
        self.assertEqual(len(table), len(events))
        for line, event in zip(table, events):
            self.assertIn(event["message"], line)
        self.pages(ground, events)
        ground.daemon.stop()
        stopped = ground.journal()
        self.assertEqual(stopped[:len(events)], events, "without the daemon too")
        self.assertEqual([event["kind"] for event in stopped[len(events):]], ["daemon.stopped"])
        self.assertEqual(ground.lines(), stopped)

    def pages(self, ground, events):
        """The API's pages, both ways, and its filters."""
        for order, key in (("asc", "after"), ("desc", "before")):
            query, got = {"order": order, "limit": 4}, []
            while query:
                page = self.get(ground, "/api/v1/events?" + urllib.parse.urlencode(query))
                self.assertLessEqual(len(page["events"]), 4)
                got += page["events"]
                query = query | {key: page["next"]} if page["next"] else None
            self.assertEqual(got, events if order == "asc" else events[::-1])
        page = self.get(ground, "/api/v1/events?order=asc&kind=check.up&name=c0&name=c2")
        self.assertEqual(page["events"], [event for event in events if event["kind"] == "check.up"
                                          and event["check"]["name"] in ("c0", "c2")])

    def get(self, ground, path):
        status, _, body = ground.daemon.http(path)
        self.assertEqual(status, 200, body)
        return json.loads(body)

    def test_the_stream_goes_on_where_it_was_cut(self):
        ground = self.watch("stream")
        ground.start()
        stream = Stream(ground.daemon)
        ground.close("c0")
        stream.wait("check.down", ["c0"])
        stream.cut()
        got = stream.events
        self.assertEqual([event["kind"] for event in got], ["check.down"], "only what is new, at first")

        ground.close("c1")
        ground.wait_events("check.down", ["c1"])
        stream = Stream(ground.daemon, got[-1]["id"])
        stream.wait("check.down", ["c1"])
        for how in (signal.SIGTERM, signal.SIGKILL):
            ground.daemon.stop(how)
            stream.wait_end()
            got += stream.events
            ground.start()
            ground.close("c2")
            ground.wait_events("check.down", ["c2"])
            stream = Stream(ground.daemon, got[-1]["id"])
            stream.wait("check.down", ["c2"])
            ground.open("c2")
            stream.wait("check.up", ["c2"])
        stream.cut()
        got += stream.events
        journal = ground.journal()
        begin = next(number for number, event in enumerate(journal) if event["id"] == got[0]["id"])
        self.assertEqual(got, journal[begin:], "everything once, in order")
        kinds = [event["kind"] for event in got if not event["check"]]
        self.assertEqual(kinds, ["daemon.stopped", "daemon.started", "daemon.started"])

    def test_time_without_the_daemon_is_not_observed(self):
        ground = self.watch("report")
        ground.start()
        ground.close("c1")
        ground.wait_events("check.down", ["c1"])
        begin = time.time()
        for how in (signal.SIGTERM, signal.SIGKILL):
            ground.daemon.stop(how)
            stopped = time.time()
            support.wait_for("time without the daemon", lambda: time.time() > stopped + 3)  # pylint: disable=cell-var-from-loop
            ground.start()
            started = time.time()
            support.wait_for("time with it", lambda: time.time() > started + 2)  # pylint: disable=cell-var-from-loop
            end = time.time()
            report = self.report(ground, begin, end)
            window = end - begin
            for name, state in (("c0", "up"), ("c1", "down")):
                row = report[f"custom/{name}"]
                told = json.dumps(row)
                self.assertAlmostEqual(row["up"] + row["down"] + row["degraded"] + row["not_observed"], window, delta=0.1)
                self.assertGreaterEqual(row["not_observed"], 3, told)
                self.assertGreaterEqual(row[state], 1.5, told)
                self.assertEqual(row["availability"], 1 if state == "up" else 0, told)
                if how == signal.SIGTERM:
                    # What a killed daemon saw last, it may not have noted.
                    self.assertLessEqual(row["not_observed"], started - stopped + 1, told)
            begin = end

    def report(self, ground, begin, end):
        """The rows of a report by check: the same from the command and from the API."""
        window = [_rfc3339(moment) for moment in (begin, end)]
        told, = json.loads(ground.command("report", "--json", "--from", window[0], "--to", window[1]))
        self.assertEqual(self.get(ground, "/api/v1/report?" + urllib.parse.urlencode(
            {"from": window[0], "to": window[1]}))["checks"], told["checks"])
        return {row["check"]: row for row in told["checks"]}

    def test_a_device_that_falls_silent_is_one_alert(self):
        ground = self.watch("device", DEVICE.format(server=watched.SERVER, chassis=CHASSIS))
        ground.start()
        children = {row["check"]: row["port"] for row in json.loads(ground.command("plan", "--json"))
                    if row["device"] == "chassis-1" and row["transport"] == "tcp"}
        self.assertEqual(set(children.values()), CHASSIS_PORTS)
        for child in children:
            ground.daemon.wait_state(child, "up")

        self.lab.close(CHASSIS, None)
        support.wait_for("the children to be held back", lambda: self.held(ground) == set(children))
        down, = support.wait_for("the page", lambda: self.paged(ground))
        self.assertEqual((down["kind"], down["check"]["id"], down["check"]["device"]),
                         ("check.down", "device/chassis-1", "chassis-1"))
        self.assertEqual((sorted(down["affected"]), down["affected_count"]), (sorted(children), len(children)))
        held = [event for event in ground.lines() if event["check"] and event["check"]["id"] in children]
        self.assertEqual({(event["kind"], event["suppressed_by"], event["parent"]) for event in held},
                         {("check.down", "dependency", "device/chassis-1")})
        self.assertEqual(sorted(event["check"]["id"] for event in held), sorted(children))

        # It comes back, but for one port: that is its own alert then.
        closed = next(child for child, port in children.items() if port == 6091)
        self.lab.close(CHASSIS, 6091)
        self.lab.open(CHASSIS, None)
        support.wait_for("what is left", lambda: len(self.paged(ground)) >= 3)
        self.assertEqual([(event["kind"], event["check"]["id"]) for event in self.paged(ground)],
                         [("check.down", "device/chassis-1"), ("check.up", "device/chassis-1"), ("check.down", closed)])
        for child in set(children) - {closed}:
            ground.daemon.wait_state(child, "up")
        support.wait_for("nothing to be held back", lambda: self.held(ground) == set())
        self.lab.open(CHASSIS, 6091)
        support.wait_for("its recovery", lambda: len(self.paged(ground)) >= 4)
        self.assertEqual([(event["kind"], event["check"]["id"]) for event in self.paged(ground)[3:]],
                         [("check.up", closed)])

    def paged(self, ground):
        """What called somebody about the chassis."""
        return [event for event in ground.lines("pager.jsonl") if event["check"] and event["check"]["device"] == "chassis-1"]

    def held(self, ground):
        """Whose alerts a parent holds back, by check id."""
        return {line.split('check="', 1)[1].split('"', 1)[0] for line in ground.daemon.metrics().splitlines()
                if line.startswith("reachd_check_suppressed{") and 'by="dependency"' in line and line.endswith(" 1")}


def _rfc3339(moment):
    """A Unix time with milliseconds."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)) + f".{int(moment % 1 * 1000):03}Z"


if __name__ == "__main__":
    support.main()
