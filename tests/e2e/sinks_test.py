"""Every sink beside the others: a webhook that fails in every way before it accepts, rsyslog over UDP, TCP and TLS, a
file, and mail by Postfix with STARTTLS and a login. All events arrive everywhere, in order, whoever is slow."""

import email
import email.policy
import hashlib
import hmac
import json
import re
import time

import receivers
import support
import watched

HOOK, SERVICES = "10.77.1.20", "10.77.1.30"
SECRET, PASSWORD = "lab secret", "lab password"
PORTS = {f"c{i}": 8000 + i for i in range(4)}
ALERTING = """
alerting:
  external_url: https://reachd.example.com/
  flapping: {{changes: 1000, within: 1m}}
  sinks:
    - {{name: hook, type: webhook, url: "https://{hook}/hook", secret_file: hook.secret, timeout: {timeout},
       tls: {{ca_file: "{authority}"}}}}
    - {{name: lines, type: file, path: lines.jsonl}}
    - {{name: picked, type: file, path: picked.jsonl, match: "name=c1", min_severity: critical}}
{more}"""
MORE = """
    - {{name: udp, type: syslog, address: "udp://{services}:514", facility: local0}}
    - {{name: tcp, type: syslog, address: "tcp://{services}:514", facility: local0}}
    - {{name: tls, type: syslog, address: "tls://{services}:6514", facility: local0, tls: {{ca_file: "{authority}"}}}}
    - {{name: mail, type: smtp, address: "{services}:25", starttls: true, user: reachd, password_file: mail.password,
       from: reachd@example.org, to: [noc@example.com], tls: {{ca_file: "{authority}"}}}}
"""


class SinksTest(support.LabTestCase):
    authority = certificates = None

    @classmethod
    def set_up_lab(cls):
        watched.serve(cls.lab)
        cls.authority = support.certificates.Authority(cls.lab.folder / "ca")
        cls.certificates = [cls.authority.issue("hook", [HOOK]), cls.authority.issue("other", ["other.example.com"])]
        pair = cls.authority.issue("services", [SERVICES])
        support.services.syslog(cls.lab, "site", SERVICES, pair, cls.authority.file)
        support.services.smtp(cls.lab, "site", SERVICES, pair, users={"reachd": PASSWORD})

    def receiver(self):
        made = receivers.Receiver(self.lab, "site", HOOK, *self.certificates)
        self.addCleanup(made.close)
        return made

    def watch(self, name, receiver, timeout="2s", more=""):
        more = more.format(services=SERVICES, authority=self.authority.file)
        ground = watched.Watched(self, name, PORTS, ALERTING.format(
            hook=receiver.address, timeout=timeout, authority=self.authority.file, more=more))
        for file, text in (("hook.secret", SECRET), ("mail.password", PASSWORD)):
            (ground.folder / file).write_text(text + "\n", encoding="ascii")
            (ground.folder / file).chmod(0o600)
        return ground

    def received_syslog(self):
        """What rsyslog understood: {input: {event id: fields}}."""
        found = {"udp": {}, "tcp": {}, "tls": {}}
        path = self.lab.folder / "syslog" / "received"
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
            names = ("input", "pri", "time", "host", "app", "process", "kind", "data", "text")
            row = dict(zip(names, line.split("\t")))
            identity = re.search(r' id="([0-9A-Z]{26})"', row.get("data", ""))
            if identity and row["input"] in found:
                found[row["input"]][identity[1]] = row
        return found

    def mails(self):
        """The mails in the box."""
        box = self.lab.folder / "smtp" / "mail" / "inbox" / "new"
        return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
                for path in sorted(box.iterdir())] if box.exists() else []

    def mailed(self):
        """The ids of the events that the mails tell of."""
        return {identity for mail in self.mails() for identity in re.findall(r"(?m)^Event (\w{26})", mail.get_content())}

    def test_all_events_reach_all_sinks(self):
        hook = self.receiver()
        ground = self.watch("all", hook, more=MORE)
        ground.start()
        ground.close()
        ground.wait_events("check.down", PORTS)
        support.wait_for("a refused connection", lambda: ground.deliveries("hook", "failed"))
        hook.fail(*receivers.FAILURES)
        hook.open()
        for change, kind in ((ground.open, "check.up"), (ground.close, "check.down"), (ground.open, "check.up")):
            change()
            events = ground.wait_events(kind, PORTS)
        ids = [event["id"] for event in events]
        self.assertEqual([event["kind"] for event in events if event["check"] and event["check"]["name"] == "c0"],
                         ["check.down", "check.up"] * 2)

        support.wait_for("all at the webhook", lambda: not hook.failing() and
                         {request.headers["X-Reachd-Delivery"] for request in hook.accepted()} >= set(ids) and
                         ground.deliveries("hook", "delivered") >= len(ids), timeout=60)
        self.check_webhook(ground, hook, events)
        support.wait_for("all at rsyslog", lambda: all(
            set(ids) <= set(rows) for rows in self.received_syslog().values()))
        self.check_syslog(events)
        support.wait_for("all in the mails", lambda: self.mailed() >= set(ids), timeout=60)
        self.check_mail(events)

        self.assertEqual(ground.lines("picked.jsonl"),
                         [event for event in events if event["check"] and event["check"]["name"] == "c1"])
        self.assertEqual(ground.journal(), events)
        self.assertNotIn(SECRET, ground.daemon.log)
        self.assertNotIn(PASSWORD, ground.daemon.log)

    def check_webhook(self, ground, hook, events):
        self.assertEqual(sorted(hook.met()), sorted(receivers.FAILURES), "each way to fail was met")
        self.assertEqual(hook.too_early, 0, "Retry-After is obeyed")
        keys = [request.headers["Idempotency-Key"] for request in hook.accepted()]
        self.assertEqual([keys.count(key) for key in hook.late], [2], "taken, but told too late: again under the same key")
        place = {event["id"]: number for number, event in enumerate(events)}
        last = {}
        for request in hook.requests():
            event = json.loads(request.body)
            self.assertEqual(event, events[place[event["id"]]])
            headers = request.headers
            self.assertEqual((headers["X-Reachd-Delivery"], headers["Idempotency-Key"], headers["X-Reachd-Event"]),
                             (event["id"], event["id"], event["kind"]))
            signed = headers["X-Reachd-Timestamp"].encode() + b"." + request.body
            self.assertEqual(headers["X-Reachd-Signature"],
                             "sha256=" + hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest())
            self.assertLess(abs(time.time() - int(headers["X-Reachd-Timestamp"])), 300)
            of = event["check"] and event["check"]["id"]
            self.assertGreaterEqual(place[event["id"]], last.get(of, -1), "in order per check, repetitions too")
            last[of] = place[event["id"]]
        self.assertEqual(ground.deliveries("hook", "delivered"), len(events))
        self.assertGreaterEqual(ground.deliveries("hook", "failed"), len(receivers.FAILURES) - 1)
        for outcome in ("refused", "dropped"):
            self.assertEqual(ground.deliveries("hook", outcome), 0)

    def check_syslog(self, events):
        for name, rows in self.received_syslog().items():
            self.assertEqual(list(rows), [event["id"] for event in events], f"{name}: in order, and nothing else")
            for event in events:
                row = rows[event["id"]]
                severity = 5 if event["kind"] == "check.up" else {"critical": 2, "warning": 4, "info": 6}[event["severity"]]
                self.assertEqual((row["pri"], row["host"], row["app"], row["kind"], row["time"], row["text"]),
                                 (str(16 * 8 + severity), "lab", "reachd", event["kind"], event["time"], event["message"]))
                if event["check"]:
                    self.assertIn(f'check="{event["check"]["id"]}"', row["data"])
                    self.assertIn(f'reason="{event["reason"]}"', row["data"])

    def check_mail(self, events):
        told = ""
        for mail in self.mails():
            self.assertEqual((mail["From"], mail["To"]), ("reachd@example.org", "noc@example.com"))
            self.assertRegex(mail["Subject"], r"^\[(critical|warning|info|resolved)\] ")
            self.assertEqual(mail.get_content_type(), "text/plain")
            told += mail.get_content()
        for event in events:
            self.assertIn(event["message"], told)
        self.assertIn("\nReason        refused", told)
        self.assertIn("https://reachd.example.com/", told)
        self.assertEqual(told.count("\nEvent "), len(events), "each once: nothing failed")

    def test_a_file_that_is_moved_away_is_begun_anew(self):
        hook = self.receiver()
        ground = self.watch("rotation", hook)
        ground.start()
        ground.close()
        old = ground.wait_events("check.down", PORTS)
        (ground.folder / "lines.jsonl").rename(ground.folder / "lines.jsonl.1")
        ground.open()
        new = ground.wait_events("check.up", PORTS)
        self.assertEqual(ground.lines("lines.jsonl.1"), old)
        self.assertEqual(old + new, ground.journal())

    def test_who_hangs_delays_nobody_and_gets_everything_after_a_restart(self):
        hook = self.receiver()
        ground = self.watch("hanging", hook, timeout="1m")
        hook.fail(*["hang"] * 100)
        hook.open()
        ground.start()
        for change, kind in ((ground.close, "check.down"), (ground.open, "check.up"), (ground.close, "check.down")):
            before = len(ground.lines())
            change()
            support.wait_for("an event in the file", lambda: len(ground.lines()) > before)  # pylint: disable=cell-var-from-loop
            seen = time.time()
            event = ground.lines()[before]
            self.assertLess(seen - support.seconds_of(event["time"]), 2, "loosely: a hanging receiver takes a minute")
            ground.wait_events(kind, PORTS)
        support.wait_for("the webhook to hang", hook.requests)
        self.assertEqual(hook.accepted(), [])
        code, seconds = ground.daemon.stop()
        self.assertEqual(code, 0, ground.daemon.log)
        self.assertLess(seconds, 1.0, "a stop does not wait for the webhook")

        hook.mend()
        ground.start()
        ground.open()
        events = ground.wait_events("check.up", PORTS)
        support.wait_for("all at the webhook", lambda: len(hook.accepted()) >= len(events))
        got = [json.loads(request.body) for request in hook.accepted()]
        for name in (*PORTS, None):
            of = [[event for event in row if (event["check"] or {}).get("name") == name] for row in (events, got)]
            self.assertEqual(*of, "exactly those, in their order")


if __name__ == "__main__":
    support.main()
