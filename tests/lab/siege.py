#!/usr/bin/env python3
"""Hostile clients of a web server, as many as told, until killed. Standard library only.

    siege.py MODE ADDRESS PORT COUNT [SEED]

Each client begins again once it is closed. Modes:
"""

import asyncio
import functools
import random
import resource
import ssl
import sys

MODES = {
    "slow": "a head of one byte a second",
    "silent": "connects and says nothing",
    "unread": "asks for the metrics again and again, and never reads",
    "line": "a request line of 10 MB",
    "header": "a header of 10 MB",
    "body": "a body of 10 MB, announced and in chunks without end",
    "pipeline": "hundreds of requests at once, good and senseless ones",
    "rubbish": "random bytes after a good beginning",
    "password": "over TLS, passwords that are wrong, as fast as answers come",
    "hello": "the first half of a TLS handshake",
    "handshake": "whole TLS handshakes, one after the other",
}
_MEGABYTES = 10
_FILLER = b"x" * 65536
_TLS = ("password", "handshake")
_GOOD = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n"


async def slow(reader, writer, _):
    for byte in b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: " + b"s" * 1000:
        writer.write(bytes([byte]))
        await writer.drain()
        if await ended(reader, 1):
            return


async def silent(reader, _writer, _):
    await ended(reader, None)


async def unread(reader, writer, _):
    while not reader.at_eof():
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(1)


async def line(reader, writer, _):
    await flood(reader, writer, b"GET /", b" HTTP/1.1\r\nHost: x\r\n\r\n")


async def header(reader, writer, _):
    await flood(reader, writer, b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Filler: ", b"\r\n\r\n")


async def body(reader, writer, chance):
    if chance.random() < 0.5:
        await flood(reader, writer, b"POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 10485760\r\n\r\n", b"")
    else:
        writer.write(b"POST /-/reload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(_MEGABYTES * 16):
            writer.write(b"10000\r\n" + _FILLER + b"\r\n")
            await writer.drain()
            if reader.at_eof():
                return


async def pipeline(reader, writer, chance):
    senseless = [b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", b"BREW /pot HTTP/1.1\r\nHost: x\r\n\r\n",
                 b"DELETE /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
                 b"GET /?a=%00 HTTP/1.1\r\nHost: x\r\n\r\n", b"\r\n\r\n"]
    writer.write(b"".join(chance.choice([_GOOD, *senseless]) for _ in range(500)))
    await read_on(reader, 5)


async def rubbish(reader, writer, chance):
    beginning = chance.choice([b"", b"GET ", _GOOD, b"GET / HTTP/1.1\r\n", b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"])
    writer.write(beginning + chance.randbytes(chance.randrange(1, 20000)))
    await read_on(reader, 5)


async def password(reader, writer, chance):
    while not reader.at_eof():
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Basic %s\r\n\r\n" %
                     "".join(chance.choices("ABCDEFGHabcdefgh0123", k=24)).encode())
        await writer.drain()
        if not await asyncio.wait_for(reader.read(65536), 30):
            return


async def hello(reader, writer, _):
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        trusting().wrap_bio(incoming, outgoing, server_hostname="x").do_handshake()
    except ssl.SSLWantReadError:
        writer.write(outgoing.read()[:100])
    await ended(reader, None)


async def handshake(*_):
    """Made by who connects."""


@functools.cache
def trusting():
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


async def flood(reader, writer, before, after):
    writer.write(before)
    for _ in range(_MEGABYTES * 16):
        writer.write(_FILLER)
        await writer.drain()
        if reader.at_eof():
            return
    writer.write(after)
    await read_on(reader, 5)


async def read_on(reader, seconds):
    """Reads until the server closes, or falls silent for so long."""
    while True:
        try:
            if not await asyncio.wait_for(reader.read(65536), seconds):
                return
        except asyncio.TimeoutError:
            return


async def ended(reader, seconds):
    """True once the server closed; False after so many seconds (None: never)."""
    try:
        return not await asyncio.wait_for(reader.read(4096), seconds)
    except asyncio.TimeoutError:
        return False


async def client(mode, address, port, chance):
    while True:
        writer = None
        try:
            reader, writer = await asyncio.open_connection(address, port, limit=4096, ssl=trusting() if mode in _TLS else None)
            if mode == "unread":
                writer.transport.pause_reading()
            await globals()[mode](reader, writer, chance)
        except (OSError, asyncio.TimeoutError):
            pass
        finally:
            if writer:
                writer.transport.abort()
        await asyncio.sleep(0.05)


async def siege(mode, address, port, count, seed):
    await asyncio.gather(*(client(mode, address, port, random.Random(seed + number)) for number in range(count)))


def main():
    if len(sys.argv) < 5 or sys.argv[1] not in MODES:
        sys.exit(__doc__ + "\n".join(f"    {name:10} {text}" for name, text in MODES.items()))
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    mode, address, port, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    asyncio.run(siege(mode, address, port, count, int(sys.argv[5]) if len(sys.argv) > 5 else 1))


if __name__ == "__main__":
    main()
