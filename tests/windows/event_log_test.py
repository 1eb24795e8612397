"""The sink windows_event_log of the real reachd.exe. Wine stores no entries, but says on standard error what it is given.
Runs within packaging/windows-service/wine-session."""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

REACHD = os.environ["REACHD_BINARY"]
WINERUN = os.environ["REACHD_WINERUN"]
GUARD = 60  # seconds that no wait of a test may exceed


class EventLogTest(unittest.TestCase):
    def test_events_become_entries(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="reachd-event-log-"))
        self.addCleanup(shutil.rmtree, folder)
        with socket.socket() as closed, socket.socket() as web:
            for taken in (closed, web):
                taken.bind(("127.0.0.1", 0))
            dead, served = (taken.getsockname()[1] for taken in (closed, web))
        (folder / "reachd.yaml").write_text(f"""
state_dir: state
web: {{listen: ["127.0.0.1:{served}"]}}
defaults: {{interval: 1s, confirm_interval: 1s, down_after: 1, timeout: 1s}}
checks:
  - {{name: dead, probe: tcp, target: "127.0.0.1:{dead}", necessity: required}}
alerting:
  sinks: [{{name: log, type: windows_event_log}}]
""")
        log = folder / "log"
        with open(log, "wb") as out:
            daemon = subprocess.Popen([WINERUN, REACHD, "run", "--config", str(folder / "reachd.yaml")], stdout=out,
                                      stderr=out, stdin=subprocess.DEVNULL, start_new_session=True,
                                      env={**os.environ, "WINEDEBUG": "-all,+eventlog"})
        try:
            entry = self.entry_in(log, daemon)
            self.assertEqual(entry[0], f"err:eventlog:ReportEventW L\"dead (127.0.0.1:{dead}) is down\"")
            self.assertRegex(entry[1], r'ReportEventW L"dead .*\\r\\n\\r\\nAsk whoever runs 127.0.0.1')
            self.assertIn(r'{\"id\":\"', entry[2])
        finally:
            os.killpg(daemon.pid, signal.SIGINT)  # a console's Ctrl+C
            self.assertEqual(daemon.wait(GUARD), 0)
        self.assertRegex(log.read_text(errors="replace"), r'trace:eventlog:ReportEventW L"reachd [^"]* started')

    def entry_in(self, log, daemon):
        """The three strings of the entry of a check that is down, as soon as they are there."""
        end = time.monotonic() + GUARD
        while time.monotonic() < end and daemon.poll() is None:
            lines = re.findall(r"\w+:eventlog:ReportEventW L\".*\"", log.read_text(errors="replace"))
            for at, line in enumerate(lines[:-2]):
                if line.endswith('is down"'):
                    return lines[at:at + 3]
            time.sleep(0.1)
        self.fail(log.read_text(errors="replace"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
