# SPDX-License-Identifier: EUPL-1.2
"""A plain HTTP/1.1 client through the gateway that sends exactly the bytes it is
told to: curl would tidy them."""
import base64
import os
import socket
import ssl
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "provider"))
import http1  # noqa: E402
import ws     # noqa: E402


class Refused(Exception):
    """The gateway refused the tunnel: status and body."""

    def __init__(self, status, body):
        super().__init__("CONNECT: %d" % status)
        self.status, self.body = status, body


class Answer:
    def __init__(self, wire, method):
        while True:
            self.read_head(wire)
            if self.status >= 200 or self.status == 101:
                break
        self.truncated = False
        self.body = b""
        if method == "HEAD" or self.status in (101, 204, 304):
            return
        try:
            self.read_body(wire)
        except (http1.Closed, ValueError):
            self.truncated = True

    def read_head(self, wire):
        first = wire.line().decode("latin-1")
        parts = first.split(" ", 2)
        if len(parts) < 2 or not parts[0].startswith("HTTP/1."):
            raise http1.BadRequest(first)
        self.status = int(parts[1])
        self.headers = []
        while True:
            line = wire.line().decode("latin-1")
            if not line:
                return
            name, _, value = line.partition(":")
            self.headers.append((name, value.strip()))

    def get(self, name, default=None):
        for n, v in self.headers:
            if n.lower() == name.lower():
                return v
        return default

    def read_body(self, wire):
        if "chunked" in (self.get("transfer-encoding") or ""):
            while True:
                size = int(wire.line().split(b";")[0], 16)
                if size == 0:
                    break
                self.body += wire.exactly(size)
                if wire.exactly(2) != b"\r\n":
                    raise ValueError("chunk end")
            while wire.line():
                pass
        elif self.get("content-length") is not None:
            n = int(self.get("content-length"))
            try:
                self.body = wire.exactly(n)
            except http1.Closed:
                self.body = wire.buf
                raise
        else:
            try:
                while True:
                    wire.fill()
            except http1.Closed:
                self.body, wire.buf = wire.buf, b""


class Client:
    """One tunnel to host:port through the proxy; TLS unless plain. direct: what
    listens on that port is the server itself."""

    def __init__(self, proxy_port, host, port=443, root=None, sni=None,
                 plain=False, timeout=30, address="127.0.0.1", session=None,
                 direct=False):
        self.sock = socket.create_connection((address, proxy_port), timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.wire = http1.Wire(self.sock)
        if not direct:
            self.tunnel("%s:%d" % (host, port))
        if not plain:
            context = ssl.create_default_context(cafile=root)
            context.set_alpn_protocols(["http/1.1"])
            self.sock = context.wrap_socket(
                self.sock, server_hostname=sni or host, session=session)
            self.wire = http1.Wire(self.sock)
        self.socket = ws.Socket(self.wire, masked=True)

    def tunnel(self, name):
        self.wire.send(("CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (
            name, name)).encode())
        answer = Answer.__new__(Answer)
        answer.read_head(self.wire)
        if answer.status != 200:
            answer.body = b""
            try:
                answer.read_body(self.wire)
            except (http1.Closed, ValueError):
                pass
            self.sock.close()
            raise Refused(answer.status, answer.body)

    def send(self, data):
        self.wire.send(data)

    def answer(self, method="GET"):
        return Answer(self.wire, method)

    def ask(self, method, target, headers, body=b""):
        lines = ["%s %s HTTP/1.1" % (method, target)]
        lines += ["%s: %s" % h for h in headers]
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body)
        return self.answer(method)

    def get(self, host, target="/", *headers):
        return self.ask("GET", target, [("Host", host)] + list(headers))

    def upgrade(self, target, headers):
        """The answer to a WebSocket handshake."""
        key = base64.b64encode(os.urandom(16)).decode()
        named = {n.lower() for n, _ in headers}
        for name, value in (("Connection", "Upgrade"),
                            ("Upgrade", "websocket"),
                            ("Sec-WebSocket-Version", "13"),
                            ("Sec-WebSocket-Key", key)):
            if name.lower() not in named:
                headers = headers + [(name, value)]
        answer = self.ask("GET", target, headers)
        agreed = answer.get("sec-websocket-extensions") or ""
        self.socket = ws.Socket(self.wire, ws.OFFER in agreed, masked=True)
        return answer

    def say(self, text):
        self.send(ws.frame(ws.TEXT, text.encode(), masked=True))

    def collect(self):
        """What the server said until now: it answers a ping after that. A list
        of messages (bytes), and True when it has closed."""
        self.socket.send(ws.PING, b"?")
        out = []
        while True:
            opcode, payload = self.socket.receive()
            if opcode in (ws.TEXT, ws.BINARY):
                out.append(payload)
            elif opcode in (ws.PONG, ws.CLOSE):
                return out, opcode == ws.CLOSE

    def hear(self):
        """Text of the next message, or None when the other side closes."""
        while True:
            opcode, payload = ws.read_frame(self.wire)
            if opcode == ws.CLOSE:
                return None
            if opcode in (ws.TEXT, ws.BINARY):
                return payload.decode("utf-8", "replace")

    def close(self):
        try:
            self.sock.close()
        except OSError:
            pass
