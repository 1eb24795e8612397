"""The daemon's life: start, stop, reload, few descriptors, and what it says of itself."""

import csv
import json
import signal

import support

SERVER = "198.51.100.10"


def config_text(*checks, more=""):
    """A quick configuration with checks as YAML flow maps."""
    return ("vantage: lab\n"
            "defaults: {interval: 1s, timeout: 700ms, confirm_interval: 200ms, down_after: 2, up_after: 1}\n"
            f"{more}checks:\n" + "".join(f"  - {{{check}}}\n" for check in checks))


class DaemonTest(support.LabTestCase):
    @classmethod
    def set_up_lab(cls):
        support.servers.stubs(cls.lab, "cloud", f"hold@{SERVER}:80", f"hold@{SERVER}:81")
        support.servers.dns(cls.lab, "cloud", "198.51.100.53", {"www.example.com": [SERVER]})

    def write(self, *checks, **more):
        path = self.lab.folder / "daemon.yaml"
        path.write_text(config_text(*checks, **more), encoding="ascii")
        return path

    def start(self, config, **options):
        daemon = support.Daemon(config, self.lab, **options)
        self.addCleanup(daemon.__exit__)
        return daemon.__enter__()

    def test_a_verdict_changes_with_reason_and_offender(self):
        daemon = self.start(self.write(f'name: web, probe: tcp, target: "{SERVER}:80"'))
        daemon.wait_state("custom/web", "up")
        self.lab.reject(SERVER, 80)
        row = daemon.wait_state("custom/web", "down")
        self.assertEqual(row["result"]["reason"], "admin_prohibited")
        self.assertEqual(row["result"]["attempts"][0]["offender"], "10.77.0.1")
        self.lab.drop(SERVER, 80)
        support.wait_for("the reason to follow", lambda:
                         daemon.checks()["custom/web"]["result"]["reason"] == "timeout")
        self.assertIn('reachd_check_up{check="custom/web"', daemon.metrics())
        self.lab.open_all()
        daemon.wait_state("custom/web", "up")

    def test_the_firewall_team_is_told_the_last_verdicts(self):
        config = self.write(f'name: web, probe: tcp, target: "{SERVER}:80"',
                            f'name: other, probe: tcp, target: "{SERVER}:81"')
        self.lab.reject(SERVER, 80)

        def openings():
            done, _ = support.run_in_lab(self.lab, "plan", "--format", "csv", "--config", config)
            self.assertEqual(done.returncode, 0, done.stderr)
            return {row["requirement"]: row["last verdict"] for row in csv.DictReader(done.stdout.splitlines())}, done

        told, done = openings()
        self.assertEqual(told, {"custom/web": "", "custom/other": ""})
        self.assertIn("The last verdicts are left out: 127.0.0.1:9790 refused", done.stderr)
        daemon = self.start(config)
        daemon.wait_state("custom/web", "down")
        daemon.wait_state("custom/other", "up")
        told, done = openings()
        self.assertEqual(told, {"custom/web": "down: admin_prohibited by 10.77.0.1", "custom/other": "up"}, done.stderr)
        self.assertEqual(done.stderr, "")

    def test_it_stops_within_a_second_whatever_is_in_flight(self):
        self.lab.drop(SERVER, None)
        checks = [f'name: c{n}, probe: {kind}, target: "{SERVER}:{1000 + n}", timeout: 20s, interval: 20s'
                  for n in range(40) for kind in [("tcp", "tls")[n % 2]]]
        checks.append('name: asks, probe: tcp, target: "nobody.example.net:80", timeout: 20s, interval: 20s')
        for how in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(how):
                daemon = self.start(self.write(*checks))
                support.wait_for("probes in flight", lambda: "\nreachd_probes_in_flight 0" not in daemon.metrics())
                code, seconds = daemon.stop(how)
                self.assertEqual(code, 0, daemon.log)
                self.assertLess(seconds, 1.0)

    def test_two_signals_at_once_stop_it_all_the_same(self):
        daemon = self.start(self.write(f'name: web, probe: tcp, target: "{SERVER}:80"'))
        daemon.process.send_signal(signal.SIGINT)
        code, seconds = daemon.stop()
        self.assertEqual(code, 0, daemon.log)
        self.assertLess(seconds, 1.0)

    def test_reload_by_signal_and_by_post(self):
        web, other = (f'name: {name}, probe: tcp, target: "{SERVER}:{port}"' for name, port in
                      (("web", 80), ("other", 81)))
        self.write(web)
        daemon = self.start(self.lab.folder / "daemon.yaml")
        before = daemon.wait_state("custom/web", "up")
        self.write(web, other)
        daemon.process.send_signal(signal.SIGHUP)
        support.wait_for("the new check", lambda: "custom/other" in daemon.checks())
        daemon.wait_state("custom/other", "up")
        after = daemon.checks()["custom/web"]
        self.assertEqual(after["state"], "up")
        self.assertEqual(after["last_change"], before["last_change"], "an unchanged check keeps its state")

        self.write(other)
        self.assertEqual(daemon.http("/-/reload", method="POST")[0], 200)
        support.wait_for("the removed check to go", lambda: "custom/web" not in daemon.checks())
        self.assertNotIn('check="custom/web"', daemon.metrics())
        self.assertIn(daemon.http("/-/reload")[0], (405,))

    def test_a_bad_file_leaves_the_old_plan_running(self):
        path = self.write(f'name: web, probe: tcp, target: "{SERVER}:80"')
        daemon = self.start(path)
        daemon.wait_state("custom/web", "up")
        self.assertIn("\nreachd_config_last_reload_successful 1", daemon.metrics())
        path.write_text("checks: [{name: web, probe: tcp, target: 'x:70000'}]\n", encoding="ascii")
        status, _, body = daemon.http("/-/reload", method="POST")
        self.assertGreaterEqual(status, 400)
        self.assertIn(b"daemon.yaml:1:", body)
        daemon.process.send_signal(signal.SIGHUP)
        support.wait_for("the metric", lambda: "\nreachd_config_last_reload_successful 0" in daemon.metrics())
        self.assertEqual(daemon.checks()["custom/web"]["state"], "up")
        self.assertIn("daemon.yaml:1:", daemon.log)
        self.write(f'name: web, probe: tcp, target: "{SERVER}:80"')
        self.assertEqual(daemon.http("/-/reload", method="POST")[0], 200)
        self.assertIn("\nreachd_config_last_reload_successful 1", daemon.metrics())

    def test_an_emptied_file_leaves_the_old_plan_running(self):
        path = self.write(f'name: web, probe: tcp, target: "{SERVER}:80"')
        daemon = self.start(path)
        daemon.wait_state("custom/web", "up")
        path.write_text("", encoding="ascii")
        status, _, body = daemon.http("/-/reload", method="POST")
        self.assertEqual(status, 500)
        self.assertIn(b"daemon.yaml: plans no check, while 1 check by 1 probe run", body)
        self.assertEqual(daemon.checks()["custom/web"]["state"], "up")
        self.assertIn("\nreachd_config_last_reload_successful 0", daemon.metrics())
        self.assertIn("the running plan stays", daemon.log)

    def test_few_descriptors_give_no_false_down(self):
        self.lab.drop("198.51.100.11", None)  # these hold their descriptors until the timeout
        checks = [f'name: up{n}, probe: tcp, target: "{SERVER}:80"' for n in range(100)]
        checks += [f'name: slow{n}, probe: tcp, target: "198.51.100.11:{2000 + n}"' for n in range(200)]
        self.lab.add_address("cloud", "198.51.100.11")
        daemon = self.start(self.write(*checks, more="limits: {per_host: 500}\n"), limits=64)

        def settled():
            states = [row["state"] for name, row in daemon.checks().items() if name.startswith("custom/up")]
            self.assertNotIn("down", states)
            return states.count("up") == 100

        support.wait_for("all to be up", settled, 60)
        for row in daemon.checks().values():
            self.assertIn((row.get("result") or {}).get("reason", "ok"), ("ok", "timeout", "local_descriptors"))
            if row["check"].startswith("custom/up"):
                self.assertNotEqual(row["state"], "down")

    def test_a_port_in_use_is_exit_1(self):
        config = self.write(f'name: web, probe: tcp, target: "{SERVER}:80"')
        self.start(config)
        done, _ = support.run_in_lab(self.lab, "run", "--config", config)
        self.assertEqual(done.returncode, 1)
        self.assertIn("127.0.0.1:9790", done.stderr + done.stdout)

    def test_a_state_dir_in_use_is_exit_1(self):
        check = f'name: web, probe: tcp, target: "{SERVER}:80"'
        daemon = self.start(self.write(check, more="state_dir: shared\n"))
        other = self.lab.folder / "other.yaml"
        other.write_text(config_text(check, more='state_dir: shared\nweb: {listen: ["127.0.0.1:9791"]}\n'), encoding="ascii")
        done, _ = support.run_in_lab(self.lab, "run", "--config", other)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(f"another reachd uses state_dir {self.lab.folder / 'shared'}", done.stderr)
        done, _ = support.run_in_lab(self.lab, "events", "--config", other)
        self.assertEqual(done.returncode, 0, done.stderr)
        daemon.process.kill()
        daemon.process.wait(timeout=support.GUARD)
        self.start(other, port=9791)

    def test_http_of_the_daemon(self):
        daemon = self.start(self.write(f'name: web, probe: tcp, target: "{SERVER}:80"'))
        daemon.wait_state("custom/web", "up")
        self.assertEqual(daemon.http("/-/healthy")[0], 200)
        self.assertEqual(daemon.http("/nowhere")[0], 404)
        self.assertEqual(daemon.http("/metrics", method="POST")[0], 405)
        status, _, body = daemon.http("/api/v1/checks/custom/web")
        if status == 404:  # the id may have to be escaped
            status, _, body = daemon.http("/api/v1/checks/custom%2Fweb")
        self.assertEqual((status, json.loads(body)["check"]), (200, "custom/web"))
        plan = json.loads(daemon.http("/api/v1/plan")[2])
        rows = plan["checks"] if isinstance(plan, dict) and "checks" in plan else plan
        self.assertEqual([row["check"] for row in rows], ["custom/web"])
        self.assertLess(daemon.memory_peak(), 64 << 20)


if __name__ == "__main__":
    support.main()
