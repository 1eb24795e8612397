"""Proxies as they are found in companies: squid for HTTP, Dante for SOCKS5."""

import json

import support

PROXY, LOCKED, REFUSING = "http://10.77.1.128:3128", "http://10.77.1.129:3128", "http://10.77.1.130:3128"
SOCKS, LOCKED_SOCKS = "socks5://10.77.1.131", "socks5://10.77.1.132:1081"
SERVER, FORBIDDEN = "198.51.100.10", "198.51.100.11"
NAME = "www.example.com"


class ThroughAProxy(support.LabTestCase):
    """Behind a firewall that lets only the proxies out, and where only they know names."""

    authority = None

    @classmethod
    def set_up_lab(cls):
        cls.authority = support.certificates.Authority(cls.lab.folder / "ca")
        support.servers.dns(cls.lab, "cloud", "198.51.100.53", {NAME: [SERVER]})
        support.servers.web(cls.lab, "cloud", [
            {"listen": f"{SERVER}:443", "certificate": cls.authority.issue("good", [NAME])},
            {"listen": f"{SERVER}:80"}])
        cls.start_proxies()

    @classmethod
    def start_proxies(cls):
        """Starts the proxies of the class."""

    def setUp(self):
        super().setUp()
        # Only the proxy may go out, and only it knows names: whoever goes past it is found out.
        self.lab.nft("firewall", "add rule inet lab forward ip saddr 10.77.0.2 ip daddr 198.51.100.0/24 drop")
        self.addCleanup(self.lab.open_all)

    def through(self, proxy, target, parameters=None, **options):
        trusted = {"tls.ca_file": self.authority.file} if target.startswith("https") else {}
        return self.probe("http", target, "--proxy", proxy, parameters=trusted | (parameters or {}),
                          timeout="6s", **options)


class HttpProxyTest(ThroughAProxy):
    @classmethod
    def start_proxies(cls):
        support.servers.proxy(cls.lab, "site", "10.77.1.128")
        support.servers.proxy(cls.lab, "site", "10.77.1.129", password=True, name="locked")
        support.servers.stubs(cls.lab, "site", "proxy-403@10.77.1.130:3128")

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

    def test_asked_for_socks(self):
        # squid waits for a line to end.
        answer = self.probe("tcp", f"{NAME}:443", "--proxy", "socks5://10.77.1.128:3128", timeout="500ms")
        self.expect(answer, "stalled", "proxy")


class SocksProxyTest(ThroughAProxy):
    @classmethod
    def start_proxies(cls):
        support.servers.socks(cls.lab, "site", "10.77.1.131", blocked=[f"{FORBIDDEN}/32"])
        support.servers.socks(cls.lab, "site", "10.77.1.132", port=1081, users={"beacon": "right: word"}, name="locked")

    def test_http_and_https_by_name(self):
        answer = self.through(SOCKS, f"https://{NAME}/")
        self.expect(answer, "ok")
        self.assertIn(NAME, answer["certificate"]["names"])
        self.assertGreater(answer["timings"]["proxy"], 0)
        self.expect(self.through(SOCKS, f"http://{NAME}/"), "ok")

    def test_other_probes_by_address(self):
        self.expect(self.probe("tcp", f"{SERVER}:80", "--proxy", SOCKS), "ok")
        self.expect(self.probe("tls", f"{SERVER}:443", "--proxy", SOCKS, parameters={"tls.verify": "observe"}), "ok")

    def test_credentials(self):
        def with_password(password):
            return self.through(LOCKED_SOCKS, f"https://{NAME}/",
                                {"proxy_user": "beacon", "proxy_password": json.dumps(password)})
        self.expect(with_password("right: word"), "ok")
        self.expect(with_password("wrong"), "proxy_auth", "proxy")
        self.expect(self.through(LOCKED_SOCKS, f"https://{NAME}/"), "proxy_auth", "proxy")

    def test_forbidden_by_the_proxy(self):
        self.expect(self.probe("tcp", f"{FORBIDDEN}:80", "--proxy", SOCKS), "proxy_denied", "proxy")

    def test_target_that_refuses_the_proxy(self):
        answer = self.probe("tcp", f"{NAME}:444", "--proxy", SOCKS)
        self.expect(answer, "proxy_error", "proxy")
        self.assertIn(f"could not reach {NAME}:444: connection refused", answer["message"])

    def test_target_that_a_firewall_hides_from_the_proxy(self):
        self.lab.drop(SERVER, 80)
        answer = self.probe("tcp", f"{SERVER}:80", "--proxy", SOCKS, timeout="6s")
        self.expect(answer, "proxy_error", "proxy")
        self.assertIn(f"could not reach {SERVER}:80: ", answer["message"])
        self.expect(self.probe("tcp", f"{SERVER}:80", "--proxy", SOCKS, timeout="1s"), "stalled", "proxy")

    def test_name_that_the_proxy_does_not_know(self):
        self.expect(self.probe("tcp", "nobody.example.com:80", "--proxy", SOCKS), "proxy_error", "proxy")

    def test_proxy_not_there(self):
        self.expect(self.probe("tcp", f"{NAME}:80", "--proxy", SOCKS + ":1999"), "proxy_unreachable", "proxy")

    def test_asked_for_http(self):
        self.expect(self.through("http://10.77.1.131:1080", f"https://{NAME}/"), "proxy_error", "proxy")


if __name__ == "__main__":
    support.main()
