#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""1 GB through the gateway each way with a slow reader: the memory of the
worker stays under 64 MB. BYTES=N for another size."""
import json
import os
import sys
import time

from client import Client, http1
from gate import Gate, Tap

BYTES = int(os.environ.get("BYTES") or 1 << 30)
LIMIT_KB = 64 * 1024
BLOCK = b"0123456789abcdef" * 16384


def high_water_kb(pid):
    with open("/proc/%d/status" % pid) as f:
        return int(f.read().split("VmHWM:")[1].split()[0])


def down(g, slow):
    """Read BYTES; with slow, pauses at the beginning and in between."""
    c = Client(g.port, "lab.example", root=g.root, timeout=60)
    c.send(b"GET /big?bytes=%d HTTP/1.1\r\nHost: lab.example\r\n\r\n" % BYTES)
    wire, got, pause = c.wire, 0, 0
    while b"\r\n\r\n" not in wire.buf:
        wire.fill()
    head, _, wire.buf = wire.buf.partition(b"\r\n\r\n")
    got = len(wire.buf)
    while got < BYTES:
        if slow and got >= pause * (BYTES // 8):
            pause += 1
            time.sleep(0.5)
        piece = c.sock.recv(1 << 20)
        if not piece:
            break
        got += len(piece)
    c.close()
    return got


def up(g, kind, target, opening=b"", unit=BLOCK, closing=b""):
    """Send about BYTES chunked to a reader that pauses; its answer."""
    c = Client(g.port, "lab.example", root=g.root, timeout=120)
    c.send(b"POST %s HTTP/1.1\r\nHost: lab.example\r\nContent-Type: %s\r\n"
           b"Transfer-Encoding: chunked\r\n\r\n" % (target, kind))
    sent = len(opening)
    if opening:
        c.send(b"%x\r\n%s\r\n" % (len(opening), opening))
    chunk = b"%x\r\n%s\r\n" % (len(unit), unit)
    while sent < BYTES - len(closing):
        c.send(chunk)
        sent += len(unit)
    if closing:
        c.send(b"%x\r\n%s\r\n" % (len(closing), closing))
        sent += len(closing)
    c.send(b"0\r\n\r\n")
    a = c.answer()
    c.close()
    return sent, json.loads(a.body) if a.status == 200 else a.status


def main():
    tap = Tap()
    g = Gate(services=("lab",), workers=1,
             extra='timeouts = { body = 60; answer = 120; };').start()
    pid = g.workers()[0]
    tap.ok(high_water_kb(pid) < 32 * 1024, "at rest under 32 MB",
           high_water_kb(pid))
    steps = []

    def peak(what):
        kb = high_water_kb(pid)
        steps.append((what, kb))
        tap.ok(kb < LIMIT_KB, "%s: at most %d kB of memory" % (what, kb))

    begin = time.monotonic()
    try:
        transfers(tap, g, peak)
    except (http1.Closed, OSError) as e:
        tap.ok(False, "transfers", repr(e), g.logs(), g.record()[-1:])
    tap.ok(g.workers() == [pid], "the same worker all the time")
    print("# %d bytes each, %.1f s, high water %s" % (
        BYTES, time.monotonic() - begin, steps))
    return tap.done(g)


def transfers(tap, g, peak):
    tap.equal(down(g, True), BYTES, "down, slow reader: all arrived")
    peak("down")
    sent, answer = up(g, b"application/octet-stream", b"/upload?slow=2")
    tap.equal(answer["bytes"] if isinstance(answer, dict) else answer, sent,
              "up, slow reader: all arrived")
    peak("up")
    unit = b'{"id":4711,"email":"erika@example.org","text":"%s"},' % (b"y" * 64)
    unit *= 2000
    sent, answer = up(g, b"application/json", b"/upload?slow=2", b'{"a":[',
                      unit, b'0]}')
    tap.ok(isinstance(answer, dict) and sent // 2 < answer["bytes"] < sent,
           "up, JSON that is scrubbed as it streams", sent, answer)
    peak("up, scrubbed")


sys.exit(main())
