"""The web port under siege: whoever scrapes is answered, probing keeps its time, memory and descriptors stay bounded."""

import base64
import http.client
import os
import pathlib
import re
import socket
import ssl
import sys
import time

import support

HOST = support.lab_module.HOST4
PORT = 9790
CHECKS = 300
SIEGE_SECONDS = float(os.environ.get("REACHD_SIEGE_SECONDS", "5"))
LATEST_ANSWER = 3  # seconds: a third of what Prometheus allows
LATEST_PROBE = 0.05  # seconds after its time, for 99 of 100
MEMORY_GROWTH = 48 * 1024 * 1024
BCRYPT = "$2b$10$YW6bK1srl97q/e4UQA1eK.WhKB.gE5CiVEdkMLxr/3XH86PG2QV6u"  # of "right password"
SIEGE = pathlib.Path(support.servers.__file__).with_name("siege.py")

# Never a file, never a 200, whoever asks.
TRAVERSALS = ("/../../etc/passwd", "/page/../../../../etc/passwd", "/page/%2e%2e/%2e%2e/etc/passwd", "/page/..%2f..%2fetc/passwd",
              "//etc/passwd", "/page//etc/passwd", "/page/..\\..\\etc\\passwd", "/page/%00", "/page/app.js%00.css",
              "/page/%c0%ae%c0%ae/etc/passwd", "file:///etc/passwd", "http://127.0.0.1/../etc/passwd", "/api/v1/checks/../../etc/passwd",
              "*", "etc/passwd", "/%")
METHODS = ("POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "OPTIONS", "PROPFIND", "get", "G", "M" * 1000)


def with_web_yml(test):
    """The daemon of this test has TLS and passwords."""
    test.web_yml = True
    return test


class HostileWebTest(support.LabTestCase):
    @classmethod
    def set_up_lab(cls):
        support.servers.stubs(cls.lab, "host", "hold@0.0.0.0:8080")
        cls.authority = support.certificates.Authority(cls.lab.folder / "ca")
        cls.certificate = cls.authority.issue("web", ["reachd.example.com"])

    def setUp(self):
        super().setUp()
        self.children, self.headers = [], {"Accept": "text/plain"}
        self.addCleanup(self.relieve)
        self.tls = None
        if getattr(getattr(self, self._testMethodName), "web_yml", None):
            self.secure()
            self.start("config_file: web.yml")
        else:
            self.start("")

    def secure(self):
        """A web.yml with a certificate and a user, and a scraper that knows both."""
        certificate, key = self.certificate
        (self.lab.folder / "web.yml").write_text(
            f"tls_server_config: {{cert_file: {certificate}, key_file: {key}}}\nbasic_auth_users: {{scraper: {BCRYPT}}}\n",
            encoding="ascii")
        self.headers["Authorization"] = "Basic " + base64.b64encode(b"scraper:right password").decode()
        self.tls = ssl.create_default_context(cafile=self.authority.file)

    def start(self, web):
        config = self.lab.folder / "hostile.yaml"
        config.write_text(
            f'vantage: lab\nweb: {{listen: ["127.0.0.1:{PORT}", "{HOST}:{PORT}"], {web}}}\n'
            "defaults: {interval: 1s, timeout: 700ms}\nlimits: {per_host: 100}\nchecks:\n"
            + "".join(f'  - {{name: c{n}, probe: tcp, target: "127.1.{n // 250}.{n % 250 + 1}:8080"}}\n' for n in range(CHECKS)), encoding="ascii")
        self.daemon = support.Daemon(config, self.lab, limits="1024:1024", name="hostile")
        self.addCleanup(self.daemon.__exit__)
        support.wait_for("the daemon to be ready", self.is_ready)
        support.wait_for("every check to be up", lambda: f'reachd_checks{{state="up"}} {CHECKS}' in self.scrape()[0])

    def besiege(self, mode, count):
        """Hostile clients from beyond the firewall. They get what time the machine has left over."""
        child = self.lab.spawn(f"siege-{mode}", "cloud", "nice", "-n", "15", sys.executable, SIEGE, mode, HOST, PORT, count)
        self.children.append(child)

    def relieve(self):
        while self.children:
            self.lab.end(self.children.pop())

    def is_ready(self):
        self.assertIsNone(self.daemon.process.poll(), self.daemon.log)
        try:
            return self.get("host", "127.0.0.1", "/-/ready")[0] == 200
        except OSError:
            return False

    def get(self, place, address, path):
        """(status, body) as the scraper asks."""
        client = http.client.HTTPConnection(address, PORT, timeout=10)
        client.sock = self.lab.connect(place, address, PORT, 10)
        try:
            if self.tls:
                client.sock = self.tls.wrap_socket(client.sock, server_hostname="reachd.example.com")
            client.request("GET", path, headers=self.headers)
            answer = client.getresponse()
            return answer.status, answer.read()
        finally:
            client.close()

    def memory(self):
        status = pathlib.Path(f"/proc/{self.daemon.process.pid}/status").read_text(encoding="ascii")
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) * 1024

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.daemon.process.pid}/fd"))

    def scrape(self, place="site"):
        """The metrics, asked for as Prometheus does, and the seconds that took."""
        began = time.monotonic()
        status, body = self.get(place, HOST if place != "host" else "127.0.0.1", "/metrics")
        self.assertEqual(status, 200, body[:200])
        return body.decode(), time.monotonic() - began

    @staticmethod
    def lags(text):
        """(probes begun, of these in time) so far."""
        def count(bound):
            return float(re.search(rf'(?m)^reachd_schedule_lag_seconds_bucket{{le="{re.escape(bound)}"}} (\S+)$', text).group(1))
        return count("+Inf"), count(str(LATEST_PROBE))

    def hold_out(self, least_refused=None):
        """Scrapes for as long as a siege lasts, from elsewhere and from the host; then judges what it has done."""
        before = self.scrape()[0]
        end = time.monotonic() + SIEGE_SECONDS
        slowest, scrapes, text = 0, 0, before
        while time.monotonic() < end:
            text, seconds = self.scrape(("site", "host")[scrapes % 2])
            slowest, scrapes = max(slowest, seconds), scrapes + 1
            support.wait_for("the time of the next scrape", lambda until=time.monotonic() + 0.2: time.monotonic() > until)
        begun, in_time = (now - then for now, then in zip(self.lags(text), self.lags(before)))
        told = (f"{scrapes} scrapes, the slowest took {slowest:.3f} s; {begun:.0f} probes, {in_time / max(begun, 1):.2%} in time; "
                f"memory grew by {(self.memory() - self.memory_before) / 2 ** 20:.1f} MiB; {self.descriptors()} descriptors")
        print(f"\n  {told}", file=sys.stderr)
        self.assertGreater(scrapes, 3, told)
        self.assertLess(slowest, LATEST_ANSWER, told)
        self.assertGreater(begun, CHECKS * (SIEGE_SECONDS - 1) * 0.8, told)
        self.assertGreaterEqual(in_time / begun, 0.99, told)
        self.assertLess(self.memory() - self.memory_before, MEMORY_GROWTH, told)
        self.assertIn(f'reachd_checks{{state="up"}} {CHECKS}', text)
        self.assertIsNone(self.daemon.process.poll())

    def siege(self, *clients):
        """Under siege by these (mode, count), and after it."""
        self.memory_before, descriptors_before = self.memory(), self.descriptors()
        for mode, count in clients:
            self.besiege(mode, count)
        support.wait_for("the siege to begin", lambda: self.descriptors() > descriptors_before + min(20, clients[0][1] // 2))
        self.hold_out()
        for child in self.children:
            self.assertIsNone(child.poll(), "the siege ended early")
        self.relieve()
        support.wait_for("the descriptors to come back", lambda: self.descriptors() <= descriptors_before + 8)
        code, seconds = self.daemon.stop()
        self.assertEqual(code, 0, self.daemon.log[-2000:])
        self.assertLess(seconds, 2)

    def test_a_thousand_slow_clients(self):
        self.siege(("slow", 1000))

    def test_a_thousand_silent_clients(self):
        self.siege(("silent", 1000))

    def test_clients_that_never_read(self):
        self.siege(("unread", 200))

    def test_lines_heads_and_bodies_of_megabytes(self):
        self.siege(("line", 20), ("header", 20), ("body", 20))

    def test_pipelined_rubbish(self):
        self.siege(("pipeline", 10), ("rubbish", 20))

    @with_web_yml
    def test_wrong_passwords_at_speed(self):
        self.siege(("password", 50))

    @with_web_yml
    def test_half_and_whole_handshakes(self):
        self.siege(("hello", 500), ("handshake", 10))

    def test_clients_that_vanish(self):
        self.memory_before, before = self.memory(), self.descriptors()
        clients = [self.lab.connect("cloud", HOST, PORT) for _ in range(100)]
        for client in clients:
            client.sendall(b"GET /metrics HTT")
        support.wait_for("them to be there", lambda: self.descriptors() >= before + 100)
        self.lab.drop("198.51.100.2", None)  # no answer reaches them any more
        self.lab.drop(HOST, None)
        for client in clients:
            client.close()
        self.lab.open(HOST, None)
        more = [self.lab.connect("site", HOST, PORT) for _ in range(100)]
        self.hold_out()
        for client in more:
            client.close()
        support.wait_for("the descriptors to come back", lambda: self.descriptors() <= before + 8)

    def ask(self, text):
        """All that the server says to these bytes on the host's own loopback, where everything is served."""
        with self.lab.connect("host", "127.0.0.1", PORT, support.GUARD) as client:
            client.sendall(text)
            client.shutdown(socket.SHUT_WR)
            answer = b""
            while piece := client.recv(65536):
                answer += piece
            return answer

    def test_no_path_leads_to_a_file(self):
        for path in TRAVERSALS:
            answer = self.ask(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode("latin-1"))
            self.assertRegex(answer, rb"^HTTP/1\.1 4\d\d ", path)
            self.assertNotIn(b"root:", answer, path)

    def test_no_other_method_is_taken(self):
        for method in METHODS:
            for path in ("/", "/metrics", "/api/v1/checks", "/page/app.js", "/-/healthy"):
                answer = self.ask(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
                self.assertRegex(answer, rb"^HTTP/1\.1 (405 |400 )", f"{method} {path}")

    def test_pipelined_requests_are_all_answered_in_order(self):
        requests = b"".join(f"GET /{name} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() for name in ("-/healthy", "nothing", "-/ready")) * 300
        answer = self.ask(requests)
        statuses = re.findall(rb"HTTP/1\.1 (\d+) ", answer)
        self.assertEqual(statuses, [b"200", b"404", b"200"] * 300)


if __name__ == "__main__":
    support.main()
