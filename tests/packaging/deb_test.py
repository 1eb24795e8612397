"""The .deb that cpack builds: what is in it, who may read it, what it depends on, and that its executable runs."""

import os
import pathlib
import subprocess
import tempfile
import unittest

BUILD = pathlib.Path(os.environ["REACHD_BUILD_DIR"])


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=90).stdout


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        output("cpack", "-G", "DEB", "--config", str(BUILD / "CPackConfig.cmake"), "-B", cls.folder.name)
        packages = list(pathlib.Path(cls.folder.name).glob("*.deb"))
        assert len(packages) == 1, packages
        cls.package = str(packages[0])

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_holds_the_executable_the_unit_and_the_documentation(self):
        listing = {line.split()[-1].lstrip("."): line for line in output("dpkg-deb", "-c", self.package).splitlines()}
        for path in (
            "/usr/bin/reachd",
            "/usr/lib/systemd/system/reachd.service",
            "/usr/lib/systemd/system/reachd.socket",
            "/usr/lib/sysusers.d/reachd.conf",
            "/etc/reachd/",
            "/usr/share/doc/reachd/README.md",
            "/usr/share/doc/reachd/copyright",
            "/usr/share/doc/reachd/examples/full.yaml",
            "/usr/share/doc/reachd/examples/web.yml",
            "/usr/share/doc/reachd/examples/blackbox.yml",
            "/usr/share/doc/reachd/config/README.md",
            "/usr/share/doc/reachd/config/schema/reachd.schema.json",
            *(f"/usr/share/doc/reachd/grafana/dashboards/reachd-{name}.json"
              for name in ("fleet", "host", "product", "check", "certificates")),
            "/usr/share/doc/reachd/grafana/provisioning/dashboards/reachd.yaml",
            "/usr/share/doc/reachd/grafana/provisioning/datasources/reachd.yaml",
            "/usr/share/doc/reachd/prometheus/agent.yml",
            "/usr/share/doc/reachd/prometheus/alertmanager.yml",
            "/usr/share/doc/reachd/prometheus/blackbox.md",
            "/usr/share/doc/reachd/prometheus/discovery.yml",
            "/usr/share/doc/reachd/prometheus/prometheus.yml",
            "/usr/share/doc/reachd/prometheus/rules/reachd-alerts.yml",
            "/usr/share/doc/reachd/prometheus/rules/reachd-recording.yml",
        ):
            self.assertIn(path, listing)
        for path, line in listing.items():
            self.assertIn("root/root", line, path)
            self.assertNotIn("w", line[5:6] + line[8:9], f"{path} is writable beyond its owner")
        self.assertFalse([path for path in listing if path.startswith("/usr/include") or path.endswith(".a")])

    def test_names_its_dependencies_and_scripts(self):
        fields = output("dpkg-deb", "-f", self.package)
        self.assertIn("Package: reachd", fields)
        for library in ("libc6", "libssl3", "libc-ares2", "libyaml-cpp0.7"):
            self.assertIn(library, fields)
        with tempfile.TemporaryDirectory() as folder:
            output("dpkg-deb", "-e", self.package, folder)
            for script in ("preinst", "postinst", "prerm", "postrm"):
                path = pathlib.Path(folder, script)
                self.assertTrue(os.access(path, os.X_OK), script)
                output("sh", "-n", str(path))

    def test_its_executable_runs(self):
        with tempfile.TemporaryDirectory() as folder:
            output("dpkg-deb", "-x", self.package, folder)
            self.assertTrue(output(f"{folder}/usr/bin/reachd", "version").startswith("reachd "))


if __name__ == "__main__":
    unittest.main()
