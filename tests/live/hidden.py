# SPDX-License-Identifier: EUPL-1.2
"""Search for planted texts in what somebody received, in every encoding that
clients are known to hide them in."""
import base64
import binascii
import html
import re
import zlib
from urllib.parse import quote, unquote_to_bytes

DEPTH = 4             # layers in each other
UNFOLDED_MAX = 64 << 20
PACKED = re.compile(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]")
BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{16,}")
ESCAPES = re.compile(rb"\\(u([0-9a-fA-F]{4})|.)", re.S)


def forms(text):
    """text as it could hide in other text: (encoding, bytes), lower case for
    all but base64."""
    raw = text.encode()
    out = [("plain", raw.lower()), ("percent", quote(text, safe="").lower()
                                    .encode()),
           ("form", quote(text, safe="").replace("%20", "+").lower().encode()),
           ("percent of all", "".join("%%%02x" % c for c in raw).encode()),
           ("JSON escapes", "".join("\\u%04x" % ord(c) for c in text)
            .encode()),
           ("UTF-16", text.lower().encode("utf-16-le")),
           ("hex", raw.hex().encode())]
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + raw).rstrip(b"=")
        # characters that depend on the neighbours are cut off
        start = (0, 2, 3)[shift]
        end = len(coded) if (len(raw) + shift) % 3 == 0 else len(coded) - 1
        piece = coded[start:end]
        if len(piece) >= 6:
            out.append(("base64", piece))
            out.append(("base64url", piece.replace(b"+", b"-")
                        .replace(b"/", b"_")))
    return out


def leaks(data, planted):
    """[(text, encoding)] found in the bytes."""
    small = data.lower()
    found = []
    for text in planted:
        for encoding, needle in forms(text):
            if needle in (data if encoding.startswith("base64") else small):
                found.append((text, encoding))
                break
    return found


def without(data, texts):
    """The bytes less these texts, in every form."""
    for text in texts:
        for _, needle in forms(text):
            data = re.sub(re.escape(needle), b"", data, flags=re.I)
    return data


def inflated(data, at):
    """What is packed from there on as gzip or zlib, or b""."""
    z = zlib.decompressobj(47)
    try:
        return z.decompress(data[at:], 4 << 20)
    except zlib.error:
        return b""


def unescape(m):
    if not m[2]:
        return {b"n": b"\n", b"r": b"\r", b"t": b"\t"}.get(m[1], m[1])
    try:
        return chr(int(m[2], 16)).encode()
    except UnicodeEncodeError:  # half of a pair
        return m[0]


def layers(data):
    """What can be read in the bytes one layer deeper."""
    for m in PACKED.finditer(data):
        yield inflated(data, m.start())
    for m in BASE64.finditer(data):
        text = m[0].replace(b"-", b"+").replace(b"_", b"/")
        text = text[:len(text) - (len(text) % 4 == 1)]
        try:
            raw = binascii.a2b_base64(text + b"=" * (-len(text) % 4))
        except binascii.Error:
            continue
        # as it stands there, and where it is packed without a sign of it
        yield raw
        try:
            yield zlib.decompressobj(-15).decompress(raw, 4 << 20)
        except zlib.error:
            pass
    if b"%" in data:
        yield unquote_to_bytes(data.replace(b"+", b" "))
    if b"\\" in data:
        yield ESCAPES.sub(unescape, data)
    if b"&" in data:
        yield html.unescape(data.decode("utf-8", "replace")).encode()


def unfolded(pieces):
    """The pieces, and all that can be read in them when gzip, deflate, base64,
    percent, JSON and XML escapes are opened, also in each other."""
    seen, out, size = set(), [], 0
    todo = [(p, 0) for p in pieces]
    while todo:
        data, depth = todo.pop()
        key = hash(data)
        if len(data) < 4 or key in seen:
            continue
        seen.add(key)
        size += len(data)
        if size > UNFOLDED_MAX:
            raise ValueError("over %d bytes to search" % UNFOLDED_MAX)
        out.append(data)
        if depth < DEPTH:
            todo += [(d, depth + 1) for d in layers(data)]
    return out
