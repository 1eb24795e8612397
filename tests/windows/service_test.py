"""The Windows service, driven from Linux: the real reachd.exe under wine's service manager, with what it serves looked at
over the loopback that wine and Linux share. Runs within packaging/windows-service/wine-session."""

import contextlib
import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

REACHD = os.environ["REACHD_BINARY"]
DRIVER = os.environ["REACHD_SCM_DRIVER"]
WINERUN = os.environ["REACHD_WINERUN"]
DATA = pathlib.Path(os.environ["WINEPREFIX"], "drive_c", "ProgramData", "reachd")
GUARD = 60  # seconds that no wait of a test may exceed

# winsvc.h
STOPPED, START_PENDING, STOP_PENDING, RUNNING = 1, 2, 3, 4
STOP, PAUSE, INTERROGATE, PARAMCHANGE = 1, 2, 4, 6
ACCEPTED = 0x1 | 0x4 | 0x8 | 0x100  # STOP, SHUTDOWN, PARAMCHANGE, PRESHUTDOWN
SPECIFIC_ERROR = 1066


def windows(*arguments, folder=None):
    """Runs a Windows program to its end: CompletedProcess with text. Into files: what wine starts inherits a pipe and
    keeps its reader waiting."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        done = subprocess.run([WINERUN, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                              timeout=GUARD * 2, check=False, cwd=folder)
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(done.args, done.returncode, out.read(), err.read())


def wait_for(what, condition):
    """Returns the first true value of condition(); fails with `what` when it stays false."""
    end = time.monotonic() + GUARD
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {GUARD} s in vain for {what}")
        time.sleep(0.05)


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Listener:
    """Takes connections and never says a word."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.taken = []
        self.thread = threading.Thread(target=self._take, daemon=True)
        self.thread.start()

    def _take(self):
        with contextlib.suppress(OSError):  # closed
            while True:
                self.taken.append(self.socket.accept()[0])

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()
        for connection in self.taken:
            connection.close()


class Hook(http.server.BaseHTTPRequestHandler):
    """A webhook's receiver: keeps what it got."""

    def do_POST(self):  # pylint: disable=invalid-name
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append(json.loads(body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass


class ServiceTest(unittest.TestCase):
    name = "reachd-e2e"

    def setUp(self):
        DATA.mkdir(parents=True, exist_ok=True)
        self.config = DATA / "the settings.yaml"
        self.log = DATA / "logs" / f"{self.name}.log"
        self.log.unlink(missing_ok=True)
        self.port = free_port()
        self.open = self.listener()
        self.closed = free_port()

    def listener(self):
        made = Listener()
        self.addCleanup(made.close)
        return made

    def write(self, *checks, more=""):
        """A quick configuration with checks as YAML flow maps."""
        self.config.write_text(
            "vantage: wine\nstate_dir: 'C:\\ProgramData\\reachd\\state\\e2e'\n"
            f"web: {{listen: ['127.0.0.1:{self.port}']}}\n"
            "defaults: {interval: 1s, timeout: 700ms, confirm_interval: 200ms, down_after: 2, up_after: 1}\n"
            f"{more}checks:\n" + "".join(f"  - {{{check}}}\n" for check in checks), encoding="ascii")

    def service(self, action, *options, name=None, expect=0, folder=None):
        done = windows(REACHD, "service", action, "--name", name or self.name, *options, folder=folder)
        self.assertEqual(done.returncode, expect, f"service {action}: {done.stdout}{done.stderr}{self.logged()}")
        return done

    def status(self):
        done = windows(REACHD, "service", "status", "--name", self.name, "--json")
        answer = json.loads(done.stdout)
        self.assertEqual(done.returncode, 0 if answer["state"] == "running" else 1)
        return answer

    def driver(self, *arguments):
        done = windows(DRIVER, *arguments)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def install(self):
        # A relative file: the service manager starts a service in its own folder.
        done = self.service("install", "--config", self.config.name, folder=self.config.parent)
        self.addCleanup(windows, REACHD, "service", "uninstall", "--name", self.name)
        return done

    def logged(self):
        return self.log.read_text(encoding="utf-8") if self.log.exists() else ""

    def metrics(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=GUARD) as answer:
                return answer.read().decode()
        except urllib.error.URLError:
            return ""

    def wait_for_line(self, pattern):
        wait_for(f"{pattern} in the metrics", lambda: re.search(pattern, self.metrics(), re.MULTILINE))

    def started(self, *checks, more=""):
        self.write(*checks, more=more)
        self.install()
        self.service("start")

    def stop_in_time(self, limit=2.0):
        """Timed beside it: how long a program takes to start under wine is not the question."""
        took = self.driver("stop", self.name)[-1]["elapsed"] / 1000
        self.assertEqual((self.status()["state"], self.status()["ended"]), ("stopped", ""))
        self.assertLess(took, limit, self.logged())
        print(f"{self.id()}: stopped in {took:.2f} s")

    def test_its_life(self):
        self.assertEqual(self.status()["state"], "not_installed")
        self.write(f'name: open, probe: tcp, target: "127.0.0.1:{self.open.port}"',
                   f'name: closed, probe: tcp, target: "127.0.0.1:{self.closed}"')
        self.install()
        self.assertEqual(self.status()["state"], "stopped")
        command = self.status()["command_line"]
        self.assertRegex(command, r'^"[A-Z]:\\[^"]*\\reachd\.exe" run --service --config '
                                  r'"C:\\ProgramData\\reachd\\the settings\.yaml"$')
        self.assertEqual(self.driver("config", self.name),
                         [{"start": 2, "type": 0x10, "account": f"NT SERVICE\\{self.name}",
                           "display_name": f"reachd ({self.name})"}])
        self.service("start")
        self.assertEqual(self.status()["state"], "running")
        self.wait_for_line(r'^reachd_check_up\{check="custom/open".* 1$')
        self.wait_for_line(r'^reachd_check_up\{check="custom/closed".* 0$')
        self.wait_for_line(r'^reachd_probe_results_total\{check="custom/closed".*reason="refused".* [1-9]')
        self.write(f'name: other, probe: tcp, target: "127.0.0.1:{self.open.port}"')
        self.service("reload")
        self.wait_for_line(r'^reachd_check_up\{check="custom/other".* 1$')
        self.assertNotIn("custom/closed", self.metrics())
        self.stop_in_time()
        self.assertRegex(self.logged(), r"info: stopped\n$")
        self.assertEqual(self.metrics(), "")
        self.service("uninstall")
        self.assertEqual(self.status()["state"], "not_installed")
        self.assertTrue(self.config.exists())

    def test_the_documented_first_steps_where_nothing_of_reachd_is_yet(self):
        shutil.rmtree(DATA)
        config = r"C:\ProgramData\reachd\reachd.yaml"
        done = windows(REACHD, "init", "custom", "--listen", f"127.0.0.1:{self.port}", "--output", config)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(windows(REACHD, "validate").returncode, 0)
        self.addCleanup(windows, REACHD, "service", "uninstall", "--name", self.name)
        self.service("install")
        self.service("start")
        self.wait_for_line("^reachd_config_last_reload_successful 1$")

    def test_why_a_first_configuration_cannot_be_written(self):
        missing = windows(REACHD, "init", "custom", "--output", r"Q:\nowhere\reachd.yaml")
        self.assertEqual(missing.returncode, 2)
        self.assertIn("could not be made: its folder is not there and can't be made (Windows error 3)", missing.stderr)

    def test_a_bad_configuration_is_told_by_all_who_are_asked(self):
        self.write("name: x, probe: tpc, target: '127.0.0.1:1'")
        self.install()
        done = self.service("start", expect=1)
        self.assertIn("ended with exit code 2 (bad configuration or usage)", done.stderr)
        self.assertIn("ended with exit code 2", self.status()["ended"])
        [told] = self.driver("query", self.name)
        self.assertEqual((told["state"], told["code"], told["specific"]), (STOPPED, SPECIFIC_ERROR, 2))
        self.assertIn("error: can't start: bad configuration", self.logged())
        self.assertIn("did you mean", self.logged())

    def test_a_bad_configuration_at_a_reload_changes_nothing(self):
        self.started(f'name: open, probe: tcp, target: "127.0.0.1:{self.open.port}"')
        self.config.write_text("checks: 1\n", encoding="ascii")
        self.service("reload")
        self.wait_for_line("^reachd_config_last_reload_successful 0$")
        self.assertIn("custom/open", self.metrics())
        self.assertEqual(self.status()["state"], "running")
        self.stop_in_time()

    def test_an_address_in_use_is_no_success(self):
        with socket.create_server(("127.0.0.1", self.port)):
            self.write("name: x, probe: tcp, target: '127.0.0.1:1'")
            self.install()
            done = self.service("start", expect=1)
        self.assertIn("ended with exit code 1", done.stderr)
        self.assertRegex(self.logged(), r"127\.0\.0\.1:\d+: the address is in use by another program, or reserved \(Windows "
                                        r"error 100(13|48)\)")
        self.service("start")  # free by now

    def test_what_it_is_asked_by_the_service_manager(self):
        self.started("name: x, probe: tcp, target: '127.0.0.1:1'")
        [told] = self.driver("query", self.name)
        self.assertEqual((told["state"], told["accepted"], told["checkpoint"]), (RUNNING, ACCEPTED, 0))
        for code in (INTERROGATE, PARAMCHANGE):
            with self.subTest(code):
                [told] = self.driver("control", self.name, code)
                self.assertEqual((told["error"], told["state"]), (0, RUNNING))
        [told] = self.driver("control", self.name, PAUSE)
        self.assertEqual((told["error"], told["state"]), (1052, RUNNING))
        told = self.driver("stop", self.name)
        self.assertEqual([row["state"] for row in told].count(STOPPED), 1, told)
        self.assertEqual((told[-1]["state"], told[-1]["code"], told[-1]["accepted"]), (STOPPED, 0, 0))

    def test_it_stops_in_time_while_probes_hang(self):
        checks = [f'name: mute{n}, probe: http, target: "http://127.0.0.1:{self.open.port}/", timeout: 20s, interval: 20s'
                  for n in range(20)]
        self.started(*checks, more="limits: {per_host: 20}\n")
        self.wait_for_line(r"^reachd_probes_in_flight [1-9]")
        wait_for("a request that nobody answers", lambda: self.open.taken)
        self.stop_in_time()

    def test_a_sink_that_is_down_loses_nothing_and_holds_no_stop_up(self):
        receiver = http.server.HTTPServer(("127.0.0.1", 0), Hook)
        receiver.received = []
        port = receiver.server_port
        receiver.server_close()  # refused from here on
        down = f"alerting: {{sinks: [{{name: hook, type: webhook, url: 'http://127.0.0.1:{port}/'}}]}}\n"
        self.started(f'name: closed, probe: tcp, target: "127.0.0.1:{self.closed}"', more=down)
        self.wait_for_line(r'^reachd_outbox_pending\{sink="hook"\} [1-9]')
        self.stop_in_time()
        # It was kept: the next run delivers it.
        receiver = http.server.HTTPServer(("127.0.0.1", port), Hook)
        receiver.received = []
        self.addCleanup(receiver.server_close)
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        self.addCleanup(receiver.shutdown)
        self.service("start")
        wait_for("the event of the first run", lambda: "RequiredPortClosed" in json.dumps(receiver.received) or
                 "check.down" in json.dumps(receiver.received))
        self.stop_in_time()

    def test_checkpoints_grow_while_a_sink_does_not_answer(self):
        mute = self.listener()
        self.started(f'name: closed, probe: tcp, target: "127.0.0.1:{self.closed}"',
                     more=f"alerting: {{sinks: [{{name: hook, type: webhook, url: 'http://127.0.0.1:{mute.port}/'}}]}}\n")
        wait_for("a delivery that nobody acknowledges", lambda: mute.taken)
        told = self.driver("stop", self.name)
        pending = [row for row in told if row["state"] == STOP_PENDING]
        checkpoints = [row["checkpoint"] for row in pending]
        self.assertGreaterEqual(len(checkpoints), 2, told)
        self.assertEqual(checkpoints, sorted(set(checkpoints)), told)
        self.assertTrue(all(row["wait"] > 1000 and row["accepted"] == 0 for row in pending), told)
        self.assertEqual((told[-1]["state"], told[-1]["code"]), (STOPPED, 0))
        self.assertLess(told[-1]["elapsed"], 2000, told)

    def test_what_cannot_be_done_is_said_in_a_sentence(self):
        for action in ("start", "stop", "reload", "uninstall"):
            with self.subTest(action):
                done = self.service(action, name="reachd-nowhere", expect=1)
                self.assertRegex(done.stderr, r"^reachd: can't \w+ the service reachd-nowhere: it is not installed "
                                              r"\(Windows error 1060\)\s*$")
        self.started("name: x, probe: tcp, target: '127.0.0.1:1'")
        self.assertIn("it is installed already", self.service("install", expect=1).stderr)
        self.assertIn("it is already running", self.service("start", expect=1).stderr)
        self.service("stop")
        for action in ("stop", "reload"):
            self.assertIn("it is not running", self.service(action, expect=1).stderr)
        self.assertIn("a name is made of letters", self.service("status", name="two words", expect=2).stderr)

    def test_an_update_takes_a_service_over_and_can_be_taken_back(self):
        self.started(f'name: open, probe: tcp, target: "127.0.0.1:{self.open.port}"')
        before = self.status()["command_line"]
        other = self.config.with_name("other.yaml")
        self.config.rename(other)
        self.service("stop")
        done = self.service("install", "--update", "--config", other)
        self.assertIn(f"it ran {before} before", done.stderr)
        self.assertEqual(self.status()["command_line"], before.replace("the settings.yaml", "other.yaml"))
        self.assertEqual(self.driver("config", self.name)[0]["display_name"], f"reachd ({self.name})")
        self.service("start")
        self.wait_for_line(r'^reachd_check_up\{check="custom/open".* 1$')
        self.service("uninstall", "--undo")
        self.assertEqual((self.status()["state"], self.status()["command_line"]), ("stopped", before))
        # One that it made goes.
        self.service("uninstall")
        self.service("install", "--update", "--config", other)
        self.service("uninstall", "--undo")
        self.assertEqual(self.status()["state"], "not_installed")

    def test_in_a_console_it_stops_when_asked(self):
        self.write(f'name: open, probe: tcp, target: "127.0.0.1:{self.open.port}"')
        with tempfile.TemporaryFile("w+") as out:
            with subprocess.Popen([WINERUN, REACHD, "run", "--config", str(self.config)], stdin=subprocess.DEVNULL,
                                  stdout=out, stderr=subprocess.STDOUT) as process:
                try:
                    self.wait_for_line(r'^reachd_check_up\{check="custom/open".* 1$')
                    began = time.monotonic()
                    process.send_signal(signal.SIGINT)  # wine makes it a Ctrl+C
                    self.assertEqual(process.wait(timeout=GUARD), 0)
                    self.assertLess(time.monotonic() - began, 2.0)
                finally:
                    if process.poll() is None:
                        process.terminate()
            out.seek(0)
            self.assertRegex(out.read(), r"info: stopped\s*$")


if __name__ == "__main__":
    unittest.main(verbosity=2)
