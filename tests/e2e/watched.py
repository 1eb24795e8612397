"""Ports of one server in the lab that a test closes and opens, and the daemon that watches them, over its restarts."""

import json
import re

import support

SERVER = "198.51.100.10"
PORTS = range(8000, 8010)

TEXT = """
vantage: lab
labels: {{site: ams}}
state_dir: {state}
defaults: {{interval: 500ms, timeout: 400ms, confirm_interval: 200ms, down_after: 2, up_after: 1}}
checks: {checks}
maintenance: {maintenance}
"""


def serve(lab):
    """Something listens on PORTS."""
    support.servers.stubs(lab, "cloud", *(f"hold@{SERVER}:{port}" for port in PORTS))


class Watched:
    """Checks, by their names, of ports, and `alerting` as YAML. The daemon's state survives restarts; everything is in
    `folder`."""

    def __init__(self, test, name, ports, alerting):
        self.test, self.lab, self.ports, self.alerting = test, test.lab, dict(ports), alerting
        self.folder = self.lab.folder / name
        self.folder.mkdir()
        self.config = self.folder / "reachd.yaml"
        self.maintenance = []
        self.daemon = None

    def write(self):
        """The configuration as it is now; JSON is YAML."""
        checks = [{"name": name, "probe": "tcp", "target": f"{SERVER}:{port}"} for name, port in self.ports.items()]
        text = TEXT.format(state=self.folder / "state", checks=json.dumps(checks), maintenance=json.dumps(self.maintenance))
        self.config.write_text(text + self.alerting, encoding="ascii")

    def start(self):
        """Runs the daemon until it has probed every check often enough for a verdict."""
        self.write()
        self.daemon = support.Daemon(self.config, self.lab, name=self.folder.name)
        self.test.addCleanup(self.daemon.__exit__)
        self.daemon.__enter__()
        self.probed()

    def probed(self):
        """Waits until each check has been probed three times from now."""
        before = self.samples("reachd_probes_total")
        support.wait_for("three probes of each check", lambda: all(
            count >= before.get(name, 0) + 3 for name, count in self.samples("reachd_probes_total", self.ports).items()))

    def held(self, by):
        """The names of those whose alerts are held back by that."""
        pattern = rf'(?m)^reachd_check_suppressed\{{check="custom/([^"]+)".*by="{by}".*\}} 1$'
        return set(re.findall(pattern, self.daemon.metrics()))

    def samples(self, metric, names=()):
        """The values of a metric by the name of the check; 0 for `names` that have none."""
        pattern = rf'(?m)^{metric}\{{check="custom/([^"]+)".*\}} (\S+)$'
        found = {name: float(value) for name, value in re.findall(pattern, self.daemon.metrics())}
        return dict.fromkeys(names, 0) | found

    def deliveries(self, sink, outcome):
        """The counter of that."""
        for line in self.daemon.metrics().splitlines():
            if line.startswith("reachd_deliveries_total{") and f'sink="{sink}"' in line and f'outcome="{outcome}"' in line:
                return float(line.rsplit(" ", 1)[1])
        return 0

    def reload(self):
        """Writes the configuration and has it read."""
        self.write()
        status, _, body = self.daemon.http("/-/reload", method="POST")
        self.test.assertEqual(status, 200, body)

    def close(self, *names):
        """From now on refused."""
        for name in names or self.ports:
            self.lab.close(SERVER, self.ports[name])

    def open(self, *names):
        """From now on as it was."""
        for name in names or self.ports:
            self.lab.open(SERVER, self.ports[name])

    def wait_state(self, state, *names):
        """Waits for the verdict of these checks, or of all."""
        for name in names or self.ports:
            self.daemon.wait_state(f"custom/{name}", state)

    def lines(self, name="lines.jsonl"):
        """The events in a file of the folder, in their order: whole lines only."""
        path = self.folder / name
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        return [json.loads(line) for line in text.split("\n")[:-1]]

    def wait_events(self, kind, names, name="lines.jsonl"):
        """The file once the last event of each of these checks is of that kind."""
        def look():
            events = self.lines(name)
            last = {event["check"]["name"]: event["kind"] for event in events if event["check"]}
            return events if all(last.get(check) == kind for check in names) else None

        return support.wait_for(f"{kind} of {list(names)} in {name}", look)

    def command(self, *arguments):
        """What `reachd ARGUMENTS --config ...` prints in the lab; it must succeed."""
        done, _ = support.run_in_lab(self.lab, *arguments, "--config", self.config)
        self.test.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def journal(self):
        """The events as the journal has them."""
        return [json.loads(line) for line in self.command("events", "--json").splitlines()]
