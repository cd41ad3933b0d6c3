#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""HTTP/2 where something ends while something else goes on: connections that are
left with answers under way, rules that change, servers that hang, content that
nobody wants any more. Sources: RFC 9113, 5.2, 6.8 and 8.1."""
import os
import signal
import socket
import ssl
import sys
import threading
import time

from gate import TOP, Gate, Tap

sys.path.insert(0, os.path.join(TOP, "tests/h2"))
import frame   # noqa: E402
import wire    # noqa: E402

WAIT_S = 15
WHOLE = 200000   # more than the first window of a client
UP = 56 * 16384  # less than the window of a stream
FORM = b"name=a&" * 140000 + b"x=1"
EVENT = b'data: {"a":1}\n\n'


class Peer:
    """One end: what came, by stream."""

    def __init__(self, w, server=False):
        self.wire, self.server, self.next = w, server, 1
        self.reader, self.preface = frame.Reader(), 24 if server else 0
        self.heads, self.body, self.over = {}, {}, set()
        self.window, self.goaways = {0: 65535}, []
        w.send((b"" if server else frame.PREFACE) + frame.write("SETTINGS 0"))

    def say(self, *lines):
        self.wire.send(b"".join(frame.write(line) for line in lines))

    def content(self, stream, text, last=True):
        for at in range(0, max(len(text), 1), 16384):
            piece = text[at:at + 16384]
            end = last and at + 16384 >= len(text)
            self.wire.send(frame.pack(0, int(end), stream, piece))

    def ask(self, host, path, method="GET", more="", last=True):
        n, self.next = self.next, self.next + 2
        self.say("HEADERS %d +end_headers %s :method=%s :scheme=https "
                 ":authority=%s :path=%s %s" % (
                     n, "+end_stream" if last else "", method, host, path,
                     more))
        return n

    def pump(self, seconds):
        """The events that came."""
        data = self.wire.receive(seconds)
        skip = min(self.preface, len(data))
        self.preface -= skip
        events = self.reader.feed(data[skip:])
        for e in events:
            if e.kind == "settings":
                self.say("SETTINGS 0 +ack")
            elif e.kind == "head":
                self.heads.setdefault(e.stream, e)
            elif e.kind == "data":
                self.body[e.stream] = self.body.get(e.stream, b"") + e.data
                if self.server:
                    self.say("WINDOW_UPDATE 0 SIZE=%d" % max(e.size, 1))
            elif e.kind == "window":
                self.window[e.stream] = self.window.get(e.stream, 0) + e.size
            elif e.kind == "goaway":
                self.goaways.append(e.last)
            if e.kind in ("end", "reset"):
                self.over.add(e.stream)
        return events

    def until(self, condition, seconds=WAIT_S):
        end = time.monotonic() + seconds
        while not condition() and time.monotonic() < end:
            self.pump(0.1)
            if self.wire.gone:
                self.pump(0)
                break
        return condition()

    def result(self, stream):
        self.until(lambda: stream in self.over)
        head = self.heads.get(stream)
        return head and int(head.field(":status")), self.body.get(stream, b"")


class Server:
    """hang: connections that never shake hands."""

    def __init__(self, pem, hang=0):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(pem)
        self.context.set_alpn_protocols(["h2"])
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port, self.hang = self.listener.getsockname()[1], hang
        self.kept = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            sock, _ = self.listener.accept()
            self.kept.append(sock)
            if len(self.kept) > self.hang:
                threading.Thread(target=self.serve, args=(sock,),
                                 daemon=True).start()

    def serve(self, sock):
        w = wire.Wire(sock, self.context, server=True)
        try:
            w.handshake()
            p = Peer(w, server=True)
            while not w.gone:
                for e in p.pump(0.5):
                    self.on_event(p, e)
        except OSError:
            pass
        sock.close()

    @staticmethod
    def on_event(p, e):
        path = p.heads[e.stream].field(":path") if e.stream in p.heads else ""
        head = "HEADERS %d +end_headers :status=%%d content-type=%%s" % e.stream
        if e.kind == "head" and path == "/events":
            p.say(head % (200, "text/event-stream"))
            p.content(e.stream, EVENT, False)
        elif e.kind == "head" and path == "/leave":
            p.say(head % (200, "text/event-stream"))
            p.content(e.stream, EVENT, False)
            p.say("GOAWAY 0 LAST=%d NO_ERROR" % e.stream)
        elif e.kind == "head" and path == "/early":
            p.say(head % (403, "text/plain"))
            p.content(e.stream, b"no")
        elif e.kind == "end" and path == "/large":
            p.say("WINDOW_UPDATE 0 SIZE=1", head % (200, "text/plain"))
            p.content(e.stream, b"x" * WHOLE)
        elif e.kind == "end" and path in ("/", "/form"):
            p.say(head % (200, "text/plain"))
            p.content(e.stream, b"%d" % len(p.body.get(e.stream, b"")))
        elif e.kind == "data":
            p.say("WINDOW_UPDATE %d SIZE=%d" % (e.stream, max(e.size, 1)))


def left_by_client(tap, connect):
    p = connect("s")
    n = p.ask("s.lab.example", "/large")
    p.until(lambda: len(p.body.get(n, b"")) >= 65535)
    p.say("GOAWAY 0 LAST=0 NO_ERROR")
    p.pump(0.5)
    p.say("WINDOW_UPDATE 0 SIZE=1000000", "WINDOW_UPDATE %d SIZE=1000000" % n)
    tap.equal(len(p.result(n)[1]), WHOLE, "a client says GOAWAY and reads on")


def answered_early(tap, connect):
    """Content under way when its stream ends counts for the connection."""
    p = connect("s")
    p.until(lambda: p.window[0] > 1 << 20)
    sent = 0
    for _ in range(16):
        n = p.ask("s.lab.example", "/early", "POST",
                  "content-type=application/octet-stream", False)
        p.until(lambda: p.window[0] - sent >= UP, 3)
        if p.window[0] - sent < UP:
            break
        p.content(n, b"z" * UP, False)
        sent += UP
        p.until(lambda: n in p.over)
    tap.equal(sent, 16 * UP, "16 uploads that were answered early")


def events(connect, path):
    p = connect("s")
    n = p.ask("s.lab.example", path)
    p.until(lambda: p.body.get(n))
    return p


def new_request(connect, host="s"):
    p = connect(host)
    return p.result(p.ask(host + ".lab.example", "/"))[0]


def old_connections(tap, g, connect):
    """More than there may be for new requests."""
    kept = [events(connect, "/leave") for _ in range(9)]
    tap.equal(new_request(connect), 200,
              "nine connections that the server has left, and a new request")
    for _ in range(9):
        kept.append(events(connect, "/events"))
        g.ctl("reload")
    tap.equal(new_request(connect), 200,
              "nine reloads with event streams, and a new request")
    tap.ok(all(not p.wire.gone for p in kept), "the streams go on")
    for p in kept:
        p.wire.sock.close()


def hung_handshake(tap, connect):
    got = []
    first = threading.Thread(
        target=lambda: got.append(new_request(connect, "hung")))
    first.start()
    second = connect("hung")
    time.sleep(1.5)
    n = second.ask("hung.lab.example", "/")
    first.join()
    tap.equal((got, new_request(connect, "hung")), ([502], 200),
              "a handshake that hangs is not waited for again")
    second.result(n)


def swells(tap, connect):
    p = connect("s")
    p.until(lambda: p.window[0] > 1 << 20)
    n = p.ask("s.lab.example", "/form", "POST",
              "content-type=application/x-www-form-urlencoded", False)
    p.content(n, FORM)
    status, body = p.result(n)
    tap.ok(status == 200 and int(body) > 2 * len(FORM),
           "a form that swells passes", status, body)


def drain(tap, g, connect):
    p, idle = connect("s"), connect("s")
    n = p.ask("s.lab.example", "/large")
    idle.result(idle.ask("s.lab.example", "/"))
    p.until(lambda: len(p.body.get(n, b"")) >= 65535)
    g.daemon.send_signal(signal.SIGTERM)
    idle.until(lambda: False, 3)
    tap.equal(idle.goaways, [0x7fffffff, 1],
              "an idle client hears which request was the last")
    p.pump(0.5)
    p.say("WINDOW_UPDATE 0 SIZE=1000000", "WINDOW_UPDATE %d SIZE=1000000" % n)
    tap.equal(len(p.result(n)[1]), WHOLE, "an answer under way is finished")


def main():
    tap = Tap()
    g = Gate(services=("lab",), workers=1, extra="timeouts = { dial = 3; };")
    pem = g.path("pki/lab.pem")
    to = "".join('  { host = "%s.lab.example"; port = 443; '
                 'to = "127.0.0.1:%d"; },\n' % (name, server.port)
                 for name, server in (("s", Server(pem)),
                                      ("hung", Server(pem, 1))))
    policy = g.path("policy/lab.conf")
    with open(policy, encoding="utf-8") as f:
        text = f.read().replace('"form name",       "alias"',
                                '"form name", "set:%s"' % ("y" * 40))
    with open(policy, "w", encoding="utf-8") as f:
        f.write(text)
    g.options["edit"] = lambda conf: conf.replace(
        "connect_to = (\n", "connect_to = (\n" + to)
    g.write_conf()
    g.start()
    context = wire.client_context(g.root)
    pids = g.workers()

    def connect(name):
        return Peer(wire.connect(("127.0.0.1", g.port), name + ".lab.example",
                                 context, True))

    left_by_client(tap, connect)
    answered_early(tap, connect)
    old_connections(tap, g, connect)
    hung_handshake(tap, connect)
    swells(tap, connect)
    tap.equal(g.workers(), pids, "the same worker all the time")
    drain(tap, g, connect)
    return tap.done(g)


sys.exit(main())
