"""Revocation against real servers: nginx that staples, OpenSSL's OCSP responder, and a list that nginx serves."""

import support

DNS, STATUS = "198.51.100.53", "198.51.100.80"
GOOD, REVOKED, STAPLED, BY_LIST, REVOKED_BY_LIST, SILENT = (f"198.51.100.{n}" for n in range(10, 16))
HOSTS = {"good": GOOD, "revoked": REVOKED, "stapled": STAPLED, "list": BY_LIST, "revoked-list": REVOKED_BY_LIST,
         "silent": SILENT}


class RevocationTest(support.LabTestCase):
    @classmethod
    def set_up_lab(cls):
        lab = cls.lab
        cls.authority = authority = support.certificates.Authority(lab.folder / "ca")
        names = {f"{name}.example.com": [address] for name, address in HOSTS.items()}
        support.servers.dns(lab, "cloud", DNS, names | {"ocsp.example.com": [STATUS], "crl.example.com": [STATUS]})
        ocsp, crl = "http://ocsp.example.com:8080/", "http://crl.example.com/lab.crl"
        issued = {
            "good": authority.issue("good", ["good.example.com"], ocsp=ocsp),
            "revoked": authority.issue("revoked", ["revoked.example.com"], ocsp=ocsp),
            "stapled": authority.issue("stapled", ["stapled.example.com"], ocsp="http://ocsp.example.com:8081/"),
            "list": authority.issue("list", ["list.example.com"], crl=crl),
            "revoked-list": authority.issue("revoked-list", ["revoked-list.example.com"], crl=crl),
            "silent": authority.issue("silent", ["silent.example.com"], ocsp="http://ocsp.example.com:8082/"),
        }
        authority.revoke("revoked")
        authority.revoke("revoked-list")
        web = lab.folder / "web"
        web.mkdir()
        authority.write_list(web / "lab.crl")
        staple = authority.ocsp_response("stapled")
        support.servers.web(lab, "cloud", [
            {"listen": f"{STATUS}:80", "locations": {"/": f"root {web};"}},
            *({"listen": f"{address}:443", "certificate": issued[name],
               "directives": f"ssl_stapling on; ssl_stapling_file {staple};" if name == "stapled" else ""}
              for name, address in HOSTS.items())])
        lab.spawn("ocsp", "cloud", "openssl", "ocsp", "-index", authority.index, "-CA", authority.file,
                  "-rsigner", authority.file, "-rkey", authority.key, "-port", "8080", "-nmin", "10")
        # Not by connecting: it waits for ever for the request of one who has gone again.
        support.wait_for("OpenSSL's responder",
                         lambda: lab.run("cloud", "ss", "-Htln", "sport = :8080").stdout.strip())
        support.servers.stubs(lab, "cloud", f"hold@{STATUS}:8082")

    def tls(self, name, revocation, **more):
        return self.probe("tls", f"{name}.example.com:443", parameters={
            "tls.ca_file": self.authority.file, "tls.revocation": revocation, **more})

    def told(self, answer):
        return {key: answer["tls"]["revocation"][key] for key in ("status", "source")}

    def test_a_responder_says_good(self):
        answer = self.tls("good", "hard")
        self.expect(answer, "ok")
        self.assertEqual(self.told(answer), {"status": "good", "source": "ocsp"})

    def test_a_responder_says_revoked(self):
        for policy in ("soft", "hard"):
            answer = self.tls("revoked", policy)
            self.expect(answer, "tls_revoked", "tls")
            self.assertEqual(self.told(answer), {"status": "revoked", "source": "ocsp"})

    def test_off_asks_nobody(self):
        answer = self.tls("revoked", "off")
        self.expect(answer, "ok")
        self.assertIsNone(answer["tls"]["revocation"])

    def test_nginx_staples(self):
        answer = self.tls("stapled", "hard")
        self.expect(answer, "ok")
        self.assertEqual(self.told(answer), {"status": "good", "source": "stapled"})

    def test_a_list_says_good_and_revoked(self):
        answer = self.tls("list", "hard")
        self.expect(answer, "ok")
        self.assertEqual(self.told(answer), {"status": "good", "source": "crl"})
        answer = self.tls("revoked-list", "soft")
        self.expect(answer, "tls_revoked", "tls")
        self.assertEqual(self.told(answer), {"status": "revoked", "source": "crl"})

    def test_a_silent_responder_is_unknown_and_fails_only_where_that_is_demanded(self):
        answer = self.tls("silent", "soft")
        self.expect(answer, "ok")
        self.assertEqual(self.told(answer)["status"], "unknown")
        self.assertLess(answer["elapsed"], 3)
        answer = self.tls("silent", "hard")
        self.assertFalse(answer["success"], answer)
        self.assertEqual(answer["phase"], "tls", answer)


if __name__ == "__main__":
    support.main()
