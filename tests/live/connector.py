# SPDX-License-Identifier: EUPL-1.2
"""For clients that speak to no proxy: a port on loopback behind which every
connection becomes a tunnel through the gateway."""
import select
import socket
import threading

PIECE = 65536


class Connector:
    def __init__(self, proxy_port, name, port=443):
        self.proxy_port, self.to = proxy_port, "%s:%d" % (name, port)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        self.refused = 0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,),
                             daemon=True).start()

    def serve(self, client):
        try:
            with client, socket.create_connection(
                    ("127.0.0.1", self.proxy_port), 10) as proxy:
                for s in client, proxy:
                    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                proxy.sendall(("CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (
                    self.to, self.to)).encode())
                head = b""
                while b"\r\n\r\n" not in head:
                    piece = proxy.recv(1)
                    if not piece:
                        break
                    head += piece
                if b" 200 " not in head:
                    self.refused += 1
                    return
                self.pass_on(client, proxy)
        except OSError:
            pass

    @staticmethod
    def pass_on(a, b):
        """Until one of them closes."""
        a.settimeout(60)
        b.settimeout(60)
        while True:
            ready, _, _ = select.select([a, b], [], [], 60)
            if not ready:
                return
            for s in ready:
                data = s.recv(PIECE)
                if not data:
                    return
                (b if s is a else a).sendall(data)

    def close(self):
        self.listener.close()
