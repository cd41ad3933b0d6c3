#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""Third parties behind the hosts of a pack: check lists what the agreement does
not know, and drift what was contacted of it, once per name, without an address."""
import json
import sys

from gate import Gate, Tap

PARTIES = """service = {
  parties = (
    { name = "Cloud Hosting, Inc."; country = "US"; hosts = "*.lab.example"; },
    { name = "Never Reached AG"; country = "CH"; hosts = "never.example"; } );"""
AGREED = """subprocessors = (
        { name = "Media House"; country = "DE"; hosts = ( "blind.lab.example" );
          nets = ( "198.51.100.0/24", "2001:db8::/32" ); } );
      processing_places = ( "DE", "AT" );
      audit = { onsite = true; }; instructions_unrestricted"""


def drift(g):
    out = g.ctl("drift", "--json")
    return {(d["carrier"], d["name"]): d
            for d in json.loads(out.stdout)["drift"]}


def main():
    tap = Tap()
    g = Gate(services=("lab",), workers=1)
    pack = g.path("policy/lab.conf")
    with open(pack, encoding="utf-8") as f:
        text = f.read()
    with open(pack, "w", encoding="utf-8") as f:
        f.write(text.replace("service = {", PARTIES, 1))
    g.write_conf(edit=lambda s: s.replace(
        "instructions_unrestricted", AGREED).replace(
        'assessment_id = "TIA-5"', 'assessment_id = ""'))
    found = g.ctl("check").stdout
    for want in ("subprocessors lack Cloud Hosting, Inc. (US)",
                 "subprocessors lack Never Reached AG (CH)",
                 "processing_places lack US, the country of Cloud Hosting",
                 "processing_places lack CH",
                 "audit.unannounced is not true",
                 "transfer.assessment_id is missing",
                 "deletion_days are missing", "tom_ref is missing"):
        tap.ok("lab: finding: " + want in found, "check: " + want, found)
    tap.ok("audit.onsite" not in found, "check: what was granted is not there",
           found)
    g.start()
    tap.equal(drift(g), {}, "nothing contacted: no drift")
    for _ in range(3):
        g.fetch("https://a.lab.example/echo")
        g.fetch("https://blind.lab.example/", "-k")
    found = drift(g)
    tap.equal(set(found), {("subprocessor", "Cloud_Hosting,_Inc."),
                           ("place", "US"), ("network", "Media_House")},
              "contacted: the party, its country, the other network")
    lines = g.ctl("drift").stdout
    for want in ('{ name = "Cloud Hosting, Inc."; country = "??"; },',
                 "agreement.subprocessors", '"US",',
                 "agreement.processing_places"):
        tap.ok(want in lines, "drift: " + want, lines)
    tap.ok("127.0.0.1" not in lines and "blind" not in lines,
           "no address, no host", lines)
    tap.log(g, "Cloud Hosting")
    return tap.done(g)


if __name__ == "__main__":
    sys.exit(main())
