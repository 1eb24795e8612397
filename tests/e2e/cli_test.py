"""The command line on files: bad input is exit 2 with its place, and the JSON outputs hold what the contract lists."""

import json
import pathlib
import tempfile
import unittest

import support

PLAN_KEYS = {"check", "name", "product", "requirement", "necessity", "evidence", "severity", "direction", "probe",
             "target", "host", "port", "transport", "device", "device_type", "purpose", "interval"}
PROBE_KEYS = {"probe", "target", "success", "reason", "phase", "message", "timings", "attempts", "certificate"}
ATTEMPT_KEYS = {"address", "port", "success", "reason", "phase", "errno", "offender", "seconds"}
CATALOG_KEYS = {"id", "product", "device_type", "purpose", "direction", "from", "to", "transport", "protocol", "port",
                "fixed", "necessity", "condition", "evidence", "sources", "evidence_by", "hosts", "path", "deployment",
                "feature", "probe", "tls", "enabled"}

BAD = {  # what is wrong: (the file, what the message holds)
    "broken YAML": ("checks: [\n  {name: a", ":2:"),
    "unknown key": ("vantage: a\nintervall: 5s\n", ":2:1:"),
    "nearest key": ("defaults:\n  intervall: 5s\n", "interval"),
    "wrong type": ("defaults: {interval: [1, 2]}\n", ":1:"),
    "bad duration": ("defaults: {interval: 5 parsecs}\n", ":1:"),
    "port of 70000": ('checks:\n  - {name: a, probe: tcp, target: "h:70000"}\n', ":2:"),
    "no port": ("checks:\n  - {name: a, probe: tcp, target: h}\n", ":2:"),
    "unknown probe": ('checks:\n  - {name: a, probe: tpc, target: "h:1"}\n', "tcp"),
    "overlapping names": ('checks:\n  - {name: a, probe: tcp, target: "h:1"}\n  - {name: a, probe: tcp, target: "h:2"}\n',
                          ":3:"),
    "unknown parent": ('checks:\n  - {name: a, probe: tcp, target: "h:1", depends_on: [nobody]}\n', "nobody"),
    "unknown product": ("products: [{product: flexera-bacon}]\n", "flexera-beacon"),
    "unknown region": ("products: [{product: flexera-beacon, deployment: cloud, region: mars}]\n", ":1:"),
    "a CIDR of a million addresses": (
        "products:\n  - product: xclarity-administrator\n    appliance: 127.0.0.1\n    devices:\n"
        "      - {name: r, type: thinksystem, address: 10.0.0.0/12}\n", ":5:"),
    "missing secret file": ('checks:\n  - {name: a, probe: http, target: "http://h/", bearer_file: /no/such/file}\n',
                            ":2:"),
    "missing include": ("include: no-such-folder/no-such-file.yaml\n", "no-such-file"),
    "wildcard include without its folder": ("include: conf.b/*.yaml\n", "there is no folder"),
    "duplicate key": ("vantage: a\nvantage: b\n", ":2:"),
    "reserved label": ("labels: {check: x}\n", ":1:"),
}


class CommandLineTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="reachd-e2e-")  # pylint: disable=consider-using-with
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)

    def write(self, text):
        path = self.folder / "reachd.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    def json(self, *arguments, code=0):
        done = support.run_reachd(*arguments)
        self.assertEqual(done.returncode, code, done.stderr)
        return json.loads(done.stdout)

    def test_bad_files(self):
        for name, (text, told) in BAD.items():
            with self.subTest(name):
                path = self.write(text)
                for command in ("validate", "run", "plan", "check"):
                    done = support.run_reachd(command, "--config", path)
                    self.assertEqual(done.returncode, 2, f"{command}: {done.stdout}{done.stderr}")
                    self.assertIn(told, done.stderr + done.stdout)
                    self.assertIn("reachd.yaml", done.stderr + done.stdout)
                report = self.json("validate", "--config", path, "--json", code=2)
                self.assertFalse(report["valid"])
                self.assertEqual(set(report["errors"][0]) & {"file", "line", "column", "message"},
                                 {"file", "line", "column", "message"})

    def test_all_problems_at_once(self):
        path = self.write('vantag: a\ndefaults: {timeout: x}\nchecks:\n  - {name: a, probe: tcp, target: "h:0"}\n')
        report = self.json("validate", "--config", path, "--json", code=2)
        self.assertEqual({error["line"] for error in report["errors"]} & {1, 2, 4}, {1, 2, 4})

    def test_missing_file_and_wrong_usage(self):
        for arguments in (["run", "--config", self.folder / "none.yaml"], ["validate", "--config", self.folder],
                          ["fly"], ["probe", "tcp"], ["probe", "tpc", "h:1"], ["plan", "--format", "xml"],
                          ["probe", "tcp", "h:70000"], ["init", "nothing"], []):
            with self.subTest(arguments):
                done = support.run_reachd(*arguments)
                self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
                self.assertTrue(done.stderr)

    def test_an_unknown_command_is_named(self):
        done = support.run_reachd("vlidate", "--config", "x")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn('There is no command "vlidate"; did you mean validate?', done.stderr)

    def test_what_may_follow_is_named(self):
        actions = "service is followed by one of: install, uninstall, start, stop, reload, status\n"
        for arguments, start in ((["service"], actions), (["service", "instal"], actions),
                                 (["catalog"], "catalog is followed by one of: list, show\n"),
                                 ([], "reachd is followed by one of: run, check, events, ")):
            with self.subTest(arguments):
                self.assertRegex(support.run_reachd(*arguments).stderr, "^" + start)
        self.assertIn("PRODUCT is required", support.run_reachd("init").stderr)

    def test_a_blackbox_file(self):
        path = self.folder / "blackbox.yml"
        path.write_text("modules:\n  web: {prober: http}\n  ping: {prober: icmp, timeout: 1m30s}\n", encoding="utf-8")
        done = support.run_reachd("validate", "--blackbox", path)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("valid, 2 modules", done.stdout)
        self.assertEqual(self.json("validate", "--blackbox", path, "--json"), {"valid": True, "errors": []})
        path.write_text("modules:\n  web: {prober: http, http: {metod: GET}}\n  rpc: {prober: grpc}\n", encoding="utf-8")
        self.assertEqual(len(self.json("validate", "--blackbox", path, "--json", code=2)["errors"]), 2)
        path.write_text("modules:\n  web: {prober: http, http: {enable_http3: true, body_file: none.txt}}\n"
                        "  login: {prober: http, http: {bearer_token_file: none.txt}}\n", encoding="utf-8")
        done = support.run_reachd("validate", "--blackbox", path)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("blackbox.yml:2:44: module web: http: enable_http3 can't be honoured", done.stderr)
        self.assertIn('blackbox.yml:3:51: module login: http: bearer_token_file: can\'t read the file "', done.stderr)
        self.assertIn("the daemon takes this file with its other modules, of which there are 1", done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 3)
        for arguments in (["--blackbox", self.folder / "none.yml"], ["--blackbox", path, "--config", path]):
            self.assertEqual(support.run_reachd("validate", *arguments).returncode, 2)

    def test_modules_that_cant_be_honoured_are_told_and_no_mistake(self):
        (self.folder / "blackbox.yml").write_text("modules: {web: {prober: http}, rpc: {prober: grpc}}\n", encoding="utf-8")
        path = self.write("probe_modules_file: blackbox.yml\n")
        done = support.run_reachd("validate", "--config", path)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("blackbox.yml:1:46: module rpc: prober can't be honoured: reachd does not speak grpc", done.stdout)
        self.assertNotIn("module web", done.stdout)
        self.assertTrue(self.json("validate", "--config", path, "--json")["valid"])

    def test_a_file_that_watches_nothing_is_told(self):
        path = self.write("vantage: here\n")
        done = support.run_reachd("validate", "--config", path)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("reachd.yaml: plans no check, so nothing is watched", done.stdout)
        self.write('checks: [{name: a, probe: tcp, target: "h:1"}]\n')
        self.assertNotIn("nothing is watched", support.run_reachd("validate", "--config", path).stdout)

    def test_selectors_that_pick_nothing_are_told_and_no_mistake(self):
        path = self.write("""\
checks: [{name: erp, probe: tcp, target: "127.0.0.1:9"}]
alerting:
  sinks:
    - {name: lines, type: file, path: l.jsonl, match: ["name=erp", "product=flexera"]}
    - {name: link, type: file, path: k.jsonl, match: "probe=tcp"}
maintenance: [{name: night, checks: "label.site=ams", weekdays: [sun], start: "02:00", duration: 3h}]
""")
        done = support.run_reachd("validate", "--config", path)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        notes = done.stdout.splitlines()[1:]
        self.assertEqual([note.split(": ", 1)[1] for note in notes],
                         ['sink lines: match: no check fits "product=flexera"',
                          'maintenance night: checks: no check fits "label.site=ams"'])
        self.assertIn("reachd.yaml:4:", notes[0])

    def test_help_everywhere(self):
        for command in ("run", "check", "plan", "init", "validate", "probe", "catalog", "version"):
            done = support.run_reachd(command, "--help")
            self.assertEqual((done.returncode, done.stderr), (0, ""), command)
            self.assertIn("--help", done.stdout)

    def test_init_writes_a_file_that_validates_and_is_never_overwritten(self):
        for product in ("custom", "flexera-beacon", "xclarity-administrator"):
            with self.subTest(product):
                path = self.folder / product / "reachd.yaml"  # in a folder that is not there yet
                self.assertEqual(support.run_reachd("init", product, "--output", path).returncode, 0)
                self.assertTrue(self.json("validate", "--config", path, "--json")["valid"])
                before = path.read_bytes()
                self.assertEqual(support.run_reachd("init", product, "--output", path).returncode, 2)
                self.assertEqual(path.read_bytes(), before)
                self.assertEqual(support.run_reachd("init", product).stdout.encode(), before)
                # As installers do it: a file that is there is well, and untouched.
                again = ("init", product, "--keep", "--listen", "127.0.0.1:1", "--output", path)
                self.assertEqual(support.run_reachd(*again).returncode, 0)
                self.assertEqual(path.read_bytes(), before)

    def test_init_takes_the_address_of_the_web_server(self):
        for product in ("custom", "flexera-beacon", "xclarity-administrator"):
            for listen in ("127.0.0.1:8123", "[::1]:8123", "0.0.0.0:8123"):
                with self.subTest(product=product, listen=listen):
                    path = self.folder / f"{product}.yaml"
                    path.unlink(missing_ok=True)
                    done = support.run_reachd("init", product, "--listen", listen, "--output", path)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    web = [line for line in path.read_text().splitlines() if line.lstrip("# ").startswith("web:")]
                    self.assertEqual(web, [f'web: {{listen: ["{listen}"]}}'])
                    self.assertTrue(self.json("validate", "--config", path, "--json")["valid"])
        for wrong in ("foo:9790", "127.0.0.1", "http://127.0.0.1:80/", "x\"y:1", "127.0.0.1:0", ":9790"):
            self.assertEqual(support.run_reachd("init", "custom", "--listen", wrong).returncode, 2, wrong)

    def test_init_takes_back_only_what_it_wrote(self):
        path = self.folder / "reachd.yaml"
        made = ("init", "custom", "--listen", "127.0.0.1:1", "--output", path)
        self.assertEqual(support.run_reachd(*made).returncode, 0)
        other = ("init", "custom", "--listen", "127.0.0.1:2", "--output", path)
        self.assertEqual(support.run_reachd(*other, "--undo").returncode, 0)
        self.assertTrue(path.exists(), "somebody else wrote it")
        self.assertEqual(support.run_reachd(*made, "--undo").returncode, 0)
        self.assertFalse(path.exists())
        self.assertEqual(support.run_reachd("init", "custom", "--undo").returncode, 2)

    def test_encodings_of_windows(self):
        text = 'checks:\r\n  - {name: "a", probe: tcp, target: "h:1"}\r\n'
        for encoding in ("utf-8-sig", "utf-16"):
            with self.subTest(encoding):
                path = self.folder / "reachd.yaml"
                path.write_bytes(text.encode(encoding))
                self.assertEqual(len(self.json("plan", "--config", path, "--json")), 1)

    def test_plan_json(self):
        path = self.write("""
products:
  - {product: flexera-beacon, deployment: cloud, region: eu, registering: true}
  - product: xclarity-administrator
    appliance: lxca.example.com
    devices: [{name: chassis-1, type: flex_cmm, address: 10.30.0.10}]
checks:
  - {name: erp, probe: tcp, target: "erp.example.com:3300", interval: 15s}
""")
        rows = self.json("plan", "--config", path, "--json")
        for row in rows:
            self.assertLessEqual(PLAN_KEYS, set(row))
        by_id = {row["check"]: row for row in rows}
        self.assertEqual(len(by_id), len(rows), "ids are unique")
        self.assertEqual(by_id["custom/erp"]["port"], 3300)
        self.assertEqual(by_id["custom/erp"]["interval"], 15)
        requirements = {row["requirement"] for row in rows}
        self.assertLessEqual({"flexera.1.cloud-sign-in", "flexera.3.batch-server", "xclarity.appliance.https",
                              "xclarity.cmm.https"}, requirements)
        for form in ("table", "csv", "markdown"):
            done = support.run_reachd("plan", "--config", path, "--format", form)
            self.assertEqual(done.returncode, 0)
            self.assertIn("flexera.3.batch-server", done.stdout)

    def test_probe_takes_a_longer_timeout_than_any_interval(self):
        answer = self.json("probe", "tcp", "127.0.0.1:1", "--timeout", "2m", "--trace", "--json", code=1)
        self.assertEqual(answer["reason"], "refused")

    def test_probe_json(self):
        answer = self.json("probe", "tcp", "127.0.0.1:1", "--json", code=1)
        self.assertLessEqual(PROBE_KEYS, set(answer))
        self.assertLessEqual(ATTEMPT_KEYS, set(answer["attempts"][0]))
        self.assertLessEqual({"resolve", "connect", "proxy", "tls", "request", "total"}, set(answer["timings"]))
        self.assertEqual((answer["reason"], answer["phase"], answer["success"]), ("refused", "connect", False))

    def test_check_json(self):
        path = self.write('vantage: here\nchecks:\n  - {name: closed, probe: tcp, target: "127.0.0.1:1"}\n')
        answer = self.json("check", "--config", path, "--json", code=1)
        self.assertLessEqual({"vantage", "started", "seconds", "summary", "checks"}, set(answer))
        self.assertEqual(answer["summary"], {"up": 0, "degraded": 0, "down": 1, "unknown": 0})
        row = answer["checks"][0]
        self.assertLessEqual(PLAN_KEYS | {"state", "result"}, set(row))
        self.assertEqual((row["state"], row["result"]["reason"]), ("down", "refused"))

    def test_an_attempt_without_a_port_shows_none(self):
        shown = support.run_reachd("probe", "icmp", "127.0.0.1").stdout
        self.assertRegex(shown, r"(?m)^  127\.0\.0\.1  ok after ")

    def test_plan_only(self):
        path = self.write("vantage: here\nproducts:\n  - {product: flexera-beacon, parent: 'https://root:8443/'}\n"
                          "  - {product: xclarity-administrator, appliance: 'lxca',\n"
                          "     overrides: {xclarity.server.patterns: {port: 9443}}}\n"
                          'checks:\n  - {name: a, probe: tcp, target: "h:1"}\n  - {name: b, probe: tcp, target: "h:1"}\n')
        only = ("plan", "--config", path, "--only")
        self.assertIn("2 checks by 1 probe\n", support.run_reachd(*only, "product=custom").stdout)
        self.assertNotIn("not probed", support.run_reachd(*only, "product=custom").stdout)
        shown = support.run_reachd(*only, "product=xclarity-*").stdout
        self.assertIn("xclarity.server.patterns", shown)
        self.assertNotIn("flexera", shown)
        for form in ("table", "markdown"):
            shown = support.run_reachd(*only, "requirement=flexera.3.*", "--format", form).stdout
            self.assertIn("direct_cloud", shown)
            self.assertNotIn("xclarity", shown)
        done = support.run_reachd(*only, "product=custom", "--format", "csv")
        self.assertEqual(len(done.stdout.splitlines()), 2)
        self.assertNotIn("not in the list", done.stderr)
        for form in ("table", "json", "csv", "markdown"):
            done = support.run_reachd(*only, "product=none", "--format", form)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (2, "", "No check matches --only\n"))

    def test_catalog_json(self):
        rows = self.json("catalog", "list", "--json")
        for row in rows:
            self.assertLessEqual(CATALOG_KEYS, set(row))
        self.assertGreater(len(rows), 60)
        self.assertEqual(support.run_reachd("catalog", "show", "flexera.99").returncode, 2)

    def test_catalog_show_tells_all_of_an_entry(self):
        shown = support.run_reachd("catalog", "show", "flexera.3.batch-server").stdout
        for line in (r"deployment +cloud", r"hosts +eu: beacon\.flexnetmanager\.eu", r"port +443 tcp", r"probe +http",
                     r"evidence +vendor$", r"evidence +eu_uat: third_party", r"tls +strict", r"source +\w+: "):
            self.assertRegex(shown, f"(?m)^  {line}")
        self.assertNotIn("enabled", shown)
        self.assertRegex(support.run_reachd("catalog", "show", "flexera.1.cloud-sign-in").stdout, r"(?m)^  path +/login$")
        shown = support.run_reachd("catalog", "show", "xclarity.server.sftp-firmware").stdout
        self.assertRegex(shown, r"(?m)^  devices +thinksystem, ")
        self.assertRegex(shown, r"(?m)^  feature +sftp_update$")
        self.assertRegex(support.run_reachd("catalog", "show", "xclarity.server.cim-http").stdout, r"(?m)^  enabled +false")
        entry = self.json("catalog", "show", "flexera.3.batch-server", "--json")
        self.assertEqual(entry["hosts"]["eu"], ["beacon.flexnetmanager.eu"])
        self.assertEqual(entry["evidence_by"]["eu_uat"], "third_party")
        self.assertEqual((entry["deployment"], entry["probe"], entry["tls"], entry["feature"], entry["enabled"]),
                         ("cloud", "http", "strict", None, True))

    def test_version(self):
        self.assertRegex(support.run_reachd("version").stdout, r"\d+\.\d+\.\d+")

    def test_the_service_is_for_systemd_here(self):
        for action in ("install", "uninstall", "start", "stop", "reload", "status"):
            with self.subTest(action):
                done = support.run_reachd("service", action)
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertRegex(done.stderr, r"^reachd: `service` is for Windows; here systemd does this: "
                                              r"systemctl [a-z]+ (--now )?reachd\n$")


if __name__ == "__main__":
    unittest.main(verbosity=2)
