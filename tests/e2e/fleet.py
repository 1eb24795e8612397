"""A fleet in the lab, of the files that packaging/prometheus and packaging/grafana ship: three reachd that look at the same
servers, one of them behind an agent, a Prometheus that the others are scraped by, and two Alertmanagers.

    ams  in "host":     reachd on loopback only <- agent -- remote write through the firewall --> server
    lon  in "devices":  reachd <- scraped through the firewall by the server
    hq   in "site":     reachd <- scraped by the server beside it
"""

import json
import pathlib
import re
import time
import urllib.parse

import receivers
import support

SHIPPED = pathlib.Path(__file__).resolve().parents[2] / "packaging"
SERVER, NOC = "10.77.1.30", "10.77.1.20"
ALERTMANAGERS = ("10.77.1.31", "10.77.1.32")
TARGET, TARGET6, DNS = "198.51.100.10", "fd77:0:0:2::10", "198.51.100.53"
DEVICE = "198.51.100.11"  # a chassis on which nothing listens
AGENT = "beacon-ams-01.example.com"  # the instance, as agent.yml has it
VANTAGES = {  # name: (place, address on which it may be scraped, instance)
    "ams": ("host", None, AGENT),  # a firewall keeps it from port 8080
    "lon": ("devices", "10.30.0.2", "10.30.0.2:9790"),
    "hq": ("site", SERVER, f"{SERVER}:9790"),
}
SOURCES = {"ams": "10.77.0.2", "lon": "10.30.0.2", "hq": "10.77.1.2"}  # from where each probes
HOLD = "4s"  # what `for` is here: the vantages need as long to agree

SERIES = re.compile(r"\b(?:\w+:)?reachd_\w+(?::\w+)?|\bprocess_\w+|\bup\b")
LABELS = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*["\']')
_LISTS = re.compile(r"\b(?:by|on|without|group_left|group_right)\s*\(([^)]*)\)")

CONFIG = """
vantage: {vantage}
labels: {{site: {vantage}}}
state_dir: {folder}/state
web: {{listen: {listen}}}
defaults: {{interval: 500ms, timeout: 400ms, confirm_interval: 200ms, down_after: 2, up_after: 1}}
devices: {{interval: 1s, timeout: 400ms, confirm_interval: 200ms, down_after: 2, per_host_gap: 0ms}}
products:
  - {{product: flexera-beacon, deployment: on_premises, servers: {{web: "https://portal.example.com/"}}, tls: {{ca_file: {ca}}}}}
  - product: xclarity-administrator
    appliance: portal.example.com
    devices: [{{name: chassis-1, type: flex_cmm, address: {device}}}]
    confirm: [xclarity.cmm.https, xclarity.cmm.ssh]
checks:
  - {{name: server, probe: tcp, target: "{target}:8082"}}
  - {{name: walled, probe: tcp, target: "{target}:8080"}}
  - {{name: closed, probe: tcp, target: "{target}:8081"}}
  - {{name: behind, probe: tcp, target: "{target}:8083", depends_on: [closed]}}
  - {{name: luxury, probe: tcp, target: "{target}:8084", necessity: optional}}
  - {{name: named, probe: tcp, target: "portal.example.com:443"}}
  - {{name: portal, probe: http, target: "https://portal.example.com/", tls: {{ca_file: {ca}}}}}
  - {{name: window, probe: tcp, target: "{target}:8085"}}
  - {{name: own, probe: listen, target: "127.0.0.1:9790"}}
maintenance:
  - {{name: always, checks: name=window, start: "2020-01-01T00:00", end: "2099-01-01T00:00"}}
alerting:
  sinks: [{{name: lines, type: file, path: events.jsonl}}]
"""


def shipped(path, **replaced):
    """The text of a shipped file with pieces of it replaced, each of which must be there: keyword = (piece, new)."""
    text = (SHIPPED / path).read_text(encoding="utf-8")
    for piece, new in replaced.values():
        assert piece in text, f"{path} has no {piece!r}"
        text = text.replace(piece, new)
    return text


class FleetTestCase(support.LabTestCase):
    """A test with a fleet that runs."""

    fleet = None

    @classmethod
    def set_up_lab(cls):
        cls.fleet = Fleet(cls.lab)
        cls.addClassCleanup(cls.fleet.stop)
        cls.fleet.start()


class Fleet:
    """Starts all of it in a started lab. `folder` is the lab's."""

    def __init__(self, lab):
        self.lab, self.folder = lab, lab.folder
        self.daemons = {}
        self.noc = receivers.Receiver(lab, "site", NOC)

    def start(self):
        """Everything runs when it returns; verdicts and alerts are yet to come."""
        self._start_targets()
        self.noc.open()
        for number, address in enumerate(ALERTMANAGERS):
            self._start_alertmanager(f"am{number + 1}", address, ALERTMANAGERS[1 - number])
        for vantage in VANTAGES:
            self._start_reachd(vantage)
        self.start_server()
        agent = self.write("agent.yml", shipped(
            "prometheus/agent.yml", pace=("30s", "500ms"), server=("https://prometheus.example.com/", f"http://{SERVER}:9090/")))
        support.servers.prometheus_of(self.lab, "host", agent, agent=True, name="agent")

    def stop(self):
        """Ends what is not the lab's."""
        for daemon in self.daemons.values():
            daemon.__exit__()
        self.noc.close()

    def write(self, name, text):
        """A file in the lab's folder."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def _start_targets(self):
        lab = self.lab
        support.servers.dns(lab, "cloud", DNS, {"portal.example.com": [TARGET, TARGET6]})
        lab.add_address("cloud", TARGET6, DEVICE)  # nothing listens there; of the portal's two addresses one answers
        authority = support.certificates.Authority(lab.folder / "authority")
        soon = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + 5 * 86400))
        self.authority = authority.file
        support.servers.web(lab, "cloud", [{"listen": f"{TARGET}:443", "certificate": authority.issue(
            "portal", ["portal.example.com"], not_after=soon)}])
        support.servers.stubs(lab, "cloud", f"hold@{TARGET}:8080", f"hold@{TARGET}:8082")
        lab.nft("firewall", "add chain inet lab wall { type filter hook forward priority 1; }")
        self.wall(("ams", 8080))

    def wall(self, *pairs):
        """From now on each of these vantages gets only silence from that port of the target, and no other does."""
        self.lab.nft("firewall", "\n".join(["flush chain inet lab wall", *(
            f"add rule inet lab wall ip saddr {SOURCES[vantage]} ip daddr {TARGET} tcp dport {port} drop"
            for vantage, port in pairs)]))

    def _start_alertmanager(self, name, address, other):
        config = self.write(f"{name}.yml", shipped(
            "prometheus/alertmanager.yml", url=("https://noc.example.com/alerts", f"http://{self.noc.address}/alerts"),
            wait=("group_wait: 30s", "group_wait: 500ms"), interval=("group_interval: 5m", "group_interval: 1s")))
        self.lab.add_address("site", address)
        child = self.lab.spawn(name, "site", "prometheus-alertmanager", f"--config.file={config}",
                               f"--storage.path={self.folder}/{name}", f"--web.listen-address={address}:9093",
                               f"--cluster.listen-address={address}:9094", f"--cluster.peer={other}:9094", "--log.level=warn")
        self.lab.wait_listening("site", address, 9093, child, name, timeout=30)

    def _start_reachd(self, vantage):
        place, address, _ = VANTAGES[vantage]
        folder = self.folder / vantage
        folder.mkdir()
        listen = ["127.0.0.1:9790"]
        if address:
            self.lab.add_address(place, address)
            listen.append(f"{address}:9790")
        config = self.write(f"{vantage}/reachd.yaml", CONFIG.format(
            vantage=vantage, folder=folder, listen=json.dumps(listen), ca=self.authority, target=TARGET, device=DEVICE))
        daemon = support.Daemon(config, self.lab, place, name=vantage)
        self.daemons[vantage] = daemon
        daemon.__enter__()

    def start_server(self):
        """Prometheus as prometheus.yml has it, at a test's pace."""
        for path in (SHIPPED / "prometheus/rules").glob("*.yml"):
            text = path.read_text(encoding="utf-8").replace("interval: 5m", "interval: 500ms")
            for hold in ("1m", "2m", "5m", "15m"):
                text = text.replace(f"for: {hold}\n", f"for: {HOLD}\n")
            self.write(f"rules/{path.name}", text)
        config = self.write("prometheus.yml", shipped(
            "prometheus/prometheus.yml", pace=("30s", "500ms"),
            alertmanagers=('"am1.example.com:9093", "am2.example.com:9093"', ", ".join(f'"{a}:9093"' for a in ALERTMANAGERS)),
            targets=('"beacon-ams-01.example.com:9790", "beacon-lon-01.example.com:9790"',
                     f'"{VANTAGES["lon"][2]}", "{VANTAGES["hq"][2]}"')))
        support.servers.prometheus_of(self.lab, "site", config, "--web.enable-remote-write-receiver", "--rules.alert.resend-delay=1s",
                                      address=SERVER, name="server")

    # ---- questions

    def api(self, path, **query):
        """`data` of the server's API."""
        target = f"/api/v1/{path}?" + urllib.parse.urlencode(query, doseq=True)
        status, _, body = self.lab.http("site", SERVER, 9090, target)
        assert status == 200, (target, status, body)
        return json.loads(body)["data"]

    def query(self, text):
        """Rows of an instant query: [(labels, value)]."""
        return [(row["metric"], float(row["value"][1])) for row in self.api("query", query=text)["result"]]

    def wait_recorded(self):
        """Waits until every rule has been evaluated over verdicts of all vantages."""
        support.wait_for("three vantages in what is recorded last", lambda: {
            row["vantage"] for row, _ in self.query('vantage:reachd_check_up:avg1d{check="custom/closed"} == 0')} == set(VANTAGES))

    def unknown(self, expressions):
        """The series and labels that these expressions name and that do not exist."""
        series, labels = set(), set()
        for text in expressions:
            series |= set(SERIES.findall(text))
            labels |= set(LABELS.findall(text))
            for row in _LISTS.findall(text):
                labels |= {label.strip() for label in row.split(",")} - {""}
        return (series - set(self.api("label/__name__/values"))) | (labels - set(self.api("labels")))

    def alerts(self, address):
        """The alerts of an Alertmanager: {(alertname, check or device or product, vantage or None, severity): alert}."""
        status, _, body = self.lab.http("site", address, 9093, "/api/v2/alerts")
        assert status == 200, (status, body)
        found = {}
        for alert in json.loads(body):
            labels = alert["labels"]
            about = next((labels[key] for key in ("check", "device", "product") if key in labels), None)
            found[labels["alertname"], about, labels.get("vantage"), labels["severity"]] = alert
        return found

    def told(self):
        """What the cluster told the receiver, an alert a row."""
        return receivers.told_by_alertmanager(self.noc, "/alerts")
