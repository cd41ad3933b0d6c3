# SPDX-License-Identifier: EUPL-1.2
"""WebSocket (RFC 6455), as much as a fake provider and its player need."""
import base64
import hashlib
import os

from http1 import Closed

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
MESSAGE_MAX = 1 << 20


def accept_key(key):
    return base64.b64encode(
        hashlib.sha1((key + GUID).encode()).digest()).decode()


def frame(opcode, payload, masked=False):
    n = len(payload)
    bit = 128 if masked else 0
    if n < 126:
        out = bytes([128 | opcode, bit | n])
    elif n < 65536:
        out = bytes([128 | opcode, bit | 126]) + n.to_bytes(2, "big")
    else:
        out = bytes([128 | opcode, bit | 127]) + n.to_bytes(8, "big")
    if masked:
        mask = os.urandom(4)
        out += mask
        payload = bytes(c ^ mask[i % 4] for i, c in enumerate(payload))
    return out + payload


def read_frame(wire):
    """(opcode, payload); raises Closed."""
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
    if mask:
        payload = bytes(c ^ mask[i % 4] for i, c in enumerate(payload))
    return a & 15, payload
