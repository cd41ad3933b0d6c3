# SPDX-License-Identifier: EUPL-1.2
"""HTTP/2 frames (RFC 9113, 4.1 and 6): written from the notation of README.md,
and read."""
import re
import struct

import hpack

TYPES = ["DATA", "HEADERS", "PRIORITY", "RST_STREAM", "SETTINGS",
         "PUSH_PROMISE", "PING", "GOAWAY", "WINDOW_UPDATE", "CONTINUATION"]
FLAGS = {"+end_stream": 1, "+ack": 1, "+end_headers": 4, "+padded": 8,
         "+priority": 32}
CODES = ["NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR",
         "SETTINGS_TIMEOUT", "STREAM_CLOSED", "FRAME_SIZE_ERROR",
         "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR",
         "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED"]
SETTINGS = {"header_table_size": 1, "enable_push": 2,
            "max_concurrent_streams": 3, "initial_window_size": 4,
            "max_frame_size": 5, "max_header_list_size": 6,
            "enable_connect_protocol": 8}
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
FRAME_MAX_BYTES = 16384  # what we allow the peer, by not saying more

ESCAPES = {"n": b"\n", "r": b"\r", "t": b"\t", '"': b'"', "\\": b"\\"}
ESCAPES.update((str(i), bytes([i])) for i in range(10))


class Error(Exception):
    """A frame that cannot be written: a fault of the notation."""


class Word:
    """text: the bytes; equals: where its first unquoted '=' is, or -1;
    quoted: does it begin with a quote?"""

    def __init__(self):
        self.text, self.equals, self.quoted = b"", -1, False


def quoted_part(line, at):
    """The bytes of "..." (with *N behind it, N times) and where it ends."""
    out = b""
    while at < len(line) and line[at] != '"':
        if line[at] == "\\":
            at += 1
            if line[at] == "x":
                out += bytes([int(line[at + 1:at + 3], 16)])
                at += 2
            else:
                out += ESCAPES[line[at]]
        else:
            out += line[at].encode("latin-1")
        at += 1
    if at >= len(line):
        raise Error("no closing quote: " + line)
    m = re.match(r"\*(\d+)", line[at + 1:])
    if m:
        return out * int(m[1]), at + 1 + len(m[0])
    return out, at + 1


def words(line):
    out, at = [], 0
    while at < len(line):
        if line[at] in " \t":
            at += 1
            continue
        word = Word()
        word.quoted = line[at] == '"'
        while at < len(line) and line[at] not in " \t":
            if line[at] == '"':
                part, at = quoted_part(line, at + 1)
                word.text += part
                continue
            if line[at] == "=" and word.equals < 0 and word.text:
                word.equals = len(word.text)
            word.text += line[at].encode("latin-1")
            at += 1
        out.append(word)
    return out


def number(text):
    return int(text, 0)


def code_number(text):
    return CODES.index(text) if text in CODES else number(text)


def code_name(value):
    return CODES[value] if value < len(CODES) else "0x%x" % value


def pack(kind, flags, stream, payload, length=None):
    """length: what the frame says it has, if not what it has."""
    length = len(payload) if length is None else length
    return struct.pack(">I", length)[1:] + struct.pack(
        ">BBI", kind, flags, stream) + payload


def block(parts):
    """A field block from words."""
    out = b""
    for w in parts:
        times = re.match(rb"(\d+)\*", w.text)
        if times:
            w.text = w.text[times.end():]
            w.equals -= times.end()
            out += block([w]) * int(times[1])
            continue
        text = w.text
        if w.equals > 0 and not text.startswith(b"++"):
            out += hpack.literal(text[:w.equals], text[w.equals + 1:])
        elif w.equals > 0:
            out += hpack.literal(text[2:w.equals], text[w.equals + 1:], 0x40)
        elif text.startswith(b"huffman:"):
            name, _, value = text[8:].partition(b":")
            value = hpack.huffman_write(value)
            out += b"\0" + hpack.string(name) + \
                hpack.integer(len(value), 7, 0x80) + value
        elif text.startswith(b"index:"):
            out += hpack.integer(int(text[6:]), 7, 0x80)
        elif text.startswith(b"size:"):
            out += hpack.integer(int(text[5:]), 5, 0x20)
        elif text.startswith(b"octets:"):
            out += text[7:]
        elif text.startswith(b"hex:"):
            out += bytes.fromhex(text[4:].decode())
        else:
            raise Error("what is %r in a field block?" % text)
    return out


class Draft:
    """The words of one frame, sorted."""

    def __init__(self, line):
        parts = words(line)
        if len(parts) < 2:
            raise Error("a frame has a type and a stream: " + line)
        name = parts[0].text.decode()
        self.kind = TYPES.index(name) if name in TYPES else number(name)
        self.stream = number(parts[1].text.decode())
        self.flags, self.own, self.rest = 0, {}, []
        for w in parts[2:]:
            text = w.text.decode("latin-1")
            m = re.fullmatch(r"(FLAGS|PAD|PADLENGTH|DEPENDENCY|WEIGHT|PROMISE|"
                             r"LENGTH|LAST|SIZE)=(\w+)", text)
            if not w.quoted and text in FLAGS:
                self.flags |= FLAGS[text]
            elif not w.quoted and m:
                self.own[m[1]] = number(m[2])
            elif not w.quoted and text in ("EXCLUSIVE", "RESERVED"):
                self.own[text] = 1
            else:
                self.rest.append(w)
        if "RESERVED" in self.own:
            self.stream |= 1 << 31

    def priority(self):
        return struct.pack(">IB", self.own.get("DEPENDENCY", 0) |
                           self.own.get("EXCLUSIVE", 0) << 31,
                           self.own.get("WEIGHT", 16) - 1)

    def content(self):
        return b"".join(w.text for w in self.rest)

    def settings(self):
        out = b""
        for w in self.rest:
            if w.quoted:
                out += w.text
                continue
            name, _, value = w.text.decode().partition("=")
            which = SETTINGS[name] if name in SETTINGS else number(name)
            out += struct.pack(">HI", which, number(value))
        return out

    def payload(self):
        name = TYPES[self.kind] if self.kind < len(TYPES) else None
        if name in ("HEADERS", "PUSH_PROMISE", "CONTINUATION"):
            inner = block(self.rest)
            if "PROMISE" in self.own:
                inner = struct.pack(">I", self.own["PROMISE"]) + inner
            if name == "HEADERS" and "DEPENDENCY" in self.own:
                self.flags |= FLAGS["+priority"]
                inner = self.priority() + inner
        elif name == "PRIORITY" and "DEPENDENCY" in self.own:
            inner = self.priority() + self.content()
        elif name == "RST_STREAM" and self.rest and not self.rest[0].quoted:
            inner = struct.pack(">I", code_number(self.rest[0].text.decode()))
        elif name == "GOAWAY" and "LAST" in self.own:
            inner = struct.pack(
                ">II", self.own["LAST"],
                code_number(self.rest[0].text.decode())) + \
                b"".join(w.text for w in self.rest[1:])
        elif name == "WINDOW_UPDATE" and "SIZE" in self.own:
            inner = struct.pack(">I", self.own["SIZE"])
        elif name == "SETTINGS":
            inner = self.settings()
        else:
            inner = self.content()
        if "PAD" in self.own or "PADLENGTH" in self.own:
            n = self.own.get("PAD", 0)
            self.flags |= FLAGS["+padded"]
            inner = bytes([self.own.get("PADLENGTH", n)]) + inner + b"\0" * n
        return inner

    def header_flags(self):
        return self.own.get("FLAGS", self.flags)

    def bytes(self):
        payload = self.payload()
        return pack(self.kind, self.header_flags(), self.stream, payload,
                    self.own.get("LENGTH"))


def write(line):
    """The bytes of a line of notation."""
    first, _, rest = line.strip().partition(" ")
    if first == "raw":
        return bytes.fromhex(rest)
    if first == "text":
        return b"".join(w.text for w in words(rest))
    if first == "preface":
        return PREFACE
    return Draft(line).bytes()


def opens_block(line):
    """Must CONTINUATION follow the frame of this line?"""
    kind = line.partition(" ")[0]
    return kind in ("HEADERS", "PUSH_PROMISE", "CONTINUATION") and \
        not Draft(line).header_flags() & FLAGS["+end_headers"]


class Event:
    """What came: kind is head, data, end, reset, goaway, settings, ack, ping,
    pong, window, priority, push, other or broken (the peer is at fault)."""

    def __init__(self, kind, stream=0, **more):
        self.kind, self.stream = kind, stream
        self.fields, self.code, self.data, self.last = [], None, b"", 0
        self.size, self.values = 0, {}
        self.__dict__.update(more)

    def field(self, name):
        return ", ".join(v for n, v in self.fields if n == name) or None

    def __str__(self):
        out = [self.kind, str(self.stream)]
        if self.code is not None:
            out.append(code_name(self.code))
        if self.kind == "head":
            out += ["%s=%s" % f for f in self.fields
                    if f[0].startswith(":")]
        if self.kind in ("data", "broken") and self.data:
            out.append(repr(self.data[:60]))
        return " ".join(out)


class Reader:
    """Bytes to events. Holds the peer to the rules on what is read here: sizes,
    blocks that end, fields that can be decoded."""

    def __init__(self):
        self.buf, self.hpack = bytearray(), hpack.Reader()
        self.open_block = None  # [stream, flags, bytes] until END_HEADERS

    def feed(self, data):
        self.buf += data
        out = []
        while len(self.buf) >= 9:
            length = int.from_bytes(self.buf[:3], "big")
            if length > FRAME_MAX_BYTES:
                out.append(Event("broken", data=b"frame of %d" % length))
                self.buf.clear()
                break
            if len(self.buf) < 9 + length:
                break
            kind, flags, stream = struct.unpack(">BBI", self.buf[3:9])
            payload = bytes(self.buf[9:9 + length])
            del self.buf[:9 + length]
            try:
                out += self.frame(kind, flags, stream & 0x7fffffff, payload)
            except (hpack.Error, struct.error, IndexError) as e:
                out.append(Event("broken", stream, data=str(e).encode()))
        return out

    def frame(self, kind, flags, stream, payload):
        name = TYPES[kind] if kind < len(TYPES) else "other"
        if self.open_block and name != "CONTINUATION":
            return [Event("broken", stream, data=b"in a field block")]
        return getattr(self, "on_" + name.lower())(flags, stream, payload)

    @staticmethod
    def unpadded(flags, payload):
        return payload[1:len(payload) - payload[0]] if flags & 8 else payload

    def on_data(self, flags, stream, payload):
        out = [Event("data", stream, data=self.unpadded(flags, payload),
                     size=len(payload))]
        return out + ([Event("end", stream)] if flags & 1 else [])

    def on_headers(self, flags, stream, payload):
        inner = self.unpadded(flags, payload)
        self.open_block = [stream, flags, inner[5:] if flags & 32 else inner]
        return self.block_end(flags)

    def on_continuation(self, flags, stream, payload):
        if not self.open_block or self.open_block[0] != stream:
            return [Event("broken", stream, data=b"CONTINUATION")]
        self.open_block[2] += payload
        return self.block_end(flags)

    def block_end(self, flags):
        if not flags & 4:
            return []
        stream, first, text = self.open_block
        self.open_block = None
        fields = [(n.decode("latin-1"), v.decode("latin-1"))
                  for n, v in self.hpack.read(text)]
        return [Event("head", stream, fields=fields)] + (
            [Event("end", stream)] if first & 1 else [])

    @staticmethod
    def on_priority(_flags, stream, _payload):
        return [Event("priority", stream)]

    @staticmethod
    def on_rst_stream(_flags, stream, payload):
        return [Event("reset", stream, code=struct.unpack(">I", payload)[0])]

    @staticmethod
    def on_settings(flags, _stream, payload):
        if flags & 1:
            return [Event("ack")]
        values = dict(struct.unpack(">HI", payload[i:i + 6])
                      for i in range(0, len(payload), 6))
        return [Event("settings", values=values)]

    @staticmethod
    def on_push_promise(_flags, stream, _payload):
        return [Event("push", stream)]

    @staticmethod
    def on_ping(flags, _stream, payload):
        return [Event("pong" if flags & 1 else "ping", data=payload)]

    @staticmethod
    def on_goaway(_flags, _stream, payload):
        last, code = struct.unpack(">II", payload[:8])
        return [Event("goaway", code=code, last=last, data=payload[8:])]

    @staticmethod
    def on_window_update(_flags, stream, payload):
        return [Event("window", stream, size=struct.unpack(">I", payload)[0])]

    @staticmethod
    def on_other(_flags, stream, _payload):
        return [Event("other", stream)]
