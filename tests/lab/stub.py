#!/usr/bin/env python3
"""Small servers for what Debian has no package for, and for hostile ones. Standard library only.

    stub.py MODE@ADDRESS:PORT[,CERTIFICATE,KEY] ...

Runs until it is killed. With a certificate the mode speaks inside TLS. Modes:
"""

import asyncio
import gzip
import io
import pathlib
import socket
import ssl
import struct
import sys

import answers

MODES = {
    "hold": "accepts, reads and drops what comes, says nothing",
    "ssh": "greets as an SSH server does, then holds",
    "smtp": "greets as a mail server does and answers EHLO and QUIT",
    "tds": "answers the pre-login of a SQL Server client",
    "close": "closes at once",
    "reset": "resets at once",
    "drip": "one byte a second for ever, with no line end",
    "drip-http": "an HTTP status line, then a header line of one byte a second for ever",
    "banner": "an endless banner, as fast as it is read",
    "header": "an HTTP answer whose header is 1 GB",
    "body": "an HTTP answer whose body is 1 GB",
    "gzip": "an HTTP answer of a few MB that inflate to several GB",
    "ok": "an HTTP 200 answer",
    "terse-http": "an HTTP 200 answer without a phrase, whose lines end with a line feed alone, and whose date has an old form",
    "latin1": "greets in Latin-1 and goes on once its name has come back",
    "proxy-403": "an HTTP proxy that refuses",
    "sap": "answers pings of SAP's network interface",
    "garbage": "bytes that are no protocol",
    "slp": "a service agent over TCP",
    "udp": "UDP: sends back what comes",
    "udp-mute": "UDP: says nothing, as receivers of traps and syslog do",
    "udp-slp": "UDP: a service agent",
    "udp-ipmi": "UDP: a management controller before any session",
    "udp-ssdp": "UDP: a device that can be searched for",
}
_DATAGRAMS = {"udp": lambda data: data, "udp-mute": lambda data: None, "udp-slp": answers.slp,
              "udp-ipmi": answers.ipmi, "udp-ssdp": answers.ssdp}
_CHUNK = b"x" * 65536
_GIGABYTE = 1 << 30
# [MS-TDS] 2.2.6.5: version 16.0.1000.6, encryption off, the instance that was asked for.
_PRELOGIN = bytes.fromhex("0401002000000100 0000100006 0100160001 0200170001 ff 100003e80006 00 00".replace(" ", ""))


def _bomb():
    """4 MB of gzip that inflate to 4 GB: members of zeros one after the other."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=9, mtime=0) as stream:
        for _ in range(16):
            stream.write(bytes(1 << 20))
    return buffer.getvalue()


async def _until_closed(reader):
    while await reader.read(65536):
        pass


async def _request(reader):
    while (await reader.readline()).strip():
        pass


async def _talk(reader, writer, greeting, answers):
    """Lines and replies as in SMTP and FTP, until the client has said QUIT."""
    said = greeting
    while said:
        writer.write(said + b"\r\n")
        await writer.drain()
        line = await reader.readline()
        said = answers.get(line[:4].upper(), b"500 what?") if line and said != answers[b"QUIT"] else None


async def _endless(writer, piece, total=None):
    sent = 0
    while total is None or sent < total:
        writer.write(piece)
        await writer.drain()
        sent += len(piece)


async def _serve(mode, reader, writer):
    if mode == "reset":
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    elif mode == "close":
        writer.write_eof()
        await _until_closed(reader)  # closing with something unread would be a reset
    elif mode == "hold":
        await _until_closed(reader)
    elif mode == "ssh":
        writer.write(b"SSH-2.0-Lab_1.0\r\n")
        await _until_closed(reader)
    elif mode == "smtp":
        await _talk(reader, writer, b"220 mail.lab ESMTP", {b"EHLO": b"250-mail.lab\r\n250 SIZE 1000", b"QUIT": b"221 bye"})
    elif mode == "sap":
        while (ping := await reader.read(65536)):
            if ping == b"\0\0\0\x08NI_PING\0":
                writer.write(b"\0\0\0\x08NI_PONG\0")
    elif mode == "tds":
        await reader.readexactly(int.from_bytes((await reader.readexactly(8))[2:4], "big") - 8)
        writer.write(_PRELOGIN)
        await _until_closed(reader)
    elif mode == "garbage":
        writer.write(bytes(range(256)) * 4)
        await _until_closed(reader)
    elif mode in ("drip", "drip-http"):
        if mode == "drip-http":
            await _request(reader)
            writer.write(b"HTTP/1.1 200 OK\r\nX: ")
        while True:
            writer.write(b"a")
            await writer.drain()
            await asyncio.sleep(1)
    elif mode == "banner":
        await _endless(writer, _CHUNK)
    elif mode == "header":
        await _request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nX: ")
        await _endless(writer, _CHUNK, _GIGABYTE)
    elif mode == "body":
        await _request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % _GIGABYTE)
        await _endless(writer, _CHUNK, _GIGABYTE)
    elif mode == "gzip":
        await _request(reader)
        member, count = _bomb(), 256
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % (len(member) * count))
        await _endless(writer, member, len(member) * count)
    elif mode == "ok":
        await _request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n")
        await writer.drain()
    elif mode == "terse-http":
        await _request(reader)
        writer.write(b"HTTP/1.1 200\nLast-Modified: Sunday, 22-Nov-26 08:00:00 GMT\nContent-Length: 3\n\nok\n")
        await writer.drain()
    elif mode == "latin1":
        writer.write("hi André\r\n".encode("latin-1"))
        if await reader.readline() == "I am André\n".encode("latin-1"):
            writer.write(b"welcome\r\n")
        await _until_closed(reader)
    elif mode == "slp":
        head = await reader.readexactly(5)
        answer = answers.slp(head + await reader.readexactly(answers.slp_size(head) - 5))
        if answer:
            writer.write(answer)
            await _until_closed(reader)
    elif mode == "proxy-403":
        await _request(reader)
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()


def _connected(mode):
    async def connected(reader, writer):
        try:
            await _serve(mode, reader, writer)
        except (OSError, asyncio.IncompleteReadError, ValueError, struct.error):
            pass
        finally:
            writer.close()

    return connected


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, answer):
        self._transport = None
        self._answer = answer

    def connection_made(self, transport):
        self._transport = transport

    def datagram_received(self, data, addr):
        try:
            answer = self._answer(data)
        except (struct.error, ValueError):
            return  # no request of this protocol
        if answer is not None:
            self._transport.sendto(answer, addr)


async def _start(specification):
    mode, place = specification.split("@", 1)
    place, *files = place.split(",")
    address, port = place.rsplit(":", 1)
    address = address.strip("[]")
    if mode not in MODES:
        sys.exit(f"stub.py: no mode {mode}: {', '.join(MODES)}")
    if mode in _DATAGRAMS:
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: _Datagrams(_DATAGRAMS[mode]),
                                                                  local_addr=(address, int(port)))
        return
    context = None
    if files:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(pathlib.Path(files[0]), pathlib.Path(files[1]))
    await asyncio.start_server(_connected(mode), address, int(port), ssl=context, backlog=1024)


async def _main():
    for specification in sys.argv[1:]:
        await _start(specification)
    await asyncio.Event().wait()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__ + "".join(f"    {name:10} {text}\n" for name, text in MODES.items()))
    asyncio.run(_main())
