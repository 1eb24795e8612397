"""Hostile servers: bounded memory, the right reason, on time."""

import support

SERVER = "198.51.100.10"
PORTS = {mode: 8000 + number for number, mode in enumerate((
    "drip", "drip-http", "banner", "header", "body", "gzip", "close", "reset", "garbage", "hold"))}
MEMORY = 64 * 1024 * 1024  # of the whole process, far below any of the floods


class HostileTest(support.LabTestCase):
    @classmethod
    def set_up_lab(cls):
        cls.lab.add_address("cloud", SERVER)
        absurd = support.certificates.self_signed(  # about 3 MB of names
            cls.lab.folder, "absurd", [f"name-{number:06}.{'x' * 40}.example.com" for number in range(50000)])
        large = support.certificates.self_signed(  # odd, but within what TLS stacks take
            cls.lab.folder, "large", [f"name-{number:04}.example.com" for number in range(2000)])
        support.servers.stubs(cls.lab, "cloud", *(f"{mode}@{SERVER}:{port}" for mode, port in PORTS.items()),
                              f"ok@{SERVER}:9001,{absurd[0]},{absurd[1]}", f"ok@{SERVER}:9002,{large[0]},{large[1]}")

    def hostile(self, kind, mode, timeout=2, **parameters):
        target = f"{SERVER}:{PORTS[mode]}"
        answer = self.probe(kind, f"http://{target}/" if kind == "http" else target, timeout=f"{timeout}s",
                            parameters=parameters)
        self.assertLess(answer["elapsed"], timeout + 1)
        self.assertLess(answer["memory"], MEMORY)
        return answer

    def test_one_byte_a_second(self):
        self.expect(self.hostile("http", "drip-http"), "stalled", "request")
        self.expect(self.hostile("http", "drip"), "protocol_mismatch", "request")
        self.assertEqual(self.hostile("tls", "drip")["phase"], "tls")

    def test_endless_banner(self):
        self.expect(self.hostile("http", "banner"), "protocol_mismatch", "request")
        self.expect(self.hostile("tcp", "banner"), "ok")
        self.assertEqual(self.hostile("tls", "banner")["phase"], "tls")

    def test_header_of_a_gigabyte(self):
        self.expect(self.hostile("http", "header"), "protocol_mismatch", "request")

    def test_body_of_a_gigabyte(self):
        self.assertLess(self.hostile("http", "body", timeout=5)["elapsed"], 3)

    def test_gzip_bomb(self):
        answer = self.hostile("http", "gzip", timeout=5, expect_body="[needle]", compression="gzip")
        self.assertFalse(answer["success"])
        self.assertEqual((answer["reason"], answer["phase"]), ("content_mismatch", "request"))

    def test_closed_early_and_reset(self):
        self.expect(self.hostile("http", "close"), "closed_early", "request")
        self.assertIn(self.hostile("http", "reset")["reason"], ("reset", "closed_early"))

    def test_silence_after_connecting(self):
        self.expect(self.hostile("http", "hold"), "stalled", "request")
        self.expect(self.hostile("tls", "hold"), "stalled", "tls")

    def test_garbage(self):
        self.expect(self.hostile("http", "garbage"), "protocol_mismatch", "request")
        self.assertIn(self.hostile("tls", "garbage")["reason"], ("protocol_mismatch", "tls_handshake"))

    def test_certificate_of_megabytes(self):
        answer = self.probe("tls", f"{SERVER}:9001", parameters={"tls.verify": "observe"}, timeout="4s")
        self.expect(answer, "tls_handshake", "tls")
        self.assertLess(answer["memory"], MEMORY)

    def test_certificate_with_thousands_of_names(self):
        answer = self.probe("tls", f"{SERVER}:9002", parameters={"tls.verify": "observe"}, timeout="4s")
        self.expect(answer, "ok")
        self.assertLess(answer["memory"], MEMORY)


if __name__ == "__main__":
    support.main()
