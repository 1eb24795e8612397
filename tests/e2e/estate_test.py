"""The estate of `./run lab`, watched with both catalogues: all is up, and each breakdown is told as what it is."""

import json
import pathlib
import signal
import subprocess
import sys

import support  # first: it knows where the lab is
import estate
from lab import FIREWALL4

# What the estate leaves out on purpose, so that the lab shows a few open questions: none down but these.
EXPECTED_DOWN = set()


class EstateTest(support.LabTestCase):
    @classmethod
    def set_up_lab(cls):
        cls.estate = estate.Estate(cls.lab)
        cls.estate.start()

    def test_one_pass_finds_everything_up(self):
        done, _ = support.run_in_lab(self.lab, "check", "--config", self.estate.config, "--json", timeout=120)
        answer = json.loads(done.stdout)
        bad = {row["check"]: (row["state"], row["result"]["reason"], row["result"]["message"])
               for row in answer["checks"] if row["state"] not in ("up", "degraded")}
        self.assertEqual({check for check, told in bad.items() if told[0] == "down"}, EXPECTED_DOWN, json.dumps(bad, indent=1))
        products = {row["product"] for row in answer["checks"]}
        self.assertEqual(products, {"flexera-beacon", "xclarity-administrator", "custom"})

    def test_breakdowns(self):
        with support.Daemon(self.estate.config, self.lab) as daemon:
            def one(requirement, host):
                found = [row for row in daemon.checks().values()
                         if row["requirement"] == requirement and host in row["target"]]
                self.assertEqual(len(found), 1, (requirement, host, sorted(daemon.checks())))
                return found[0]["check"]

            batch = one("flexera.3.batch-server", "beacon.flexnetmanager.eu")
            server = one("xclarity.server.https", estate.RACK[0])
            for check in (batch, server):
                daemon.wait_state(check, "up", 60)
            self.lab.drop(estate.BATCH, 443)
            self.lab.reject(estate.RACK[0], 443)
            row = daemon.wait_state(batch, "down", 60)
            self.assertEqual((row["result"]["reason"], row["result"]["phase"]), ("timeout", "connect"))
            row = daemon.wait_state(server, "down", 90)
            self.assertEqual(row["result"]["reason"], "admin_prohibited")
            self.assertEqual(row["result"]["attempts"][0]["offender"], FIREWALL4)
            self.lab.open_all()
            for check in (batch, server):
                daemon.wait_state(check, "up", 60)


    def test_hosts_that_certificates_name_become_checks_and_stay(self):
        check = "flexera.5.observed/ocsp.lab-authority.example:80"
        with support.Daemon(self.estate.config, self.lab) as daemon:
            support.wait_for("the observed host", lambda: check in daemon.checks())
            daemon.wait_state(check, "up")
            self.assertEqual(daemon.stop()[0], 0)
        with support.Daemon(self.estate.config, self.lab) as daemon:
            self.assertIn(check, daemon.checks())  # at once, before any certificate was seen
        plan, _ = support.run_in_lab(self.lab, "plan", "--config", self.estate.config, "--json")
        self.assertIn(check, [row["check"] for row in json.loads(plan.stdout)])


class DemoTest(support.LabTestCase):
    def test_run_lab_shows_a_breakdown_and_cleans_up(self):
        demo = pathlib.Path(estate.__file__).with_name("demo.py")
        with subprocess.Popen([sys.executable, demo, "--reachd", support.REACHD, "--every", "12", "--scenes", "1",
                               "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as child:
            try:
                text = child.communicate(timeout=150)[0]
            finally:
                child.send_signal(signal.SIGKILL)
        self.assertEqual(child.returncode, 0, text)
        self.assertIn("/metrics", text)
        self.assertRegex(text, r"up -> down .*timeout in connect")
        self.assertRegex(text, r"down -> up ")
        left = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True, timeout=30).stdout
        self.assertNotIn(f"reachd-lab-{child.pid}-", left)


if __name__ == "__main__":
    support.main()
