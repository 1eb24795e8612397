"""The systemd unit: systemd finds no fault in it and calls its exposure at most 2.0 (the drop-in for process names too)."""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

UNITS = pathlib.Path(os.environ["REACHD_SOURCE_DIR"], "packaging", "systemd")


def exposure(unit):
    text = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", str(unit)], capture_output=True, text=True, timeout=60
    ).stdout
    return float(re.search(r"Overall exposure level for reachd.service: ([0-9.]+)", text).group(1))


class Unit(unittest.TestCase):
    def test_exposure_is_below_two(self):
        self.assertLess(exposure(UNITS / "reachd.service"), 2.0)

    def test_exposure_with_process_names_is_below_two(self):
        dropin = UNITS.joinpath("process-names.conf").read_text()
        with tempfile.TemporaryDirectory() as folder:
            unit = pathlib.Path(folder, "reachd.service")
            lines = [line for line in UNITS.joinpath("reachd.service").read_text().splitlines()
                     if not line.startswith(("CapabilityBoundingSet", "AmbientCapabilities"))]
            lines.insert(lines.index("NoNewPrivileges=yes"), dropin.split("[Service]")[1])
            unit.write_text("\n".join(lines) + "\n")
            self.assertLess(exposure(unit), 2.0)

    def test_systemd_understands_every_line(self):
        with tempfile.TemporaryDirectory() as folder:
            unit = pathlib.Path(folder, "reachd.service")
            text = UNITS.joinpath("reachd.service").read_text()
            unit.write_text(text.replace("/usr/bin/reachd run", "/bin/true run").replace("Documentation=", "#"))
            sock = pathlib.Path(folder, "reachd.socket")
            sock.write_text(UNITS.joinpath("reachd.socket").read_text().replace("Documentation=", "#"))
            result = subprocess.run(
                ["systemd-analyze", "verify", "--man=no", str(unit), str(sock)], capture_output=True, text=True, timeout=60
            )
        complaints = [line for line in result.stderr.splitlines() if "reachd." in line]
        self.assertEqual(complaints, [])


if __name__ == "__main__":
    unittest.main()
