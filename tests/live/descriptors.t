#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""A worker that runs out of descriptors: who comes is refused, who is there is
served or hears an error, nothing spins, and afterwards all is as before."""
import json
import os
import socket
import subprocess
import sys
import time

from client import Client, Refused, http1
from gate import Gate, Tap, wait

HOST = "lab.example"
FILES = 64
CLIENTS = 100
TICKS = os.sysconf("SC_CLK_TCK")


def limit(pid, n=None):
    """The soft limit that the worker had; with n a new one. Only its own user
    may do that."""
    code = ("import resource as r\n"
            "pid, n = %d, %r\n"
            "old, hard = r.prlimit(pid, r.RLIMIT_NOFILE)\n"
            "if n is not None: r.prlimit(pid, r.RLIMIT_NOFILE, (n, hard))\n"
            "print(old)" % (pid, n))
    with open("/proc/%d/status" % pid) as f:
        ids = {line.split()[0]: int(line.split()[1]) for line in f
               if line.startswith(("Uid:", "Gid:"))}
    as_user = {} if os.geteuid() != 0 else {
        "user": ids["Uid:"], "group": ids["Gid:"], "extra_groups": []}
    out = subprocess.run(["/usr/bin/python3", "-c", code], check=True,
                         capture_output=True, text=True, **as_user)
    return int(out.stdout)


def descriptors(pid):
    return len(os.listdir("/proc/%d/fd" % pid))


def cpu_s(pid):
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def knock(g):
    """A client with an open tunnel, or None when it is refused."""
    try:
        return Client(g.port, HOST, plain=True, timeout=10)
    except (Refused, http1.Closed, ConnectionError):
        return None


def ask(g, session=None):
    """The status of one request on a new connection; 0: closed."""
    try:
        c = Client(g.port, HOST, root=g.root, timeout=20)
        status = c.get(HOST, "/echo").status
        c.close()
        return status
    except (Refused, http1.Closed, OSError):
        return 0


def main():
    tap = Tap()
    g = Gate(services=("lab",), workers=1,
             extra="timeouts = { peek = 30; };").start()
    pid = g.workers()[0]
    quiet = descriptors(pid)
    old = limit(pid)
    first = Client(g.port, HOST, root=g.root, timeout=20)
    tap.equal(first.get(HOST, "/echo").status, 200, "before")
    limit(pid, FILES)
    try:
        crowd = [knock(g) for _ in range(CLIENTS)]
    except socket.timeout:
        tap.ok(False, "everybody hears something")
        return tap.done(g)
    served = [c for c in crowd if c]
    tap.ok(10 < len(served) < FILES, "of %d clients %d are served, the others "
           "refused" % (CLIENTS, len(served)), descriptors(pid))
    begin = cpu_s(pid)
    more = [knock(g) for _ in range(20)]
    time.sleep(1)
    tap.ok(more == [None] * 20, "later ones as well", more)
    tap.ok(cpu_s(pid) - begin < 0.5, "nothing spins", cpu_s(pid) - begin)
    tap.equal(first.get(HOST, "/echo").status, 200,
              "a client with a server is served")
    for c in served[:3]:
        c.close()
    tap.ok(wait(lambda: ask(g) in (200, 502, 503)),
           "one more has room, or hears an error")
    for c in served[3:]:
        c.close()
    tap.ok(wait(lambda: descriptors(pid) <= quiet + 8), "all are gone",
           descriptors(pid))
    tap.equal(ask(g), 200, "then there is room again")
    limit(pid, old)
    tap.equal(first.get(HOST, "/echo").status, 200, "and the first is served")
    first.close()
    stats = json.loads(g.ctl("stats", "--json").stdout)
    tap.ok("limits" in json.dumps(stats), "counted", stats)
    tap.ok("what=descriptors" in g.logs(), "and told", g.logs())
    tap.equal(g.workers(), [pid], "the same worker all the time")
    return tap.done(g)


sys.exit(main())
