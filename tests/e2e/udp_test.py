"""Protocols over UDP against real servers: an answer is up, silence and each rejection are told as what they are, and a
foreign server is never taken for the right one."""

import support  # first: it knows where the lab is
import services
from lab import FIREWALL4

TIME, AGENT, CONTROLLER, LOCATOR, RECEIVER = (f"198.51.100.{n}" for n in (31, 32, 33, 34, 35))
SERVERS = {"ntp": f"{TIME}:123", "snmp": f"{AGENT}:161", "ipmi": f"{CONTROLLER}:623", "slp": f"{LOCATOR}:427"}


class UdpTest(support.LabTestCase):
    @classmethod
    def set_up_lab(cls):
        place = "cloud"
        services.ntp(cls.lab, place, TIME)
        services.snmp(cls.lab, place, AGENT)
        services.ipmi(cls.lab, place, CONTROLLER)
        support.servers.stubs(cls.lab, place, f"slp@{LOCATOR}:427", f"udp-slp@{LOCATOR}:427", f"udp-mute@{RECEIVER}:162",
                              f"udp@{RECEIVER}:7")

    def test_time_server(self):
        answer = self.probe("ntp", SERVERS["ntp"])
        self.expect(answer, "ok")
        self.assertEqual(answer["service"]["stratum"], "8")
        self.assertLess(abs(answer["service"]["clock_offset"]), 0.5)

    def test_snmp_engine_without_credentials(self):
        answer = self.probe("snmp", SERVERS["snmp"])
        self.expect(answer, "ok")
        self.assertEqual(answer["service"]["enterprise"], "8072")
        self.assertEqual(answer["service"]["report"], "usmStatsUnknownEngineIDs")

    def test_snmp_with_a_community(self):
        for version in ("1", "2c"):
            answer = self.probe("snmp", SERVERS["snmp"], parameters={"version": version, "community": "lab-community"})
            self.expect(answer, "ok")
            self.assertRegex(answer["service"]["up_time"], r"^[0-9.]+ s$")
        wrong = self.probe("snmp", SERVERS["snmp"], timeout="1s", parameters={"community": "wrong"})
        self.expect(wrong, "no_reply", "request")
        self.assertIn("open or filtered", wrong["message"])

    def test_management_controller(self):
        answer = self.probe("ipmi", SERVERS["ipmi"])
        self.expect(answer, "ok")
        self.assertEqual(answer["service"]["versions"], "1.5 2.0")

    def test_service_agent_over_both_transports(self):
        for transport in ("udp", "tcp"):
            answer = self.probe("slp", SERVERS["slp"], parameters={"transport": transport})
            self.expect(answer, "ok")
            self.assertEqual(answer["service"]["answer"], "service_agent")
        other = self.probe("slp", SERVERS["slp"], parameters={"service": "service:wbem", "scope": "elsewhere"})
        self.expect(other, "ok")
        self.assertEqual(other["service"]["error"], "SCOPE_NOT_SUPPORTED")

    def test_any_service(self):
        answer = self.probe("udp", f"{RECEIVER}:7", parameters={"send": "hello", "expect": "^hello$"})
        self.expect(answer, "ok")
        self.expect(self.probe("udp", f"{RECEIVER}:7", parameters={"send": "hello", "expect": "bye"}),
                    "content_mismatch", "request")

    def test_a_receiver_of_traps_says_nothing_and_a_closed_port_does(self):
        self.expect(self.probe("udp", f"{RECEIVER}:162", timeout="1s"), "no_reply", "request")
        self.expect(self.probe("udp", f"{RECEIVER}:514"), "refused", "connect", RECEIVER)

    def test_a_firewall_that_drops_is_silence(self):
        for kind, target in SERVERS.items():
            address, port = target.split(":")
            self.lab.drop(address, port, "udp")
            with self.subTest(kind):
                answer = self.probe(kind, target, timeout="1s")
                self.expect(answer, "no_reply", "request")
                self.assertIn("owes", answer["message"])
                self.assertLess(answer["timings"]["total"], 1.5)

    def test_a_firewall_that_rejects_is_named(self):
        for kind, target in SERVERS.items():
            address, port = target.split(":")
            self.lab.reject(address, port, transport="udp")
            with self.subTest(kind):
                self.expect(self.probe(kind, target), "admin_prohibited", "connect", FIREWALL4)

    def test_no_server_is_taken_for_another(self):
        for kind in SERVERS:
            for other, target in SERVERS.items():
                if kind == other:
                    continue
                with self.subTest(f"{kind} at {other}"):
                    answer = self.probe(kind, target, timeout="600ms")
                    self.assertFalse(answer["success"], answer)
                    self.assertIn(answer["reason"], ("no_reply", "protocol_mismatch"), answer)
                    self.assertLess(answer["timings"]["total"], 1.1)

    def test_an_echo_is_no_server(self):
        for kind in SERVERS:
            with self.subTest(kind):
                answer = self.probe(kind, f"{RECEIVER}:7", timeout="600ms")
                self.expect(answer, "protocol_mismatch", "request")


if __name__ == "__main__":
    support.main()
