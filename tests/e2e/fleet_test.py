"""The files of packaging/prometheus in a fleet of three vantages, an agent, a server and two Alertmanagers: everything
arrives, what is down from here is told from what is down from everywhere, once, and each rule is about series that exist."""

import json
import re
import subprocess
import time

import fleet
import support
from fleet import ALERTMANAGERS, SERVER, SHIPPED, TARGET, VANTAGES

HERE, EVERYWHERE = "RequiredPortClosed", "RequiredPortClosedEverywhere"


def expressions():
    """The rules as they are shipped: [(recorded name or None, expression)]."""
    found = []
    for path in sorted((SHIPPED / "prometheus/rules").glob("*.yml")):
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#")]
        for rule in re.split(r"\n      - ", "\n".join(lines))[1:]:
            name = re.match(r"record: (\S+)", rule)
            body = re.search(r"\n        expr: (?:\|\n((?:          .*\n?)+)|(.*))", rule)
            found.append((name and name[1], body[1] or body[2]))
    return found


class FleetTest(fleet.FleetTestCase):
    def wait_alerts(self, check, expected):
        """Waits until both Alertmanagers have these open alerts of a check, and no other: {(alertname, vantage)}."""
        seen = {}

        def agree():
            for address in ALERTMANAGERS:
                seen[address] = {(key[0], key[2]) for key in self.fleet.alerts(address) if key[1] == f"custom/{check}"}
            return all(found == expected for found in seen.values())

        try:
            support.wait_for(f"{expected} of {check}", agree)
        except AssertionError as error:
            raise AssertionError(f"{error}: {seen}") from error

    def told(self, check):
        """What the pair told of a check: [(status, alertname, vantage)]."""
        return [(row["status"], row["labels"]["alertname"], row["labels"].get("vantage")) for row in self.fleet.told()
                if row["labels"].get("check") == f"custom/{check}"]

    # ---- the topology

    def test_every_vantage_arrives_under_its_own_name(self):
        expected = {(vantage, instance) for vantage, (_, _, instance) in VANTAGES.items()}
        support.wait_for("all vantages", lambda: expected == {
            (row["vantage"], row["instance"]) for row, _ in self.fleet.query('reachd_vantage_info{job="reachd"} == 1')})
        self.assertEqual({row["instance"] for row, value in self.fleet.query("up") if value == 1},
                         {instance for _, _, instance in VANTAGES.values()})
        scraped = {row["labels"]["instance"] for row in self.fleet.api("targets")["activeTargets"]}
        self.assertNotIn(fleet.AGENT, scraped, "what the agent pushes is not scraped")

    def test_what_an_agent_could_not_push_it_pushes_later(self):
        probes = f'reachd_probes_total{{instance="{fleet.AGENT}",check="custom/server"}}'
        support.wait_for("the agent", lambda: self.fleet.query(probes))

        def count():
            return self.fleet.daemons["ams"].checks()["custom/server"]["probes"]

        self.lab.close(SERVER, 9090)
        began, first = time.time(), count()
        support.wait_for("probes that nobody hears of", lambda: count() >= first + 8)
        ended = time.time()
        self.assertLessEqual(self.fleet.query(f"timestamp({probes})")[0][1], began)
        self.lab.open_all()
        support.wait_for("what was missed", lambda: self.fleet.query(f"{probes} > {first + 8}"))
        samples = self.fleet.api("query", query=f"{probes}[10m]")["result"][0]["values"]
        missed = [at for at, _ in samples if began < at < ended]
        self.assertGreater(len(missed), (ended - began) / 0.5 / 2, "about one sample a scrape, as if nothing had been")

    # ---- from here, from everywhere

    def test_down_from_here_is_told_from_down_from_everywhere(self):
        self.wait_alerts("walled", {(HERE, "ams")})
        self.wait_alerts("closed", {(EVERYWHERE, None)})
        self.wait_alerts("luxury", {("OptionalPortClosed", vantage) for vantage in VANTAGES})
        for quiet in ("server", "behind", "window", "own", "named"):
            self.wait_alerts(quiet, set())
        alerts = self.fleet.alerts(ALERTMANAGERS[0])
        walled = alerts[HERE, "custom/walled", "ams", "critical"]
        self.assertEqual(walled["labels"], {
            "alertname": HERE, "severity": "critical", "vantage": "ams", "site": "ams", "product": "custom",
            "check": "custom/walled", "target": f"{TARGET}:8080", "port": "8080"})
        self.assertRegex(walled["annotations"]["description"],
                         r"^Reached from 2 other vantages: look at the way from ams\. In the last 10 minutes \d+ times timeout\.$")
        closed = alerts[EVERYWHERE, "custom/closed", None, "critical"]
        self.assertEqual(closed["annotations"]["summary"],
                         f"{TARGET}:8081 can't be reached from any of 3 vantages (custom/closed)")
        for vantage in VANTAGES:
            self.assertIn(f"From {vantage}: refused.", closed["annotations"]["description"])

    def test_an_outage_is_told_once_by_the_pair_and_moves_with_what_is_known(self):
        support.wait_for("verdicts of all", lambda: [value for _, value in self.fleet.query(
            'check:reachd_vantages_up:sum{check="custom/server"}')] == [3.0])
        self.lab.close(TARGET, 8082)
        self.wait_alerts("server", {(EVERYWHERE, None)})
        support.wait_for("the message", lambda: ("firing", EVERYWHERE, None) in self.told("server"))
        # The server mends; a wall before one vantage is left.
        self.addCleanup(self.fleet.wall, ("ams", 8080))
        self.fleet.wall(("ams", 8080), ("lon", 8082))
        self.lab.open_all()
        self.wait_alerts("server", {(HERE, "lon")})
        support.wait_for("both messages", lambda: len(self.told("server")) >= 3)
        self.fleet.wall(("ams", 8080))
        self.wait_alerts("server", set())
        support.wait_for("the end", lambda: len(self.told("server")) >= 4)
        self.assertEqual(sorted(self.told("server"), key=str), sorted([
            ("firing", EVERYWHERE, None), ("resolved", EVERYWHERE, None), ("firing", HERE, "lon"),
            ("resolved", HERE, "lon")], key=str), "each once, though two Alertmanagers know of it")

    def test_a_device_that_is_down_is_one_alert_a_vantage(self):
        expected = {("HeldByDependency", "chassis-1", vantage, "critical") for vantage in VANTAGES}
        support.wait_for("the chassis", lambda: expected <= {
            key for key, alert in self.fleet.alerts(ALERTMANAGERS[0]).items() if alert["status"]["state"] == "active"})
        about = [key for key in self.fleet.alerts(ALERTMANAGERS[0]) if key[1] and "/chassis-1" in key[1]]
        self.assertEqual(about, [], "its ports say nothing of their own")

    def test_what_is_said_already_is_inhibited(self):
        portal = "custom/portal"

        def quiet():
            alerts = self.fleet.alerts(ALERTMANAGERS[1])
            return (HERE, "custom/walled", "ams", "critical") in alerts and all(alerts.get(key, {"status": {"state": "missing"}})["status"]["state"] == "suppressed" for key in (
                ("CertificateExpiring", portal, None, "warning"), *(("RequiredPortsBudgetBurning", product, "lon", "critical") for product in ("custom", "xclarity-administrator")),
                ("HeldByDependency", "custom", "lon", "critical")))

        support.wait_for("the inhibitions", quiet)
        alerts = self.fleet.alerts(ALERTMANAGERS[1])
        self.assertEqual(alerts["CertificateExpiring", portal, None, "critical"]["status"]["state"], "active")
        self.assertEqual(alerts[HERE, "custom/walled", "ams", "critical"]["status"]["state"], "active")

    def test_trouble_of_one_host_says_nothing_of_another(self):
        def alert(instance, severity, trouble):
            return {"labels": {"alertname": "MonitorDegraded", "job": "reachd", "instance": instance, "severity": severity, "trouble": trouble}}

        posted = [alert("dead.example.com", "critical", "not_scraped"), alert("dead.example.com", "warning", "journal"),
                  alert("other.example.com", "warning", "journal")]
        status, _, body = self.lab.http("site", ALERTMANAGERS[0], 9093, "/api/v2/alerts", "POST",
                                        {"Content-Type": "application/json"}, json.dumps(posted))
        self.assertEqual(status, 200, body)

        def states():
            rows = json.loads(self.lab.http("site", ALERTMANAGERS[0], 9093, "/api/v2/alerts")[2])
            return {(row["labels"]["instance"], row["labels"]["severity"]): row["status"]["state"] for row in rows
                    if row["labels"].get("instance", "").endswith(".example.com") and row["labels"]["alertname"] == "MonitorDegraded"
                    and row["labels"]["instance"] != fleet.AGENT}

        expected = {("dead.example.com", "critical"): "active", ("dead.example.com", "warning"): "suppressed",
                    ("other.example.com", "warning"): "active"}
        support.wait_for("the inhibition", lambda: states() == expected)

    # ---- rules and series

    def test_every_rule_is_well_and_every_recorded_series_exists(self):
        self.fleet.wait_recorded()
        support.wait_for("the other records", lambda: self.fleet.query("check:reachd_down_everywhere:count"))
        rules = [rule for group in self.fleet.api("rules")["groups"] for rule in group["rules"]]
        self.assertEqual(len(rules), len(expressions()))
        for rule in rules:
            self.assertEqual((rule["health"], rule.get("lastError", "")), ("ok", ""), rule["name"])
            if rule["type"] == "recording":
                self.assertTrue(self.fleet.query(rule["name"]), rule["name"])

    def test_no_rule_names_a_series_or_a_label_that_the_daemon_does_not_have(self):
        self.fleet.wait_recorded()
        self.assertEqual(self.fleet.unknown(text for _, text in expressions()), set())

    def test_the_series_of_the_rules_tests_are_those_of_the_daemon(self):
        self.fleet.wait_recorded()
        for path in sorted((SHIPPED / "prometheus/rules/tests").glob("*.yml")):
            for name, text in sorted(set(re.findall(r"series: '(\w+)\{(.*?)\}'", path.read_text(encoding="utf-8")))):
                real = self.fleet.api("series", **{"match[]": name})
                self.assertTrue(real, name)
                known = set().union(*real)
                self.assertLessEqual(set(fleet.LABELS.findall(text)), known, name)

    def test_the_tools_find_nothing_to_say(self):
        rules = sorted(str(path) for path in (SHIPPED / "prometheus/rules").glob("*.yml"))
        tests = sorted(str(path) for path in (SHIPPED / "prometheus/rules/tests").glob("*.yml"))
        self.assertEqual((len(rules), len(tests)), (2, 2))
        folder = SHIPPED / "prometheus"
        for command in (["promtool", "check", "config", folder / "prometheus.yml"],
                        ["promtool", "check", "config", folder / "discovery.yml"],
                        ["promtool", "check", "config", "--agent", folder / "agent.yml"],
                        ["promtool", "check", "rules", "--lint=all", "--lint-fatal", *rules],
                        ["promtool", "test", "rules", *tests],
                        ["amtool", "check-config", folder / "alertmanager.yml"]):
            done = subprocess.run(command, capture_output=True, text=True, timeout=support.GUARD, check=False)
            self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    support.main()
