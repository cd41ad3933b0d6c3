#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""Mode observe: the provider gets what the client sent, and it is said loudly in
the log, in status and in check. Back in force, the rules hold at once."""
import json
import sys

from gate import Gate, Tap

EXTRA = """log = { group_min = 1; };
never = ( "geheim-4711" );"""
DEVICE = ("X-Device", "GERAET-17")


def names(g):
    out = g.fetch("https://lab.example/echo", "-H", "%s: %s" % DEVICE,
                  "-H", "X-New: 1")
    if out.status != 200:
        return {out.status}
    return {n.lower() for n, _ in json.loads(out.stdout)["headers"]}


def main():
    tap = Tap()
    g = Gate(services=("lab",), extra=EXTRA)
    g.write_conf(edit=lambda t: t.replace('"enforce"', '"observe"'))
    g.start()
    tap.ok("x-device" in names(g), "a header that a line drops passes")
    out = g.fetch("https://denied.lab.example/echo")
    tap.equal(out.status, 200, "a denied host passes")
    stats = g.ctl("stats").stdout
    tap.ok("service lab device 2" in stats and "service lab sunk 1" in stats,
           "what would be done is counted", stats)
    found = g.ctl("drift").stdout
    tap.ok('"header x-new"' in found and DEVICE[1] not in found,
           "names no line speaks of are listed", found)
    out = g.fetch("https://lab.example/echo?q=geheim-4711")
    tap.ok(out.status == 403 and b"never-leaves" in out.stdout,
           "what must never leave does not", out.status)
    tap.ok("[S404]" in g.logs(), "the log warns", g.logs())
    tap.ok("mode=observe" in g.ctl("status").stdout, "status says so")
    tap.ok("lab: observe (passes unchanged), active" in g.ctl("check").stdout,
           "check says so", g.ctl("check").stdout)
    g.write_conf()
    tap.equal(g.ctl("reload").returncode, 0, "reload: in force")
    tap.ok("x-device" not in names(g), "the header does not pass any more")
    tap.equal(g.fetch("https://denied.lab.example/echo").status, 403,
              "the host is denied")
    return tap.done(g)


sys.exit(main())
