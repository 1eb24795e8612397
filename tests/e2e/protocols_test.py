"""Every protocol probe against the real server of its protocol, and against every other one: `ok` only where its own
protocol is spoken, an honest failure everywhere else, and never past its deadline."""

import json
import re
import subprocess

import support
from support import services

TIMEOUT = 2.0
# name: (address, port, transport)
SERVERS = {
    "ssh": ("10.77.1.20", 22, "tcp"),
    "smtp": ("10.77.1.21", 25, "tcp"),
    "ldap": ("10.77.1.22", 389, "tcp"),
    "ldaps": ("10.77.1.22", 636, "tcp"),
    "smb": ("10.77.1.23", 445, "tcp"),
    "smb-netbios": ("10.77.1.23", 139, "tcp"),
    "postgresql": ("10.77.1.24", 5432, "tcp"),
    "mysql": ("10.77.1.25", 3306, "tcp"),
    "ftp": ("10.77.1.26", 21, "tcp"),
    "syslog": ("10.77.1.27", 514, "tcp"),
    "syslog-tls": ("10.77.1.27", 6514, "tcp"),
    "http": ("10.77.1.28", 80, "tcp"),
    "https": ("10.77.1.28", 443, "tcp"),
    "dns-tcp": ("10.77.1.29", 53, "tcp"),
    "dns": ("10.77.1.29", 53, "udp"),
    "snmp": ("10.77.1.30", 161, "udp"),
    "ntp": ("10.77.1.31", 123, "udp"),
    "ipmi": ("10.77.1.32", 623, "udp"),
    "syslog-udp": ("10.77.1.27", 514, "udp"),
}
OBSERVE = {"tls": {"verify": "observe"}}
# (probe, its own parameters, the servers that speak its protocol)
TCP_PROBES = [
    ("ssh", {}, {"ssh"}),
    ("sftp", {}, {"ssh"}),
    ("netconf", {}, {"ssh"}),
    ("smtp", {}, {"smtp"}),
    ("smtp", {"security": "starttls", **OBSERVE}, {"smtp"}),
    ("ldap", {"security": "none"}, {"ldap"}),
    ("ldap", {"security": "starttls", **OBSERVE}, {"ldap"}),
    ("ldap", {"security": "tls", **OBSERVE}, {"ldaps"}),
    ("smb", {"netbios": False}, {"smb", "smb-netbios"}),  # samba takes both forms on both ports
    ("smb", {"netbios": True}, {"smb", "smb-netbios"}),
    ("postgresql", {}, {"postgresql"}),
    ("mysql", {}, {"mysql"}),
    ("mssql", {}, set()),
    ("oracle", {}, set()),
    ("db2", {}, set()),
    ("sap", {}, set()),
    ("ftp", {}, {"ftp"}),
    ("cim", {"security": "none"}, set()),
    ("winrm", {"security": "none"}, set()),
    ("dns", {"transport": "tcp"}, {"dns-tcp"}),
    ("slp", {"transport": "tcp"}, set()),
    ("tls", OBSERVE, {"ldaps", "https", "syslog-tls"}),
]
UDP_PROBES = [
    ("dns", {}, {"dns"}),
    ("snmp", {}, {"snmp"}),
    ("snmp", {"version": "2c", "community": "lab-community"}, {"snmp"}),
    ("ntp", {}, {"ntp"}),
    ("slp", {}, set()),
    ("ipmi", {}, {"ipmi"}),
    ("mssql_browser", {}, set()),
]
CONNECT_ONLY = {"tcp", "udp", "syslog", "cmm_command_mode"}  # what answers there is not theirs to judge
OTHERS = {"http", "icmp", "listen"}  # tested by files of their own


class ProtocolsTest(support.LabTestCase):
    @classmethod
    def set_up_lab(cls):
        lab, at = cls.lab, {name: row[0] for name, row in SERVERS.items()}
        authority = support.certificates.Authority(lab.folder / "ca")
        pair = authority.issue("server", ["server.example.com", *sorted(set(at.values()))])
        support.servers.ssh(lab, "site", [at["ssh"]])
        support.servers.web(lab, "site", [{"listen": f"{at['http']}:80"},
                                          {"listen": f"{at['https']}:443", "certificate": pair}])
        services.smtp(lab, "site", at["smtp"], pair)
        services.ldap(lab, "site", at["ldap"], pair)
        services.smb(lab, "site", at["smb"])
        services.postgresql(lab, "site", at["postgresql"], pair)
        services.mysql(lab, "site", at["mysql"], pair, max_connect_errors=100000)
        services.ftp(lab, "site", at["ftp"], pair)
        services.syslog(lab, "site", at["syslog"], pair, authority.file)
        services.resolver(lab, "site", at["dns"])
        services.snmp(lab, "site", at["snmp"])
        services.ntp(lab, "site", at["ntp"])
        services.ipmi(lab, "site", at["ipmi"])
        cls.authority = authority

    def check_all(self, transport, probes):
        """One pass of `reachd check` with each probe at each server of a transport: {(index, server): row}."""
        checks = [{"name": f"{index}@{name}", "probe": kind, "target": f"{address}:{port}", **parameters}
                  for index, (kind, parameters, _) in enumerate(probes)
                  for name, (address, port, theirs) in SERVERS.items() if theirs == transport]
        config = self.lab.folder / f"{transport}.yaml"  # JSON is YAML
        config.write_text(json.dumps({"defaults": {"timeout": f"{int(TIMEOUT * 1000)}ms"},
                                      "limits": {"per_host": 8}, "checks": checks}), encoding="ascii")
        done, _ = support.run_in_lab(self.lab, "check", "--json", "--config", config, timeout=120)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        rows = {row["name"]: row for row in json.loads(done.stdout)["checks"]}
        self.assertEqual(len(rows), len(checks))
        return {(int(name.split("@")[0]), name.split("@")[1]): row for name, row in rows.items()}

    def hold(self, transport, probes):
        for (index, server), row in self.check_all(transport, probes).items():
            kind, parameters, own = probes[index]
            result = row["result"]
            with self.subTest(probe=kind, parameters=parameters, server=server):
                told = json.dumps(result, indent=1)
                self.assertEqual(result["success"], server in own, told)
                self.assertLess(result["timings"]["total"], TIMEOUT + 1, told)
                if server not in own:
                    self.assertTrue(result["message"], told)
                    self.assertIn(result["reason"], ("protocol_mismatch", "stalled", "closed_early", "reset", "no_reply",
                                                     "tls_handshake", "tls_version", "dns_failure"), told)

    def test_over_tcp(self):
        self.hold("tcp", TCP_PROBES)

    def test_over_udp(self):
        self.hold("udp", UDP_PROBES)

    def test_every_type_has_its_place_here(self):
        known = CONNECT_ONLY | OTHERS | {row[0] for row in TCP_PROBES + UDP_PROBES}
        listed = set(re.findall(r"^ {20,}(\w+): ", support.run_reachd("probe", "--help").stdout, re.MULTILINE))
        self.assertEqual(listed, known)


if __name__ == "__main__":
    support.main()
