#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""Every recorded client and every dialogue through the shipped packs, offline, by
sparsamctl replay: no planted text leaves, the service is the one that was meant,
nothing of it is unknown, and every collector of telemetry is answered here."""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile
from urllib.parse import urlsplit

TOP = os.path.abspath(os.environ.get("top_srcdir", "."))
sys.path.insert(0, os.path.join(TOP, "tests/lib"))
from tap import ok, plan  # noqa: E402
BUILD = os.path.abspath(os.environ.get("builddir", "."))
HARS = [os.path.join(TOP, "tests/data/zoom-meetingsdk.har")] + \
    sorted(glob.glob(os.path.join(TOP, "tests/data/captures/*.har"))) + \
    [h for h in sorted(glob.glob(os.path.join(TOP,
                                              "tests/data/services/*.har")))
     if not h.endswith(".answers.har")]

# Whose recording it is, where its name does not say so; None: third parties only.
SERVICES = {"zoom-meetingsdk": "zoom", "acs-chat": "teams",
            "teams-1ds": "teams", "teams-free": "teams", "bbb-sip": "bigbluebutton",
            "matrix": "generic", "goto-amplitude": "gotomeeting",
            "goto-launchdarkly": "gotomeeting", "chromium-background": None,
            "telemetry-mixpanel": None, "telemetry-segment": None,
            "telemetry-sentry": None}

# Hosts that an authority names itself.
VARIABLES = {("skype-for-business", "web_hosts"): "meet.partner.example "
             "lyncdiscover.partner.example webext.partner.example",
             ("generic", "hosts"): "matrix.amt.example.de messenger.amt.example.de",
             ("bigbluebutton", "hosts"): "bbb.amt.example.de"}

# The synthetic persons, devices and addresses of the recordings. The domain
# amt.example.de alone is not among them: Origin stays (policy/README.md).
NEVER = ["Erika Mustermann", "Mustermann", "erika.mustermann", "Max Beispiel",
         "Jabra Evolve2", "Logitech BRIO", "046d:085e", "10.47.11.23",
         "2001:db8:47:11::23", "2001:db8:ffff::10",
         "Europe/Berlin", "AMT-NB-0815", "B 2.14", "Referat 3"]
# Not of it: 203.0.113.10, where the recorded providers stood; 198.51.100.77, the address behind which the house stands. A server
# sees it as the sender of every packet, and as a candidate it makes media flow.

# What people write to each other is content, not metadata.
CHAT = "Guten Tag, hier Erika Mustermann"

# Who only counts, whatever the service: captures, column "telemetry hosts".
COLLECTORS = re.compile(
    r"(^|\.)(amplitude\.com|sentry\.io|mixpanel\.com|segment\.(io|com)|"
    r"launchdarkly\.com|events\.data\.microsoft\.com|"
    r"rtcstats-server-8x8\.jitsi\.net)$")

SERVICE = """
  { id = "%s"; mode = "enforce"; variables = { %s };
    agreement = { kind = "avv"; id = "AVV-2026-17"; version = "3";
      date = "2026-03-01"; sha256 = "%s"; valid_until = "2099-12-31";
      rating = { source = "BlnBDI 2.0"; version = "2.0"; date = "2021-02-18";
        light = "red"; };
      deviation = { id = "ZV-2026-4"; };
      transfer = { instrument = "scc"; assessment_id = "TIA-3"; };
      instructions_unrestricted = true; own_purposes = "none"; max_case = 2;
      processing_places = ( "DE" );
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


def asked(path):
    """Variables without a default, with a value for each."""
    name = os.path.basename(path)[:-len(".conf")]
    with open(path, encoding="utf-8") as f:
        names = re.findall(r"^\s*(\w+)\s*=\s*\( *\);", f.read(), re.M)
    return name, " ".join('%s = "%s";' % (n, VARIABLES.get(
        (name, n), "%s.%s.invalid" % (n.replace("_", "-"), name)))
        for n in names)


def configure(where):
    """A sparsamd.conf in which every shipped service is on."""
    packs = sorted(glob.glob(os.path.join(TOP, "policy/*.conf")))
    conf = os.path.join(where, "sparsamd.conf")
    with open(conf, "w", encoding="utf-8") as f:
        f.write(CONF % (os.path.join(TOP, "policy"), os.path.join(where, "ca"),
                        os.path.join(TOP, "tests/case/root.pem"),
                        ",".join(SERVICE % (asked(p) + ("00" * 32,))
                                 for p in packs)))
    return conf


def replay(conf, har):
    never = [a for text in NEVER for a in ("--never", text)]
    with open(har, encoding="utf-8-sig") as f:
        text = f.read()
    with tempfile.NamedTemporaryFile("w", encoding="utf-8",
                                     suffix=".har") as f:
        f.write(text.replace(CHAT, "Guten Tag"))
        f.flush()
        run = subprocess.run(
            [os.path.join(BUILD, "sparsamctl"), "-c", conf, "replay",
             "--json"] + never + [f.name], capture_output=True, text=True)
    try:
        return run, json.loads(run.stdout)
    except ValueError:
        return run, None


def planted(har):
    """Is there anything to be found in it at all?"""
    with open(har, encoding="utf-8-sig") as f:
        text = f.read().replace("+", " ").replace("%20", " ")
    return any(n in text for n in NEVER + ["Mozilla/5.0 (X11; Linux"])


def shown(out):
    """Values of the recorded browser that left."""
    return [(e["url"][:60], f["name"], f["after"])
            for e in out["entries"] for f in e["fields"]
            if f["direction"] == "up" and f["carrier"] == "header" and
            re.search(r"Linux|156|de-AT|en-US", f["after"] or "") and
            f["effect"] != "drop" and not
            f["name"].lower().startswith("x-own-")]


def judge(conf, har):
    name = os.path.basename(har)[:-len(".har")]
    run, out = replay(conf, har)
    if out is None:
        ok(False, name, run.stderr)
        return set()
    s = out["summary"]
    ok(not out["leaves"] and s["entries"] > 0 and s["unreadable"] == 0,
       "%s: %d entries, none of %d texts leaves" % (name, s["entries"],
                                                    len(NEVER)),
       out["leaves"], run.stderr, s)
    ok(planted(har), "%s has planted texts" % name)
    ok(not shown(out), "%s: one browser for everybody" % name, shown(out))
    through = [e["url"] for e in out["entries"]
               if COLLECTORS.search(urlsplit(e["url"]).hostname) and
               e["verdict"] != "denied"]
    ok(not through, "%s: every collector is answered here" % name, through)
    service = SERVICES.get(name, name)
    passed = [e for e in out["entries"] if e["verdict"] == "passed"]
    if service is not None:
        # of two editions with the same hosts either will do
        ok(passed and all(e["service"].startswith(service) for e in passed),
           "%s: what passes is %s" % (name, service),
           sorted({e["service"] for e in passed}),
           sorted({e["url"][:80] for e in out["entries"]
                   if e["verdict"] == "unlisted"}))
        ok(s["drift"] == 0 and s["websocket_messages_unreadable"] == 0,
           "%s: no unknown names" % name, s,
           [f for e in out["entries"] for f in e["fields"]
            if f.get("drift")][:20])
    return {urlsplit(e["url"]).hostname for e in out["entries"]
            if e["verdict"] == "denied"}


def main():
    met = set()
    with tempfile.TemporaryDirectory() as where:
        conf = configure(where)
        for har in HARS:
            met |= judge(conf, har)
        run, out = replay(conf, HARS[0])
        messages = [m for e in out["entries"] for m in e["messages"]]
        dropped = [m for m in messages if m["verdict"] == "denied"]
        ok(len(messages) == 21 and len(dropped) == 13,
           "zoom: of its messages telemetry does not leave, and nothing else",
           len(messages), dropped, out["summary"])
    ok(len(met) >= 9, "%d collectors were met" % len(met), sorted(met))
    plan()


main()
