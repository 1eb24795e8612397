"""The small estate of `./run lab`: what a Flexera beacon and an XClarity Administrator talk to, as real servers.

The names of the vendors' clouds are answered by the lab's own DNS with addresses of the lab, and their
certificates come from the lab's own authority.
"""

import certificates
import servers
import services

DNS = "198.51.100.53"
PORTAL, BATCH, INVENTORY = "198.51.100.10", "198.51.100.11", "198.51.100.12"
SIDE, REVOCATION, PUSH, LENOVO = "198.51.100.20", "198.51.100.80", "198.51.100.90", "198.51.100.91"
BEACON = "10.77.0.2"  # where reachd runs
PARENT, OTHER_BEACON = "10.77.1.10", "10.77.1.11"
DIRECTORY, SAP, DATABASE = "10.77.1.20", "10.77.1.30", "10.77.1.40"
MAIL, APPLIANCE, WINDOWS, UNIX = "10.77.1.51", "10.77.1.60", "10.77.1.90", "10.77.1.91"
TIME, LOGS = "10.77.1.70", "10.77.1.71"
CHASSIS, SWITCH, STORAGE = "10.30.0.10", "10.30.2.10", "10.30.3.10"
RACK = ["10.30.1.1", "10.30.1.2", "10.30.1.3"]

_HOSTS = {
    "app.flexera.eu": [PORTAL], "beacon.flexnetmanager.eu": [BATCH], "data.flexnetmanager.eu": [INVENTORY],
    "js-agent.newrelic.com": [SIDE], "bam.nr-data.net": [SIDE],
    "beacon-1.corp.example": [BEACON], "root-beacon.corp.example": [PARENT], "beacon-2.corp.example": [OTHER_BEACON],
    "dc1.corp.example": [DIRECTORY], "sap1.corp.example": [SAP], "sql1.corp.example": [DATABASE],
    "mail.corp.example": [MAIL], "lxca.corp.example": [APPLIANCE],
    "win1.corp.example": [WINDOWS], "aix1.corp.example": [UNIX],
}
_DOMAINS = {  # the authorities' revocation hosts, the push services and the maker's own services
    "amazontrust.com": REVOCATION, "digicert.com": REVOCATION, "lencr.org": REVOCATION,
    "lab-authority.example": REVOCATION, "push.apple.com": PUSH, "googleapis.com": PUSH, "google.com": PUSH, "lenovo.com": LENOVO,
}
_BEACON_PATHS = {path: 'return 200 "Test succeeded\\n";' for path in ("/", "/ManageSoftRL", "/ManageSoftDL")}

CONFIGURATION = """\
# The lab's estate: both catalogues on one host. Intervals are short so that a person sees changes.
vantage: lab-beacon
state_dir: {folder}/state
resolver: [{dns}]
web: {{listen: ["127.0.0.1:9790"]}}
defaults: {{interval: 5s, timeout: 2s, confirm_interval: 1s}}
devices: {{interval: 10s, timeout: 3s, down_after: 3, confirm_interval: 2s, per_host_gap: 100ms, handshake_every: 1m}}

products:
  - product: flexera-beacon
    deployment: cloud
    region: eu
    registering: true
    parent: https://root-beacon.corp.example:8443/
    direct_cloud: true
    tls: {{ca_file: {ca_file}}}
    uploads: ["https://beacon-1.corp.example:443/ManageSoftRL"]
    clients: ["https://beacon-2.corp.example:443/ManageSoftRL"]
    sap: [{{host: sap1.corp.example, instance: "00"}}]
    active_directory: [{{host: dc1.corp.example, ssl: true}}]
    databases: [{{host: sql1.corp.example, kind: mssql}}]
    remote_execution: [{{host: win1.corp.example, technology: smb}}, {{host: aix1.corp.example, technology: ssh}}]
  - product: xclarity-administrator
    appliance: lxca.corp.example
    devices:
      - {{name: chassis-1, type: flex_cmm, address: {chassis}}}
      - {{name: rack-a, type: thinksystem, address: 10.30.1.0/29}}
      - {{name: switch-1, type: rack_switch, address: {switch}}}
      - {{name: storage-1, type: storage, address: {storage}}}
    services:
      dns: [{{host: {dns}}}]
      ldap: [{{host: dc1.corp.example, tls: true}}]
      smtp: [{{host: mail.corp.example}}]
      ntp: [{{host: {ntp}}}]
      syslog: [{{host: {syslog}}}]
      call_home: true
      mobile_push: [apple, google]
    os_deployment: {{enabled: true, network: {appliance}}}

checks:
  - {{name: firewall, probe: icmp, target: 10.77.0.1}}
"""


class Estate:
    """Starts the servers in a started lab and writes the configuration."""

    def __init__(self, lab):
        self.lab = lab
        self.authority = certificates.Authority(lab.folder / "authority")
        self.config = lab.folder / "reachd.yaml"

    def start(self):
        """Every server answers when it returns."""
        lab, authority = self.lab, self.authority
        servers.dns(lab, "cloud", DNS, _HOSTS, _DOMAINS)
        cloud = authority.issue("cloud", [name for name in _HOSTS if not name.endswith(".example")] +
                                ["*.apple.com", "*.push.apple.com", "*.googleapis.com", "*.lenovo.com"],
                                ocsp="http://ocsp.lab-authority.example/")
        corporate = authority.issue("corporate", [name for name in _HOSTS if name.endswith(".example")])
        own = certificates.self_signed(lab.folder, "controller", ["controller.invalid"], bits=2048)

        servers.web(lab, "cloud", name="cloud-web", sites=[
            *({"listen": f"{address}:443", "certificate": cloud}
              for address in (PORTAL, BATCH, INVENTORY, SIDE, PUSH, LENOVO)),
            {"listen": f"{REVOCATION}:80"}, {"listen": f"{LENOVO}:80"}])
        push = [f"hold@{PUSH}:{port},{cloud[0]},{cloud[1]}" for port in (2195, 2196, 2197, 5223, 5228, 5229, 5230)]
        servers.stubs(lab, "cloud", *push, name="cloud-stubs")

        beacon = {"certificate": corporate, "locations": _BEACON_PATHS}
        servers.web(lab, "host", name="host-web", sites=[
            {"listen": f"{BEACON}:443", **beacon}, {"listen": f"{BEACON}:80", "locations": _BEACON_PATHS}])
        servers.web(lab, "site", name="site-web", sites=[
            {"listen": f"{PARENT}:8443", **beacon}, {"listen": f"{OTHER_BEACON}:443", **beacon},
            *({"listen": f"{APPLIANCE}:{port}", "certificate": own} for port in (443, 3001, 8443))])
        servers.ssh(lab, "site", [UNIX, APPLIANCE], name="site-ssh")
        services.ldap(lab, "site", DIRECTORY, corporate)
        services.ldap(lab, "site", APPLIANCE, corporate, name="appliance-ldap")
        services.smb(lab, "site", WINDOWS)
        services.smb(lab, "site", APPLIANCE, name="appliance-smb")
        plain = [(WINDOWS, 135), (APPLIANCE, 9090)]
        secure = [(DIRECTORY, 3269)]
        servers.stubs(lab, "site", *(f"hold@{address}:{port}" for address, port in plain),
                      *(f"hold@{address}:{port},{corporate[0]},{corporate[1]}" for address, port in secure),
                      f"smtp@{MAIL}:25", f"sap@{SAP}:3300", f"tds@{DATABASE}:1433", f"udp-mute@{APPLIANCE}:162",
                      f"udp-slp@{APPLIANCE}:427", f"udp-mute@{LOGS}:514", name="site-stubs")
        services.ntp(lab, "site", TIME, name="site-time")

        devices = [CHASSIS, *RACK, SWITCH, STORAGE]
        # as a CIM server says before it knows who asks
        login = {"/": """add_header WWW-Authenticate 'Basic realm="cim"' always; return 401;"""}
        servers.web(lab, "devices", name="device-web", sites=[
            *({"listen": f"{address}:443", "certificate": own} for address in devices),
            *({"listen": f"{address}:80"} for address in devices),
            *({"listen": f"{address}:5989", "certificate": own, "locations": login} for address in devices),
            *({"listen": f"{address}:5988", "locations": login} for address in devices)])
        servers.ssh(lab, "devices", devices, name="device-ssh")
        servers.ssh(lab, "devices", [SWITCH], port=830, name="device-netconf")
        services.snmp(lab, "devices", SWITCH, name="device-snmp")
        servers.stubs(lab, "devices", *(f"slp@{address}:427" for address in devices),
                      *(f"udp-slp@{address}:427" for address in devices),
                      *(f"udp-{what}@{address}:{port}" for address in RACK for what, port in (("ipmi", 623), ("ssdp", 1900))),
                      f"ssh@{STORAGE}:1022", f"hold@{CHASSIS}:6090",
                      f"hold@{CHASSIS}:6091,{own[0]},{own[1]}", name="device-stubs")

        (lab.folder / "state").mkdir()
        self.config.write_text(CONFIGURATION.format(
            folder=lab.folder, ca_file=authority.file, chassis=CHASSIS, switch=SWITCH, storage=STORAGE, dns=DNS,
            appliance=APPLIANCE, ntp=TIME, syslog=LOGS), encoding="ascii")
