#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""Nothing breaks a running meeting: a reload every second while requests are
made, many WebSockets and some event streams are open. No connection is lost and
no request fails. Then SIGTERM: what is open lives until the drain limit.
RUNNING_SECONDS=N (60) and SOCKETS=N (1000) for another size."""
import asyncio
import json
import os
import resource
import signal
import ssl
import subprocess
import sys
import time

from gate import Gate, Tap, wait
import client  # noqa: F401, finds the modules of the provider
import ws

HOST = "run.lab.example"
SECONDS = int(os.environ.get("RUNNING_SECONDS") or 60)
SOCKETS = int(os.environ.get("SOCKETS") or 1000)
STREAMS = max(SOCKETS // 20, 1)
LOADS = 6       # clients that ask one request after the other
NAPS = 60       # requests over one HTTP/2 connection
OPENING = 25    # sockets that shake hands at the same time
TALK_S = 4      # between two messages of a socket
DRAIN_S = 4
LIMIT_S = 30    # to wait for one answer: the machine may be busy
BODY = json.dumps({"n": 1, "email": "erika.mustermann@amt.example.de",
                   "text": "x" * 500}).encode()


# ---- the server ----

async def read_head(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    fields = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        fields[name.lower()] = value.strip()
    return lines[0], fields


async def read_frame(reader):
    """(opcode, payload) of one frame."""
    a, b = await reader.readexactly(2)
    n = b & 127
    if n == 126:
        n = int.from_bytes(await reader.readexactly(2), "big")
    mask = await reader.readexactly(4) if b & 128 else b"\0\0\0\0"
    payload = await reader.readexactly(n)
    return a & 15, bytes(c ^ mask[i % 4] for i, c in enumerate(payload))


async def echo(reader, writer):
    while True:
        opcode, payload = await read_frame(reader)
        if opcode == ws.PING:
            opcode = ws.PONG
        writer.write(ws.frame(opcode, payload))
        await writer.drain()
        if opcode == ws.CLOSE:
            return


async def events(writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                 b"Transfer-Encoding: chunked\r\n\r\n")
    for n in range(1 << 30):
        event = b'id: %d\ndata: {"n":%d,"device":"AMT-NB-0815"}\n\n' % (n, n)
        writer.write(b"%x\r\n%s\r\n" % (len(event), event))
        await writer.drain()
        await asyncio.sleep(1)


async def serve(reader, writer):
    try:
        while True:
            first, fields = await read_head(reader)
            body = await reader.readexactly(
                int(fields.get("content-length") or 0))
            if "upgrade" in fields:
                key = ws.accept_key(fields["sec-websocket-key"])
                writer.write(("HTTP/1.1 101 Switching Protocols\r\n"
                              "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                              "Sec-WebSocket-Accept: %s\r\n\r\n" % key)
                             .encode())
                await echo(reader, writer)
                return
            if " /events" in first:
                await events(writer)
            if " /slow" in first:
                await asyncio.sleep(DRAIN_S / 2)
            if " /nap" in first:
                await asyncio.sleep(0.2)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json"
                         b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()
    except (asyncio.IncompleteReadError, OSError):
        pass
    finally:
        writer.close()


async def peer(cert):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert)
    context.set_alpn_protocols(["http/1.1"])
    server = await asyncio.start_server(
        serve, "127.0.0.1", 0, ssl=context, backlog=1024, limit=1 << 20)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


# ---- the clients ----

class Meeting:
    def __init__(self, g):
        self.g = g
        self.context = ssl.create_default_context(cafile=g.root)
        self.context.set_alpn_protocols(["http/1.1"])
        self.faults = []    # texts
        self.requests = self.requests_h2 = self.messages = self.events = self.reloads = 0
        self.ended = []     # when each socket ended, after the drain began
        self.drained = None  # when that was
        self.running = True
        self.gate = asyncio.Semaphore(OPENING)

    def fault(self, what, error=None):
        self.faults.append("%s: %r" % (what, error))

    async def connect(self):
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self.g.port, limit=1 << 20)
        name = "%s:443" % HOST
        writer.write(("CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n" %
                      (name, name)).encode())
        first, _ = await read_head(reader)
        if " 200 " not in first:
            raise OSError(first)
        await writer.start_tls(self.context, server_hostname=HOST,
                               ssl_handshake_timeout=LIMIT_S)
        return reader, writer

    async def ask(self, reader, writer, target, body):
        writer.write(b"POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: "
                     b"application/json\r\nContent-Length: %d\r\n\r\n" %
                     (target, HOST.encode(), len(body)) + body)
        first, fields = await asyncio.wait_for(read_head(reader), LIMIT_S)
        got = await asyncio.wait_for(reader.readexactly(
            int(fields["content-length"])), LIMIT_S)
        if " 200 " not in first or b"erika" in got or b'"n":1' not in \
                got.replace(b" ", b""):
            raise OSError("%s %r" % (first, got[:80]))
        return fields

    async def load(self, number):
        """One request after the other; every 50th on a new connection."""
        writer = None
        try:
            while self.running:
                reader, writer = await self.connect()
                for _ in range(50):
                    if not self.running:
                        break
                    await self.ask(reader, writer, b"/echo", BODY)
                    self.requests += 1
                    await asyncio.sleep(0.01)
                writer.close()
        except (OSError, asyncio.IncompleteReadError, KeyError,
                asyncio.TimeoutError) as e:
            self.fault("request of client %d" % number, e)

    async def load_h2(self):
        """Requests over one HTTP/2 connection at a time, each for seconds."""
        urls = []
        for n in range(NAPS):
            urls += ["-o", "/dev/null", "https://%s/nap?n=%d" % (HOST, n)]
        while self.running:
            out = await asyncio.create_subprocess_exec(
                *self.g.curl(urls[-1], "--http2", "-Z", "--parallel-max", "8",
                             "-w", "%{http_code} %{http_version}\n",
                             *urls[:-1]),
                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            said, why = await out.communicate()
            good = said.decode().splitlines().count("200 2")
            self.requests_h2 += good
            if out.returncode != 0 or good != NAPS:
                self.fault("%d of %d requests over HTTP/2" % (good, NAPS),
                           why[:200] + said[:200])

    async def socket(self, number, ready):
        reader = writer = None
        try:
            async with self.gate:
                reader, writer = await self.connect()
                writer.write(("GET /ws HTTP/1.1\r\nHost: %s\r\n"
                              "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                              "Sec-WebSocket-Version: 13\r\n"
                              "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg=="
                              "\r\n\r\n" % HOST).encode())
                first, _ = await asyncio.wait_for(read_head(reader), LIMIT_S)
                if " 101 " not in first:
                    raise OSError(first)
        except (OSError, asyncio.IncompleteReadError,
                asyncio.TimeoutError) as e:
            self.fault("opening socket %d" % number, e)
            ready.release()
            return
        ready.release()
        await self.talk(number, reader, writer)

    async def talk(self, number, reader, writer):
        n = 0
        pause = TALK_S * (0.5 + number / SOCKETS)
        try:
            while True:
                n += 1
                said = b'{"socket":%d,"n":%d}' % (number, n)
                writer.write(ws.frame(ws.TEXT, said, masked=True))
                got = await asyncio.wait_for(read_frame(reader), LIMIT_S)
                if got == (ws.TEXT, said):
                    self.messages += 1
                elif got[0] == ws.CLOSE:
                    raise OSError("closed")
                else:
                    self.fault("socket %d heard" % number, got)
                if self.drained is not None:
                    pause = 0.5
                await asyncio.sleep(pause)
        except (OSError, asyncio.IncompleteReadError,
                asyncio.TimeoutError) as e:
            if self.drained is None:
                self.fault("socket %d lost at message %d" % (number, n), e)
            else:
                self.ended.append(time.monotonic() - self.drained)
        finally:
            writer.close()

    async def stream(self, number, ready):
        seen, writer = -1, None
        try:
            async with self.gate:
                reader, writer = await self.connect()
            writer.write(("GET /events HTTP/1.1\r\nHost: %s\r\n\r\n" % HOST)
                         .encode())
            await asyncio.wait_for(read_head(reader), LIMIT_S)
            ready.release()
            while True:
                line = await asyncio.wait_for(reader.readline(), LIMIT_S)
                if not line:
                    raise OSError("end")
                if not line.startswith(b"id: "):
                    if line.startswith(b"data:") and b"AMT" in line:
                        self.fault("event", line)
                    continue
                if int(line[4:]) != seen + 1:
                    self.fault("event behind %d" % seen, line)
                seen += 1
                self.events += 1
        except (OSError, asyncio.IncompleteReadError,
                asyncio.TimeoutError) as e:
            if self.drained is None:
                self.fault("stream %d lost behind %d" % (number, seen), e)
        finally:
            if writer is not None:
                writer.close()

    async def reload(self, n):
        """By turns another rule, by sparsamctl and by SIGHUP."""
        path = self.g.path("policy/lab.conf")
        with open(path, encoding="utf-8") as f:
            text = f.read()
        old, new = ("X-Device", "X-Other")[::1 if n % 2 == 0 else -1]
        with open(path + ".new", "w", encoding="utf-8") as f:
            f.write(text.replace('"header %s"' % old, '"header %s"' % new))
        os.rename(path + ".new", path)
        if n % 3 == 2:
            self.g.daemon.send_signal(signal.SIGHUP)
            return
        out = await asyncio.create_subprocess_exec(
            self.g.sparsamctl, "-c", self.g.conf_path, "reload",
            stdout=subprocess.DEVNULL)
        if await out.wait() != 0:
            self.fault("reload", out.returncode)

    async def reloads_until(self, end):
        n = 0
        while time.monotonic() < end:
            next_s = time.monotonic() + 1
            await self.reload(n)
            n += 1
            await asyncio.sleep(max(0, next_s - time.monotonic()))
        self.reloads = n


async def open_all(m, tap):
    ready = asyncio.Semaphore(0)
    tasks = [asyncio.create_task(m.socket(i, ready)) for i in range(SOCKETS)]
    for _ in range(SOCKETS):
        await ready.acquire()
    streams = asyncio.Semaphore(0)
    tasks += [asyncio.create_task(m.stream(i, streams))
              for i in range(STREAMS)]
    try:
        for _ in range(STREAMS):
            await asyncio.wait_for(streams.acquire(), LIMIT_S)
    except asyncio.TimeoutError:
        m.fault("streams do not begin")
    tap.ok(not m.faults, "%d sockets and %d event streams are open" % (
        SOCKETS, STREAMS), *m.faults[:5])
    return tasks


async def under_load(m, tap, g):
    workers = g.workers()
    loads = [asyncio.create_task(m.load(i)) for i in range(LOADS)]
    loads.append(asyncio.create_task(m.load_h2()))
    await m.reloads_until(time.monotonic() + SECONDS)
    m.running = False
    await asyncio.gather(*loads)
    tap.ok(not m.faults, "%d reloads, %d requests, %d over HTTP/2, %d "
           "messages, %d events: nothing lost, nothing failed" % (
               m.reloads, m.requests, m.requests_h2, m.messages, m.events),
           len(m.faults), *m.faults[:10], g.logs()[-1000:])
    tap.ok(0 < m.reloads < m.requests and m.requests_h2 > 0 and
           m.messages > SOCKETS and m.events > STREAMS,
           "and all of it happened", m.reloads, m.requests, m.requests_h2,
           m.messages, m.events)
    tap.equal(g.workers(), workers, "the same workers all the time")
    said = g.logs().count("S104")
    tap.ok(said > 0 and "S105" not in g.logs(), "every reload took hold",
           said, g.logs()[-1000:])


async def slow_answer(m):
    """An answer that is under way when the drain begins."""
    try:
        reader, writer = await m.connect()
        fields = await m.ask(reader, writer, b"/slow", BODY)
        writer.close()
        return fields.get("connection") or ""
    except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError) as e:
        return repr(e)


async def drain(m, tap, g, tasks):
    slow = asyncio.create_task(slow_answer(m))
    await asyncio.sleep(1)
    before = m.messages
    m.drained = time.monotonic()
    g.daemon.send_signal(signal.SIGTERM)
    await asyncio.sleep(1)
    refused = None
    try:
        await asyncio.wait_for(m.connect(), DRAIN_S / 2)
    except (OSError, asyncio.IncompleteReadError,
            asyncio.TimeoutError) as e:
        refused = e
    tap.ok(isinstance(refused, ConnectionRefusedError),
           "draining: new connections are refused at once", repr(refused))
    tap.equal(await slow, "close", "an answer under way is completed")
    tap.ok(m.messages > before and not m.ended, "sockets talk on",
           m.messages - before, m.ended[:5])
    await asyncio.wait(tasks, timeout=DRAIN_S + LIMIT_S)
    status = await asyncio.to_thread(g.daemon.wait, LIMIT_S)
    tap.ok(len(m.ended) == SOCKETS and min(m.ended) > DRAIN_S - 1,
           "all sockets live until the limit", len(m.ended),
           sorted(m.ended)[:5])
    tap.equal(status, 0, "and the daemon ends in order")
    tap.ok(not m.faults, "nothing else was lost", *m.faults[:5])


async def meeting(tap, g):
    m = Meeting(g)
    tasks = await open_all(m, tap)
    await under_load(m, tap, g)
    await drain(m, tap, g, tasks)


def main():
    if sys.argv[1:2] == ["--peer"]:
        asyncio.run(peer(sys.argv[2]))
        return 0
    # Both sides of every connection in two processes, and the gateway's.
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    tap = Tap()
    g = Gate(services=("lab",), extra="timeouts = { drain = %d; };\n"
             "limits = { per_client = %d; };" % (
                 DRAIN_S, SOCKETS * 2 + 100))
    server = subprocess.Popen(
        [sys.executable, os.path.abspath(__file__), "--peer",
         g.path("pki/lab.pem")], stdout=subprocess.PIPE, text=True)
    g.children.append(server)
    port = int(server.stdout.readline())
    g.write_conf(edit=lambda t: t.replace(
        "connect_to = (", 'connect_to = (\n  { host = "%s"; port = 443; '
        'to = "127.0.0.1:%d"; },' % (HOST, port)))
    g.start()
    asyncio.run(meeting(tap, g))
    wait(lambda: g.daemon.poll() is not None, 5)
    return tap.done(g)


sys.exit(main())
