"""Receivers of what reachd and Alertmanager send over HTTP: threads of this process that listen in a place of the lab,
keep what they get in its order, and fail in every way that a test asks for."""

import collections
import contextlib
import http.server
import json
import socket
import ssl
import struct
import threading
import time

Request = collections.namedtuple("Request", "path headers body accepted")

# What one connection may meet instead of a 200.
FAILURES = ("wrong certificate", "500", "429", "hang", "cut in the answer", "cut in the request", "no HTTP", "slow",
            "late")
RETRY_AFTER = 2  # seconds that a 429 asks for
UNDER_WAY = 0.5  # seconds in which a connection may arrive that began before its client had read the 429
SLOW = 1  # seconds until the 200 of "slow"
LATE = 3  # of "late": longer than a client may wait whose timeout is less


class Receiver:
    """An HTTP server on a port of its own; with `certificate` over TLS. It refuses connections until open(). Connections
    meet what fail() was given, one after the other, and 200 after that."""

    def __init__(self, lab, place, address, certificate=None, wrong_certificate=None):
        lab.add_address(place, address)
        self._socket = lab.socket(place)
        self._socket.bind((address, 0))  # bound and not listening: refused
        self.address = f"{address}:{self._socket.getsockname()[1]}"
        self._contexts = [_context(pair) for pair in (certificate, wrong_certificate)]
        self._lock = threading.Lock()
        self._requests = []  # all that arrived whole, accepted or not
        self._failures = collections.deque()
        self._met = []
        self.refused_at = None  # monotonic time of the last 429
        self.late = []  # the keys of what was taken and answered too late
        self.too_early = 0  # connections within what a 429 had asked for
        self.released = threading.Event()  # what hangs goes on
        self._server = None

    def open(self):
        """Listens from now on."""
        receiver = self

        class Handler(_Handler):
            """One connection to this receiver."""

            def setup(self):
                self.receiver = receiver
                super().setup()

        self._socket.listen(64)
        self._server = http.server.ThreadingHTTPServer(("", 0), Handler, bind_and_activate=False)
        self._server.socket.close()
        self._server.socket = self._socket
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        """Ends it."""
        self.released.set()
        if self._server:
            self._server.shutdown()
        self._socket.close()

    def fail(self, *failures):
        """The next connections meet these, one each."""
        with self._lock:
            self._failures.extend(failures)

    def mend(self):
        """Nobody meets a failure any more; what hangs goes on."""
        with self._lock:
            self._failures.clear()
        self.released.set()

    def failing(self):
        """The failures that nobody has met yet."""
        with self._lock:
            return list(self._failures)

    def met(self):
        """The failures that were met, in their order."""
        with self._lock:
            return list(self._met)

    def requests(self):
        """Everything that arrived whole, also what was then not accepted."""
        with self._lock:
            return list(self._requests)

    def accepted(self):
        """What was answered with 200."""
        return [request for request in self.requests() if request.accepted]

    # From the threads of the connections.

    def take_failure(self):
        """What this connection meets; None: it is served."""
        with self._lock:
            if self.refused_at is not None and UNDER_WAY < time.monotonic() - self.refused_at < RETRY_AFTER:
                self.too_early += 1
            failure = self._failures.popleft() if self._failures else None
            if failure:
                self._met.append(failure)
            return failure

    def keep(self, path, headers, body, accepted):
        """Notes a request."""
        with self._lock:
            self._requests.append(Request(path, dict(headers), body, accepted))

    def wrap(self, connection, wrong):
        """The connection inside TLS, if that is spoken here."""
        context = self._contexts[1 if wrong else 0]
        return context.wrap_socket(connection, server_side=True) if context else connection


class _Handler(http.server.BaseHTTPRequestHandler):
    timeout = 30
    protocol_version = "HTTP/1.1"
    receiver = None

    def setup(self):
        self.failure = self.receiver.take_failure()
        self.request.settimeout(self.timeout)
        if self.failure == "no HTTP":
            self.request.sendall(b"220 this is something else\r\n")
        self.request = self.receiver.wrap(self.request, self.failure == "wrong certificate")
        super().setup()

    def finish(self):
        try:
            super().finish()
        finally:
            self.request.close()  # inside TLS the server knows only the socket below

    def do_POST(self):  # pylint: disable=invalid-name
        """One delivery."""
        if self.failure == "cut in the request":
            self._reset()
            return
        body = self.rfile.read(int(self.headers["Content-Length"]))
        served = self.failure in (None, "slow", "late")
        if self.failure == "slow":
            time.sleep(SLOW)  # what is tested is that this is waited for
        self.receiver.keep(self.path, self.headers, body, served)
        self.close_connection = True
        if self.failure == "late":
            self.receiver.late.append(self.headers["Idempotency-Key"])
            self.receiver.released.wait(LATE)  # taken, but nobody hears of it in time
            with contextlib.suppress(OSError):
                self._answer(200)
        elif served:
            self._answer(200)
        elif self.failure == "500":
            self._answer(500)
        elif self.failure == "429":
            self.receiver.refused_at = time.monotonic()  # before the client can count from it
            self._answer(429, ("Retry-After", str(RETRY_AFTER)))
        elif self.failure == "hang":
            self.receiver.released.wait(self.timeout)
        elif self.failure == "cut in the answer":
            self.wfile.write(b"HTTP/1.1 20")
            self._reset()

    def _answer(self, status, *headers):
        self.send_response(status)
        for name, value in (*headers, ("Content-Length", "0"), ("Connection", "close")):
            self.send_header(name, value)
        self.end_headers()

    def _reset(self):
        self.close_connection = True
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.request.close()

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        """Says nothing."""


def _context(pair):
    if pair is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*pair)
    return context


def told_by_alertmanager(receiver, path):
    """What Alertmanager told that path, one alert a row, in its order."""
    rows = []
    for request in receiver.accepted():
        if request.path == path:
            rows += json.loads(request.body)["alerts"]
    return rows
