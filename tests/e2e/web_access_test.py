"""The web port under web.yml, asked from another host by a real Prometheus and by curl: TLS, client certificates, passwords, and
certificates and users that change while Prometheus scrapes."""

import json
import urllib.parse

import support

HOST = support.lab_module.HOST4
PORT = 9790
PASSWORD = "fakepassword"
HASH = "$2b$04$QOauhQNbBCuQDKes6eFzPexcky/.fTxXXRDg19aNXGBnT3EjOZCva"
OTHER_HASH = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"  # U*U


class WebAccessTest(support.LabTestCase):
    @classmethod
    def set_up_lab(cls):
        cls.authority = support.certificates.Authority(cls.lab.folder / "ca")
        cls.client = cls.authority.issue("client", ["prometheus.example.com"])
        cls.stranger = support.certificates.self_signed(cls.lab.folder, "stranger", ["prometheus.example.com"])
        cls.put_identity("first")
        cls.put_web(HASH)
        config = cls.lab.folder / "reachd.yaml"
        config.write_text(f'vantage: lab\nweb: {{listen: ["{HOST}:{PORT}"], config_file: web.yml, auth_excluded_paths: [/-/ready]}}\n'
                          f'checks: [{{name: self, probe: tcp, target: "{HOST}:{PORT}"}}]\n', encoding="ascii")
        cls.daemon = support.Daemon(config, cls.lab)
        cls.addClassCleanup(cls.daemon.__exit__)
        support.wait_for("the daemon to be ready", lambda: cls.ask("/-/ready", password=None)[0] == 200)

    @classmethod
    def put_identity(cls, name):
        """The server's certificate, replaced as certificate managers do it: each file at once."""
        for made, used in zip(cls.authority.issue(name, [f"{name}.example.com", HOST]), ("tls.crt", "tls.key")):
            made.rename(cls.lab.folder / used)

    @classmethod
    def put_web(cls, password_hash, more=""):
        path = cls.lab.folder / "web.new"
        path.write_text("tls_server_config:\n  cert_file: tls.crt\n  key_file: tls.key\n  client_ca_file: ca/ca.pem\n"
                        "  client_auth_type: RequireAndVerifyClientCert\n  client_allowed_sans: [prometheus.example.com]\n"
                        f"basic_auth_users: {{prometheus: {password_hash}}}\n{more}", encoding="ascii")
        path.rename(cls.lab.folder / "web.yml")

    @classmethod
    def ask(cls, path, *options, password=PASSWORD, client=None, scheme="https"):
        """(status, body, subject of the server's certificate) by curl; the status is 0 where there was no answer."""
        certificate, key = client or cls.client
        out = cls.lab.run("cloud", "curl", "--silent", "--max-time", support.GUARD, "--cacert", cls.authority.file, "--cert", certificate, "--key",
                          key, *(["--user", f"prometheus:{password}"] if password else []), "--write-out",
                          r"===%{http_code}\n%{certs}", *options, f"{scheme}://{HOST}:{PORT}{path}", check=False).stdout
        body, _, told = out.rpartition("===")
        lines = told.split("\n")
        return int(lines[0]), body, next((line for line in lines if line.startswith("Subject:")), "")

    def test_curl_is_let_in_by_certificate_and_password_together(self):
        status, body, _ = self.ask("/metrics")
        self.assertEqual(status, 200)
        self.assertIn("reachd_build_info", body)
        self.assertEqual(self.ask("/api/v1/plan")[0], 200)
        self.assertEqual(self.ask("/-/reload", "--request", "POST")[0], 200)
        self.assertEqual(self.ask("/metrics", password=None)[0], 401)
        self.assertEqual(self.ask("/metrics", password="guess")[0], 401)
        self.assertEqual(self.ask("/metrics", client=self.stranger)[0], 0)
        status, body, _ = self.ask("/metrics", scheme="http")
        self.assertEqual(status, 400)
        self.assertIn("HTTPS only", body)

    def test_prometheus_scrapes_on_while_certificates_change(self):
        config = self.lab.folder / "scrape.yml"
        (self.lab.folder / "password").write_text(PASSWORD, encoding="ascii")
        config.write_text(
            "global: {scrape_interval: 200ms, scrape_timeout: 190ms}\nscrape_configs:\n"
            f"  - job_name: reachd\n    scheme: https\n    static_configs: [{{targets: ['{HOST}:{PORT}']}}]\n"
            f"    tls_config: {{ca_file: {self.authority.file}, cert_file: {self.client[0]}, key_file: {self.client[1]}}}\n"
            f"    basic_auth: {{username: prometheus, password_file: {self.lab.folder}/password}}\n", encoding="ascii")
        support.servers.prometheus_of(self.lab, "cloud", config)
        support.wait_for("a scrape", lambda: self.query("up{job='reachd'}") == ["1"])
        for name in ("second", "third"):
            self.put_identity(name)
            support.wait_for("the new certificate", lambda name=name: name in self.ask("/-/ready")[2])
            scrapes = self.scrapes()
            support.wait_for("scrapes under it", lambda before=scrapes: self.scrapes() > before + 3)
        self.assertEqual(self.query("min_over_time(up{job='reachd'}[1m])"), ["1"], self.daemon.log)
        self.assertEqual(self.query("count(reachd_build_info)"), ["1"])

    def test_a_bad_file_changes_nothing_and_a_good_one_the_users(self):
        self.addCleanup(support.wait_for, "the former users", lambda: self.ask("/metrics")[0] == 200)
        self.addCleanup(self.put_web, HASH)
        self.put_web("no-hash")
        support.wait_for("a line in the log", lambda: self.ask("/-/ready")[0] == 200 and "has no bcrypt hash" in self.daemon.log)
        self.assertEqual(self.ask("/metrics")[0], 200)
        self.assertNotIn("no-hash", self.daemon.log)
        self.put_web(OTHER_HASH, "http_server_config: {headers: {X-Frame-Options: deny}}\n")
        support.wait_for("the new users", lambda: self.ask("/metrics", password="U*U")[0] == 200)
        self.assertEqual(self.ask("/metrics")[0], 401)
        self.assertIn("X-Frame-Options: deny", self.ask("/metrics", "--head", password="U*U")[1])
        self.assertNotIn(PASSWORD, self.daemon.log)

    def query(self, text):
        _, _, body = self.lab.http("cloud", "127.0.0.1", 9090, "/api/v1/query?query=" + urllib.parse.quote(text))
        return [row["value"][1] for row in json.loads(body)["data"]["result"]]

    def scrapes(self):
        return int(self.query("count_over_time(up{job='reachd'}[1h])")[0])


if __name__ == "__main__":
    support.main()
