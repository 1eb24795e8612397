"""HTTP proxies: squid as it is found in companies."""

import support

PROXY, LOCKED, REFUSING = "http://10.77.1.128:3128", "http://10.77.1.129:3128", "http://10.77.1.130:3128"
SERVER = "198.51.100.10"
NAME = "www.example.com"


class ProxyTest(support.LabTestCase):
    authority = None

    @classmethod
    def set_up_lab(cls):
        cls.authority = support.certificates.Authority(cls.lab.folder / "ca")
        support.servers.dns(cls.lab, "cloud", "198.51.100.53", {NAME: [SERVER]})
        support.servers.web(cls.lab, "cloud", [
            {"listen": f"{SERVER}:443", "certificate": cls.authority.issue("good", [NAME])},
            {"listen": f"{SERVER}:80"}])
        support.servers.proxy(cls.lab, "site", "10.77.1.128")
        support.servers.proxy(cls.lab, "site", "10.77.1.129", password=True, name="locked")
        support.servers.stubs(cls.lab, "site", "proxy-403@10.77.1.130:3128")

    def setUp(self):
        super().setUp()
        # Only the proxy may go out, and only it knows names: whoever goes past it is found out.
        self.lab.nft("firewall", "add rule inet lab forward ip saddr 10.77.0.2 ip daddr 198.51.100.0/24 drop")
        self.addCleanup(self.lab.open_all)

    def through(self, proxy, target, **options):
        return self.probe("http", target, "--proxy", proxy,
                          parameters={"tls.ca_file": self.authority.file} if target.startswith("https") else None,
                          timeout="6s", **options)

    def test_connect(self):
        answer = self.through(PROXY, f"https://{NAME}/")
        self.expect(answer, "ok")
        self.assertIn(NAME, answer["certificate"]["names"])
        self.assertGreater(answer["timings"]["proxy"], 0)

    def test_absolute_form(self):
        self.expect(self.through(PROXY, f"http://{NAME}/"), "ok")

    def test_credentials_asked_for(self):
        self.expect(self.through(LOCKED, f"https://{NAME}/"), "proxy_auth", "proxy")
        self.expect(self.through(LOCKED, f"http://{NAME}/"), "proxy_auth", "proxy")

    def test_forbidden_by_the_proxy(self):
        self.expect(self.through(REFUSING, f"https://{NAME}/"), "proxy_denied", "proxy")

    def test_proxy_not_there(self):
        self.expect(self.through("http://10.77.1.128:3999", f"https://{NAME}/"), "proxy_unreachable", "proxy")

    def test_proxy_silent(self):
        self.lab.drop("10.77.1.128", 3128)
        answer = self.probe("http", f"https://{NAME}/", "--proxy", PROXY, timeout="1s")
        self.expect(answer, "proxy_unreachable", "proxy")

    def test_target_the_proxy_cannot_reach(self):
        self.expect(self.through(PROXY, f"https://{NAME}:444/"), "proxy_error", "proxy")

    def test_name_that_the_proxy_does_not_know(self):
        self.expect(self.through(PROXY, "https://nobody.example.com/"), "proxy_error", "proxy")


if __name__ == "__main__":
    support.main()
