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
