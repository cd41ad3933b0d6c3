#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""Slow clients of HTTP/2: one that reads 1 kB/s of 1 GB and one that never reads,
on the connection to the server that their neighbours use as well. The neighbours
get all they ask for as fast as before, and the worker's memory stays bounded."""
import os
import shutil
import subprocess
import sys
import threading
import time

from gate import TOP, Gate, Tap, free_port, port_open, skip_all, wait

sys.path.insert(0, os.path.join(TOP, "tests/h2"))
import frame   # noqa: E402
import play    # noqa: E402
import wire    # noqa: E402

HOST = "slow.lab.example"
HUGE = 1 << 30
PIECE = 4 << 20
ROUNDS = 24         # of PIECE, each neighbour
NEIGHBOURS = 3
GROWTH_KB = 24 * 1024  # two streams of 1 MiB and 2 MiB queues, and the pools


def memory_kb(pid, what):
    with open("/proc/%d/status" % pid) as f:
        return int(f.read().split(what + ":")[1].split()[0])


def opened(g, context, path, window):
    """A client with a stream whose window is window octets."""
    p = play.Player(wire.connect(("127.0.0.1", g.port), HOST, context, True))
    p.wire.send(frame.PREFACE + frame.write(
        "SETTINGS 0 initial_window_size=%d" % window) +
        frame.write("WINDOW_UPDATE 0 SIZE=0x7f000000"))
    p.say("HEADERS 1 +end_headers +end_stream :method=GET :scheme=https "
          ":authority=%s :path=%s" % (HOST, path))
    p.want("status 1 200")
    return p


def trickle(p, stop):
    """Give the window 1 kB a second."""
    while not stop.wait(1):
        p.say("WINDOW_UPDATE 1 SIZE=1024")
        p.pump(0)


def neighbours(g, context):
    """Octets and seconds in which all got theirs."""
    got = [0] * NEIGHBOURS

    def load(i):
        p = play.Player(wire.connect(("127.0.0.1", g.port), HOST, context,
                                     True))
        p.wire.send(frame.PREFACE +
                    frame.write("SETTINGS 0 initial_window_size=0x7f000000") +
                    frame.write("WINDOW_UPDATE 0 SIZE=0x7f000000"))
        for r in range(ROUNDS):
            stream = 2 * r + 1
            p.say("HEADERS %d +end_headers +end_stream :method=GET "
                  ":scheme=https :authority=%s :path=/piece" % (stream, HOST))
            p.want("end %d" % stream, 60)
            got[i] += p.bytes.pop(stream, 0)
            p.body.clear()
        p.wire.close()

    threads = [threading.Thread(target=load, args=(i,))
               for i in range(NEIGHBOURS)]
    begin = time.monotonic()
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return got, time.monotonic() - begin


def server(g):
    os.makedirs(g.path("htdocs"))
    for name, size in (("huge", HUGE), ("piece", PIECE)):
        with open(g.path("htdocs", name), "wb") as f:
            f.truncate(size)
    port, pem = free_port(), g.path("pki/lab.pem")
    child = subprocess.Popen(["nghttpd", "-d", g.path("htdocs"), str(port),
                              pem, pem], stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
    g.children.append(child)
    if not wait(lambda: port_open(port)):
        raise SystemExit("nghttpd does not start")
    to = '  { host = "%s"; port = 443; to = "127.0.0.1:%d"; },\n' % (HOST, port)
    g.options["edit"] = lambda text: text.replace(
        "connect_to = (\n", "connect_to = (\n" + to)
    g.write_conf()


def dials(g):
    for line in g.ctl("stats").stdout.splitlines():
        if line.startswith("total dials "):
            return int(line.split()[2])
    return None


def main():
    if not shutil.which("nghttpd"):
        skip_all("the Debian package nghttp2-server is not installed")
    tap = Tap()
    g = Gate(services=("lab",), workers=1,
             extra="timeouts = { answer = 60; };")
    server(g)
    g.start()
    pid = g.workers()[0]
    context = wire.client_context(g.root)
    want = [ROUNDS * PIECE] * NEIGHBOURS
    got, warm = neighbours(g, context)
    got, alone = neighbours(g, context)
    tap.equal(got, want, "neighbours alone get all")
    before = memory_kb(pid, "VmHWM")

    never = opened(g, context, "/huge", 0)
    slow = opened(g, context, "/huge", 1024)
    stop = threading.Event()
    t = threading.Thread(target=trickle, args=(slow, stop))
    t.start()
    time.sleep(3)
    got, beside = neighbours(g, context)
    tap.equal(got, want, "neighbours beside a slow and a stopped client too")
    again, later = neighbours(g, context)
    tap.equal(again, want, "and once more")
    stop.set()
    t.join()
    tap.equal(dials(g), 1, "all over one connection to the server")
    tap.ok(never.bytes.get(1, 0) == 0, "the stopped one got nothing",
           never.bytes)
    tap.ok(1024 <= slow.bytes.get(1, 0) <= 1024 * 200,
           "the slow one got what it granted", slow.bytes)
    for name, p in (("stopped", never), ("slow", slow)):
        p.say('PING 0 "12345678"')
        p.want('pong "12345678"')
        tap.ok(not p.closed, "the %s client is still served" % name)
        p.wire.close()
    kb = memory_kb(pid, "VmHWM")
    tap.ok(kb - before < GROWTH_KB, "%d kB more at the peak, %d kB in all" %
           (kb - before, kb))
    print("# %d MB: alone %.2f s (cold %.2f), beside them %.2f and %.2f s: "
          "throughput %.0f %%" % (sum(want) >> 20, alone, warm, beside, later,
                                  100 * alone / min(beside, later)))
    tap.equal(g.workers(), [pid], "the same worker all the time")
    return tap.done(g)


sys.exit(main())
