# SPDX-License-Identifier: EUPL-1.2
"""A server for shapes: the TLS name says which one. The first connection of a
name plays the shape. Afterwards, and on all other connections of that name, every
request is answered with 200 and the content "again"."""
import os
import re
import socket
import ssl
import threading

import frame
import play
import wire

IDLE_S = 0.5
GOODBYE_S = 60  # a connection that nobody closes is closed then


class Seen:
    """What the connections of one shape saw."""

    def __init__(self):
        self.connections, self.requests, self.wrong = 0, [], None
        self.done = threading.Event()  # the shape is at its end


class Server:
    """shapes: by number. name(n) is the host of the shape n."""

    def __init__(self, pem, shapes, cut=0):
        self.shapes, self.cut = shapes, cut
        self.seen = [Seen() for _ in shapes]
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(pem)
        self.context.set_alpn_protocols(["h2"])
        self.context.sni_callback = self.on_sni
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.names = {}
        threading.Thread(target=self.accept, daemon=True).start()

    @staticmethod
    def name(n):
        return "s%d.lab.example" % n

    def on_sni(self, tls, name, _context):
        with self.lock:
            self.names[id(tls)] = name or ""

    def accept(self):
        while True:
            sock, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(sock,),
                             daemon=True).start()

    def serve(self, sock):
        w = wire.Wire(sock, self.context, server=True, cut=self.cut)
        try:
            w.handshake()
        except (OSError, ssl.SSLError):
            sock.close()
            return
        with self.lock:
            name = self.names.pop(id(w.tls), "")
            m = re.match(r"s(\d+)\.", name)
            n = int(m[1]) if m else -1
            if not 0 <= n < len(self.shapes):
                sock.close()
                return
            seen = self.seen[n]
            seen.connections += 1
            first = seen.connections == 1
        try:
            self.talk(w, n, seen, first)
        except (play.Failed, OSError) as e:
            if first and seen.wrong is None:
                seen.wrong = str(e)
        finally:
            if first:
                seen.done.set()
            sock.close()

    def talk(self, w, n, seen, first):
        p = play.Player(w, server=True)
        p.on_request = seen.requests.append
        if w.protocol != "h2":
            raise play.Failed("%s: the client did not ask for h2" %
                              self.shapes[n].where)
        if first:
            play.play(self.shapes[n], p, self.name(n), n, alive=False)
            seen.done.set()
        else:
            w.send(frame.write("SETTINGS 0"))
        again(p)


def again(p):
    """Answer whatever is asked, until the other side goes."""
    for _ in range(int(GOODBYE_S / IDLE_S)):
        p.pump(IDLE_S)
        if p.closed:
            return
        for e in list(p.events):
            if e.kind != "end":
                continue
            asked = any(h.kind == "head" and h.stream == e.stream and
                        h.field(":method") for h in p.events)
            p.events = [x for x in p.events if x.stream != e.stream]
            if asked:
                p.say("HEADERS %d +end_headers :status=200" % e.stream)
                p.say('DATA %d +end_stream "again"' % e.stream)


def pem_of(pki):
    return os.path.join(pki, "lab.pem")
