# SPDX-License-Identifier: EUPL-1.2
"""TLS over a socket that can be written to and read from at once: a peer that
floods must hear what is said to it meanwhile."""
import select
import socket
import ssl
import time

PIECE = 65536
CUT_MAX_BYTES = 2000  # more would only take long


class Wire:
    """gone: the other side closed, or the connection broke."""

    def __init__(self, sock, context, name=None, server=False, cut=0):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock, self.cut, self.gone = sock, cut, False
        self.from_peer, self.to_peer = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.from_peer, self.to_peer,
                                    server_side=server,
                                    server_hostname=name)
        self.out, self.got = bytearray(), bytearray()

    def handshake(self, seconds=10):
        self.sock.setblocking(False)
        end = time.monotonic() + seconds
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                pass
            self.turn(end)
            if self.gone or time.monotonic() > end:
                raise OSError("no TLS handshake")
        self.flush(seconds)
        self.protocol = self.tls.selected_alpn_protocol()

    def turn(self, end):
        """One round of reading and writing, at the latest until end."""
        self.out += self.to_peer.read()
        wait = max(0, end - time.monotonic())
        can_read, can_write, _ = select.select(
            [self.sock], [self.sock] if self.out else [], [], wait)
        if can_write:
            try:
                del self.out[:self.sock.send(self.out[:PIECE])]
            except BlockingIOError:
                pass
            except OSError:
                self.out.clear()
                # what came before the end may still be read
                can_read = [self.sock]
                if not self.take():
                    self.gone = True
                return
        if can_read:
            self.take()

    def take(self):
        """Read once; was there anything?"""
        try:
            data = self.sock.recv(PIECE)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            self.gone = True
            return False
        self.from_peer.write(data)
        return True

    def read_plain(self):
        try:
            while True:
                data = self.tls.read(PIECE)
                if not data:
                    self.gone = True
                    break
                self.got += data
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            self.gone = True

    def flush(self, seconds=10):
        end = time.monotonic() + seconds
        self.out += self.to_peer.read()
        while self.out and not self.gone and time.monotonic() < end:
            self.turn(end)
            self.read_plain()

    def send(self, data, whole=False):
        """As much as goes before the other side is gone; whole: not cut."""
        step = len(data) or 1
        if self.cut and not whole and len(data) <= CUT_MAX_BYTES:
            step = self.cut
        for at in range(0, len(data), step):
            if self.gone:
                return
            try:
                self.tls.write(data[at:at + step])
            except ssl.SSLError:
                self.gone = True
                return
            self.flush()

    def receive(self, seconds):
        """What is there now or comes within seconds; b"" when that is nothing
        or the other side is gone."""
        end = time.monotonic() + seconds
        while True:
            self.read_plain()
            if self.got or self.gone or time.monotonic() > end:
                out = bytes(self.got)
                self.got.clear()
                return out
            self.turn(end)

    def close(self):
        """With a close_notify, if it goes."""
        try:
            self.tls.unwrap()
        except (ssl.SSLError, ValueError):
            pass
        self.flush(1)
        self.sock.close()
        self.gone = True


def client_context(root=None, protocols=("h2",)):
    if root:
        context = ssl.create_default_context(cafile=root)
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(list(protocols))
    return context


def connect(address, name, context, proxied=False, cut=0):
    """A Wire to a server; proxied: address is a proxy, the tunnel goes to
    name:443."""
    sock = socket.create_connection(address, 10)
    if proxied:
        sock.sendall(b"CONNECT %s:443 HTTP/1.1\r\nHost: %s:443\r\n\r\n" % (
            name.encode(), name.encode()))
        head = b""
        while b"\r\n\r\n" not in head:
            piece = sock.recv(1)
            if not piece:
                raise OSError("CONNECT: closed")
            head += piece
        if b" 200" not in head.split(b"\r\n")[0]:
            raise OSError("CONNECT: " + head.split(b"\r\n")[0].decode())
    wire = Wire(sock, context, name, cut=cut)
    wire.handshake()
    return wire
