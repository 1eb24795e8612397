"""What the package's scripts do to an administrator's services, with dpkg's order of calls, Debian's own helpers, and a
systemctl that keeps a list."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ["REACHD_SOURCE_DIR"])
LINK = "etc/systemd/system/multi-user.target.wants/reachd.service"

# Enabled: linked below the root. Active: a file of the unit's name in run/active.
SYSTEMCTL = """#!/bin/sh
while [ "${1#-}" != "$1" ]; do shift; done
verb=$1; shift
while [ "${1#-}" != "$1" ]; do shift; done
case $verb in
  is-enabled) [ -L "$DPKG_ROOT/etc/systemd/system/multi-user.target.wants/$1" ] && echo enabled || echo disabled ;;
  is-active) [ -e "$DPKG_ROOT/run/active/$1" ] ;;
  *) echo "$verb" "$@" >> "$DPKG_ROOT/calls"; [ ! -e "$DPKG_ROOT/broken" ] ;;
esac
"""


class Scripts(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="reachd-scripts-")  # pylint: disable=consider-using-with
        self.addCleanup(scratch.cleanup)
        self.root = pathlib.Path(scratch.name)
        for folder in ("etc/reachd", "run/systemd/system", "run/active", "usr/lib/systemd/system", "usr/bin", "stubs",
                       "var/lib/reachd"):
            (self.root / folder).mkdir(parents=True)
        for name, text in (("systemctl", SYSTEMCTL), ("systemd-sysusers", "#!/bin/sh\n"), ("chgrp", "#!/bin/sh\n")):
            stub = self.root / "stubs" / name
            stub.write_text(text, encoding="ascii")
            stub.chmod(0o755)
        for unit in ("reachd.service", "reachd.socket"):
            shutil.copy(SOURCE / "packaging/systemd" / unit, self.root / "usr/lib/systemd/system")

    def run_script(self, name, *arguments):
        done = subprocess.run(
            ["sh", SOURCE / "packaging/debian" / name, *arguments], capture_output=True, text=True, timeout=30, check=False,
            env={**os.environ, "PATH": f"{self.root}/stubs:{os.environ['PATH']}:/usr/sbin:/sbin", "DPKG_ROOT": str(self.root),
                 "DPKG_MAINTSCRIPT_PACKAGE": "reachd"})
        self.assertEqual(done.returncode, 0, f"{name} {arguments}: {done.stdout}{done.stderr}")

    def install(self, *old):
        self.run_script("preinst", "install", *old)
        self.run_script("postinst", "configure", *(old or ("",)))

    def upgrade(self):
        self.run_script("prerm", "upgrade", "0.2")
        self.run_script("preinst", "upgrade", "0.1")
        self.run_script("postrm", "upgrade", "0.2")
        self.run_script("postinst", "configure", "0.1")

    def remove(self):
        self.run_script("prerm", "remove")
        self.run_script("postrm", "remove")

    def calls(self):
        """What systemctl was told since the last time, but for daemon-reload."""
        path = self.root / "calls"
        lines = path.read_text(encoding="ascii").splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return [line for line in lines if line != "daemon-reload"]

    def is_enabled(self):
        return (self.root / LINK).is_symlink()

    def test_the_first_installation_enables_and_starts(self):
        self.install()
        self.assertTrue(self.is_enabled())
        self.assertEqual(self.calls(), ["start reachd.service"])  # the socket is opt-in

    def test_a_service_that_does_not_start_leaves_a_configured_package(self):
        (self.root / "broken").touch()
        self.install()
        self.assertEqual(self.calls(), ["start reachd.service"])

    def test_an_upgrade_restarts_what_runs_and_starts_nothing(self):
        self.install()
        self.calls()
        self.upgrade()
        self.assertEqual(self.calls(), [])
        (self.root / "run/active/reachd.service").touch()
        self.upgrade()
        self.assertEqual(self.calls(), ["restart reachd.service"])

    def test_an_upgrade_leaves_a_disabled_service_alone(self):
        self.install()
        (self.root / LINK).unlink()
        self.calls()
        self.upgrade()
        self.assertFalse(self.is_enabled())
        self.assertEqual(self.calls(), [])

    def test_installed_again_after_a_removal_it_runs_again(self):
        self.install()
        self.calls()
        self.remove()
        self.assertEqual(self.calls(), ["stop reachd.socket reachd.service"])
        self.install("0.1")
        self.assertTrue(self.is_enabled())
        self.assertEqual(self.calls(), ["start reachd.service"])

    def test_a_purge_leaves_nothing(self):
        self.install()
        self.remove()
        self.run_script("postrm", "purge")
        self.assertFalse(self.is_enabled())
        for gone in ("var/lib/reachd", "etc/reachd", "run/reachd.installing"):
            self.assertFalse((self.root / gone).exists(), gone)
        self.assertEqual(list(self.root.glob("var/lib/systemd/deb-systemd-helper-enabled/**/reachd*")), [])

    def test_where_no_systemd_runs_nothing_is_asked_of_it(self):
        (self.root / "run/systemd/system").rmdir()
        self.install()
        self.remove()
        self.assertTrue(self.is_enabled())
        self.assertFalse((self.root / "calls").exists())


if __name__ == "__main__":
    unittest.main()
