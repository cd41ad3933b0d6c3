#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""Every recorded client through the rules, offline, by sparsamctl replay:
no planted text leaves, and every collector of telemetry is answered here."""
import glob
import json
import os
import re
import subprocess
import tempfile
from urllib.parse import urlsplit

TOP = os.path.abspath(os.environ.get("top_srcdir", "."))
BUILD = os.path.abspath(os.environ.get("builddir", "."))
ZOOM = os.path.join(TOP, "tests/data/zoom-meetingsdk.har")
HARS = [ZOOM] + sorted(glob.glob(os.path.join(TOP,
                                              "tests/data/captures/*.har")))

# The synthetic persons, devices and addresses of the recordings. The domain
# amt.example.de alone is not among them: Origin stays (policy/README.md).
NEVER = ["Erika Mustermann", "Mustermann", "erika.mustermann", "Max Beispiel",
         "Jabra Evolve2", "Logitech BRIO", "046d:085e", "10.47.11.23",
         "2001:db8:47:11::23", "198.51.100.77", "198.51.100.64",
         "203.0.113.10", "2001:db8:ffff::10", "Europe/Berlin", "AMT-NB-0815",
         "B 2.14", "Referat 3"]

# Who only counts, whatever the service: captures, column "telemetry hosts".
COLLECTORS = re.compile(
    r"(^|\.)(amplitude\.com|sentry\.io|mixpanel\.com|segment\.(io|com)|"
    r"launchdarkly\.com|events\.data\.microsoft\.com|"
    r"rtcstats-server-8x8\.jitsi\.net)$")

SERVICE = """
  { id = "%s"; mode = "enforce";
    agreement = { kind = "avv"; id = "AVV-2026-17"; version = "3";
      date = "2026-03-01"; sha256 = "%s"; valid_until = "2099-12-31";
      rating = { source = "BlnBDI 2.0"; version = "2.0"; date = "2021-02-18";
        light = "red"; };
      deviation = { id = "ZV-2026-4"; };
      transfer = { instrument = "scc"; assessment_id = "TIA-3"; };
      instructions_unrestricted = true; own_purposes = "none"; max_case = 2;
      dpia_id = "DSFA-12"; staff = { council_ref = "PR-7";
        notice_ref = "INFO-3"; }; };
    inspection = { basis = "Art. 6(1)(e) GDPR"; dpia = "DSFA-12";
      council = "DV-2026-2"; notice = "INFO-3"; }; }"""
CONF = """listen = ( "127.0.0.1:3128" );
clients = ( { net = "127.0.0.0/8"; level = 2; } );
policy_dir = "%s";
ca = { dir = "%s"; name = "Amt Beispielstadt"; };
tls = { trust = "%s"; };
page = { authority = "Amt Beispielstadt"; telephone = "tel:+49302000"; };
services = ( %s );
"""

count = 0


def ok(good, name, *notes):
    global count
    count += 1
    print("%sok %d - %s" % ("" if good else "not ", count, name))
    for note in () if good else notes:
        print("# " + str(note).replace("\n", "\n# "))


def configure(where, service):
    """A sparsamd.conf with one service, the shipped packs and seen.conf."""
    packs = os.path.join(where, "policy")
    os.makedirs(os.path.join(packs, "common"), exist_ok=True)
    for path in [os.path.join(TOP, "tests/unit/policy/seen.conf")] + \
            glob.glob(os.path.join(TOP, "policy/*.conf")) + \
            glob.glob(os.path.join(TOP, "policy/common/*.conf")):
        in_common = os.path.basename(os.path.dirname(path)) == "common"
        to = os.path.join(packs, "common" if in_common else "",
                          os.path.basename(path))
        # only one pack may name a host: zoom.us is in seen.conf too
        if not in_common and os.path.basename(path) != service + ".conf":
            continue
        if not os.path.exists(to):
            os.symlink(path, to)
    conf = os.path.join(where, "sparsamd.conf")
    with open(conf, "w", encoding="utf-8") as f:
        f.write(CONF % (packs, os.path.join(where, "ca"),
                        os.path.join(TOP, "tests/case/root.pem"),
                        SERVICE % (service, "00" * 32)))
    return conf


def replay(conf, har):
    never = [a for text in NEVER for a in ("--never", text)]
    run = subprocess.run(
        [os.path.join(BUILD, "sparsamctl"), "-c", conf, "replay", "--json"] +
        never + [har], capture_output=True, text=True)
    try:
        return run, json.loads(run.stdout)
    except ValueError:
        return run, None


def planted(har):
    """Is there anything to be found in it at all?"""
    with open(har, encoding="utf-8-sig") as f:
        text = f.read().replace("+", " ").replace("%20", " ")
    return any(n in text for n in NEVER + ["Mozilla/5.0 (X11; Linux"])


def zoom(where):
    """The pack that exists: nothing leaves to it, and nothing to anybody
    else, in messages on WebSockets neither."""
    conf = configure(where, "zoom")
    for har in HARS:
        name = os.path.basename(har)
        run, out = replay(conf, har)
        if out is None:
            ok(False, name, run.stderr)
            continue
        hits = out["leaves"]
        s = out["summary"]
        ok(not hits and s["entries"] > 0 and s["unreadable"] == 0,
           "zoom: %s: %d entries, none of %d texts leaves" %
           (name, s["entries"], len(NEVER)), hits, run.stderr, s)
        ok(planted(har), "%s has planted texts" % name)
        strangers = [e["url"] for e in out["entries"]
                     if e["verdict"] not in ("denied", "unlisted") and not
                     re.search(r"(^|\.)zoom\.(us|com)$",
                               urlsplit(e["url"]).hostname)]
        ok(not strangers, "zoom: %s: nothing to other hosts" % name,
           strangers)
    run, out = replay(conf, ZOOM)
    ok(out["summary"]["passed"] > 20 and out["summary"]["denied"] > 5,
       "zoom: the join itself passes", out["summary"])
    messages = [m for e in out["entries"] for m in e["messages"]]
    dropped = [m for m in messages if m["verdict"] == "denied"]
    ok(len(messages) == 21 and len(dropped) == 13 and
       out["summary"]["websocket_messages_unreadable"] == 0,
       "zoom: of its messages telemetry does not leave, and nothing else",
       len(messages), dropped, out["summary"])
    ok(out["summary"]["drift"] == 0, "zoom: no unknown names",
       out["summary"])


def collectors(where):
    """What packs share: all collectors of all recordings are denied, with an
    answer that keeps their scripts calm, and no browser shows through."""
    conf = configure(where, "seen")
    met = set()
    for har in HARS:
        name = os.path.basename(har)
        run, out = replay(conf, har)
        if out is None:
            ok(False, name, run.stderr)
            continue
        passed = [e["url"] for e in out["entries"]
                  if COLLECTORS.search(urlsplit(e["url"]).hostname) and
                  e["verdict"] != "denied"]
        met |= {urlsplit(e["url"]).hostname for e in out["entries"]
                if e["verdict"] == "denied"}
        ok(not passed, "common: %s: every collector is answered here" % name,
           passed)
        shown = [(e["url"][:60], f["name"], f["after"])
                 for e in out["entries"] for f in e["fields"]
                 if f["direction"] == "up" and f["carrier"] == "header" and
                 re.search(r"Linux|156|de-AT|en-US", f["after"] or "") and
                 f["effect"] != "drop" and not
                 f["name"].lower().startswith("x-own-")]
        ok(not shown, "common: %s: one browser for everybody" % name, shown)
    ok(len(met) >= 9, "common: %d collectors were met" % len(met),
       sorted(met))


def main():
    with tempfile.TemporaryDirectory() as where:
        zoom(os.path.join(where, "zoom"))
        collectors(os.path.join(where, "seen"))
    print("1..%d" % count)


main()
