"""Where the way ends: three routers in a row, the second one a firewall, and each way in which it can stop us."""

import ipaddress
import json

import support
from lab import HOST4

# host - router1 - firewall - router3 - server: the lab's cloud is the first link, its firewall is router 1.
PLACES = ("router2", "router3", "server")
LINKS = (  # (left place, right place, IPv4 network, IPv6 network); the left end is .1, the right one .2
    ("firewall", "router2", "10.78.1.0/24", "fd78:0:0:1::/64"),
    ("router2", "router3", "10.78.2.0/24", "fd78:0:0:2::/64"),
    ("router3", "server", "10.78.3.0/24", "fd78:0:0:3::/64"),
)
HOPS = {4: ("10.77.0.1", "10.78.1.2", "10.78.2.2"), 6: ("fd77:0:0:1::1", "fd78:0:0:1::2", "fd78:0:0:2::2")}
SERVER = {4: "10.78.3.2", 6: "fd78:0:0:3::2"}
OPEN, CLOSED = 80, 81

REJECTIONS = {  # nftables' word: the reason
    4: {"port-unreachable": "admin_prohibited", "host-unreachable": "host_unreachable",
        "net-unreachable": "net_unreachable", "admin-prohibited": "admin_prohibited",
        "host-prohibited": "admin_prohibited", "net-prohibited": "admin_prohibited"},
    6: {"port-unreachable": "admin_prohibited", "addr-unreachable": "host_unreachable",
        "no-route": "net_unreachable", "admin-prohibited": "admin_prohibited"},
}


def target(family, port=OPEN):
    """ADDRESS:PORT of the server."""
    return f"[{SERVER[6]}]:{port}" if family == 6 else f"{SERVER[4]}:{port}"


class ChainTestCase(support.LabTestCase):
    """The lab with a chain of routers behind its firewall, which is the first of three: the second filters."""

    @classmethod
    def set_up_lab(cls):
        lab = cls.lab
        lab.add_places(*PLACES)
        for left, right, net4, net6 in LINKS:
            nets = [ipaddress.ip_network(net) for net in (net4, net6)]
            lab.link(left, right, *([f"{net[end]}/{net.prefixlen}" for net in nets] for end in (1, 2)))
        # Everything behind is reached through the next router, everything else through the one before.
        for at, (left, right, net4, net6) in enumerate(LINKS):
            for _, _, far4, far6 in LINKS[at + 1:]:
                lab.run(left, "ip", "route", "add", far4, "via", str(ipaddress.ip_network(net4)[2]))
                lab.run(left, "ip", "-6", "route", "add", far6, "via", str(ipaddress.ip_network(net6)[2]))
            lab.run(right, "ip", "route", "add", "default", "via", str(ipaddress.ip_network(net4)[1]))
            lab.run(right, "ip", "-6", "route", "add", "default", "via", str(ipaddress.ip_network(net6)[1]))
        for router in PLACES[:2]:
            lab.run(router, "sysctl", "-q", "-w", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
        lab.nft("router2", "table inet lab {\nchain early { type filter hook prerouting priority 0; }\n"
                           "chain forward { type filter hook forward priority 0; }\n}")
        for family, address in SERVER.items():
            at = f"[{address}]" if family == 6 else address
            support.servers.stubs(lab, "server", f"hold@{at}:{OPEN}")
            lab.wait_listening("host", address, OPEN)

    def setUp(self):
        super().setUp()
        self.addCleanup(self.filter, None)

    def filter(self, action, chain="forward"):
        """What the second router does with connections to the open port; None: nothing."""
        lines = ["flush chain inet lab early", "flush chain inet lab forward"]
        if action:
            lines.append(f"add rule inet lab {chain} {action}")
        self.lab.nft("router2", "\n".join(lines))

    def trace(self, family, port=OPEN, timeout="500ms"):
        """`reachd probe tcp --trace` to the server."""
        return self.probe("tcp", target(family, port), "--trace", timeout=timeout)

    def expect_path(self, path, end, addresses, offender=None):
        """The end of the way and its hops in order."""
        told = json.dumps(path, indent=1)
        self.assertEqual(path["end"], end, told)
        self.assertEqual(path["reached"], end == "reached", told)
        self.assertEqual([(hop["hop"], hop["address"]) for hop in path["hops"]],
                         [(number + 1, address) for number, address in enumerate(addresses)], told)
        self.assertEqual(path["last_hop"], path["hops"][-1] if addresses else None, told)
        self.assertEqual(path["offender"], offender, told)
        for hop in path["hops"]:
            self.assertGreater(hop["seconds"], 0, told)


class TraceTest(ChainTestCase):
    def test_an_open_way_shows_every_router(self):
        for family in (4, 6):
            with self.subTest(family):
                answer = self.trace(family)
                self.expect(answer, "ok")
                self.expect_path(answer["path"], "reached", (*HOPS[family], SERVER[family]))
                self.assertIn("accepts connections (hop 4)", answer["path"]["message"])

    def test_a_closed_port_is_reached_too(self):
        for family in (4, 6):
            with self.subTest(family):
                answer = self.trace(family, CLOSED)
                self.expect(answer, "refused", "connect")
                self.expect_path(answer["path"], "reached", (*HOPS[family], SERVER[family]))

    def test_silence_names_the_last_hop_that_answered(self):
        for family in (4, 6):
            with self.subTest(family):
                self.filter(f"tcp dport {OPEN} drop")
                answer = self.trace(family)
                self.expect(answer, "timeout", "connect")
                # A packet whose hop limit ends at the firewall is answered before the firewall looks at it.
                self.expect_path(answer["path"], "silent", HOPS[family][:2])
                self.assertEqual(answer["path"]["message"], f"the last hop that answered is {HOPS[family][1]} "
                                                            "(hop 2 of at most 30): look there and behind it")
                self.assertLess(answer["elapsed"], 10)

    def test_silence_of_a_firewall_that_does_not_even_answer_itself(self):
        for family in (4, 6):
            with self.subTest(family):
                self.filter(f"tcp dport {OPEN} drop", "early")
                self.expect_path(self.trace(family)["path"], "silent", HOPS[family][:1])

    def test_a_router_that_hides_itself_is_a_gap(self):
        for family, kind in ((4, "icmp type time-exceeded"), (6, "icmpv6 type time-exceeded")):
            with self.subTest(family):
                self.lab.nft("router2", "table inet hide {\nchain out { type filter hook output priority 0; "
                                        f"{kind} drop\n}}\n}}")
                try:
                    answer = self.trace(family)
                finally:
                    self.lab.nft("router2", "delete table inet hide")
                addresses = [hop["address"] for hop in answer["path"]["hops"]]
                self.assertEqual(addresses, [HOPS[family][0], None, HOPS[family][2], SERVER[family]])
                self.assertIsNone(answer["path"]["hops"][1]["seconds"])

    def test_each_icmp_code_names_its_sender(self):
        for family, codes in REJECTIONS.items():
            for code, reason in codes.items():
                with self.subTest(f"IPv{family} {code}"):
                    self.filter(f"meta nfproto ipv{family} tcp dport {OPEN} reject with "
                                f"{'icmpv6' if family == 6 else 'icmp'} {code}")
                    answer = self.trace(family)
                    firewall = HOPS[family][1]
                    self.expect(answer, reason, "connect", firewall)
                    self.assertIn(firewall, answer["message"])
                    self.expect_path(answer["path"], "rejected", HOPS[family][:2], firewall)

    def test_a_firewalls_reset_looks_like_the_hosts_own_and_the_message_says_so(self):
        for family in (4, 6):
            with self.subTest(family):
                self.filter(f"tcp dport {OPEN} reject with tcp reset")
                answer = self.trace(family)
                self.expect(answer, "refused", "connect")
                self.assertIn("nothing listens there, or a firewall says so", answer["message"])
                # One hop nearer than the server is, if one knows.
                self.expect_path(answer["path"], "reached", (*HOPS[family][:2], SERVER[family]))

    def test_a_dead_end_on_the_way(self):
        answer = self.probe("tcp", "10.78.3.99:80", "--trace", timeout="5s")
        self.expect(answer, "host_unreachable", "connect", HOPS[4][2])
        self.expect_path(answer["path"], "rejected", HOPS[4], HOPS[4][2])

    def test_a_dead_neighbour_and_our_own_firewall(self):
        answer = self.probe("tcp", "10.77.0.99:80", "--trace", timeout="5s")
        self.expect(answer, "host_unreachable", "connect")
        self.expect_path(answer["path"], "rejected", ())
        self.assertIn("a neighbour did not answer", answer["path"]["message"])
        self.addCleanup(self.lab.nft, "host", "delete table inet own")
        self.lab.nft("host", "table inet own {\nchain out {\ntype filter hook output priority 0\n"
                             f"tcp dport {OPEN} reject with icmpx admin-prohibited\n}}\n}}")
        answer = self.trace(4)
        self.expect(answer, "local_firewall", "connect", HOST4)
        self.expect_path(answer["path"], "rejected", (), HOST4)

    def test_for_people(self):
        self.filter(f"tcp dport {OPEN} drop")
        done, _ = support.run_in_lab(self.lab, "probe", "tcp", target(4), "--trace", "--timeout", "500ms")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, rf"the way to {SERVER[4]}:{OPEN}\n    1  {HOPS[4][0]}  [\d.]+ ms\n"
                                      rf"    2  {HOPS[4][1]}  [\d.]+ ms\n  the last hop that answered is")

    def test_only_a_tcp_port_can_be_traced(self):
        done, _ = support.run_in_lab(self.lab, "probe", "icmp", HOPS[4][0], "--trace", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("only the way to a TCP port", done.stderr)
        self.assertNotIn("path", json.loads(done.stdout))


class DaemonTest(ChainTestCase):
    def test_a_check_that_falls_silent_shows_where(self):
        config = self.lab.folder / "trace.yaml"
        config.write_text("vantage: lab\n"
                          "defaults: {interval: 1s, timeout: 400ms, confirm_interval: 100ms, down_after: 2, up_after: 1}\n"
                          "checks:\n" + "".join(f'  - {{name: v{family}, probe: tcp, target: "{target(family)}"}}\n'
                                                for family in (4, 6)), encoding="ascii")
        daemon = support.Daemon(config, self.lab)
        self.addCleanup(daemon.__exit__)
        daemon.__enter__()
        for family in (4, 6):
            self.assertIsNone(daemon.wait_state(f"custom/v{family}", "up")["path"])
        self.filter(f"tcp dport {OPEN} drop")
        for family in (4, 6):
            check = f"custom/v{family}"
            daemon.wait_state(check, "down")
            path = support.wait_for("the path", lambda name=check: daemon.checks()[name]["path"])
            self.expect_path(path, "silent", HOPS[family][:2])
            row = daemon.checks()[check]
            self.assertEqual(row["result"]["reason"], "timeout")
        self.filter(None)
        for family in (4, 6):
            self.assertIsNone(daemon.wait_state(f"custom/v{family}", "up")["path"], "history once it is up")


if __name__ == "__main__":
    support.main()
