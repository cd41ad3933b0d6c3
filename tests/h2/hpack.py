# SPDX-License-Identifier: EUPL-1.2
"""HPACK (RFC 7541): enough to read what a well-behaved peer sends, and to write
anything, right or wrong. Strings are bytes."""

STATIC = [(b"", b"")]
for _line in """:authority
:method GET
:method POST
:path /
:path /index.html
:scheme http
:scheme https
:status 200
:status 204
:status 206
:status 304
:status 400
:status 404
:status 500
accept-charset
accept-encoding gzip, deflate
accept-language
accept-ranges
accept
access-control-allow-origin
age
allow
authorization
cache-control
content-disposition
content-encoding
content-language
content-length
content-location
content-range
content-type
cookie
date
etag
expect
expires
from
host
if-match
if-modified-since
if-none-match
if-range
if-unmodified-since
last-modified
link
location
max-forwards
proxy-authenticate
proxy-authorization
range
referer
refresh
retry-after
server
set-cookie
strict-transport-security
transfer-encoding
user-agent
vary
via
www-authenticate""".splitlines():
    _name, _, _value = _line.encode().partition(b" ")
    STATIC.append((_name, _value))

# The Huffman code of appendix B is canonical: the lengths tell all. Symbols
# that stand in no header of a test (19 bits and more, but the backslash) are
# left out.
LENGTHS = {
    5: "012aceiost", 6: " %-./3456789=A_bdfghlmnpru",
    7: ":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz", 8: "&*,;XZ",
    10: "!\"()?", 11: "'+|", 12: "#>", 13: "\0$@[]~", 14: "^}", 15: "<`{",
    19: "\\"}


def _codes():
    out, code, last = {}, 0, 0
    for bits, symbols in sorted(LENGTHS.items()):
        code <<= bits - last
        last = bits
        for symbol in sorted(symbols):
            out[bits, code] = ord(symbol)
            code += 1
    return out


CODES = _codes()
WRITE = {symbol: key for key, symbol in CODES.items()}


class Error(Exception):
    pass


def huffman_read(data):
    out, code, bits = bytearray(), 0, 0
    for byte in data:
        for shift in range(7, -1, -1):
            code, bits = code << 1 | byte >> shift & 1, bits + 1
            symbol = CODES.get((bits, code))
            if symbol is not None:
                out.append(symbol)
                code, bits = 0, 0
            elif bits > 19:
                raise Error("Huffman code of more than 19 bits")
    if bits > 7 or code != (1 << bits) - 1:
        raise Error("Huffman padding")
    return bytes(out)


def huffman_write(data):
    value, n = 0, 0
    for byte in data:
        bits, code = WRITE[byte]
        value, n = value << bits | code, n + bits
    pad = -n % 8
    return (value << pad | (1 << pad) - 1).to_bytes((n + pad) // 8, "big")


def integer(value, prefix, first=0):
    """5.1: first has the bits above the prefix."""
    limit = (1 << prefix) - 1
    if value < limit:
        return bytes([first | value])
    out, value = bytearray([first | limit]), value - limit
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def string(data):
    return integer(len(data), 7) + data


def literal(name, value, kind=0x00):
    """A field with a new name: 0x00 without indexing, 0x10 never indexed, 0x40
    with indexing."""
    return bytes([kind]) + string(name) + string(value)


class Reader:
    """The receiving side of one direction."""

    def __init__(self):
        self.table, self.size, self.limit = [], 0, 4096

    def entry(self, index):
        if 0 < index < len(STATIC):
            return STATIC[index]
        if len(STATIC) <= index < len(STATIC) + len(self.table):
            return self.table[index - len(STATIC)]
        raise Error("index %d" % index)

    def shrink(self, limit):
        while self.size > limit:
            name, value = self.table.pop()
            self.size -= 32 + len(name) + len(value)

    def insert(self, name, value):
        self.table.insert(0, (name, value))
        self.size += 32 + len(name) + len(value)
        self.shrink(self.limit)

    def read(self, block):
        self.block, self.at, out = block, 0, []
        while self.at < len(block):
            first = block[self.at]
            if first & 0x80:
                out.append(self.entry(self._integer(7)))
            elif first & 0xe0 == 0x20:
                if out:
                    raise Error("size update behind a field")
                self.limit = self._integer(5)
                if self.limit > 4096:
                    raise Error("table of %d" % self.limit)
                self.shrink(self.limit)
            else:
                kept = first & 0x40
                index = self._integer(6 if kept else 4)
                name = self.entry(index)[0] if index else self._string()
                out.append((name, self._string()))
                if kept:
                    self.insert(*out[-1])
        return out

    def _byte(self):
        if self.at >= len(self.block):
            raise Error("cut")
        self.at += 1
        return self.block[self.at - 1]

    def _integer(self, prefix):
        limit = (1 << prefix) - 1
        value, shift = self._byte() & limit, 0
        while value >= limit:
            byte = self._byte()
            value += (byte & 127) << shift
            shift += 7
            if not byte & 128:
                break
            if shift > 28:
                raise Error("integer")
        return value

    def _string(self):
        coded = self.block[self.at:self.at + 1] >= b"\x80"
        n = self._integer(7)
        data = self.block[self.at:self.at + n]
        if len(data) != n:
            raise Error("cut")
        self.at += n
        return huffman_read(data) if coded else data
