#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""An agreement by the day, without a reload: it warns from 30 days ahead, once a
day, and is refused at the turn of the day (UTC) after its last one, on a
connection that is open, too, and by all workers. Each refusal has its message."""
import datetime
import os
import struct
import subprocess
import sys

from gate import HERE, Gate, Tap, skip_all, wait

TODAY = datetime.datetime.now(datetime.timezone.utc).date()
LAST = 27  # day of the agreement, from today: certificates last 30


def date(days):
    return (TODAY + datetime.timedelta(days=days)).isoformat()


class Clock:
    """The wall clock of all that is started from here."""

    def __init__(self, g):
        library = g.path("shift.so")
        self.path = g.path("shift")
        built = subprocess.run(
            [os.environ.get("CC", "cc"), "-shared", "-fPIC", "-O1", "-o",
             library, os.path.join(HERE, "shift.c"), "-ldl"],
            capture_output=True, text=True)
        if built.returncode != 0:
            skip_all("no compiler: " + built.stderr[:200])
        os.chmod(library, 0o755)
        self.set(0)
        os.environ.update(LD_PRELOAD=library, SPARSAM_SHIFT=self.path)

    def set(self, seconds):
        new = not os.path.exists(self.path)
        with open(self.path, "wb" if new else "r+b") as f:
            f.write(struct.pack("=q", seconds))

    def at(self, day, time="12:00:00"):
        """It is this time now, so many days from today."""
        want = datetime.datetime.fromisoformat(
            "%sT%s+00:00" % (date(day), time))
        here = datetime.datetime.now(datetime.timezone.utc)
        self.set(int((want - here).total_seconds()))


def messages(g, number):
    return [line for line in g.logs().splitlines()
            if "[S%d]" % number in line]


def say(f, line):
    f.stdin.write(line + "\n")
    f.stdin.flush()
    return f.stdout.readline().strip()


def request(f, target="/echo"):
    """One request on an open connection: status and reason in words."""
    return say(f, "GET " + target)


KEPT = """
import socket, ssl, sys, http.client
c = http.client.HTTPSConnection("127.0.0.1", %(port)d, timeout=20,
    context=ssl.create_default_context(cafile=%(root)r))
c.set_tunnel("lab.example", 443)
c.connect()
for line in sys.stdin:
    c.request("GET", line.split()[1], headers={"Sec-Fetch-Mode": "cors"})
    r = c.getresponse()
    text = r.read().decode("utf-8", "replace")
    print(r.status, [w for w in ("(agreement-expired)",) if w in text],
          flush=True)
"""


# What is passed on without requests: a WebSocket and a tunnel. Two words a line.
OPEN = """
import sys
sys.path.insert(0, %(here)r)
from client import Client, http1
host = ("lab.example", "blind.lab.example")
root = (%(root)r, %(other)r)
c = [Client(%(port)d, h, root=r) for h, r in zip(host, root)]
say = [str(one.upgrade("/ws", [("Host", h)]).status)
       for one, h in zip(c, host)]
print(*say, flush=True)
def echo(one, text):
    try:
        one.say(text)
        return one.hear() or "closed"
    except (http1.Closed, OSError):
        return "closed"
for line in sys.stdin:
    print(*[echo(one, line.strip()) for one in c], flush=True)
"""


def start(g, text):
    p = subprocess.Popen(
        [sys.executable, "-c", text % {
            "port": g.port, "root": g.root, "here": HERE,
            "other": g.path("pki/root.pem")}],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    g.children.append(p)
    return p


def day_turns(tap, g, clock):
    kept, others = start(g, KEPT), start(g, OPEN)
    tap.equal(others.stdout.readline().strip(), "101 101",
              "a WebSocket and a tunnel are open")
    tap.equal(say(others, "before"), "before before", "and pass on")
    tap.equal(request(kept), "200 []", "a connection of its last day")
    blind = g.ctl("services").stdout
    tap.ok(date(LAST) in blind and "inspected" in blind and " %" in blind,
           "services: the table", blind)
    clock.at(LAST + 1, "00:00:01")
    tap.ok(wait(lambda: messages(g, 405)), "the turn of the day is told",
           g.logs())
    tap.equal(request(kept), "403 ['(agreement-expired)']",
              "the open connection is refused the next request")
    tap.equal(say(others, "after"), "closed closed",
              "the open WebSocket and the tunnel have ended")
    before = g.settled()
    got = [g.fetch("https://lab.example/echo", "-H", "Sec-Fetch-Mode: cors")
           for _ in range(6)]
    tap.ok(all(o.status == 403 and b"(agreement-expired)" in o.stdout
               for o in got), "and new ones by every worker",
           [(o.status, o.stderr) for o in got], g.logs())
    tap.equal(len(g.record()), before, "nothing reaches the provider")
    out = g.ctl("services").stdout
    tap.ok("denied (agreement-expired)" in out and " %" not in out,
           "services: the table of the new day", out)
    for p in kept, others:
        p.stdin.close()
        p.wait(10)


def warnings(tap, g, clock):
    clock.at(LAST - 31)
    g.start()
    tap.equal(len(messages(g, 403)), 0, "31 days before: no warning")
    clock.at(LAST - 30, "00:00:01")
    tap.ok(wait(lambda: messages(g, 403)), "30 days before: a warning",
           g.logs())
    tap.ok("service=lab days=30" in "".join(messages(g, 403)),
           "it says how many", messages(g, 403))
    clock.at(LAST - 1, "23:59:50")
    wait(lambda: "days=1" in "".join(messages(g, 403)))
    clock.at(LAST, "00:00:01")
    tap.ok(wait(lambda: "days=0" in "".join(messages(g, 403))),
           "on the last day, too", g.logs())
    tap.equal(g.fetch("https://lab.example/echo").status, 200,
              "on which it is valid")


# Services with one thing wrong each, and the number of their message.
FAR = "2099-12-31"
WRONG = [
    (401, "no-agreement", lambda s: s.replace('kind = "avv"', 'kind = "none"')),
    (405, "agreement-expired", lambda s: s.replace(FAR, date(LAST))),
    (406, "no-deviation", lambda s: s.replace('{ id = "ZV-2026-4"; }',
                                              '{ id = ""; }')),
    (402, "not-inspected", lambda s: s.replace('council = "DV-2026-2"',
                                               'council = ""')),
    (408, "service-off", lambda s: s.replace('mode = "enforce"',
                                             'mode = "off"')),
    (407, "retired", None),
]


def each(tap, g):
    """One after the other: the message, the answer, and nothing leaves."""
    pack = g.path("policy/lab.conf")
    with open(pack, encoding="utf-8") as f:
        good = f.read()
    for number, why, edit in WRONG:
        with open(pack, "w", encoding="utf-8") as f:
            f.write(good if edit else good.replace(
                "service = {", 'service = {\n  retired = { since = '
                '"2030-12-31"; successor = "another house"; };', 1))
        g.write_conf(edit=edit, until=FAR)
        before, told = g.settled(), len(messages(g, number))
        out = g.ctl("reload")
        tap.equal(out.returncode, 0, why + ": reload " + out.stderr)
        tap.ok(len(messages(g, number)) > told and
               "service=lab" in messages(g, number)[-1],
               why + ": message S%d" % number, g.logs()[-1000:])
        others = [n for n, _, _ in WRONG if n != number]
        last = g.logs().rpartition("[S104]")[2]
        tap.ok(not any("[S%d]" % n in last for n in others),
               why + ": and no other", last)
        got = g.fetch("https://lab.example/echo", "-v", "-H",
                      "Sec-Fetch-Mode: cors")
        tap.ok(got.status in (0, 403) and
               (("(%s)" % why).encode() in got.stdout or
                b"403" in got.stderr), why + ": refused", got.status,
               got.stderr)
        g.fetch("http://lab.example/echo")
        tap.equal(len(g.record()), before, why + ": nothing leaves")
        tap.ok("denied (%s)" % why in g.ctl("services").stdout or
               why == "not-inspected", why + ": in the table",
               g.ctl("services").stdout)


def level(tap, g):
    """What is refused only for some networks is told with the summary."""
    before = g.settled()
    with open(g.path("policy/lab.conf"), encoding="utf-8") as f:
        text = f.read()
    with open(g.path("policy/lab.conf"), "w", encoding="utf-8") as f:
        f.write(text.replace("retired =", "// retired ="))
    g.write_conf(until=FAR, edit=lambda s: s.replace(
        '{ net = "127.0.0.0/8"; level = 2; }',
        '{ net = "127.0.0.0/8"; level = 4; }').replace(
        "max_case = 2", "max_case = 4"))
    tap.equal(g.ctl("reload").returncode, 0, "level: reload")
    out = g.fetch("https://lab.example/echo", "-H", "Sec-Fetch-Mode: cors")
    tap.ok(out.status == 403 and b"(level)" in out.stdout,
           "level 4 without end-to-end encryption: refused", out.stderr)
    tap.ok(wait(lambda: messages(g, 506)), "level: message S506", g.logs())
    tap.ok("service=lab max_level=3 count=" in "".join(messages(g, 506)),
           "level: what the service may serve", messages(g, 506))
    tap.equal(len(g.record()), before, "level: nothing leaves")


def main():
    tap = Tap()
    g = Gate(services=("lab",), workers=2, until=date(LAST),
             extra="log = { interval = 1; group_min = 1; };")
    clock = Clock(g)
    warnings(tap, g, clock)
    day_turns(tap, g, clock)
    each(tap, g)
    level(tap, g)
    return tap.done(g)


if __name__ == "__main__":
    sys.exit(main())
