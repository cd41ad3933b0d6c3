#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""Every shape of tests/h2/server: a server that breaks the rules of HTTP/2, a
client of HTTP/1.1 and one of HTTP/2 on the other side of the gateway. The client
gets 502 or a broken answer, never half of one as if it were whole, and never
waits in vain. ONLY=text for some of them."""
import glob
import os
import sys
import time

import client
from gate import TOP, Gate, Tap, peak_below

sys.path.insert(0, os.path.join(TOP, "tests/h2"))
import frame   # noqa: E402
import play    # noqa: E402
import server  # noqa: E402
import shape   # noqa: E402
import wire    # noqa: E402

WAIT_S = 20
LIMIT_KB = 64 * 1024


def content_of(ask):
    """Method and content of an "ask" line."""
    method, _, rest = ask.partition(" ")
    if rest.startswith('"'):
        return method, rest.strip('"').encode()
    return method, b"x" * int(rest or 0)


def by_h1(g, host, ask):
    """What a client of HTTP/1.1 gets: (status, content), or "cut"."""
    method, content = content_of(ask)
    c = client.Client(g.port, host, root=g.root, timeout=WAIT_S)
    head = "%s /x HTTP/1.1\r\nHost: %s\r\n" % (method, host)
    if method == "POST":
        head += "Content-Length: %d\r\n" % len(content)
    try:
        try:
            c.send(head.encode() + b"\r\n" + content)
        except client.http1.Closed:
            pass  # answered early
        a = c.answer(method)
    except client.http1.Closed:
        return "no answer"
    finally:
        c.close()
    return "cut" if a.truncated else (a.status, a.body)


def by_h2(g, host, ask, context):
    """The same by HTTP/2; a reset is "cut", it takes back what is queued."""
    method, content = content_of(ask)
    p = play.Player(wire.connect(("127.0.0.1", g.port), host, context, True))
    p.wire.send(frame.PREFACE + frame.write("SETTINGS 0"))
    while not any(e.kind == "settings" for e in p.events):
        p.pump(WAIT_S)  # now the window is larger than any content here
    more = method == "POST"
    p.say("HEADERS 1 +end_headers %s :method=%s :scheme=https :authority=%s "
          ":path=/x" % ("" if more else "+end_stream", method, host))
    if more:
        for at in range(0, len(content), 16384):
            p.wire.send(frame.pack(0, 0, 1, content[at:at + 16384]))
        p.say("DATA 1 +end_stream")
    status, end = None, time.monotonic() + WAIT_S
    try:
        while time.monotonic() < end:
            p.pump(0.5)
            for e in p.events:
                if e.kind == "head" and e.field(":status")[0] != "1":
                    status = int(e.field(":status"))
                if e.kind == "end":
                    return status, p.body.get(1, b"")
                if e.kind == "reset":
                    return "cut"
                if e.kind in ("close", "broken"):
                    return str(e)
            p.events.clear()
        return "no answer"
    finally:
        p.wire.sock.close()


def fits(got, want):
    """want: '502 or 200 "hello" or cut'."""
    for one in want.split(" or "):
        status, _, text = one.partition(" ")
        if got == one or isinstance(got, tuple) and str(got[0]) == status and (
                not text or got[1] == text.strip('"').encode()):
            return True
    return False


def try_one(tap, g, s, n, fake, ask):
    host, want = fake.name(n), s.get("client", "502")
    got = ask(g, host, s.get("ask", "GET"))
    seen = fake.seen[n]
    seen.done.wait(play.PATIENCE_S)
    requests = len(seen.requests)
    wrong = [seen.wrong] if seen.wrong else []
    if not fits(got, want):
        wrong.append("%s: the client got %r, not %s" % (s.where, got, want))
    if "requests" in s.keys and int(s.get("requests")) != requests:
        wrong.append("%s: %d requests" % (s.where, requests))
    tap.ok(not wrong, s.name, *wrong)


def run(tap, g, todo, pki, ask, what, cut):
    fake = server.Server(server.pem_of(pki), todo, cut)
    g.tls_port = fake.port
    g.write_conf()
    g.daemon.send_signal(1)  # SIGHUP: the new address of the server
    time.sleep(1)
    for n, s in enumerate(todo):
        s.name = "%s: %s" % (what, s.name)
        try_one(tap, g, s, n, fake, ask)
    host = fake.name(0)
    got = ask(g, host, "GET")
    tap.ok(fits(got, '200 "again"'), what + ": and a right answer", got)


def main():
    tap = Tap()
    only = os.environ.get("ONLY", "")
    files = sorted(glob.glob(os.path.join(TOP, "tests/h2/server/*.shapes")))
    g = Gate(services=("lab",), workers=1,
             extra="timeouts = { answer = 8; dial = 5; };").start()
    pids = g.workers()
    pki = g.path("pki")
    context = wire.client_context(g.root)
    def ask_h2(*args):
        return by_h2(*args, context)

    for what, ask, cut in (("to HTTP/2", ask_h2, 0), ("to HTTP/1.1", by_h1, 0),
                           ("octet by octet", ask_h2, 1)):
        todo = [s for f in files for s in shape.read(f) if only in s.name]
        run(tap, g, todo, pki, ask, what, cut)
    tap.equal(g.workers(), pids, "the same worker all the time")
    peak_below(tap, pids[0], LIMIT_KB)
    return tap.done(g)


sys.exit(main())
