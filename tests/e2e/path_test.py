"""TCP and ICMP through real firewalls: each way to be stopped has its own reason, and the offender is named."""

import support
from lab import FIREWALL4, FIREWALL6, HOST4, HOST6

SERVER4, SERVER6 = "198.51.100.10", "fd77:0:0:2::10"
OPEN, CLOSED = 80, 81

REJECTIONS4 = {  # nftables' word: (reason, whether an offender is known)
    "admin-prohibited": ("admin_prohibited", True),
    "host-prohibited": ("admin_prohibited", True),
    "net-prohibited": ("admin_prohibited", True),
    "host-unreachable": ("host_unreachable", True),
    "net-unreachable": ("net_unreachable", True),
    "port-unreachable": ("admin_prohibited", True),  # for TCP only a firewall answers so
    "tcp reset": ("refused", False),  # can't be told from the host's own
}
REJECTIONS6 = {
    "admin-prohibited": ("admin_prohibited", True),
    "no-route": ("net_unreachable", True),
    "addr-unreachable": ("host_unreachable", True),
    "port-unreachable": ("admin_prohibited", True),
    "tcp reset": ("refused", False),
}


class PathTest(support.LabTestCase):
    @classmethod
    def set_up_lab(cls):
        cls.lab.add_address("cloud", SERVER4, SERVER6)
        support.servers.stubs(cls.lab, "cloud", f"hold@{SERVER4}:{OPEN}", f"hold@[{SERVER6}]:{OPEN}")

    def test_open(self):
        answer = self.probe("tcp", f"{SERVER4}:{OPEN}")
        self.expect(answer, "ok")
        self.assertEqual([attempt["address"] for attempt in answer["attempts"]], [SERVER4])
        self.assertEqual(answer["attempts"][0]["port"], OPEN)
        self.assertIsNone(answer["certificate"])
        self.assertGreater(answer["timings"]["connect"], 0)
        self.assertGreaterEqual(answer["timings"]["total"], answer["timings"]["connect"])

    def test_open_over_ipv6(self):
        self.expect(self.probe("tcp", f"[{SERVER6}]:{OPEN}"), "ok")

    def test_closed(self):
        for target in (f"{SERVER4}:{CLOSED}", f"[{SERVER6}]:{CLOSED}"):
            with self.subTest(target):
                self.expect(self.probe("tcp", target), "refused", "connect")

    def test_dropped_is_a_timeout_on_time(self):
        for address, target in ((SERVER4, f"{SERVER4}:{OPEN}"), (SERVER6, f"[{SERVER6}]:{OPEN}")):
            with self.subTest(target):
                self.lab.drop(address, OPEN)
                answer = self.probe("tcp", target, timeout="700ms")
                self.expect(answer, "timeout", "connect")
                self.assertAlmostEqual(answer["timings"]["total"], 0.7, delta=0.3)

    def test_rejected_names_the_firewall(self):
        for address, target, offender, table in ((SERVER4, f"{SERVER4}:{OPEN}", FIREWALL4, REJECTIONS4),
                                                 (SERVER6, f"[{SERVER6}]:{OPEN}", FIREWALL6, REJECTIONS6)):
            for code, (reason, known) in table.items():
                with self.subTest(f"{target} {code}"):
                    self.lab.reject(address, OPEN, code)
                    answer = self.probe("tcp", target)
                    self.expect(answer, reason, "connect", offender if known else None)
                    self.assertNotEqual(answer["attempts"][0]["errno"], 0)

    def test_unreachable_host_behind_the_firewall(self):
        answer = self.probe("tcp", f"10.30.9.9:{OPEN}", timeout="5s")
        self.expect(answer, "host_unreachable", "connect", FIREWALL4)
        answer = self.probe("tcp", f"[fd77:0:0:4::99]:{OPEN}", timeout="5s")
        self.expect(answer, "host_unreachable", "connect", FIREWALL6)

    def test_dead_neighbour_has_no_offender(self):
        self.expect(self.probe("tcp", f"10.77.0.99:{OPEN}", timeout="5s"), "host_unreachable", "connect")

    def test_no_route_is_our_own_fault(self):
        self.lab.run("host", "ip", "route", "add", "unreachable", "192.0.2.0/24")
        self.addCleanup(self.lab.run, "host", "ip", "route", "del", "unreachable", "192.0.2.0/24")
        self.expect(self.probe("tcp", f"192.0.2.1:{OPEN}"), "local_route", "connect")

    def test_own_firewall(self):
        self.addCleanup(self.lab.nft, "host", "delete table inet own")
        rules = "\n".join(f"tcp dport {port} {verdict}" for port, verdict in (
            (1001, "reject with icmpx admin-prohibited"), (1002, "reject"), (1003, "drop")))
        self.lab.nft("host", f"table inet own {{\nchain out {{\ntype filter hook output priority 0\n{rules}\n}}\n}}")
        for port in (1001, 1002):
            for target, own in ((f"{SERVER4}:{port}", HOST4), (f"[{SERVER6}]:{port}", HOST6)):
                with self.subTest(target):
                    self.expect(self.probe("tcp", target), "local_firewall", "connect", own)
        # The kernel does not tell a TCP socket of a drop in the output chain; only the first retry, after a second, shows it.
        self.expect(self.probe("tcp", f"{SERVER4}:1003", timeout="700ms"), "timeout", "connect")
        for target, own in ((f"{SERVER4}:1003", HOST4), (f"[{SERVER6}]:1003", HOST6)):
            with self.subTest(target):
                self.expect(self.probe("tcp", target, timeout="1500ms"), "local_firewall", "connect", own)

    def test_all_addresses_are_tried_and_told(self):
        support.servers.dns(self.lab, "cloud", "198.51.100.53",
                            {"both.example.com": [SERVER4, SERVER6], "mixed.example.com": [SERVER4, "198.51.100.11"]})
        self.lab.add_address("cloud", "198.51.100.11")
        answer = self.probe("tcp", f"both.example.com:{OPEN}")
        self.expect(answer, "ok")
        self.assertEqual({attempt["address"] for attempt in answer["attempts"]}, {SERVER4, SERVER6})
        answer = self.probe("tcp", f"mixed.example.com:{OPEN}")  # one of two: up, but said
        told = {attempt["address"]: attempt["reason"] for attempt in answer["attempts"]}
        self.assertEqual(told, {SERVER4: "ok", "198.51.100.11": "refused"})
        answer = self.probe("tcp", f"mixed.example.com:{OPEN}", "--address-policy", "first")
        self.assertEqual(len(answer["attempts"]), 1)


class PingTest(support.LabTestCase):
    def test_reply(self):
        for target in ("198.51.100.2", "fd77:0:0:2::2"):
            with self.subTest(target):
                self.expect(self.probe("icmp", target), "ok")

    def test_without_rights_to_datagram_sockets_it_falls_back_to_raw(self):
        self.lab.run("host", "sysctl", "-q", "-w", "net.ipv4.ping_group_range=1 0")
        self.addCleanup(self.lab.run, "host", "sysctl", "-q", "-w", "net.ipv4.ping_group_range=0 2147483647")
        for target in ("198.51.100.2", "fd77:0:0:2::2"):
            with self.subTest(target):
                self.expect(self.probe("icmp", target), "ok")

    def test_silence(self):
        self.lab.nft("firewall", "add rule inet lab forward ip protocol icmp drop")
        self.assertIn(self.probe("icmp", "198.51.100.2", timeout="700ms")["reason"], ("no_reply", "echo_loss", "timeout"))

    def test_rejected_names_the_firewall(self):
        self.lab.nft("firewall", "add rule inet lab forward ip protocol icmp reject with icmp admin-prohibited")
        answer = self.probe("icmp", "198.51.100.2")
        self.assertEqual(answer["reason"], "admin_prohibited")
        self.assertEqual({attempt.get("offender") for attempt in answer["attempts"]}, {FIREWALL4})

    def test_own_firewall(self):
        self.lab.nft("host", "table inet own {\nchain out {\ntype filter hook output priority 0\n"
                             "ip protocol icmp drop\n}\n}")
        self.addCleanup(self.lab.nft, "host", "delete table inet own")
        self.assertEqual(self.probe("icmp", "198.51.100.2")["reason"], "local_firewall")


if __name__ == "__main__":
    support.main()
