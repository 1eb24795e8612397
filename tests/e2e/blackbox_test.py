"""Debian's blackbox_exporter and reachd side by side: the same blackbox.yml, the same servers, the same questions. The names,
labels and values that they answer agree, but for what blackbox_differences.py lists with its reason."""

import fnmatch
import json
import pathlib
import re
import sys
import urllib.parse

import blackbox_differences
import blackbox_scenarios as scenarios
import support

PORTS = {"blackbox_exporter": 9115, "reachd": 9790}
TIMEOUT_HEADER = "X-Prometheus-Scrape-Timeout-Seconds"
TIMEOUT = 1.5  # of the scrape; half a second is the offset of both
BUDGET = TIMEOUT - 0.5
SAMPLE = re.compile(r'^(\w+)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def read_samples(text):
    """({(name, labels): value}, {family: type}) of a text exposition."""
    samples, types = {}, {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            types[name] = kind
        elif line and not line.startswith("#"):
            name, labels, value = SAMPLE.match(line).groups()
            samples[name, tuple(sorted(LABEL.findall(labels or "")))] = float(value)
    return samples, types


def without_newer_labels(samples):
    newer = {(name, label) for name, label, _ in blackbox_differences.NEWER_LABELS}
    return {(name, tuple(row for row in labels if (name, row[0]) not in newer)): value
            for (name, labels), value in samples.items()}


def is_duration(name):
    return name.endswith("_seconds") and "timestamp" not in name and name != "probe_timeout_seconds"


def agree(name, theirs, ours):
    """Exactly, but for durations: those are within the budget, and both some or both none (or too short to tell)."""
    if not is_duration(name):
        return theirs == ours
    return (min(theirs, ours) > 0 or max(theirs, ours) < 1e-5) and max(theirs, ours) < BUDGET + 0.4


def shown(name, labels):
    return name + ("{" + ",".join(f"{key}={value}" for key, value in labels) + "}" if labels else "")


class BlackboxTest(support.LabTestCase):
    @classmethod
    def set_up_lab(cls):
        lab = cls.lab
        authority = support.certificates.Authority(lab.folder / "ca")
        certificate = authority.issue("good", [scenarios.NAME])
        lab.add_address("cloud", scenarios.SERVER, scenarios.SERVER6, scenarios.SILENT, scenarios.DNS)
        support.servers.dns(lab, "cloud", "198.51.100.53", {
            scenarios.NAME: [scenarios.SERVER, scenarios.SERVER6], scenarios.ONLY4: [scenarios.SERVER]})
        support.servers.web(lab, "cloud", [
            {"listen": f"[{scenarios.SERVER6}]:80", "locations": scenarios.LOCATIONS},
            {"listen": f"[{scenarios.SERVER6}]:443", "certificate": certificate, "locations": scenarios.LOCATIONS},
            {"listen": f"{scenarios.SERVER}:443", "certificate": certificate, "locations": scenarios.LOCATIONS},
            {"listen": f"{scenarios.SERVER}:80", "locations": scenarios.LOCATIONS}])
        support.servers.stubs(lab, "cloud", f"hold@{scenarios.SERVER}:{scenarios.HOLD}", f"ssh@{scenarios.SERVER}:{scenarios.BANNER}",
                              f"terse-http@{scenarios.SERVER}:{scenarios.TERSE}", f"latin1@{scenarios.SERVER}:{scenarios.LATIN1}")
        mutual = lab.spawn("mutual", "cloud", "openssl", "s_server", "-www", "-tls1_2", "-Verify", "3", "-verify_return_error",
                           "-accept", f"{scenarios.SERVER}:{scenarios.MUTUAL}", "-cert", certificate[0], "-key", certificate[1],
                           "-CAfile", lab.folder / "ca/ca.pem")
        lab.wait_listening("cloud", scenarios.SERVER, scenarios.MUTUAL, mutual, "mutual")
        support.services.smtp(lab, "cloud", scenarios.SERVER, certificate)
        unbound = lab.folder / "zone.conf"
        unbound.write_text(scenarios.UNBOUND, encoding="ascii")
        lab.spawn("zone", "cloud", "unbound", "-d", "-p", "-c", unbound)
        lab.wait_listening("cloud", scenarios.DNS, 53, name="zone")
        cls.start_exporters()

    @classmethod
    def start_exporters(cls):
        lab = cls.lab
        modules = lab.folder / "blackbox.yml"
        modules.write_text(scenarios.MODULES.replace("FOLDER", str(lab.folder)), encoding="ascii")
        theirs = lab.spawn("blackbox_exporter", "host", "prometheus-blackbox-exporter", f"--config.file={modules}",
                           f"--web.listen-address=127.0.0.1:{PORTS['blackbox_exporter']}", "--log.level=warn")
        lab.wait_listening("host", "127.0.0.1", PORTS["blackbox_exporter"], theirs, "blackbox_exporter")
        config = lab.folder / "reachd.yaml"
        config.write_text("vantage: lab\nprobe_modules_file: blackbox.yml\n"
                          'probe_allow: [{cidr: 0.0.0.0/0}, {cidr: "::/0"}]\n', encoding="ascii")
        daemon = support.Daemon(config, lab)
        cls.addClassCleanup(daemon.__exit__)
        daemon.__enter__()

    def setUp(self):
        super().setUp()
        self.lab.drop(scenarios.SILENT, None)
        self.lab.drop(scenarios.SILENT, None, "udp")
        self.lab.drop(scenarios.SILENT, None, "icmp")

    def ask(self, who, parameters, headers=None):
        """(status, headers, text) of /probe."""
        status, answered, body = self.lab.http("host", "127.0.0.1", PORTS[who], "/probe?" + urllib.parse.urlencode(parameters),
                                               headers=headers or {TIMEOUT_HEADER: str(TIMEOUT)})
        return status, answered, body.decode()

    def ask_both(self, parameters, headers=None):
        return [self.ask(who, parameters, headers) for who in PORTS]

    def differences(self, theirs, ours):
        """What two expositions differ in, one sentence each, by what it is about."""
        (their_samples, their_types), (our_samples, our_types) = read_samples(theirs), read_samples(ours)
        our_samples = without_newer_labels(our_samples)
        found = {}
        for key in sorted(their_samples.keys() | our_samples.keys()):
            name = shown(*key)
            if key not in our_samples:
                found[name] = f"only blackbox_exporter has {name}: {their_samples[key]}"
            elif key not in their_samples:
                found[name] = f"only reachd has {name}: {our_samples[key]}"
            elif not agree(key[0], their_samples[key], our_samples[key]):
                found[name] = f"{name} is {their_samples[key]} for blackbox_exporter, {our_samples[key]} for reachd"
        for name in their_types.keys() & our_types.keys():
            if their_types[name] != our_types[name]:
                found[name] = f"{name} is a {their_types[name]} for blackbox_exporter, a {our_types[name]} for reachd"
        return found

    def test_the_same_questions_get_the_same_answers(self):
        needed = set()
        for group, rows in scenarios.SCENARIOS.items():
            for module, target, parameters in rows:
                scenario = " ".join([module, target, *(f"{key}={value}" for key, value in parameters.items())])
                with self.subTest(scenario):
                    answers = self.ask_both({"module": module, "target": target, **parameters})
                    self.assertEqual([status for status, _, _ in answers], [200, 200], answers)
                    for name, sentence in self.differences(answers[0][2], answers[1][2]).items():
                        known = [row for row in blackbox_differences.KNOWN
                                 if fnmatch.fnmatchcase(name, row[0]) and fnmatch.fnmatchcase(scenario, row[1])]
                        needed.update(known)
                        if not known:
                            debug = [self.ask(who, {"module": module, "target": target, "debug": "true", **parameters})[2]
                                     for who in PORTS]
                            with self.subTest(name):
                                self.fail(f"{scenario}: {sentence}\n" + "\n---- reachd:\n".join(text[:1500] for text in debug))
        self.assertEqual(set(blackbox_differences.KNOWN) - needed, set(), "known differences that are gone")

    def test_answers_are_what_a_scraper_takes(self):
        parameters = {"module": "tcp_connect", "target": f"{scenarios.SERVER}:{scenarios.HOLD}"}
        for accept in ("text/plain;version=0.0.4", "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5", "*/*"):
            theirs, ours = self.ask_both(parameters, {"Accept": accept})
            self.assertEqual(ours[1]["Content-Type"], theirs[1]["Content-Type"], accept)
            self.assertRegex(ours[2], "(?m)^probe_success 1$")
        ours = self.ask("reachd", parameters)[2]
        families = re.findall(r"(?m)^# TYPE (\w+)", ours)
        self.assertEqual(families, sorted(families))
        self.assertEqual(families, re.findall(r"(?m)^# HELP (\w+) \S", ours))

    def test_questions_that_are_wrong_get_the_same_status_and_words(self):
        target = f"{scenarios.SERVER}:80"
        for parameters, headers in (
                ({"module": "nothing", "target": target}, None),
                ({"module": "nothing"}, None),
                ({"module": "tcp_connect"}, None),
                ({"module": "tcp_connect", "target": ""}, None),
                ({}, None),
                ({"module": "tcp_connect", "target": target}, {TIMEOUT_HEADER: "soon"}),
                ({"module": "tcp_connect"}, {TIMEOUT_HEADER: "soon"}),
                ({"module": "nothing", "target": target}, {TIMEOUT_HEADER: "soon"}),
        ):
            with self.subTest(parameters=parameters, headers=headers):
                theirs, ours = self.ask_both(parameters, headers)
                self.assertEqual(ours[0], theirs[0], ours[2])
                self.assertEqual(ours[2].split()[:2], theirs[2].split()[:2])

    def test_a_hostname_beside_another_host_header_is_refused(self):
        for who in PORTS:
            status, _, text = self.ask(who, {"module": "http_named", "target": scenarios.WEB, "hostname": "other.example.com"})
            self.assertEqual((status, "ost header" in text), (400, True), text)

    def test_timeouts_add_up_as_theirs(self):
        silent = f"{scenarios.SILENT}:80"
        for module, target, header, least in (
                ("tcp_connect", silent, "1.2", 0.7),
                ("http_short", f"http://{silent}/", "5", 0.3),
                ("http_short", f"http://{silent}/", "0.4", 0.3),  # less than the offset: the module's own
                ("tcp_connect", silent, "0.3", 0),  # and none of its own
        ):
            with self.subTest(module=module, header=header):
                for who in PORTS:
                    samples = read_samples(self.ask(who, {"module": module, "target": target}, {TIMEOUT_HEADER: header})[2])[0]
                    self.assertEqual(samples["probe_success", ()], 0)
                    self.assertGreaterEqual(samples["probe_duration_seconds", ()], least - 0.01, who)
                    self.assertLess(samples["probe_duration_seconds", ()], least + 0.3, who)

    def test_debug_tells_the_same_in_three_parts(self):
        parts = ("Logs for the probe:", "Metrics that would have been returned:", "Module configuration:")
        for module, target in (("tcp_connect", f"{scenarios.SERVER}:{scenarios.HOLD}"), ("http_2xx", scenarios.WEB + "/missing")):
            with self.subTest(module):
                answers = self.ask_both({"module": module, "target": target, "debug": "true"})
                metrics = []
                for status, headers, text in answers:
                    self.assertEqual((status, headers["Content-Type"].split(";")[0]), (200, "text/plain"))
                    places = [text.index(part) for part in parts]
                    self.assertEqual(places, sorted(places))
                    self.assertGreater(text.count("\n", places[0], places[1]), 3, text)
                    metrics.append(text[places[1] + len(parts[1]):places[2]])
                    self.assertIn(f"prober: {module.split('_', maxsplit=1)[0]}", text[places[2]:])
                found = {name for name in self.differences(*metrics)
                         if not any(fnmatch.fnmatchcase(name, row[0]) for row in blackbox_differences.KNOWN)}
                self.assertEqual(found, set())

    def test_a_gzipped_answer_is_the_same(self):
        import gzip  # pylint: disable=import-outside-toplevel
        path = "/probe?" + urllib.parse.urlencode({"module": "http_tls", "target": scenarios.SECURE + "/"})
        status, headers, body = self.lab.http("host", "127.0.0.1", PORTS["reachd"], path, headers={"Accept-Encoding": "gzip"})
        self.assertEqual((status, headers["Content-Encoding"]), (200, "gzip"))
        self.assertIn("probe_success 1\n", gzip.decompress(body).decode())


if __name__ == "__main__":
    support.main()
