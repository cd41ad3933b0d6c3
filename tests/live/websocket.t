#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""WebSockets between a real client and a real server (Debian's
python3-websockets, written apart from us) through the gateway: with and without
compression, with each kind of agreement about it, small messages by the hundred
thousand and large ones. What the client plants is not among the bytes that the
server got, which are opened here by Python's zlib.

websocket.t --peer CERT DIR: the servers; each writes what it gets to DIR."""
import asyncio
import json
import os
import ssl
import subprocess
import sys
import zlib

from gate import Gate, Tap, leaks, skip_all, wait

try:
    import websockets
    from websockets.extensions.permessage_deflate import \
        ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory
    from websockets.legacy.server import WebSocketServerProtocol
except ImportError:
    skip_all("the Debian package python3-websockets is not installed")

SMALL = int(os.environ.get("MESSAGES", "100000"))
LARGE = 1 << 20
NAME = "Erika Mustermann"
DEVICE = "AMT-NB-0815"
LIMIT_S = 120

# What each server agrees to; bits: of the window of what comes up.
SERVERS = {
    "none": None,
    "kept": dict(),
    "fresh": dict(server_no_context_takeover=True,
                  client_no_context_takeover=True),
    "small": dict(server_max_window_bits=9, client_max_window_bits=9),
    "middle": dict(server_max_window_bits=12, client_max_window_bits=12,
                   server_no_context_takeover=True),
}
BITS = {"small": 9, "middle": 12}


def host(kind):
    return "socket-%s.lab.example" % kind


# ---- the servers ----

def recorder(where):
    class Recorder(WebSocketServerProtocol):
        """Keeps every byte that comes out of TLS."""
        opened = 0

        def connection_made(self, transport):
            Recorder.opened += 1
            self.raw = open("%s.%d" % (where, Recorder.opened), "ab")
            super().connection_made(transport)

        def data_received(self, data):
            self.raw.write(data)
            self.raw.flush()
            super().data_received(data)

        def connection_lost(self, exc):
            self.raw.close()
            super().connection_lost(exc)
    return Recorder


async def talk(socket, *_):
    try:
        await answer(socket)
    except websockets.ConnectionClosed:
        pass


async def answer(socket):
    """Counts; answers what asks for it."""
    count = total = size = 0
    async for message in socket:
        if isinstance(message, bytes):
            await socket.send(message)
            continue
        said = json.loads(message)
        if said.get("do") == "close":
            await socket.close(said["code"], said["reason"])
        elif said.get("do") == "echo":
            await socket.send(message)
        elif said.get("do") == "sum":
            await socket.send(json.dumps(
                {"count": count, "total": total, "size": size}))
        else:
            count += 1
            total += said.get("n", 0)
            size += len(message)


async def peer(cert, where):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert)
    ports = {}
    for kind, how in SERVERS.items():
        server = await websockets.serve(
            talk, "127.0.0.1", 0, ssl=context, compression=None,
            extensions=[ServerPerMessageDeflateFactory(**how)]
            if how is not None else None,
            max_size=LARGE * 4, create_protocol=recorder(
                os.path.join(where, kind)))
        ports[kind] = server.sockets[0].getsockname()[1]
    print(json.dumps(ports), flush=True)
    await asyncio.Future()


# ---- the client ----

async def tunnel(g, name):
    """A socket on which TLS with name may begin."""
    loop = asyncio.get_running_loop()
    s = __import__("socket").create_connection(("127.0.0.1", g.port), 10)
    s.setblocking(False)
    await loop.sock_sendall(s, ("CONNECT %s:443 HTTP/1.1\r\nHost: %s\r\n\r\n" %
                                (name, name)).encode())
    got = b""
    while b"\r\n\r\n" not in got:
        got += await loop.sock_recv(s, 1)
    if b" 200 " not in got.split(b"\r\n")[0]:
        raise OSError(got)
    return s


async def connect(g, kind, path, offer=True):
    context = ssl.create_default_context(cafile=g.root)
    return await websockets.connect(
        "wss://%s%s" % (host(kind), path), ssl=context,
        sock=await tunnel(g, host(kind)), server_hostname=host(kind),
        compression=None, max_size=LARGE * 4, extensions=[
            ClientPerMessageDeflateFactory(client_max_window_bits=True)]
        if offer else None)


def large():
    """Some text of a megabyte that does not compress to nothing."""
    words = [NAME, "Sitzung", "Protokoll", "Tagesordnung", "%d"]
    out = []
    n = size = 0
    while size < LARGE - 200:
        piece = " ".join(words) % (n * 7919 % 1000003)
        out.append({"n": n, "text": piece.replace(NAME, "Person"),
                    "name": NAME, "device": DEVICE})
        size += len(json.dumps(out[-1])) + 2
        n += 1
    return json.dumps({"do": "echo", "list": out})


async def exchanges(tap, g, kind):
    s = await connect(g, kind, "/judged/%s" % kind)
    agreed = [type(e).__name__ for e in s.extensions]
    tap.ok((agreed == []) == (kind == "none"), "%s: what was agreed" % kind,
           s.extensions)
    for n in range(3):
        await s.send(json.dumps({"do": "echo", "n": n, "name": NAME,
                                 "device": DEVICE, "text": "x" * 300}))
        back = json.loads(await asyncio.wait_for(s.recv(), LIMIT_S))
        tap.ok(back.get("n") == n and "device" not in back and
               back["name"].startswith("Teilnehmer "),
               "%s: a message and its echo" % kind, back)

    async def pieces():
        yield '{"do":"echo","na'
        yield 'me":"Erika '
        yield 'Mustermann"}'
    await s.send(pieces())
    back = json.loads(await asyncio.wait_for(s.recv(), LIMIT_S))
    tap.ok(back["name"].startswith("Teilnehmer "),
           "%s: a message in pieces" % kind, back)
    await s.send(json.dumps({"type": "stats", "name": NAME}))
    await s.send(json.dumps({"type": "log", "name": NAME}))
    back = await asyncio.wait_for(s.recv(), LIMIT_S)
    tap.equal(back, '{"type":"logged"}', "%s: a rule answers" % kind)
    pong = await s.ping(b"still there")
    await asyncio.wait_for(pong, LIMIT_S)
    await s.send(large())
    back = json.loads(await asyncio.wait_for(s.recv(), LIMIT_S))
    tap.ok(len(back["list"]) > 1000 and not any(
        "device" in one or NAME in one["name"] for one in back["list"]),
           "%s: a message of a megabyte" % kind, len(back["list"]))
    await s.send(json.dumps({"do": "close", "code": 4001,
                             "reason": "genug für heute"}))
    await asyncio.wait_for(s.wait_closed(), LIMIT_S)
    tap.equal((s.close_code, s.close_reason), (4001, "genug für heute"),
              "%s: the server's close code and reason" % kind)


async def small(tap, g, kind):
    """Without waiting: the server is slower, nothing is lost or mixed up."""
    s = await connect(g, kind, "/judged/small-%s" % kind)
    for n in range(SMALL):
        await s.send('{"n":%d,"name":"%s"}' % (n, NAME))
    await s.send('{"do":"sum"}')
    back = json.loads(await asyncio.wait_for(s.recv(), LIMIT_S * 5))
    tap.ok(back["count"] == SMALL and
           back["total"] == SMALL * (SMALL - 1) // 2,
           "%s: %d small messages" % (kind, SMALL), back)
    await s.close(3005, "done")
    tap.equal(s.close_code, 3005, "%s: the client's close code" % kind)


async def unread(tap, g):
    """Where nobody reads, everything passes as it is."""
    s = await connect(g, "kept", "/open")
    data = os.urandom(LARGE)
    await s.send(data)
    tap.ok(await asyncio.wait_for(s.recv(), LIMIT_S) == data,
           "a megabyte of anything where no line reads")
    await s.close()
    s = await connect(g, "kept", "/judged/binary")
    await s.send(b"\xff" * 100)
    await asyncio.wait_for(s.wait_closed(), LIMIT_S)
    tap.equal(s.close_code, 1008, "and where one does, it must be readable")


def opened(raw, bits, fresh):
    """All that a server got, without masks and compression."""
    head, _, rest = raw.partition(b"\r\n\r\n")
    out, part, packed = [head], b"", False
    inflate = zlib.decompressobj(-bits)
    at = 0
    while at < len(rest):
        first, size = rest[at], rest[at + 1] & 127
        at += 2
        if size > 125:
            wide = 2 if size == 126 else 8
            size = int.from_bytes(rest[at:at + wide], "big")
            at += wide
        mask = rest[at:at + 4]
        at += 4
        key = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
        data = (int.from_bytes(rest[at:at + size], "big") ^ key
                ).to_bytes(size, "big") if size else b""
        at += size
        if first & 8:
            out.append(data)
            continue
        if first & 15:
            part, packed = b"", bool(first & 64)
        part += data
        if first & 128:
            if packed:
                if fresh:
                    inflate = zlib.decompressobj(-bits)
                part = inflate.decompress(part + b"\0\0\xff\xff")
            out.append(part)
    return b"\n".join(out)


def nothing_planted(tap, where):
    for kind, how in SERVERS.items():
        found, size, messages = [], 0, 0
        for name in sorted(os.listdir(where)):
            if not name.startswith(kind + "."):
                continue
            with open(os.path.join(where, name), "rb") as f:
                raw = f.read()
            text = opened(raw, BITS.get(kind, 15), kind == "fresh")
            size += len(raw)
            messages += text.count(b"Teilnehmer")
            found += leaks(raw, [NAME, "Mustermann", DEVICE])
            found += leaks(text, [NAME, "Mustermann", DEVICE])
        tap.ok(not found and messages > 1000,
               "%s: nothing planted in %d bytes, %d names" %
               (kind, size, messages), found)


async def run(tap, g):
    for kind in SERVERS:
        await exchanges(tap, g, kind)
    for kind in ("none", "kept"):
        await small(tap, g, kind)
    await unread(tap, g)


def main():
    if sys.argv[1:2] == ["--peer"]:
        asyncio.run(peer(sys.argv[2], sys.argv[3]))
        return 0
    tap = Tap()
    g = Gate(services=("lab",))
    where = g.path("got")
    os.mkdir(where)
    server = subprocess.Popen(
        [sys.executable, os.path.abspath(__file__), "--peer",
         g.path("pki/lab.pem"), where], stdout=subprocess.PIPE, text=True)
    g.children.append(server)
    ports = json.loads(server.stdout.readline())
    g.write_conf(edit=lambda t: t.replace(
        "connect_to = (", "connect_to = (" + "".join(
            '\n  { host = "%s"; port = 443; to = "127.0.0.1:%d"; },' %
            (host(kind), port) for kind, port in ports.items())))
    g.start()
    asyncio.run(run(tap, g))
    nothing_planted(tap, where)
    stats = g.ctl("stats").stdout
    tap.ok("lab sunk 10" in stats and "lab errors 1" in stats,
           "what was dropped is counted", stats)
    wait(lambda: g.daemon.poll() is not None, 1)
    return tap.done(g)


sys.exit(main())
