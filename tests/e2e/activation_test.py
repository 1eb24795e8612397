"""systemd socket activation: the daemon serves on the socket that it was passed, and on no other."""

import os
import pathlib
import socket
import subprocess
import tempfile
import unittest
import urllib.request

import support


def listener():
    """A listening socket on loopback."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen(16)
    return sock


def free_port():
    with listener() as sock:
        return sock.getsockname()[1]


def get(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=support.GUARD) as answer:
        return answer.read().decode()


class ActivationTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="reachd-e2e-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.own_port = free_port()
        self.config = self.folder / "reachd.yaml"
        self.config.write_text(f'web: {{listen: ["127.0.0.1:{self.own_port}"]}}\nchecks: [{{name: a, probe: tcp, '
                               f'target: "127.0.0.1:{self.own_port}"}}]\n', encoding="ascii")
        self.log = self.folder / "log"

    def start(self, *command, pass_fds=()):
        with open(self.log, "ab") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=pass_fds,
                                       env=os.environ | {"STATE_DIRECTORY": str(self.folder / "state")})
        self.addCleanup(process.wait, timeout=support.GUARD)
        self.addCleanup(process.kill)
        return process

    def expect_only_the_passed(self, process, port):
        self.assertIn("reachd_build_info", get(port, "/metrics"))
        support.wait_for("/-/ready", lambda: get(port, "/-/ready"))
        with self.assertRaises(ConnectionRefusedError):  # web.listen is replaced
            socket.create_connection(("127.0.0.1", self.own_port), timeout=support.GUARD)
        environment = pathlib.Path(f"/proc/{process.pid}/environ").read_text(encoding="utf-8")
        self.assertIn("LISTEN_FDS=1", environment, "what the process was started with")
        process.terminate()
        self.assertEqual(process.wait(timeout=support.GUARD), 0, self.log.read_text(encoding="utf-8"))

    def test_systemd_passes_a_socket_when_somebody_connects(self):
        port = free_port()
        process = self.start("systemd-socket-activate", "-l", f"127.0.0.1:{port}", "-E", "STATE_DIRECTORY",
                             support.REACHD, "run", "--config", str(self.config))

        def listening():
            with socket.socket() as taken:
                return taken.connect_ex(("127.0.0.1", port)) == 0

        support.wait_for("systemd-socket-activate to listen", listening)
        self.expect_only_the_passed(process, port)

    def test_connections_made_while_it_was_away_are_served(self):
        with listener() as sock:
            # Its number is 3 in the child, whose own number the shell knows.
            script = f'exec env LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=web "$@" 3<&{sock.fileno()}'
            command = ["sh", "-c", script, "sh", support.REACHD, "run", "--config", str(self.config)]
            early = socket.create_connection(sock.getsockname(), timeout=support.GUARD)
            self.addCleanup(early.close)
            early.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n")
            process = self.start(*command, pass_fds=[sock.fileno()])
            self.assertIn(b" 200 OK", early.recv(4096))
            self.expect_only_the_passed(process, sock.getsockname()[1])

    def test_what_is_no_listening_socket_is_refused(self):
        with socket.socket() as sock:
            script = f'exec env LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=web "$@" 3<&{sock.fileno()}'
            process = self.start("sh", "-c", script, "sh", support.REACHD, "run", "--config", str(self.config),
                                 pass_fds=[sock.fileno()])
            self.assertEqual(process.wait(timeout=support.GUARD), 1)
        self.assertIn("descriptor 3 (web) was passed to listen on, but is no listening TCP socket",
                      self.log.read_text(encoding="utf-8"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
