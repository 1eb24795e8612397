"""Name resolution: each failure has its reason, and a dead name server delays nobody else."""

import support

LIVE, DEAD = "198.51.100.53", "198.51.100.54"
SERVER4, SERVER6 = "198.51.100.10", "fd77:0:0:2::10"


class ResolveTest(support.LabTestCase):
    @classmethod
    def set_up_lab(cls):
        cls.lab.add_address("cloud", DEAD)
        support.servers.dns(cls.lab, "cloud", LIVE, {
            "www.example.com": [SERVER4], "six.example.com": [SERVER6], "both.example.com": [SERVER4, SERVER6]})
        cls.lab.add_address("cloud", SERVER4, SERVER6)
        support.servers.stubs(cls.lab, "cloud", f"hold@{SERVER4}:80", f"hold@[{SERVER6}]:80")

    def setUp(self):
        super().setUp()
        self.lab.set_nameservers(LIVE)

    def test_name(self):
        answer = self.probe("tcp", "www.example.com:80")
        self.expect(answer, "ok")
        self.assertGreater(answer["timings"]["resolve"], 0)

    def test_ipv6_only_name(self):
        self.expect(self.probe("tcp", "six.example.com:80"), "ok")

    def test_unknown_name(self):
        self.expect(self.probe("tcp", "nobody.example.com:80"), "dns_nxdomain", "resolve")

    def test_dead_name_server_is_a_timeout_on_time(self):
        self.lab.set_nameservers(DEAD)
        self.lab.drop(DEAD, 53, "udp")
        answer = self.probe("tcp", "www.example.com:80", timeout="1s")
        self.expect(answer, "dns_timeout", "resolve")
        self.assertLess(answer["timings"]["total"], 1.5)

    def test_refusing_name_server(self):
        self.lab.set_nameservers(DEAD)  # nothing listens there: port unreachable
        answer = self.probe("tcp", "www.example.com:80")
        self.assertIn(answer["reason"], ("dns_failure", "dns_timeout"))
        self.assertEqual(answer["phase"], "resolve")

    def test_second_name_server_answers_for_a_dead_first(self):
        self.lab.set_nameservers(DEAD, LIVE)
        self.lab.drop(DEAD, 53, "udp")
        self.expect(self.probe("tcp", "www.example.com:80", timeout="5s"), "ok")

    def test_dropped_aaaa_answers_do_not_delay_a_name(self):
        # Some firewalls drop questions for AAAA; the name is reachable by its A record all the same.
        self.lab.nft("firewall", "add rule inet lab forward ip daddr " + LIVE +
                     " udp dport 53 @th,344,16 0x001c drop")
        self.expect(self.probe("tcp", "www.example.com:80", timeout="3s"), "ok")

    def test_resolver_of_the_probe(self):
        self.lab.set_nameservers(DEAD)
        self.lab.drop(DEAD, 53, "udp")
        self.expect(self.probe("tcp", "www.example.com:80", "--resolver", LIVE), "ok")

    def test_dead_resolver_beside_a_live_one_in_the_daemon(self):
        self.lab.drop(DEAD, 53, "udp")
        config = self.lab.folder / "resolvers.yaml"
        config.write_text(f"""
vantage: lab
defaults: {{interval: 1s, timeout: 800ms, confirm_interval: 200ms}}
checks:
  - {{name: live, probe: tcp, target: "www.example.com:80", resolver: {LIVE}}}
""" + "".join(f"  - {{name: dead{i}, probe: tcp, target: 'name{i}.example.com:80', resolver: {DEAD}}}\n"
              for i in range(30)), encoding="ascii")
        with support.Daemon(config, self.lab) as daemon:
            daemon.wait_state("custom/live", "up")
            dead = daemon.wait_state("custom/dead7", "down")
            self.assertEqual((dead["result"]["reason"], dead["result"]["phase"]), ("dns_timeout", "resolve"))
            live = daemon.checks()["custom/live"]
            self.assertEqual(live["state"], "up")
            self.assertLess(live["result"]["timings"]["total"], 0.4)


class DnsProbeTest(support.LabTestCase):
    @classmethod
    def set_up_lab(cls):
        cls.lab.add_address("cloud", DEAD)
        support.servers.dns(cls.lab, "cloud", LIVE, {"www.example.com": [SERVER4]})

    def test_answer(self):
        self.expect(self.probe("dns", LIVE, parameters={"query": "www.example.com"}), "ok")

    def test_silence(self):
        self.lab.drop(LIVE, 53, "udp")
        self.assertEqual(self.probe("dns", LIVE, parameters={"query": "www.example.com"}, timeout="700ms")["success"],
                         False)

    def test_port_unreachable_is_refused(self):
        self.expect(self.probe("dns", DEAD, parameters={"query": "www.example.com"}), "refused", "connect",
                    DEAD)  # the ICMP error is the host's own

    def test_own_firewall(self):
        self.lab.nft("host", "table inet own {\nchain out {\ntype filter hook output priority 0\nudp dport 53 drop\n}\n}")
        self.addCleanup(self.lab.nft, "host", "delete table inet own")
        answer = self.probe("dns", LIVE, parameters={"query": "www.example.com"})
        self.assertEqual(answer["reason"], "local_firewall", answer)


if __name__ == "__main__":
    support.main()
