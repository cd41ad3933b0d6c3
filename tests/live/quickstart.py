# SPDX-License-Identifier: EUPL-1.2
"""The part of contrib/quickstart behind the build: provider, daemon, recording,
table. quickstart.py [--stay] [--all]"""
import base64
import json
import os
import sys
import time

from gate import CAPTURE, PLANTED, Gate, leaks, port_open, wait
from play import Player, compare, fields

WIDTH = int(os.environ.get("COLUMNS") or 0) or 132
OWN_PAGE = "besprechung.amt.example.de"
# The name of the embedding page stays in Origin: CORS needs it, see the pack.
NEVER = [p for p in PLANTED if p != "amt.example.de"] + \
    ["erika.mustermann@amt.example.de"]


def cut(text, width):
    text = "".join(c if c.isprintable() else "?" for c in text)
    return text if len(text) <= width else text[:width - 3] + "..."


def verdicts(gate):
    """What the rules say offline, per entry of the recording."""
    out = gate.ctl("replay", "--json", CAPTURE)
    try:
        return {e["entry"] - 1: e for e in json.loads(out.stdout)["entries"]}
    except (ValueError, KeyError) as e:
        print("sparsamctl replay: %s %s" % (e, out.stderr))
        return {}


def why(verdict, carrier, name):
    for f in verdict.get("fields", []):
        if f.get("direction") == "up" and f.get("carrier") == carrier and \
                f.get("name", "").lower() == name.lower():
            rule = f.get("rule") or ""
            return f.get("category") or ("not listed" if f.get("drift")
                                         else ""), os.path.basename(rule)
    return "", ""


def row(*cells):
    spare = max(40, WIDTH - 6 - 8 - 20 - 12 - 16 - 5)
    widths = (8, 20, spare // 2, spare // 2, 12, 16)
    print("      " + " ".join(cut(c, w).ljust(w)
                              for c, w in zip(cells, widths)).rstrip())


def show_answer(verdict, everything):
    """What was changed on the way back, after the rules."""
    down = [f for f in verdict.get("fields", []) if f["direction"] == "down"
            and (everything or f.get("effect") != "keep")]
    if down:
        row("carrier", "name", "the provider answered",
            "the client received", "category", "rule")
    for f in down:
        row(f["carrier"], f["name"], f["before"] or '""',
            "-" if f["after"] is None else f["after"] or '""',
            f.get("category") or "",
            os.path.basename(f.get("rule") or ""))


def show(number, entry, verdict, everything, known):
    print("%3d %s %s" % (number, entry["method"], cut(entry["url"],
                                                      WIDTH - 10)))
    got = entry["got"]
    if got is None:
        where = verdict.get("verdict", "refused")
        print("      never left: %s%s%s; answered here with %s, "
              "%d bytes of content kept back" % (
                  where, " as " + verdict["why"] if verdict.get("why") else "",
                  ", " + os.path.basename(verdict["rule"])
                  if verdict.get("rule") else "",
                  entry["status"] or entry["note"], len(entry["body"])))
        return
    body = base64.b64decode(got["body64"])
    rows, same = compare(fields(entry["headers"], entry["target"],
                                entry["body"]),
                         fields([tuple(h) for h in got["headers"]],
                                got["target"], body), everything)
    before = known.setdefault(str(rows), number)
    if before != number and not everything:
        print("      %d values changed, the same as in request %d" % (
            len(rows), before))
    elif rows:
        row("carrier", "name", "the client sent", "the provider received",
            "category", "rule")
        for carrier, name, sent, received in rows:
            category, rule = why(verdict, carrier, name)
            row(carrier, name, "-" if sent is None else sent or '""',
                "-" if received is None else received or '""', category, rule)
    show_answer(verdict, everything)
    print("      %d values as they were; answer %d%s" % (
        same, entry["status"],
        "; the provider: " + ("all it needs is there" if got["met"] == "yes"
                              else got["met"]) if got["met"] else ""))
    if entry["messages"] or entry["heard"]:
        print("      WebSocket: %d messages sent, %d received, read like "
              "requests" % (entry["messages"], entry["heard"]))


def totals(gate, player, played, verdict):
    """The closing lines; True when everything is as it must be."""
    problems = []
    denied = [e for e in played if e["got"] is None and
              e["host"] != OWN_PAGE]
    kept = sum(len(e["body"]) for e in denied)
    time.sleep(0.3)
    record = gate.record()
    telemetry = [r for r in record if r.get("telemetry")]
    strange = [r for r in record if r["event"] == "bad"]
    counts = {}
    for i, e in enumerate(played):
        if e["got"] is None:
            continue
        for f in verdict.get(i, {}).get("fields", []):
            if f.get("direction") == "up" and f.get("category") and \
                    f.get("effect") != "keep":
                counts[f["category"]] = counts.get(f["category"], 0) + 1
    print("\nrequests sent by the client       %4d" % len(played))
    print("requests the provider received    %4d" % len(
        [r for r in record if r["event"] == "request"]))
    print("values removed or replaced        %4d   %s" % (
        sum(counts.values()),
        ", ".join("%s %d" % c for c in sorted(counts.items()))))
    print("telemetry requests that never left %3d   %d bytes of content, to %s"
          % (len(denied), kept,
             ", ".join(sorted({e["host"] for e in denied})) or "-"))
    print("telemetry bytes at the provider   %4d" % sum(
        r.get("body_bytes", 0) for r in telemetry))
    if telemetry:
        problems.append("telemetry arrived at the provider")
    if strange:
        problems.append("the provider got malformed requests: %s" %
                        strange[0]["why"])
    for e in played:
        if e["host"] == OWN_PAGE:
            continue
        if e["note"] or e["status"] not in (200, 101, 204):
            problems.append("%s %s: %s %s" % (
                e["method"], cut(e["url"], 60), e["status"], e["note"]))
        elif e["got"] and e["got"].get("met") not in (None, "yes"):
            problems.append("%s: %s" % (cut(e["url"], 60), e["got"]["met"]))
    join = next((e for e in played if e["target"] == "/api/v1/wc/info"), None)
    if not join or b'"status":true' not in join["answer"]:
        problems.append("the join was refused")
    heard = [e for e in played if "/wc/api/" in e["target"]]
    if not heard or heard[0]["heard"] < 4:
        problems.append("signalling did not work")
    seen = b"\n".join(
        json.dumps([r.get("target"), r.get("headers")]).encode() + b"\n" +
        base64.b64decode(r.get("body64", "")) + b"\n" +
        b"\n".join(base64.b64decode(g) for g in r.get("got64", []))
        for r in record)
    found = leaks(seen, NEVER)
    if found:
        problems.append("found at the provider: %s" % found)
    else:
        print("planted names, mail, devices, places: none found in any "
              "request or\n  WebSocket message (plain, percent, base64, JSON "
              "escapes, hex)")
    return problems


def main():
    stay, everything = "--stay" in sys.argv, "--all" in sys.argv
    port = 3128
    if port_open(port):
        port = None
        print("Port 3128 is taken: another one is used.")
    gate = Gate(services=("zoom",), port=port, workers=1)
    gate.start()
    print("gateway on 127.0.0.1:%d, fake provider on 127.0.0.1:%d\n" % (
        gate.port, gate.tls_port))
    verdict = verdicts(gate)
    player = Player(gate, CAPTURE)
    played, known = [], {}
    for i, entry in enumerate(player.entries):
        host = entry["request"]["url"].split("/")[2]
        if host == OWN_PAGE:
            print("%3d GET %s\n      the authority's own page: no provider, "
                  "a browser with the PAC file goes there directly" % (
                      i + 1, entry["request"]["url"]))
            continue
        played.append(player.play(entry))
        show(i + 1, played[-1], verdict.get(i, {}), everything,
             known)
    player.close()
    order = {j: verdict.get(i, {}) for j, i in enumerate(
        i for i, e in enumerate(player.entries)
        if e["request"]["url"].split("/")[2] != OWN_PAGE)}
    problems = totals(gate, player, played, order)
    found = leaks(gate.logs().encode(), PLANTED + ["zoom.us"])
    if found:
        problems.append("found in the log: %s" % found)
    for p in problems:
        print("PROBLEM: " + p)
    print("\nRESULT: %s" % (
        "FAILED, see above" if problems else
        "the meeting works, and nothing told the provider who takes part, "
        "from where, with which device"))
    if stay and not problems:
        print("\nThe gateway stays. Configure a browser with:\n"
              "  proxy (HTTP and HTTPS): http://127.0.0.1:%d   or PAC file "
              "http://127.0.0.1:%d/proxy.pac\n"
              "  CA certificate to trust: http://127.0.0.1:%d/ca.pem   (file "
              "%s)\n"
              "then open https://app.zoom.us/wc/join/84512340987?pwd=1 . "
              "Ctrl-C ends everything.\n"
              "What arrives: %s; counters: %s -c %s stats" % (
                  gate.port, gate.port, gate.port, gate.root,
                  gate.record_path, gate.sparsamctl, gate.conf_path))
        sys.stdout.flush()
        try:
            wait(lambda: gate.daemon.poll() is not None, 10 ** 9, 0.5)
        except KeyboardInterrupt:
            pass
    gate.stop()
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
