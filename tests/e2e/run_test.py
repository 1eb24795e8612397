"""./run from a clone that is built already: the daemon on the quickstart, its first verdicts as a table, the hint what to do
next, and a stop that reaches the daemon. The lab is only a network in which port 9790 is free."""

import os
import pathlib
import shutil
import signal
import tempfile
import unittest

import support

SOURCE = pathlib.Path(__file__).resolve().parents[2]
CHECKS = ("own-port", "own-web", "own-connect", "loopback", "localhost")

# The set-up finds every package and an up to date build: neither apt nor a compiler has a part in this.
STUBS = {
    "dpkg-query": 'shift 2; for name; do echo "installed $name"; done\n',
    "cmake": 'echo "cmake $*"\n',
}


class RunTest(support.LabTestCase):
    def setUp(self):
        super().setUp()
        scratch = tempfile.TemporaryDirectory(prefix="reachd-run-")  # pylint: disable=consider-using-with
        self.addCleanup(scratch.cleanup)
        self.clone = pathlib.Path(scratch.name)
        for folder in ("build/release/bin", "config/examples", "packaging", "stubs", "state"):
            (self.clone / folder).mkdir(parents=True)
        shutil.copy(SOURCE / "run", self.clone)
        shutil.copy(SOURCE / "config/examples/quickstart.yaml", self.clone / "config/examples")
        shutil.copytree(SOURCE / "packaging/setup", self.clone / "packaging/setup")
        (self.clone / "build/release/bin/reachd").symlink_to(pathlib.Path(support.REACHD).resolve())
        (self.clone / "build/release/build.ninja").touch()
        for name, text in STUBS.items():
            (self.clone / "stubs" / name).write_text("#!/bin/sh\n" + text, encoding="ascii")
            (self.clone / "stubs" / name).chmod(0o755)

    def start(self, name, *arguments):
        environment = os.environ | {"PATH": f"{self.clone}/stubs:{os.environ['PATH']}",
                                    "STATE_DIRECTORY": str(self.clone / "state")}
        child = self.lab.spawn(name, "host", str(self.clone / "run"), *arguments, env=environment)
        return child, lambda: (self.lab.folder / f"{name}.log").read_text(encoding="utf-8")

    def stop(self, child, log):
        child.send_signal(signal.SIGTERM)
        self.assertEqual(child.wait(timeout=support.GUARD), 0, log())

    def test_the_quickstart_shows_verdicts_and_what_to_do_next(self):
        child, log = self.start("run")
        support.wait_for("the hint", lambda: "./run --config my.yaml" in log() or child.poll() is not None)
        told = log()
        self.assertIn("cmake --build build/release", told)
        for name in CHECKS:
            self.assertRegex(told, rf"(?m)^up +ok +\S+ +custom/{name}$")
        self.assertIn("Look at http://127.0.0.1:9790/", told)
        self.assertIn("build/release/bin/reachd init flexera-beacon --output my.yaml", told)
        self.stop(child, log)
        self.assertIn("stopped", log())

    def test_a_configuration_of_ones_own_has_no_hint(self):
        config = self.clone / "mine.yaml"
        config.write_text('checks: [{name: mine, probe: icmp, target: 127.0.0.1}]\n', encoding="ascii")
        child, log = self.start("own", "--config", "mine.yaml")
        support.wait_for("the daemon", lambda: "watching" in log() or child.poll() is not None)
        self.stop(child, log)
        self.assertNotIn("init flexera-beacon", log())

    def test_usage(self):
        done = self.lab.run("host", str(self.clone / "run"), "fly", check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("./run lab", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
