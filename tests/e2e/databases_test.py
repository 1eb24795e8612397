"""Databases as Debian has them: what the probes learn, and that they do the servers no harm."""

import support

PLAIN, SECURE, MARIADB = "10.77.1.140", "10.77.1.141", "10.77.1.142"
MOST_ERRORS = 3

# A client that connects, reads the greeting and goes.
RUDE = ("import socket\nfor _ in range(6):\n    s = socket.create_connection(('%s', 3306), 5)\n    s.recv(4096)\n"
        "    s.close()\n" % MARIADB)


class PostgresqlTest(support.LabTestCase):
    @classmethod
    def set_up_lab(cls):
        cls.authority = support.certificates.Authority(cls.lab.folder / "ca")
        support.services.postgresql(cls.lab, "site", PLAIN, name="plain")
        support.services.postgresql(cls.lab, "site", SECURE, cls.authority.issue("pg", [SECURE]), name="secure")

    def quiet(self, name):
        """What the server has logged since it is ready."""
        log = (self.lab.folder / f"{name}.log").read_text(errors="replace")
        return log.split("ready to accept connections")[1].strip()

    def test_without_tls(self):
        for _ in range(3):
            answer = self.probe("postgresql", PLAIN)
            self.expect(answer, "ok")
        self.assertEqual(answer["service"]["tls"], "not offered")
        self.expect(self.probe("postgresql", PLAIN, parameters={"security": "starttls"}), "tls_handshake", "request")
        self.assertEqual(self.quiet("plain"), "")

    def test_with_tls(self):
        for _ in range(3):
            answer = self.probe("postgresql", SECURE)
            self.expect(answer, "ok")
        self.assertEqual(answer["service"]["tls"], "TLSv1.3")
        self.assertIsNone(answer["certificate"])
        demanded = {"security": "starttls"}
        trusted = self.probe("postgresql", SECURE, parameters=demanded | {"tls.ca_file": self.authority.file})
        self.expect(trusted, "ok")
        self.assertIn(SECURE, trusted["certificate"]["names"])
        self.expect(self.probe("postgresql", SECURE, parameters=demanded | {"tls.ca_file": self.other()}),
                    "tls_untrusted", "tls")
        self.assertEqual(self.quiet("secure"), "")

    def other(self):
        """An authority that has not signed anything here."""
        return support.certificates.Authority(self.lab.folder / "other-ca").file


class MysqlTest(support.LabTestCase):
    @classmethod
    def set_up_lab(cls):
        cls.authority = support.certificates.Authority(cls.lab.folder / "ca")
        # The server counts the errors of hosts whose name it knows.
        support.servers.dns(cls.lab, "cloud", "198.51.100.53", {"client.example.com": ["10.77.0.2"]})
        support.services.mysql(cls.lab, "site", MARIADB, cls.authority.issue("my", [MARIADB]),
                               max_connect_errors=MOST_ERRORS)
        cls.sql("CREATE USER app@'%' IDENTIFIED BY 'secret'")  # else no other host may connect at all

    @classmethod
    def sql(cls, statement):
        """One statement as the server's administrator."""
        return cls.lab.run("site", "mariadb", "--no-defaults", "--user=root", f"--socket={cls.lab.folder}/mysql/socket",
                           "--batch", "--skip-column-names", f"--execute={statement}").stdout.strip()

    def test_no_probe_counts_as_an_error(self):
        self.sql("FLUSH HOSTS")
        parameters = {"security": "starttls", "tls.ca_file": self.authority.file}
        for _ in range(10 * MOST_ERRORS):
            answer = self.probe("mysql", MARIADB)
            self.expect(answer, "ok")
            self.assertFalse(answer["degraded"], answer)
        self.assertIn("MariaDB", answer["service"]["version"])
        self.assertEqual(answer["service"]["tls"], "offered")
        for _ in range(2 * MOST_ERRORS):
            answer = self.probe("mysql", MARIADB, parameters=parameters)
            self.expect(answer, "ok")
            self.assertFalse(answer["degraded"], answer)
        self.assertIn(MARIADB, answer["certificate"]["names"])
        # That the server does count is shown by a client without manners.
        self.lab.run("host", "python3", "-c", RUDE)
        blocked = self.probe("mysql", MARIADB)
        self.expect(blocked, "ok")
        self.assertTrue(blocked["degraded"], blocked)
        self.assertIn("1129", blocked["message"])

    def test_an_account_of_our_name_is_left_at_once(self):
        self.sql("FLUSH HOSTS")
        self.sql("CREATE USER reachd@'%'")
        self.addCleanup(self.sql, "DROP USER reachd@'%'")
        aborted = "SELECT SUM(VARIABLE_VALUE) FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME LIKE 'Aborted_c%'"
        before = self.sql(aborted)
        self.expect(self.probe("mysql", MARIADB), "ok")
        self.assertEqual(self.sql(aborted), before)


if __name__ == "__main__":
    support.main()
