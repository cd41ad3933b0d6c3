#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""The dialogue of every service that has a fake provider (provider/*.json) is
played through the gateway: the join succeeds, nothing planted arrives in any
encoding, no telemetry host hears anything. Then without the gateway: it
succeeds, and it fails as soon as one field is left out that the service needs.
services.t [SERVICE...]"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

from dialogue import Dialogue, play
from gate import HERE, TOP, Gate, Tap, port_open
from play import Player

CHECK = os.path.join(HERE, "provider/check")


def names():
    return sorted(n[:-5] for n in os.listdir(os.path.join(HERE, "provider"))
                  if n.endswith(".json"))


def packs():
    """Packs of services that can be used: not retired, and not our own."""
    out = []
    for n in sorted(os.listdir(os.path.join(TOP, "policy"))):
        if n.endswith(".conf") and n != "canary.conf":
            with open(os.path.join(TOP, "policy", n), encoding="utf-8") as f:
                if not re.search(r"^\s*retired\s*=", f.read(), re.M):
                    out.append(n[:-5])
    return out


def through(tap, g, d, service):
    """With the gateway."""
    played = play(Player(g, d.entries), d.entries, range(len(d.entries)))
    g.settled()
    tap.equal(d.failures(played), [], service + ": the join succeeds")
    for p in played:
        if p["got"] and p["got"].get("met") not in (None, "yes"):
            tap.ok(False, "%s: %s %s" % (service, p["method"], p["url"][:100]),
                   p["got"]["met"])
    record = g.record()
    unmet = [(r["target"], r["unmet"]) for r in record if r.get("unmet")]
    tap.equal(unmet, [], service + ": no message lacks what it needs")
    telemetry = [r for r in record if r.get("telemetry") or
                 d.is_telemetry(r.get("sni") or "")]
    tap.equal(telemetry, [], service + ": no telemetry arrives, and no host of it hears "
              "anything")
    silent = ["%s %s: %s %s" % (p["method"], p["url"][:100], p["status"],
                                p["note"]) for p in played
              if d.is_telemetry(p["host"]) and p["url"].startswith("http")
              and (p["note"] or p["status"] >= 500)]
    tap.equal(silent, [], service + ": telemetry gets its answer here")
    bad = [r["why"] for r in record if r["event"] == "bad"]
    tap.equal(bad, [], service + ": no malformed request")
    sent = d.planted_in(d.sent())
    never_sent = set(["Mustermann"] + d.data.get("plant", [])) - \
        {text for text, _ in sent}
    tap.equal(never_sent, set(), "%s: the client sends %d of what is planted" %
              (service, len(sent)))
    pieces = g.record_pieces()
    found = d.planted_in(pieces)
    tap.ok(not found, "%s: nothing planted arrives in %d requests" % (
        service, len([r for r in record if r["event"] == "request"])),
        found, *[p[:300] for p in pieces if found and d.planted_in([p])][:8])
    hosts = {p["host"] for p in played}
    tap.log(g, *sorted(hosts))


def without(tap, g, d, service):
    """Without the gateway, whole and with one field less."""
    g.forget()
    places = d.functional()
    played = play(Player(g, d.entries, direct=True), d.entries, places)
    tap.equal(d.failures(played), [],
              service + ": the join succeeds without the gateway, too")
    allowed, wrong = [], []
    for row in d.data.get("needed", []):
        g.forget()
        try:
            entries = d.without(row)
        except ValueError as e:
            wrong.append("%s: %s" % (row, e))
            continue
        played = play(Player(g, entries, direct=True), entries, places)
        if not d.failures(played):
            allowed.append(row)
    tap.ok(not allowed and not wrong, "%s: the provider refuses the join "
           "without each of %d things it needs" % (
               service, len(d.data.get("needed", []))), *(allowed + wrong))


def main():
    tap = Tap()
    todo = sys.argv[1:] or names()
    out = subprocess.run([CHECK] + todo, capture_output=True, text=True)
    tap.ok(out.returncode == 0, "the data files are well formed", out.stdout,
           out.stderr)
    if not sys.argv[1:]:
        tap.equal([p for p in packs() if p not in todo], [],
                  "each service has its fake provider")
    pki = tempfile.mkdtemp(prefix="sparsam-pki.")
    try:
        subprocess.run([os.path.join(HERE, "pki"), pki], check=True)
        for service in todo:
            g = None
            try:
                d = Dialogue(service)
                g = Gate(services=(service,), workers=1, pki=pki).start()
                through(tap, g, d, service)
                without(tap, g, d, service)
                tap.ok(g.daemon.poll() is None and port_open(g.port),
                       service + ": the gateway lives")
            except (Exception, SystemExit) as e:
                tap.ok(False, "%s: %s" % (service, type(e).__name__), e)
            if g:
                g.stop()
    finally:
        shutil.rmtree(pki, ignore_errors=True)
    return tap.done()


sys.exit(main())
