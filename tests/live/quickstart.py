# SPDX-License-Identifier: EUPL-1.2
"""The part of contrib/quickstart behind the build: provider, daemon, recording,
table. quickstart.py [SERVICE] [--stay] [--all]"""
import base64
import json
import os
import sys

from dialogue import Dialogue, play
from gate import PLANTED, Gate, data_file, leaks, port_open, wait
from play import Player, compare, fields

WIDTH = int(os.environ.get("COLUMNS") or 0) or 132


def cut(text, width):
    text = "".join(c if c.isprintable() else "?" for c in text)
    return text if len(text) <= width else text[:width - 3] + "..."


def verdicts(gate, d):
    """What the rules say offline, per entry of the dialogue. The answers that
    they are shown are the provider's own."""
    played = play(Player(gate, d.entries, direct=True), d.entries,
                  range(len(d.entries)))
    har = gate.path("dialogue.har")
    with open(har, "w", encoding="utf-8") as f:
        f.write(d.answered(played))
    out = gate.ctl("replay", "--json", har)
    try:
        found = {e["entry"] - 1: e for e in json.loads(out.stdout)["entries"]}
    except (ValueError, KeyError) as e:
        raise SystemExit("sparsamctl replay: %s %s" % (e, out.stderr))
    return [found.get(i, {}) for i in range(len(d.entries))]


def why(verdict, carrier, name):
    for f in verdict.get("fields", []):
        if f.get("direction") == "up" and f.get("carrier") == carrier and \
                name.lower() in (f.get("name", "").lower(),
                                 f.get("path", "").lower()):
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
                  where, " as " + verdict["why"]
                  if verdict.get("why", where) != where else "",
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
        show_messages(entry, verdict, everything)


def show_messages(entry, verdict, everything):
    """Of all messages of a WebSocket together."""
    up = [m for m in verdict.get("messages", []) if m["direction"] == "up"]
    denied = [m.get("why") or "refused" for m in up
              if m["verdict"] == "denied"]
    rows = []
    for m in verdict.get("messages", []):
        for f in m["fields"]:
            r = ("" if f["direction"] == "up" else "to client: ") + \
                f["carrier"], f.get("path") or f["name"], f["before"] or '""', \
                "-" if f["after"] is None else f["after"] or '""', \
                f.get("category") or "", os.path.basename(f.get("rule") or "")
            if (everything or f.get("effect") != "keep") and r not in rows:
                rows.append(r)
    if rows:
        row("message", "name", "one side says", "the rules let through",
            "category", "rule")
    for r in rows:
        row(*r)
    print("      WebSocket: %d messages sent%s; %d received" % (
        entry["messages"], ", %d of them never left: %s" % (
            len(denied), ", ".join(sorted(set(denied)))) if denied else "",
        len(entry["heard"])))


def count(played, verdict):
    """Values that did not leave as they were, by category; messages that did
    not leave at all."""
    counts, messages = {}, 0
    for e, v in zip(played, verdict):
        if e["got"] is None:
            continue
        found = list(v.get("fields", []))
        for m in v.get("messages", []):
            found += m["fields"]
            messages += m["direction"] == "up" and m["verdict"] == "denied"
        for f in found:
            if f.get("direction") == "up" and f.get("category") and \
                    f.get("effect") != "keep":
                counts[f["category"]] = counts.get(f["category"], 0) + 1
    return counts, messages


def totals(gate, d, played, verdict, since):
    """The closing lines; what is not as it must be."""
    problems = d.failures(played)
    gate.settled()
    record = gate.record(since)
    denied = [e for e in played if e["got"] is None]
    telemetry = [r for r in record if r.get("telemetry")]
    strange = [r for r in record if r["event"] == "bad"]
    counts, messages = count(played, verdict)
    print("\nrequests sent by the client       %4d" % len(played))
    print("requests the provider received    %4d" % len(
        [r for r in record if r["event"] == "request"]))
    print("values removed or replaced        %4d   %s" % (
        sum(counts.values()),
        ", ".join("%s %d" % c for c in sorted(counts.items()))))
    print("requests that never left          %4d   %d bytes of content, to %s"
          % (len(denied), sum(len(e["body"]) for e in denied),
             ", ".join(sorted({e["host"] for e in denied})) or "-"))
    if messages:
        print("messages that never left          %4d" % messages)
    print("telemetry bytes at the provider   %4d" % sum(
        r.get("body_bytes", 0) for r in telemetry))
    if telemetry:
        problems.append("telemetry arrived at the provider")
    if strange:
        problems.append("the provider got malformed requests: %s" %
                        strange[0]["why"])
    for e in played:
        if e["got"] and e["got"].get("met") not in (None, "yes"):
            problems.append("%s: %s" % (cut(e["url"], 60), e["got"]["met"]))
        elif e["note"] and not e["messages"]:
            problems.append("%s %s: %s %s" % (
                e["method"], cut(e["url"], 60), e["status"], e["note"]))
    problems += ["%s: %s" % (cut(r["target"], 60), r["unmet"][0])
                 for r in record if r.get("unmet")]
    found = d.planted_in(gate.record_pieces(since))
    if found:
        problems.append("found at the provider: %s" % found)
    else:
        print("planted names, mail, devices, places: none found in any "
              "request or\n  WebSocket message (plain, percent, base64, JSON "
              "escapes, hex, packed)")
    return problems


def stays(gate, d):
    first = next(e["request"]["url"] for e in d.entries
                 if not d.is_telemetry(e["request"]["url"].split("/")[2]))
    print("\nThe gateway stays. Configure a browser with:\n"
          "  proxy (HTTP and HTTPS): http://127.0.0.1:%d   or PAC file "
          "http://127.0.0.1:%d/proxy.pac\n"
          "  CA certificate to trust: http://127.0.0.1:%d/ca.pem   (file "
          "%s)\n"
          "then open %s . Ctrl-C ends everything.\n"
          "What arrives: %s; counters: %s -c %s stats" % (
              gate.port, gate.port, gate.port, gate.root,
              d.data["client"].get("open", first), gate.record_path,
              gate.sparsamctl, gate.conf_path))
    sys.stdout.flush()
    try:
        wait(lambda: gate.daemon.poll() is not None, 10 ** 9, 0.5)
    except KeyboardInterrupt:
        pass


def main():
    words = [a for a in sys.argv[1:] if not a.startswith("--")]
    service = words[0] if words else "zoom"
    if data_file(service) is None:
        raise SystemExit("there is no fake provider for " + service)
    d = Dialogue(service)
    port = 3128
    if port_open(port):
        port = None
        print("Port 3128 is taken: another one is used.")
    gate = Gate(services=(service,), port=port, workers=1)
    gate.start()
    print("gateway on 127.0.0.1:%d, fake provider on 127.0.0.1:%d\n" % (
        gate.port, gate.tls_port))
    verdict = verdicts(gate, d)
    gate.forget()
    since = gate.settled()
    player = Player(gate, d.entries)
    played, known = [], {}
    for number, entry, said in zip(d.numbers, d.entries, verdict):
        played.append(player.play(entry))
        show(number, played[-1], said, "--all" in sys.argv, known)
    player.close()
    problems = totals(gate, d, played, verdict, since)
    found = leaks(gate.logs().encode(),
                  PLANTED + sorted({e["host"] for e in played}))
    if found:
        problems.append("found in the log: %s" % found)
    for p in problems:
        print("PROBLEM: " + p)
    print("\nRESULT: %s" % (
        "FAILED, see above" if problems else
        "the meeting works, and nothing told the provider who takes part, "
        "from where, with which device"))
    if "--stay" in sys.argv and not problems:
        stays(gate, d)
    gate.stop()
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
