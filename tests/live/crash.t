#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""kill -9 of a worker in the middle of traffic, and of the signer."""
import os
import signal
import subprocess
import sys
import time

from client import Client, Refused, http1
from gate import Gate, Tap, leaks, wait

PLANTED = ["geheime-kennung-4711"]


def busy_client(g):
    """A connection with an answer that drips for ten seconds."""
    c = Client(g.port, "lab.example", root=g.root, timeout=20)
    c.send(b"GET /slow?n=60&ms=100 HTTP/1.1\r\nHost: lab.example\r\n"
           b"X-Device: geheime-kennung-4711\r\n\r\n")
    return c


def serves(g, host="lab.example"):
    try:
        c = Client(g.port, host, root=g.root, timeout=5)
        try:
            return c.ask("GET", "/echo", [
                ("Host", host), ("X-Device", PLANTED[0])]).status
        finally:
            c.close()
    except Refused as e:
        return e.status
    except (OSError, http1.Closed):
        return None


def owner(g, c):
    """The worker at the other end of a client's connection."""
    local = "%s:%d" % c.sock.getsockname()[:2]
    out = subprocess.run(["ss", "-Htnp", "src", "127.0.0.1:%d" % g.port],
                         capture_output=True, text=True).stdout
    for line in out.splitlines():
        if local in line and "pid=" in line:
            return int(line.split("pid=")[1].split(",")[0])
    return None


def worker_dies(tap, g):
    before = g.workers()
    tap.equal(len(before), 2, "two workers")
    clients = [busy_client(g) for _ in range(12)]
    time.sleep(0.5)
    by_owner = {}
    for c in clients:
        by_owner.setdefault(owner(g, c), []).append(c)
    victim = before[0]
    known = None not in by_owner  # only root may see whose they are
    if known:
        tap.equal(len(by_owner), 2, "connections are spread over both")
    else:
        tap.skip("connections are spread over both", "not root")
    big = subprocess.Popen(
        g.curl("https://lab.example/upload", "-H", "X-Device: " + PLANTED[0],
               "-H", "Content-Type: application/json", "--limit-rate", "200k",
               "--data-binary", "@-"), stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    big.stdin.write(b'{"a":[' + b'{"email":"geheime-kennung-4711"},' * 20000)
    big.stdin.flush()
    os.kill(victim, signal.SIGKILL)
    begin = time.monotonic()
    new = wait(lambda: [w for w in g.workers() if w not in before] or None,
               5, 0.01)
    tap.ok(bool(new) and time.monotonic() - begin < 1.0,
           "a new worker within a second", "%.3f s" % (
               time.monotonic() - begin), new)
    answers = [serves(g) for _ in range(20)]
    took = time.monotonic() - begin
    tap.ok(answers.count(200) >= 19, "new connections are served",
           answers, "%.3f s" % took)
    lost = finished = 0
    for pid, theirs in by_owner.items():
        for c in theirs:
            try:
                a = c.answer()
                good = a.status == 200 and len(a.body) == 60
            except (http1.Closed, OSError):
                good = False
            finished += good
            lost += not good and (pid == victim or not known)
            c.close()
    if known:
        others = sum(len(v) for k, v in by_owner.items() if k != victim)
        tap.equal(finished, others, "connections of the other worker go on")
        tap.equal(lost, len(by_owner.get(victim, [])),
                  "those of the dead one ended")
    else:
        tap.ok(finished > 0 and finished + lost == len(clients),
               "some go on, the others ended", finished, lost)
    tap.equal(len(g.workers()), 2, "two workers again")
    big.kill()
    big.wait()
    found = leaks(g.record_bytes(), PLANTED)
    tap.ok(not found, "no unfiltered byte", found)
    tap.ok("S202" in g.logs(), "the log tells that a worker died")


def signer_dies(tap, g):
    for host in ("lab.example", "a.lab.example"):
        tap.equal(serves(g, host), 200, "before: " + host)
    # both workers have the certificates of these hosts now
    for _ in range(20):
        serves(g, "lab.example")
        serves(g, "a.lab.example")
    signer = g.signer()
    os.kill(signer, signal.SIGSTOP)
    begin = time.monotonic()
    cached = [serves(g, "lab.example") for _ in range(6)]
    tap.equal(cached, [200] * 6, "the signer hangs: cached hosts go on")
    fresh = serves(g, "fresh1.lab.example")
    tap.ok(fresh in (503, None), "new ones do not", fresh,
           "%.1f s" % (time.monotonic() - begin))
    os.kill(signer, signal.SIGKILL)
    os.kill(signer, signal.SIGCONT)
    states, begin = [], time.monotonic()
    number = 0
    while time.monotonic() - begin < 10:
        number += 1
        state = serves(g, "n%d.lab.example" % number)
        states.append(state)
        cached = serves(g, "lab.example")
        if cached != 200:
            break
        if state == 200:
            break
        time.sleep(0.02)
    took = time.monotonic() - begin
    tap.equal(cached, 200, "the signer is dead: cached hosts go on")
    tap.ok(set(states[:-1]) <= {503}, "new ones get 503 until it is back",
           states)
    tap.ok(states[-1] == 200 and g.signer() not in (None, signer) and
           took < 3, "it comes back", states, "%.2f s" % took)
    tap.ok("S205" in g.logs(), "the log tells that the signer died")


def alarm(tap, g):
    """Dying again and again is an alarm, never a reason to open up."""
    for _ in range(4):
        victims = g.workers()
        if victims:
            os.kill(victims[0], signal.SIGKILL)
        time.sleep(0.4)
    tap.ok(wait(lambda: "S203" in g.logs(), 5), "an alarm in the log",
           g.logs()[-1500:])
    tap.ok(wait(lambda: serves(g) == 200, 15), "and it serves again")
    before = g.settled()
    tap.ok(serves(g, "www.bank.example") == 403 and
           len(g.record()) == before, "nothing passes unfiltered")


def ends(tap, g):
    """TERM drains: a running answer ends, nothing new begins."""
    c = busy_client(g)
    time.sleep(0.5)
    g.daemon.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    tap.ok(serves(g) != 200, "draining: nothing new is served")
    try:
        a = c.answer()
        good = a.status == 200 and len(a.body) == 60
    except (http1.Closed, OSError):
        good = False
    tap.ok(good, "draining: a running answer ends well")
    c.close()
    tap.equal(wait(lambda: g.daemon.poll() is not None or None, 35) and
              g.daemon.returncode, 0, "and the daemon ends with 0")
    g.start()
    c = busy_client(g)
    time.sleep(0.3)
    pids = g.workers() + [g.signer()]
    g.daemon.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    g.daemon.send_signal(signal.SIGTERM)
    tap.ok(wait(lambda: g.daemon.poll() is not None or None, 5) is not None,
           "a second TERM ends at once")
    c.close()
    tap.ok(wait(lambda: not [p for p in pids
                             if os.path.exists("/proc/%d" % p)], 5),
           "and no process is left")
    g.start()
    pids = g.workers() + [g.signer()]
    g.daemon.kill()
    g.daemon.wait()
    tap.ok(wait(lambda: not [p for p in pids
                             if os.path.exists("/proc/%d" % p)], 5),
           "kill -9 of the parent: the others end too")


def main():
    tap = Tap()
    g = Gate(services=("lab",)).start()
    for part in (worker_dies, signer_dies, alarm, ends):
        try:
            part(tap, g)
        except Exception as e:
            tap.ok(False, part.__name__ + " ran to its end", repr(e),
                   g.logs()[-2000:])
    return tap.done(g)


sys.exit(main())
