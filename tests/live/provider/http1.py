# SPDX-License-Identifier: EUPL-1.2
"""HTTP/1.1 as a server reads it (RFC 9112), strict: a message that could be
read in two ways is an error, and the record says so."""

HEAD_MAX = 256 * 1024
KEEP_MAX = 128 * 1024  # bytes of a body that go into the record
REASON = {101: "Switching Protocols", 103: "Early Hints", 200: "OK",
          204: "No Content", 301: "Moved Permanently", 302: "Found",
          304: "Not Modified", 400: "Bad Request", 403: "Forbidden",
          404: "Not Found", 405: "Method Not Allowed", 500: "Server Error",
          503: "Service Unavailable"}


class BadRequest(Exception):
    pass


class Closed(Exception):
    pass


class Wire:
    """A socket with a read buffer."""

    def __init__(self, sock):
        self.sock = sock
        self.buf = b""

    def fill(self, size=65536):
        try:
            piece = self.sock.recv(size)
        except OSError as e:
            raise Closed() from e
        if not piece:
            raise Closed()
        self.buf += piece

    def send(self, data):
        try:
            self.sock.sendall(data)
        except OSError as e:
            raise Closed() from e

    def line(self):
        while b"\r\n" not in self.buf:
            if len(self.buf) > HEAD_MAX:
                raise BadRequest("line too long")
            self.fill()
        out, _, self.buf = self.buf.partition(b"\r\n")
        return out

    def exactly(self, n):
        while len(self.buf) < n:
            self.fill()
        out, self.buf = self.buf[:n], self.buf[n:]
        return out

    def pieces(self, n):
        """n bytes in pieces, without keeping them."""
        while n > 0:
            if not self.buf:
                self.fill(262144)
            out, self.buf = self.buf[:n], self.buf[n:]
            n -= len(out)
            yield out


class Request:
    def __init__(self, wire):
        self.wire = wire
        while b"\r\n\r\n" not in wire.buf:
            if len(wire.buf) > HEAD_MAX:
                raise BadRequest("head too long")
            wire.fill()
        raw, _, wire.buf = wire.buf.partition(b"\r\n\r\n")
        self.raw_head = raw + b"\r\n\r\n"
        lines = raw.split(b"\r\n")
        parts = lines[0].split(b" ")
        if len(parts) != 3 or parts[2] not in (b"HTTP/1.1", b"HTTP/1.0"):
            raise BadRequest("request line")
        self.method, self.target = parts[0].decode(), parts[1].decode("latin-1")
        self.version = parts[2].decode()
        self.headers = []
        for line in lines[1:]:
            name, colon, value = line.partition(b":")
            if not colon or not name or name.strip() != name or \
                    b"\n" in line or b"\r" in line or b"\0" in line:
                raise BadRequest("header line")
            self.headers.append((name.decode("latin-1"),
                                 value.strip(b" \t").decode("latin-1")))
        self.framing()
        self.kept = b""      # the first KEEP_MAX bytes of the body
        self.body_bytes = 0
        self.trailers = []

    def get(self, name, default=None):
        found = [v for n, v in self.headers if n.lower() == name.lower()]
        return ", ".join(found) if found else default

    def framing(self):
        lengths = [v for n, v in self.headers if n.lower() == "content-length"]
        codings = [v for n, v in self.headers
                   if n.lower() == "transfer-encoding"]
        hosts = [v for n, v in self.headers if n.lower() == "host"]
        if len(hosts) != 1:
            raise BadRequest("%d Host fields" % len(hosts))
        if lengths and codings:
            raise BadRequest("Content-Length and Transfer-Encoding")
        if len(lengths) > 1 or len(codings) > 1:
            raise BadRequest("framing field twice")
        if codings and codings[0].lower() != "chunked":
            raise BadRequest("transfer coding")
        if lengths and not lengths[0].isdigit():
            raise BadRequest("Content-Length")
        self.chunked = bool(codings)
        self.length = int(lengths[0]) if lengths else 0

    def body(self):
        """The body in pieces; keeps the first KEEP_MAX bytes."""
        source = self._chunks() if self.chunked else \
            self.wire.pieces(self.length)
        for piece in source:
            self.body_bytes += len(piece)
            if len(self.kept) < KEEP_MAX:
                self.kept += piece[:KEEP_MAX - len(self.kept)]
            yield piece

    def _chunks(self):
        while True:
            size = self.wire.line().split(b";")[0]
            try:
                n = int(size, 16)
            except ValueError as e:
                raise BadRequest("chunk size") from e
            if n == 0:
                break
            yield from self.wire.pieces(n)
            if self.wire.exactly(2) != b"\r\n":
                raise BadRequest("chunk end")
        while True:
            line = self.wire.line()
            if not line:
                return
            name, _, value = line.partition(b":")
            self.trailers.append((name.decode("latin-1"),
                                  value.strip().decode("latin-1")))

    def read_body(self):
        for _ in self.body():
            pass
        return self.kept

    def path(self):
        return self.target.partition("?")[0]

    def query(self):
        return self.target.partition("?")[2]


def head(status, headers):
    lines = ["HTTP/1.1 %d %s" % (status, REASON.get(status, "Status"))]
    lines += ["%s: %s" % h for h in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def answer(wire, req, status, headers, body=b""):
    headers = list(headers)
    if status >= 200 and status not in (204, 304):
        headers.append(("Content-Length", str(len(body))))
    if req is not None and req.method == "HEAD":
        body = b""
    wire.send(head(status, headers) + body)
