"""TLS and HTTP against a real nginx: good, expired, self-signed, wrong name, and what else goes wrong."""

import support

GOOD, EXPIRED, SELF_SIGNED, WRONG_NAME, FUTURE, OLD, PLAIN, CLIENT = (f"198.51.100.{n}" for n in range(10, 18))
NAME = "www.example.com"


class TlsTest(support.LabTestCase):
    authority = None

    @classmethod
    def set_up_lab(cls):
        names = {f"{label}.example.com": [address] for label, address in (
            ("www", GOOD), ("expired", EXPIRED), ("self", SELF_SIGNED), ("wrong", WRONG_NAME), ("future", FUTURE),
            ("old", OLD), ("plain", PLAIN), ("client", CLIENT))}
        cls.authority = support.certificates.Authority(cls.lab.folder / "ca", "Lab Authority")
        other = support.certificates.Authority(cls.lab.folder / "other", "Another Authority")
        cls.other_file = other.file
        issue = cls.authority.issue
        support.servers.dns(cls.lab, "cloud", "198.51.100.53", names)
        good = issue("good", [NAME, "old.example.com", "client.example.com", GOOD])
        support.servers.web(cls.lab, "cloud", [
            {"listen": f"{GOOD}:443", "certificate": good, "locations": {
                "/": 'return 200 "lab\\n";', "/401": "return 401;", "/404": "return 404;", "/500": "return 500;",
                "/moved": "return 301 /;", "/round": "return 302 /round;"}},
            {"listen": f"{EXPIRED}:443", "certificate": issue("expired", ["expired.example.com"],
                                                              not_after="20240601000000Z")},
            {"listen": f"{SELF_SIGNED}:443", "certificate": support.certificates.self_signed(
                cls.lab.folder, "self", ["self.example.com"])},
            {"listen": f"{WRONG_NAME}:443", "certificate": issue("wrong", ["somebody-else.example.com"])},
            {"listen": f"{FUTURE}:443", "certificate": issue("future", ["future.example.com"],
                                                             not_before="20980101000000Z")},
            {"listen": f"{OLD}:443", "certificate": good,
             "directives": "ssl_protocols TLSv1.1; ssl_ciphers ALL:@SECLEVEL=0;"},
            {"listen": f"{PLAIN}:443"},
            {"listen": f"{CLIENT}:443", "certificate": good,
             "directives": f"ssl_client_certificate {cls.authority.file}; ssl_verify_client on;"}])

    def tls(self, target, kind="tls", **more):
        return self.probe(kind, target, parameters={"tls.ca_file": self.authority.file, **more})

    def test_good(self):
        answer = self.tls(f"{NAME}:443")
        self.expect(answer, "ok")
        certificate = answer["certificate"]
        self.assertIn("Lab Authority", certificate["issuer"])
        self.assertIn(NAME, certificate["names"])
        self.assertRegex(certificate["fingerprint_sha256"], "^[0-9a-f]{64}$")
        self.assertTrue(certificate["not_after"].startswith("2099-12-31T"), certificate)

    def test_by_address(self):
        self.expect(self.tls(f"{GOOD}:443"), "ok")

    def test_expired_and_the_facts_survive(self):
        answer = self.tls("expired.example.com:443")
        self.expect(answer, "tls_expired", "tls")
        self.assertTrue(answer["certificate"]["not_after"].startswith("2024-06-01T"))

    def test_self_signed(self):
        answer = self.tls("self.example.com:443")
        self.expect(answer, "tls_untrusted", "tls")
        self.assertEqual(answer["certificate"]["subject"], answer["certificate"]["issuer"])

    def test_wrong_name(self):
        answer = self.tls("wrong.example.com:443")
        self.expect(answer, "tls_name", "tls")
        self.assertEqual(answer["certificate"]["names"], ["somebody-else.example.com"])

    def test_not_yet_valid(self):
        self.expect(self.tls("future.example.com:443"), "tls_not_yet_valid", "tls")

    def test_unknown_authority(self):
        self.expect(self.probe("tls", f"{NAME}:443", parameters={"tls.ca_file": self.other_file}), "tls_untrusted", "tls")

    def test_intercepted(self):
        self.expect(self.tls(f"{NAME}:443", **{"tls.expected_issuers": "[Somebody Else]"}), "tls_intercepted", "tls")

    def test_old_version(self):
        self.expect(self.tls("old.example.com:443"), "tls_version", "tls")

    def test_plain_text_where_tls_is_expected(self):
        answer = self.tls("plain.example.com:443")
        self.assertIn(answer["reason"], ("protocol_mismatch", "tls_handshake"), answer)
        self.assertEqual(answer["phase"], "tls")

    def test_observed_only(self):
        for host in ("expired", "self", "wrong", "future"):
            with self.subTest(host):
                answer = self.tls(f"{host}.example.com:443", **{"tls.verify": "observe"})
                self.expect(answer, "ok")
                self.assertTrue(answer["certificate"]["subject"])

    def test_a_demand_for_a_client_certificate_is_up(self):
        self.expect(self.tls("https://client.example.com/", kind="http"), "ok")

    def test_https_is_judged_alike(self):
        self.expect(self.tls(f"https://{NAME}/", kind="http"), "ok")
        self.expect(self.tls("https://expired.example.com/", kind="http"), "tls_expired", "tls")
        self.expect(self.tls("https://self.example.com/", kind="http"), "tls_untrusted", "tls")
        self.expect(self.tls("https://wrong.example.com/", kind="http"), "tls_name", "tls")

    def test_any_status_below_500_proves_the_server(self):
        for path in ("401", "404", "500", "moved"):
            with self.subTest(path):
                self.expect(self.tls(f"https://{NAME}/{path}", kind="http"), "ok")

    def test_redirects_end(self):
        answer = self.tls(f"https://{NAME}/round", kind="http")
        self.assertLess(answer["elapsed"], 5)


if __name__ == "__main__":
    support.main()
