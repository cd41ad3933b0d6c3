#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""Two daemons with one master.key make the same pseudonyms, each turns back what
the other made, and one with another key can do neither. The change of the day is
in tests/unit/main/test_signer."""
import json
import os
import shutil
import sys

from gate import Gate, Tap

UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"
MAIL = "erika@amt.example.de"
PACK = """
request = (
  { when = "* */echo*"; strip = (
      ( "header X-User", "pseudonym", "participant" ),
      ( "header X-Mail", "pseudonym", "participant" ) ); },"""
BACK = """
response = (
  { when = "* */echo*"; strip = (
      ( "json $.headers[*][1]", "restore", "participant" ) ); },"""


def gate():
    g = Gate(services=("lab",), workers=2)
    path = g.path("policy/lab.conf")
    with open(path, encoding="utf-8") as f:
        text = f.read()
    with open(path, "w", encoding="utf-8") as f:
        f.write(text.replace("\nrequest = (", PACK, 1)
                .replace("\nresponse = (", BACK, 1))
    return g


def ask(g, *fields):
    """What the provider got and what the client gets back, by field."""
    before = g.settled()
    args = [a for f in fields for a in ("-H", f)]
    out = g.fetch("https://lab.example/echo", *args)
    g.settled()
    up = {n.lower(): v for r in g.record(before)
          for n, v in r.get("headers", [])}
    down = {n.lower(): v for n, v in json.loads(out.stdout)["headers"]} \
        if out.status == 200 else {}
    return up, down, out


def main():
    tap = Tap()
    a, b, c = gate(), gate(), gate()
    for g in (a, b, c):
        g.make_ca()
    shutil.copy(a.path("ca/master.key"), b.path("ca/master.key"))
    os.chmod(b.path("ca/master.key"), 0o600)
    for g in (a, b, c):
        g.start()
    fields = ("X-User: " + UUID, "X-Mail: " + MAIL)
    up, down, out = ask(a, *fields)
    tap.ok(up.get("x-user") not in (None, UUID) and
           len(up["x-user"]) == len(UUID) and
           up.get("x-mail", "").endswith("@gateway.invalid"),
           "names go up", up, out.stderr, a.logs())
    tap.equal((down.get("x-user"), down.get("x-mail")), (UUID, MAIL),
              "and values come down")
    other = ask(b, *fields)[0]
    tap.equal((other.get("x-user"), other.get("x-mail")),
              (up["x-user"], up["x-mail"]), "the other daemon makes the same")
    # X-Echo is not judged on its way up.
    for _ in range(6):  # whichever worker it is
        down = ask(b, "X-Echo: " + up["x-mail"])[1]
        tap.equal(down.get("x-echo"), MAIL, "and turns back what this one made")
    up2, down, _ = ask(c, *fields)
    tap.ok(up2["x-user"] != up["x-user"] and up2["x-mail"] != up["x-mail"],
           "another key makes others", up, up2)
    down = ask(c, "X-Echo: " + up["x-mail"])[1]
    tap.equal(down.get("x-echo"), up["x-mail"], "and turns nothing back")
    for g in (b, c):
        tap.ok("[S306]" not in g.logs() and g.end_daemon() == 0,
               "the file could be written", g.logs())
        g.stop()
    return tap.done(a)


sys.exit(main())
