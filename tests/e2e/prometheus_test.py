"""A real Prometheus scrapes the daemon and answers a question; promtool finds nothing to say about /metrics."""

import gzip
import json
import pathlib
import subprocess
import urllib.parse

import support

SERVER = "198.51.100.10"
PROBER = "10.77.0.3:9115"
DISCOVERY = pathlib.Path(__file__).resolve().parents[2] / "packaging/prometheus/discovery.yml"


class PrometheusTest(support.LabTestCase):
    daemon = None

    @classmethod
    def set_up_lab(cls):
        support.servers.stubs(cls.lab, "cloud", f"hold@{SERVER}:80")
        support.servers.dns(cls.lab, "cloud", "198.51.100.53", {"www.example.com": [SERVER, "fd77:0:0:2::2"]})
        authority = support.certificates.Authority(cls.lab.folder / "ca")
        support.servers.web(cls.lab, "cloud", [
            {"listen": f"{SERVER}:443", "certificate": authority.issue("www", ["www.example.com"])}])
        config = cls.lab.folder / "reachd.yaml"
        config.write_text(f"""
vantage: lab
labels: {{site: ams, odd: 'a "quoted" \\ value'}}
defaults: {{interval: 1s, timeout: 700ms, confirm_interval: 200ms, down_after: 2, up_after: 1}}
checks:
  - {{name: open, probe: tcp, target: "{SERVER}:80"}}
  - {{name: closed, probe: tcp, target: "{SERVER}:81", necessity: optional}}
  - {{name: named, probe: tcp, target: "www.example.com:80"}}
  - {{name: secure, probe: tls, target: "{SERVER}:443", tls: {{verify: observe}}}}
  - {{name: ping, probe: icmp, target: "{SERVER}"}}
""", encoding="ascii")
        cls.daemon = support.Daemon(config, cls.lab)
        cls.addClassCleanup(cls.daemon.__exit__)
        cls.daemon.__enter__()
        cls.daemon.wait_state("custom/open", "up")
        cls.daemon.wait_state("custom/closed", "down")
        cls.daemon.wait_state("custom/secure", "up")

    def query(self, text, port=9090):
        path = "/api/v1/query?query=" + urllib.parse.quote(text)
        status, _, body = self.lab.http("host", "127.0.0.1", port, path)
        self.assertEqual(status, 200, body)
        return {row["metric"].get("check", ""): row["value"][1] for row in json.loads(body)["data"]["result"]}

    def test_prometheus_answers(self):
        support.servers.prometheus(self.lab, "host", "127.0.0.1:9790")
        answer = support.wait_for("a scrape", lambda: self.query("reachd_check_up"))
        self.assertEqual(answer["custom/open"], "1")
        self.assertEqual(answer["custom/closed"], "0")
        self.assertEqual(self.query('up{job="reachd"}'), {"": "1"})
        reasons = self.query('reachd_probe_results_total{check="custom/closed",reason="refused"}')
        self.assertGreater(int(reasons["custom/closed"]), 0)

    def test_another_prober_is_given_the_targets_of_the_plan(self):
        text = DISCOVERY.read_text(encoding="ascii")
        for shipped, here in (("prober.example.com:9115", PROBER), ("30s", "500ms"), ("refresh_interval: 1m", "refresh_interval: 1s")):
            self.assertIn(shipped, text)
            text = text.replace(shipped, here)
        config = self.lab.folder / "discovery.yml"
        config.write_text(text, encoding="ascii")
        # Of the prober only its answer is wanted; what it was asked stands in the series.
        support.servers.web(self.lab, "host", [{"listen": PROBER, "locations": {
            "/probe": r'return 200 "probe_success 1\nprobe_asked{module=\"$arg_module\",whom=\"$arg_target\"} 1\n";'}}], name="prober")
        support.servers.prometheus_of(self.lab, "host", config, port=9091, name="discoverer")
        expected = {"custom/open", "custom/closed", "custom/named"}  # tcp, as the file asks; secure is tls, ping is icmp
        support.wait_for("a probe of each", lambda: set(self.query("probe_success", 9091)) == expected)
        asked = self.query('probe_asked{module="tcp_connect",product="custom",site="ams",target="www.example.com:80",'
                           'instance="' + PROBER + '"}', 9091)
        self.assertEqual(asked, {"custom/named": "1"})
        self.assertIn("custom/named", self.query('probe_asked{whom="www.example.com%3A80"}', 9091))

    def test_promtool(self):
        for accept in ("text/plain", "application/openmetrics-text; version=1.0.0"):
            text = self.daemon.metrics(accept)
            if accept == "text/plain":
                done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True,
                                      timeout=support.GUARD, check=False)
                self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))
            else:
                self.assertTrue(text.endswith("# EOF\n"))

    def test_gzip_is_the_same_text(self):
        status, headers, body = self.daemon.http("/metrics", headers={"Accept-Encoding": "gzip"})
        self.assertEqual((status, headers["Content-Encoding"]), (200, "gzip"))
        self.assertIn('reachd_check_up{check="custom/open"', gzip.decompress(body).decode())

    def test_series_of_the_contract(self):
        text = self.daemon.metrics()
        for name in ("reachd_check_info", "reachd_check_severity", "reachd_check_up", "reachd_check_state",
                     "reachd_check_last_change_timestamp_seconds", "reachd_probe_success", "reachd_probes_total",
                     "reachd_probe_failures_total", "reachd_probe_results_total", "reachd_probe_last_duration_seconds",
                     "reachd_probe_phase_seconds", "reachd_address_success",
                     "reachd_certificate_not_after_timestamp_seconds", "reachd_build_info", "reachd_vantage_info",
                     "reachd_probe_duration_seconds_bucket", "reachd_schedule_lag_seconds_bucket",
                     "reachd_probes_in_flight", "reachd_checks", "reachd_config_last_reload_successful",
                     "reachd_config_last_reload_success_timestamp_seconds", "process_cpu_seconds_total"):
            self.assertRegex(text, rf"(?m)^{name}[{{ ]", name)
        self.assertRegex(text, r'(?m)^reachd_check_up\{check="custom/open",product="custom",'
                               r'target="198\.51\.100\.10:80",.*site="ams".*\} 1$')
        self.assertIn(r'odd="a \"quoted\" \\ value"', text)


if __name__ == "__main__":
    support.main()
