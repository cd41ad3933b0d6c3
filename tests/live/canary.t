#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""sparsamctl canary through a real gateway: no mark arrives; one that does is
told, and so is a gateway that is not set up for it."""
import json
import os
import sys

from gate import Gate, Tap, free_port

CARRIERS = ("header cookie query path form multipart json xml sdp proto "
            "text").split()
CODINGS = "plain percent base64 base64url escape gzip".split()


def main():
    tap = Tap()
    port = free_port()
    line = '{ host = "canary.sparsam.invalid"; port = 80; ' \
        'to = "127.0.0.1:%d"; },' % port

    def lead(text):
        return text.replace("connect_to = (", "connect_to = (" + line)

    g = Gate(services=("zoom", "canary"))
    g.options["edit"] = lead
    g.write_conf()
    g.start()

    out = g.ctl("canary", "--json")
    found = json.loads(out.stdout) if out.returncode in (0, 1) else {}
    marks = found.get("marks", [])
    tap.equal(out.returncode, 0, "exit status")
    tap.equal(len(marks), len(CARRIERS) * len(CODINGS),
              "a mark for each carrier and coding")
    for carrier in CARRIERS:
        fates = {m["coding"]: m["fate"] for m in marks
                 if m["carrier"] == carrier}
        tap.ok(set(fates) == set(CODINGS) and "arrived" not in fates.values(),
               "no mark in " + carrier + " arrives", fates, out.stderr)
    for carrier in OPENED:
        fates = [m["fate"] for m in marks if m["carrier"] == carrier]
        tap.ok("refused" not in fates, carrier + " is opened, not refused",
               fates)
    tap.equal(found.get("tls"), "judged", "TLS is opened and judged")
    tap.ok("Kanari" not in g.logs(), "no mark in the log")

    out = g.ctl("canary")
    tap.ok(out.returncode == 0 and ", 0 ARRIVED, " in out.stdout,
           "as text", out.stdout, out.stderr)

    out = g.ctl("canary", "--ca", os.path.join(g.dir, "pki", "root.pem"))
    tap.ok(out.returncode == 3 and "certificate" in out.stderr,
           "a root that is not the gateway's: exit status 3", out.stderr)
    out = g.ctl("canary", "--ca", g.conf_path)
    tap.ok(out.returncode == 3 and "no certificate" in out.stderr,
           "a file that is no root", out.stderr)

    # a gateway with a hole
    pack = g.path("policy", "canary.conf")
    with open(pack, encoding="utf-8") as f:
        text = f.read()
    with open(pack, "w", encoding="utf-8") as f:
        f.write(text.replace("header canary-plain", "header other")
                .replace("header canary-*", "header other-*"))
    tap.equal(g.ctl("reload").returncode, 0, "a hole in the pack")
    out = g.ctl("canary")
    tap.ok(out.returncode == 1 and "header     plain      ARRIVED" in
           out.stdout, "a mark that arrives: exit status 1", out.stdout)

    # set-ups that prove nothing
    g.write_conf(services=("zoom",))
    tap.equal(g.ctl("reload").returncode, 0, "the service is off")
    out = g.ctl("canary")
    tap.ok(out.returncode == 3 and "answers with 403" in out.stderr,
           "that is told, not taken for good", out.stdout, out.stderr)
    g.write_conf(edit=lambda t: t.replace("\"*\"", "\"lab.example\""))
    out = g.ctl("canary")
    tap.ok(out.returncode == 1 and "connect_to" in out.stderr,
           "without connect_to it says what to add", out.stderr)
    out = g.ctl("canary", "--proxy", "127.0.0.1:%d" % free_port(),
                "--listen", "127.0.0.1:%d" % free_port())
    tap.equal(out.returncode, 3, "no gateway")
    out = g.ctl("canary", "--proxy", "localhost", "--listen", "127.0.0.1:1")
    tap.equal(out.returncode, 2, "addresses are addresses")
    if os.geteuid() == 0:
        out = g.ctl("canary", "--listen", "192.0.2.1:1")
        tap.equal(out.returncode, 3, "a place that is not ours")
    return tap.done(g)


# carriers that a scrubber of the gateway reads
OPENED = "header cookie query path form json xml sdp text multipart proto".split()
sys.exit(main())
