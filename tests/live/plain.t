#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""What is not TLS: absolute-form http://, ws:// inside CONNECT host:80; and
WebSockets as an opaque tunnel."""
import json
import sys

from client import Client
from gate import Gate, Tap, leaks


def main():
    tap = Tap()
    g = Gate(services=("lab",)).start()
    out = g.fetch("http://lab.example/echo?uname=Erika&x=1", "-H",
                  "X-Device: AMT-NB-0815", "-H", "Cookie: a=1; _ga=GA1.2.3")
    got = json.loads(out.stdout) if out.status == 200 else {}
    flat = json.dumps(got)
    tap.ok(out.status == 200 and got["target"].startswith("/echo?") and
           "AMT-NB" not in flat and "GA1" not in flat and "Erika" not in flat
           and "x=1" in flat, "http:// is scrubbed", out.status, flat,
           out.stderr)
    tap.ok("proxy-connection" not in flat.lower(), "Proxy-Connection is gone")
    for plain, port in ((True, 80), (False, 443)):
        name = "ws://" if plain else "wss://"
        c = Client(g.port, "lab.example", port, g.root, plain=plain)
        a = c.upgrade("/ws?uname=Erika", [
            ("Host", "lab.example"), ("X-Device", "AMT-NB-0815"),
            ("Origin", "https://lab.example")])
        tap.equal(a.status, 101, name + " opens")
        for text in ("one", "x" * 70000, "zwei \u00e4"):
            c.say(text)
            tap.ok(c.hear() == text, name + " carries %d bytes" % len(text))
        c.close()
    tap.ok(not leaks(b"\n".join(
        json.dumps([r.get("target"), r.get("headers")]).encode()
        for r in g.record()), ["AMT-NB-0815", "Erika"]),
        "their heads are scrubbed")
    c = Client(g.port, "lab.example", root=g.root)
    a = c.ask("GET", "/echo", [("Host", "lab.example"),
                               ("Connection", "Upgrade"),
                               ("Upgrade", "h2c")])
    tap.ok(a.status in (200, 403, 502) and a.status != 101,
           "another upgrade: not made", a.status)
    c.close()
    stats = g.ctl("stats", "--json")
    tap.equal(stats.returncode, 0, "stats")
    out = g.fetch("http://www.bank.example/")
    tap.equal(out.status, 403, "http:// to a host no pack names")
    g.write_conf(edit=lambda t: t.replace("workers =", "http = false;\n"
                                          "workers ="))
    tap.equal(g.ctl("reload").returncode, 0, "http = false: reload")
    out = g.fetch("http://lab.example/echo")
    tap.equal(out.status, 403, "then http:// is refused")
    return tap.done(g)


sys.exit(main())
