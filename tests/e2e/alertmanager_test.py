"""Two real Alertmanagers get the state of things: one alert from the confirming probe until recovery, the same on both,
and after restarts, reloads and maintenance exactly what is true and nothing twice."""

import json
import signal
import time
import urllib.parse

import receivers
import support
import watched
from watched import SERVER

INSTANCES = {"one": "10.77.1.10", "two": "10.77.1.11"}
KINDS = {"SIGTERM": signal.SIGTERM, "SIGKILL": signal.SIGKILL}
ALERTING = """
alerting:
  external_url: https://reachd.example.com/
  resend: 1s
  flapping: {{changes: 1000, within: 1m}}
  sinks: [{{name: am, type: alertmanager, urls: ["http://{one}:9093", "http://{two}:9093"]}}]
""".format(**INSTANCES)


class AlertmanagerTest(support.LabTestCase):
    instances = {}
    receiver = None

    @classmethod
    def set_up_lab(cls):
        watched.serve(cls.lab)
        cls.receiver = receivers.Receiver(cls.lab, "site", "10.77.1.20")
        cls.receiver.open()
        cls.addClassCleanup(cls.receiver.close)
        for name in INSTANCES:
            cls.start_instance(name)

    @classmethod
    def start_instance(cls, name):
        cls.instances[name] = support.servers.alertmanager(
            cls.lab, "site", INSTANCES[name], f"http://{cls.receiver.address}/{name}", name=name)

    def watch(self, name, ports):
        """Checks of these ports, told to both."""
        return watched.Watched(self, name, ports, ALERTING)

    def stop_instance(self, name):
        self.lab.end(self.instances[name])

    def alerts(self, instance):
        """The open alerts by the name of their check, as the API shows them; a name twice is an error."""
        status, _, body = self.lab.http("host", INSTANCES[instance], 9093, "/api/v2/alerts")
        self.assertEqual(status, 200, body)
        found = {}
        for alert in json.loads(body):
            name = alert["labels"].get("check", "").removeprefix("custom/")
            self.assertNotIn(name, found, body)
            found[name] = alert
        return found

    def told(self, instance, name):
        """What that instance told the world of a check: rows of the webhook."""
        return [row for row in receivers.told_by_alertmanager(self.receiver, f"/{instance}")
                if row["labels"]["check"] == f"custom/{name}"]

    def messages(self, instance, name):
        """The same in words."""
        return [row["status"] for row in self.told(instance, name)]

    def wait_open(self, *names, instances=tuple(INSTANCES)):
        for instance in instances:
            support.wait_for(f"{names} at {instance}", lambda: set(names) <= set(self.alerts(instance)))

    def wait_told(self, name, words, instances=tuple(INSTANCES)):
        for instance in instances:
            support.wait_for(f"{instance} to tell {words} of {name}", lambda: self.messages(instance, name) == words)

    def test_one_alert_from_the_confirming_probe_until_recovery(self):
        ground = self.watch("recovery", {"r-port": 8000, "r-other": 8001})
        ground.start()
        before = time.time()
        ground.close("r-port")
        self.wait_told("r-port", ["firing"])
        fingerprints = set()
        for instance in INSTANCES:
            alert = self.alerts(instance)["r-port"]
            fingerprints.add(alert["fingerprint"])
            self.assertEqual(alert["labels"], {
                "alertname": "RequiredPortClosed", "severity": "critical", "vantage": "lab", "product": "custom",
                "check": "custom/r-port", "target": f"{SERVER}:8000", "port": "8000", "site": "ams"})
            notes = alert["annotations"]
            self.assertEqual((notes["reason"], notes["phase"], notes["address"]),
                             ("refused", "connect", f"{SERVER}:8000"))
            self.assertIn("r-port", notes["summary"])
            self.assertTrue(alert["generatorURL"].startswith("https://reachd.example.com/"), alert)
            self.assertIn("r-port", urllib.parse.unquote(alert["generatorURL"]))
            self.assertGreaterEqual(support.seconds_of(alert["startsAt"]), before - 1)
            self.assertGreater(support.seconds_of(alert["endsAt"]), time.time())
            self.assertNotIn("r-other", self.alerts(instance))

        self.lab.reject(SERVER, 8000, "admin-prohibited")
        for instance in INSTANCES:
            support.wait_for("the annotations to follow", lambda: self.alerts(instance)["r-port"]["annotations"]["reason"]
                             == "admin_prohibited", timeout=45)
            alert = self.alerts(instance)["r-port"]
            self.assertEqual(alert["annotations"]["offender"], "10.77.0.1")
            self.assertEqual(alert["labels"]["alertname"], "RequiredPortClosed")
            fingerprints.add(alert["fingerprint"])
            self.assertEqual(self.messages(instance, "r-port"), ["firing"], "the same alert goes on")
        self.assertEqual(len(fingerprints), 1, "identity is the same on both, whatever the reason")

        ground.open("r-port")
        self.wait_told("r-port", ["firing", "resolved"])
        for instance in INSTANCES:
            self.assertNotIn("r-port", self.alerts(instance))
            firing, resolved = self.told(instance, "r-port")
            self.assertEqual(firing["startsAt"], resolved["startsAt"])
            self.assertLessEqual(support.seconds_of(resolved["endsAt"]), time.time())

    def test_an_instance_that_starts_again_is_told_what_is_open(self):
        ground = self.watch("instance", {"i-stays": 8000, "i-mends": 8001, "i-breaks": 8002})
        ground.start()
        ground.close("i-stays", "i-mends")
        self.wait_open("i-stays", "i-mends")
        self.stop_instance("two")
        ground.open("i-mends")
        ground.close("i-breaks")
        self.wait_told("i-mends", ["firing", "resolved"], ["one"])
        self.wait_open("i-breaks", instances=["one"])
        support.wait_for("a failed delivery", lambda: ground.deliveries("am", "failed"))
        self.start_instance("two")
        self.wait_open("i-stays", "i-breaks", instances=["two"])
        self.assertNotIn("i-mends", self.alerts("two"))
        self.assertEqual(self.messages("one", "i-stays"), ["firing"])
        self.assertEqual(self.messages("one", "i-breaks"), ["firing"])
        self.wait_told("i-breaks", ["firing"], ["two"])

    def test_after_a_restart_only_what_is_new_is_told(self):
        for how, number in KINDS.items():
            with self.subTest(how):
                self.restart(f"{how.lower()}-", number)
                self.lab.open_all()

    def restart(self, prefix, how):
        names = ("down-down", "down-up", "up-down", "up-up", "down-removed", "down-maintenance", "up-maintenance",
                 "down-later")
        ground = self.watch(prefix + "restart", {prefix + name: 8000 + i for i, name in enumerate(names)})
        ground.start()
        down = [prefix + name for name in names if name.startswith("down-") and name != "down-later"]
        ground.close(*down)
        self.wait_open(*down)
        before = {name: self.alerts("one")[name] for name in down}
        ground.daemon.stop(how)

        ground.open(prefix + "down-up")
        ground.close(prefix + "up-down", prefix + "up-maintenance")
        del ground.ports[prefix + "down-removed"]
        ground.maintenance = [{"name": "now", "checks": f"name={prefix}*-maintenance", "start": _in(-60), "end": _in(600)}]
        ground.start()
        # What comes last comes after all that was to be told of the others.
        support.wait_for("the window to hold", lambda: ground.held("maintenance") ==
                         {prefix + "down-maintenance", prefix + "up-maintenance"})
        ground.wait_state("down", prefix + "up-maintenance")
        ground.close(prefix + "down-later")
        expected = {"down-down": ["firing"], "down-up": ["firing", "resolved"], "up-down": ["firing"], "up-up": [],
                    "down-removed": ["firing", "resolved"], "down-maintenance": ["firing"], "up-maintenance": [],
                    "down-later": ["firing"]}
        for name in sorted(expected, key="down-later".__eq__):
            self.wait_told(prefix + name, expected[name])
        ground.probed()
        for instance in INSTANCES:
            self.assertEqual({name: self.messages(instance, prefix + name) for name in expected}, expected)
            open_now = self.alerts(instance)
            self.assertEqual({name.removeprefix(prefix) for name in open_now if name.startswith(prefix)},
                             {name for name, words in expected.items() if words == ["firing"]})
            for name in (prefix + "down-down", prefix + "down-maintenance"):
                for key in ("fingerprint", "startsAt"):
                    self.assertEqual(open_now[name][key], before[name][key])
        ground.daemon.stop(how)

    def test_a_check_that_a_reload_removes_resolves_its_alert(self):
        ground = self.watch("reload", {"l-gone": 8000, "l-stays": 8001, "l-moved": 8002})
        ground.start()
        ground.close("l-gone", "l-stays", "l-moved")
        self.wait_open("l-gone", "l-stays", "l-moved")
        del ground.ports["l-gone"]
        ground.ports["l-moved"] = 8003  # the same check looks at something else now
        ground.reload()
        self.wait_told("l-gone", ["firing", "resolved"])
        self.wait_told("l-moved", ["firing", "resolved"])
        ground.probed()
        for instance in INSTANCES:
            self.assertEqual(self.messages(instance, "l-stays"), ["firing"])
            self.assertLessEqual({"l-stays"}, set(self.alerts(instance)))

    def test_a_window_stops_the_creation_of_alerts_and_nothing_else(self):
        ground = self.watch("window", {"w-before": 8000, "w-inside": 8001, "w-passing": 8002, "w-mends": 8003})
        ground.start()
        ground.close("w-before", "w-mends")
        self.wait_open("w-before", "w-mends")
        end = time.time() + 14
        ground.maintenance = [{"name": "short", "checks": "name=w-*", "start": _in(1), "end": _in(end - time.time())}]
        ground.reload()
        support.wait_for("the window", lambda: ground.held("maintenance") == set(ground.ports))
        ground.close("w-inside", "w-passing")
        ground.wait_state("down", "w-inside", "w-passing")
        ground.open("w-passing", "w-mends")
        ground.wait_state("up", "w-passing")
        self.wait_told("w-mends", ["firing", "resolved"])
        self.assertLess(time.time(), end, "this machine is too slow for the window")

        self.wait_told("w-inside", ["firing"])
        for instance in INSTANCES:
            late = self.told(instance, "w-inside")[0]
            self.assertGreaterEqual(support.seconds_of(late["startsAt"]), int(end))
            self.assertEqual(self.messages(instance, "w-before"), ["firing"])
            self.assertEqual(self.messages(instance, "w-passing"), [])
        self.assertEqual(ground.held("maintenance"), set())


def _in(seconds):
    """A time from now, in whole seconds of UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


if __name__ == "__main__":
    support.main()
