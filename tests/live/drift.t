#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""Drift: names that no pack line speaks of are listed, over all workers, also
those of one that died; values and identifiers are not. And what the log says of
it, and of the egress guard."""
import json
import os
import signal
import sys
import time

from gate import Gate, Tap, wait

URL = ("https://lab.example/echo?known=1&new_thing=Geheimwert"
       "&erika.mustermann%40amt.example.de=1&user16778240=1")
EXTRA = """log = { interval = 1; group_min = %d; };
never = ( "geheim-4711" );"""


def version(g, n):
    path = g.path("policy/lab.conf")
    with open(path, encoding="utf-8") as f:
        text = f.read()
    text = text.replace("version = %d;" % (n - 1), "version = %d;" % n)
    line = '      ( "query uname",'
    if n == 1:
        text = text.replace(line, '      ( "query known", "keep" ),\n' +
                            '      ( "query *", "drop", "telemetry" ),\n' +
                            line)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def listed(g, *args):
    out = g.ctl("drift", "--json", *args)
    if out.returncode != 0:
        return {}
    return {(d["carrier"], d["name"]): d
            for d in json.loads(out.stdout)["drift"]}


def fetch(g, n, url=URL):
    for _ in range(n):
        status = g.fetch(url).status
        if status != 200:
            return status
    return 200


def listing(tap, g):
    tap.equal(g.ctl("drift").stdout, "no drift\n", "before: none")
    tap.equal(fetch(g, 1), 200, "a request")
    found = listed(g)
    thing = found.get(("query", "new_thing"))
    tap.ok(thing is not None and thing["seen"] is None and
           thing["line"] == '( "query new_thing", "drop", "CATEGORY" )',
           "the name is there; how often is not told of so few", found)
    tap.ok(("query", "*") in found and not any("16778240" in n or "@" in n
                                               for _, n in found),
           "an identifier is not", found)
    both = fetch(g, 3)
    time.sleep(2.2)  # less than five in an interval of the summary
    tap.equal((both, fetch(g, 4)), (200, 200),
              "more requests, over all workers")
    thing = listed(g).get(("query", "new_thing"))
    tap.ok(thing is not None and thing["seen"] == 8, "they add up", thing)
    time.sleep(2.2)
    for pid in g.workers():
        os.kill(pid, signal.SIGKILL)
    wait(lambda: fetch(g, 1) == 200)
    thing = listed(g).get(("query", "new_thing"))
    tap.ok(thing is not None and thing["seen"] >= 9,
           "the workers died, their names stay", thing)
    out = g.ctl("drift", "--service", "lab")
    tap.ok('( "query new_thing", "drop", "CATEGORY" ),  // lab 1, request: '
           "since 20" in out.stdout and "Geheimwert" not in out.stdout and
           "mustermann" not in out.stdout, "as lines for the pack", out.stdout)
    tap.equal(g.ctl("drift", "--service", "zoom").stdout, "no drift\n",
              "another service has none")
    tap.equal(g.ctl("drift", "--what").returncode, 2, "an unknown option")


def forgotten(tap, g):
    tap.equal(g.ctl("reload").returncode, 0, "reload, the same version")
    tap.ok(("query", "new_thing") in listed(g), "they stay")
    version(g, 2)
    tap.equal(g.ctl("reload").returncode, 0, "reload, a new version")
    tap.equal(listed(g), {}, "they are forgotten")


def log(tap, g):
    tap.ok("S505" not in g.logs(), "too few have used the service for a line")
    g.write_conf(extra=EXTRA % 1)
    tap.equal(g.ctl("reload").returncode, 0, "reload: no minimum")
    tap.equal(fetch(g, 1), 200, "a request")
    tap.ok(wait(lambda: "service=lab new=" in g.logs(), 5),
           "the log says that there is drift", g.logs()[-800:])
    out = g.fetch("https://lab.example/echo", "-H", "X-Note: GEHEIM-4711")
    tap.ok(out.status == 403 and b"never-leaves" in out.stdout,
           "what must never leave is refused", out.status, out.stdout)
    tap.ok(wait(lambda: "service=lab count=1" in g.logs(), 5),
           "and counted in the log", g.logs()[-800:])
    tap.ok("guard 1" in g.ctl("stats").stdout, "and in stats")
    text = g.logs().lower()
    tap.ok(not any(w in text for w in ("new_thing", "geheim", "16778240")),
           "the log names none of it")


def main():
    tap = Tap()
    g = Gate(services=("lab",), extra=EXTRA % 5)
    version(g, 1)
    g.start()
    listing(tap, g)
    forgotten(tap, g)
    log(tap, g)
    return tap.done(g)


sys.exit(main())
