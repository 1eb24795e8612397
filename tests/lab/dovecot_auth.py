#!/usr/bin/env python3
"""Checks passwords for Postfix as Dovecot's authentication service does: version 1.1 of its protocol, PLAIN only.

    dovecot_auth.py SOCKET ACCOUNTS

ACCOUNTS has a line "name password" for each user. Runs until it is killed. Standard library only.
"""

import base64
import binascii
import os
import pathlib
import socketserver
import sys


class _Service(socketserver.StreamRequestHandler):
    accounts = {}

    def _say(self, *fields):
        self.wfile.write("\t".join(fields).encode() + b"\n")

    def handle(self):
        self._say("VERSION", "1", "1")
        self._say("MECH", "PLAIN", "plaintext")
        self._say("SPID", str(os.getpid()))
        self._say("CUID", "1")
        self._say("COOKIE", "0" * 32)
        self._say("DONE")
        for line in self.rfile:
            word, *fields = line.decode().rstrip("\n").split("\t")
            if word == "AUTH":
                response = next((field.removeprefix("resp=") for field in fields if field.startswith("resp=")), None)
                if response is None:
                    self._say("CONT", fields[0], "")
                else:
                    self._judge(fields[0], response)
            elif word == "CONT":
                self._judge(fields[0], fields[1])

    def _judge(self, number, response):
        """PLAIN: whom to act for, name and password, with zero bytes between (RFC 4616)."""
        try:
            _, name, password = base64.b64decode(response, validate=True).decode().split("\0")
        except (binascii.Error, UnicodeDecodeError, ValueError):
            name, password = "", ""
        if name in self.accounts and self.accounts[name] == password:
            self._say("OK", number, f"user={name}")
        else:
            self._say("FAIL", number, f"user={name}")


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


def main():
    """Serves."""
    path, accounts = sys.argv[1:]
    _Service.accounts = dict(line.split(" ", 1) for line in pathlib.Path(accounts).read_text("ascii").splitlines())
    os.umask(0)  # Postfix's user has to reach it
    with _Server(path, _Service) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
