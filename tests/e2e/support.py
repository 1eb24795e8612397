"""What the end-to-end tests share: the binary under test, its JSON, the daemon as a process, and the lab."""

import calendar
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))

import certificates  # noqa: E402,F401  pylint: disable=wrong-import-position,unused-import
import lab as lab_module  # noqa: E402  pylint: disable=wrong-import-position
import servers  # noqa: E402,F401  pylint: disable=wrong-import-position,unused-import
import services  # noqa: E402,F401  pylint: disable=wrong-import-position,unused-import

REACHD = os.environ.get("REACHD_BINARY", "build/release/bin/reachd")
SKIPPED = 77  # what ctest is told to read as "skipped"
GUARD = 30  # seconds that no wait of a test may exceed


def run_reachd(*arguments, timeout=GUARD, **options):
    """Runs the binary on this machine to its end: CompletedProcess with text."""
    return subprocess.run([REACHD, *map(str, arguments)], capture_output=True, text=True, timeout=timeout, check=False,
                          **options)


def run_in_lab(lab, *arguments, place="host", timeout=GUARD):
    """Runs the binary in the lab to its end: (CompletedProcess with text, peak of resident memory in bytes)."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        child = lab.spawn("run", place, REACHD, *map(str, arguments), stdout=out.fileno(), stderr=err.fileno())
        usage = []

        def ended():
            pid, status, spent = os.wait4(child.pid, os.WNOHANG)  # subprocess does not tell what a child used
            if pid:
                child.returncode = os.waitstatus_to_exitcode(status)
                usage.append(spent.ru_maxrss * 1024)
            return pid

        try:
            wait_for(f"reachd {' '.join(map(str, arguments))}", ended, timeout)
        finally:
            lab.end(child)
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(child.args, child.returncode, out.read(), err.read()), usage[0]


def wait_for(what, condition, timeout=GUARD):
    """Returns the first true value of condition(); fails with `what` when it stays false."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {timeout} s in vain for {what}")
        time.sleep(0.02)


def seconds_of(text):
    """The Unix time of an RFC 3339 text in UTC with any number of digits after the second."""
    head, _, tail = text.removesuffix("Z").partition(".")
    return calendar.timegm(time.strptime(head, "%Y-%m-%dT%H:%M:%S")) + float("0." + (tail or "0"))


class LabTestCase(unittest.TestCase):
    """Tests inside a lab of their own, made once a class. Override set_up_lab() to start servers."""

    lab = None

    @classmethod
    def setUpClass(cls):
        cls.lab = lab_module.Lab()
        cls.lab.start()
        cls.addClassCleanup(cls.lab.stop)
        cls.set_up_lab()

    @classmethod
    def set_up_lab(cls):
        """Starts the servers of the class."""

    def setUp(self):
        self.addCleanup(self.lab.open_all)

    def probe(self, kind, target, *options, timeout="2s", place="host", parameters=None):
        """`reachd probe --json` in the lab: the decoded answer, with `exit`, `elapsed` and `memory` beside it."""
        arguments = ["probe", kind, target, "--json", "--timeout", timeout, *options]
        for key, value in (parameters or {}).items():
            arguments += ["--param", f"{key}={value}"]
        began = time.monotonic()
        done, memory = run_in_lab(self.lab, *arguments, place=place)
        elapsed = time.monotonic() - began
        self.assertIn(done.returncode, (0, 1), done.stderr)
        answer = json.loads(done.stdout)
        answer |= {"exit": done.returncode, "elapsed": elapsed, "memory": memory}
        return answer

    def expect(self, answer, reason, phase=None, offender=None):
        """The exact reason, phase and offender; success and the exit code follow from the reason."""
        told = json.dumps(answer, indent=1)
        self.assertEqual(answer["reason"], reason, told)
        self.assertEqual(answer["success"], reason == "ok", told)
        self.assertEqual(answer["exit"], 0 if reason == "ok" else 1, told)
        if reason != "ok":
            self.assertEqual(answer["phase"], phase, told)
            self.assertTrue(answer["message"], told)
        offenders = {attempt.get("offender") for attempt in answer["attempts"]} - {None, ""}
        self.assertEqual(offenders, {offender} - {None}, told)


class Daemon:
    """`reachd run` as a process, in a lab's place or on this machine's loopback. Its state is its own and goes with it,
    unless the configuration has a `state_dir`."""

    def __init__(self, config, lab=None, place="host", port=9790, limits=None, name="reachd"):
        self.lab, self.place, self.port = lab, place, port
        self._state = tempfile.TemporaryDirectory(  # pylint: disable=consider-using-with
            prefix="reachd-e2e-", dir=lab.folder if lab else None)
        environment = os.environ | {"STATE_DIRECTORY": self._state.name}
        if lab:
            self._log = lab.folder / f"{name}.log"
            prefix = ["prlimit", f"--nofile={limits}"] if limits else []
            self.process = lab.spawn(name, place, *prefix, REACHD, "run", "--config", config, env=environment)
        else:
            self._log = pathlib.Path(tempfile.mkstemp(prefix="reachd-e2e-")[1])
            with open(self._log, "ab") as log:
                self.process = subprocess.Popen([REACHD, "run", "--config", str(config)], stdout=log,
                                                stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                                env=environment)

    def __enter__(self):
        wait_for("the daemon to be ready", self.ready)
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(timeout=GUARD)
        self._state.cleanup()
        if not self.lab:
            self._log.unlink()

    @property
    def log(self):
        """What it wrote so far."""
        return self._log.read_text(errors="replace")

    def http(self, path, method="GET", headers=None):
        """(status, headers, body) of its web port."""
        return self.lab.http(self.place, "127.0.0.1", self.port, path, method=method, headers=headers)

    def ready(self):
        """True once /-/ready says so; an error if it ended."""
        if self.process.poll() is not None:
            raise AssertionError(f"the daemon ended with {self.process.returncode}:\n{self.log}")
        try:
            return self.http("/-/ready")[0] == 200
        except OSError:
            return False

    def checks(self):
        """The rows of /api/v1/checks by check id."""
        status, _, body = self.http("/api/v1/checks?limit=10000")
        assert status == 200, (status, body)
        answer = json.loads(body)
        return {row["check"]: row for row in (answer["checks"] if isinstance(answer, dict) else answer)}

    def wait_state(self, check, state, timeout=GUARD):
        """The row of a check once it has that state."""
        last = {}

        def look():
            last.update(self.checks().get(check) or {})
            return last if last.get("state") == state else None

        try:
            return wait_for(f"{check} to be {state}", look, timeout)
        except AssertionError as error:
            raise AssertionError(f"{error}: {json.dumps(last, indent=1)}\n{self.log[-3000:]}") from error

    def metrics(self, accept="text/plain"):
        """The text of /metrics."""
        status, _, body = self.http("/metrics", headers={"Accept": accept})
        assert status == 200, (status, body)
        return body.decode()

    def memory_peak(self):
        """The largest resident size so far, in bytes."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))

    def stop(self, how=signal.SIGTERM):
        """(exit code, seconds that it took)."""
        began = time.monotonic()
        self.process.send_signal(how)
        return self.process.wait(timeout=GUARD), time.monotonic() - began


def main():
    """Runs the tests of the calling file; without namespaces says so loudly, or fails where they are required."""
    try:
        lab_module.check_available()
    except lab_module.LabUnavailable as error:
        if os.environ.get("REACHD_REQUIRE_NAMESPACES") == "1":
            sys.exit(f"FAILED: namespaces are required here (REACHD_REQUIRE_NAMESPACES=1): {error}")
        print(f"SKIPPED, nothing was tested: {error}", file=sys.stderr)
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
