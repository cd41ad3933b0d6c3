#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""What an idle WebSocket costs, both TLS sides together, and that memory is where
it was after many of them, and after many connections. SOCKETS=N and CONNECTIONS=N
for other numbers."""
import asyncio
import os
import resource
import ssl
import sys
import threading

from client import Client
from gate import Gate, Tap, free_port, wait
import ws

SOCKETS = int(os.environ.get("SOCKETS") or 1000)
CONNECTIONS = int(os.environ.get("CONNECTIONS") or 2000)
SOCKET_KB = 40
GROWTH_KB = 4096
HOST = "idle.lab.example"


class Server(threading.Thread):
    """Answers any request; WebSockets hear again what they say."""

    def __init__(self, pem):
        super().__init__(daemon=True)
        self.port = free_port()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(pem)
        self.ready = threading.Event()
        self.start()
        self.ready.wait(10)

    def run(self):
        asyncio.run(self.serve())

    async def serve(self):
        server = await asyncio.start_server(self.client, "127.0.0.1",
                                            self.port, ssl=self.context,
                                            limit=65536, backlog=1000)
        self.ready.set()
        await server.serve_forever()

    async def client(self, reader, writer):
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                fields = dict(line.lower().split(": ", 1)
                              for line in head.split("\r\n")[1:] if line)
                if "upgrade" not in fields:
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
                                 b"\r\nok")
                    continue
                key = [line.split(": ", 1)[1] for line in head.split("\r\n")
                       if line.lower().startswith("sec-websocket-key")][0]
                writer.write(("HTTP/1.1 101 Switching Protocols\r\n"
                              "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                              "Sec-WebSocket-Accept: %s\r\n\r\n" %
                              ws.accept_key(key)).encode())
                await self.echo(reader, writer)
        except (asyncio.IncompleteReadError, OSError):
            writer.close()

    async def echo(self, reader, writer):
        """Short messages in one frame."""
        while True:
            head = await reader.readexactly(2)
            mask = await reader.readexactly(4)
            text = await reader.readexactly(head[1] & 127)
            text = bytes(c ^ mask[i % 4] for i, c in enumerate(text))
            writer.write(ws.frame(head[0] & 15, text))


def resident_kb(pid):
    with open("/proc/%d/status" % pid) as f:
        return int(f.read().split("VmRSS:")[1].split()[0])


def descriptors(pid):
    return len(os.listdir("/proc/%d/fd" % pid))


def open_sockets(g, n):
    out = []
    for _ in range(n):
        c = Client(g.port, HOST, root=g.root)
        if c.upgrade("/socket", [("Host", HOST)]).status != 101:
            break
        c.say("first")
        if c.hear() != "first":
            break
        out.append(c)
    return out


def ask_often(g, n):
    good = 0
    for _ in range(n):
        c = Client(g.port, HOST, root=g.root)
        good += c.get(HOST).body == b"ok"
        c.close()
    return good


def crowd(tap, g, pid, name):
    """Open all, look, close; kB of each."""
    before, quiet = resident_kb(pid), descriptors(pid)
    all_of = open_sockets(g, SOCKETS)
    tap.equal(len(all_of), SOCKETS, name + ": WebSockets open")
    each = (resident_kb(pid) - before) / SOCKETS
    for c in (all_of[0], all_of[len(all_of) // 2], all_of[-1]):
        c.say("still there?")
        tap.equal(c.hear(), "still there?", name + ": one lives")
    for c in all_of:
        c.close()
    tap.ok(wait(lambda: descriptors(pid) <= quiet + 8), name +
           ": all are gone", descriptors(pid), quiet)
    return each


def main():
    tap = Tap()
    need = 4 * SOCKETS + 200
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < need:
        resource.setrlimit(resource.RLIMIT_NOFILE, (need, max(need, hard)))
    g = Gate(services=("lab",), workers=1, extra="limits = { "
             "connections = 20000; per_client = 20000; pool_idle = 1; };")
    server = Server(g.path("pki/lab.pem"))
    g.write_conf(edit=lambda t: t.replace(
        "connect_to = (", 'connect_to = ( { host = "%s"; port = 443; '
        'to = "127.0.0.1:%d"; },' % (HOST, server.port)))
    g.start()
    pid = g.workers()[0]
    ask_often(g, 10)
    each = crowd(tap, g, pid, "first")
    tap.ok(each <= SOCKET_KB, "an idle WebSocket: %.1f of at most %d kB" % (
        each, SOCKET_KB))
    ask_often(g, 200)
    before = resident_kb(pid)
    tap.equal(ask_often(g, CONNECTIONS), CONNECTIONS, "connections")
    tap.ok(resident_kb(pid) <= before + GROWTH_KB,
           "%d connections later memory is where it was" % CONNECTIONS,
           before, resident_kb(pid))
    crowd(tap, g, pid, "again")
    tap.ok(resident_kb(pid) <= before + GROWTH_KB,
           "and as many WebSockets later", before, resident_kb(pid))
    tap.equal(g.workers(), [pid], "the same worker all the time")
    return tap.done(g)


sys.exit(main())
