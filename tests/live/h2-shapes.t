#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""Every shape of tests/h2/client through the gateway: the right error comes, the
connection lives on where it should, and nothing malformed reaches a server.
ONLY=text for some of them."""
import glob
import os
import re
import sys
from importlib.machinery import SourceFileLoader

from gate import TOP, Gate, Tap, peak_below

H2 = os.path.join(TOP, "tests/h2")
sys.path.insert(0, H2)
import shape   # noqa: E402
import wire    # noqa: E402

tool = SourceFileLoader("shapes", os.path.join(H2, "shapes")).load_module()
HOST = "lab.example"
LIMIT_KB = 64 * 1024


def main():
    tap = Tap()
    only = os.environ.get("ONLY", "")
    g = Gate(services=("lab",), workers=1).start()
    pids = g.workers()
    context = wire.client_context(g.root)
    todo = []
    for path in sorted(glob.glob(os.path.join(H2, "client/*.shapes"))):
        todo += [s for s in shape.read(path) if only in s.name]

    def connect(cut=0):
        return wire.connect(("127.0.0.1", g.port), HOST, context, True, cut)

    def report(s, wrong, _known):
        tap.ok(not wrong, s.name, wrong)

    tool.run(todo, connect, HOST, report)
    g.settled()
    # A request that was cut may have come: it is none.
    arrived = {r["target"] for r in g.record()
               if r["event"] == "request" and not r["cut"]}
    for n, s in enumerate(todo):
        if s.get("up") == "nothing":
            mark = "n=%d" % n
            found = [t for t in arrived
                     if mark in re.split("[?&]", t) and "alive" not in t]
            tap.ok(not found, "did not reach the server: " + s.name, found)
    bad = [r for r in g.record() if r["event"] == "bad"]
    tap.ok(not bad, "nothing that the server had to refuse", bad)

    short = [s for s in todo if "floods" not in s.where]
    tool.run(short, lambda: connect(1), HOST, lambda s, wrong, _: tap.ok(
        not wrong, "octet by octet: " + s.name, wrong))
    tap.equal(g.workers(), pids, "the same worker all the time")
    peak_below(tap, pids[0], LIMIT_KB)
    return tap.done(g)


sys.exit(main())
