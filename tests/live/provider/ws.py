# SPDX-License-Identifier: EUPL-1.2
"""WebSocket (RFC 6455) with permessage-deflate (RFC 7692, each message alone),
as much as a fake provider and its player need."""
import base64
import hashlib
import os
import zlib

from http1 import Closed

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
MORE, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
MESSAGE_MAX = 1 << 20
TAIL = b"\0\0\xff\xff"
OFFER = "permessage-deflate"
AGREED = OFFER + "; server_no_context_takeover; client_no_context_takeover"


def accept_key(key):
    return base64.b64encode(
        hashlib.sha1((key + GUID).encode()).digest()).decode()


def frame(opcode, payload, masked=False, packed=False):
    n = len(payload)
    bit = 128 if masked else 0
    first = 128 | (64 if packed else 0) | opcode
    if n < 126:
        out = bytes([first, bit | n])
    elif n < 65536:
        out = bytes([first, bit | 126]) + n.to_bytes(2, "big")
    else:
        out = bytes([first, bit | 127]) + n.to_bytes(8, "big")
    if masked:
        mask = os.urandom(4)
        out += mask
        payload = unmasked(payload, mask)
    return out + payload


def unmasked(payload, mask):
    n = len(payload)
    key = (mask * (n // 4 + 1))[:n]
    return (int.from_bytes(payload, "big") ^
            int.from_bytes(key, "big")).to_bytes(n, "big")


def read_part(wire):
    """(first octet, payload) of one frame; raises Closed."""
    a, b = wire.exactly(2)
    n = b & 127
    if n == 126:
        n = int.from_bytes(wire.exactly(2), "big")
    elif n == 127:
        n = int.from_bytes(wire.exactly(8), "big")
    if n > MESSAGE_MAX:
        raise Closed()
    mask = wire.exactly(4) if b & 128 else None
    payload = wire.exactly(n)
    return a, unmasked(payload, mask) if mask else payload


def read_frame(wire):
    """(opcode, payload); raises Closed."""
    first, payload = read_part(wire)
    return first & 15, payload


class Socket:
    """Whole messages; packed: permessage-deflate was agreed."""

    def __init__(self, wire, packed=False, masked=False):
        self.wire, self.packed, self.masked = wire, packed, masked

    def send(self, opcode, payload):
        small = opcode in (TEXT, BINARY) and self.packed and \
            len(payload) > 100
        if small:
            z = zlib.compressobj(6, zlib.DEFLATED, -15)
            payload = (z.compress(payload) + z.flush(zlib.Z_SYNC_FLUSH))[:-4]
        self.wire.send(frame(opcode, payload, self.masked, small))

    def receive(self):
        """(opcode, payload) of a message, or of a control frame that comes
        between its parts: the parts are kept for the next call."""
        while True:
            first, payload = read_part(self.wire)
            opcode = first & 15
            if opcode >= CLOSE:
                return opcode, payload
            if opcode != MORE:
                self.kind, self.small, self.parts = opcode, first & 64, b""
            self.parts += payload
            if len(self.parts) > MESSAGE_MAX:
                raise Closed()
            if first & 128:
                break
        if not self.small:
            return self.kind, self.parts
        try:
            z = zlib.decompressobj(-15)
            return self.kind, z.decompress(self.parts + TAIL, MESSAGE_MAX)
        except zlib.error as e:
            raise Closed() from e
