"""Answers of agents that Debian has no server for, written from their specifications. Pure: a request's bytes in, the
answer's out, or None for what such an agent does not answer."""

import struct


def _texts(data, count):
    """Texts with their length in front (RFC 2608, 8)."""
    texts = []
    for _ in range(count):
        size = struct.unpack_from(">H", data)[0]
        texts.append(data[2:2 + size])
        data = data[2 + size:]
    return texts


def _text(data):
    return struct.pack(">H", len(data)) + data


def slp(request):
    """A service agent of version 2 (RFC 2608) in the scope DEFAULT with one service, service:wbem."""
    if len(request) < 14 or request[:2] != b"\x02\x01":
        return None
    xid = request[10:12]
    language, _, service, scopes = _texts(request[12:], 4)
    if b"DEFAULT" not in scopes.upper().split(b","):
        function, body = 2, struct.pack(">HH", 4, 0)  # SCOPE_NOT_SUPPORTED
    elif service == b"service:service-agent":
        function, body = 11, _text(b"service:service-agent://lab") + _text(b"DEFAULT") + _text(b"(service-type=service:wbem)") + b"\0"
    else:
        urls = [b"service:wbem:https://lab:5989"] if service == b"service:wbem" else []
        function, body = 2, struct.pack(">HH", 0, len(urls)) + b"".join(
            b"\0" + struct.pack(">H", 600) + _text(url) + b"\0" for url in urls)
    body = xid + _text(language) + body
    return bytes((2, function)) + (10 + len(body)).to_bytes(3, "big") + bytes(5) + body


def slp_size(head):
    """How long the message is that begins with these five bytes."""
    return int.from_bytes(head[2:5], "big")


def ssdp(request):
    """A device that is searched for (UPnP Device Architecture 1.1, 1.3.3)."""
    if not request.startswith(b"M-SEARCH * HTTP/1.1\r\n") or b'MAN: "ssdp:discover"' not in request:
        return None
    return (b"HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=1800\r\nEXT:\r\nLOCATION: https://lab/redfish/v1/\r\n"
            b"SERVER: lab/1.0 UPnP/1.1 lab/1.0\r\nST: upnp:rootdevice\r\nUSN: uuid:0::upnp:rootdevice\r\n\r\n")


def _checksum(data):
    return bytes([-sum(data) & 0xFF])


def ipmi(request):
    """A management controller before any session: ASF presence pings (ASF 2.0, 3.2.4) and Get Channel Authentication
    Capabilities (IPMI v2.0, 22.13)."""
    if request[:4] == b"\x06\0\xff\x06" and request[8:9] == b"\x80":
        return request[:8] + b"\x40" + request[9:10] + b"\0\x10" + request[4:8] + bytes(4) + b"\x81" + bytes(7)
    if request[:5] == b"\x06\0\xff\x07\0" and request[15:16] == b"\x18" and request[19:20] == b"\x38":
        head, body = b"\x81\x1c", b"\x20" + request[18:19] + b"\x38\0\x01\x97\x06\x03" + bytes(4)
        return request[:13] + b"\x10" + head + _checksum(head) + body + _checksum(body)
    return None
