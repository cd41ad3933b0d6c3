#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""Reload: with a bad file the last good rules stay; with a good one new
requests see it and live connections go on. By SIGHUP and by sparsamctl."""
import json
import signal
import subprocess
import sys
import time

from client import Client, http1
from gate import Gate, Tap, wait

DEVICE = ("X-Device", "AMT-NB-0815")


def seen(g):
    """The request headers that the provider got: a set of lower-case names."""
    out = g.fetch("https://lab.example/echo", "-H", "%s: %s" % DEVICE,
                  "-H", "X-Other: 1")
    if out.status != 200:
        return out.status
    return {n.lower() for n, _ in json.loads(out.stdout)["headers"]}


def seen_by(client):
    """The same of a request on an open connection."""
    out = client.get("lab.example", "/echo", DEVICE, ("X-Other", "1"))
    return {n.lower() for n, _ in json.loads(out.body)["headers"]}


def with_pack(g, edit):
    path = g.path("policy/lab.conf")
    with open(path, encoding="utf-8") as f:
        old = f.read()
    with open(path, "w", encoding="utf-8") as f:
        f.write(edit(old))
    return old


def bad_files(tap, g):
    bad = [
        ("half a file", lambda t: t[:len(t) // 2]),
        ("unknown treatment", lambda t: t.replace('"drop"', '"drpo"', 1)),
        ("unknown category", lambda t: t.replace('"device"', '"devise"', 1)),
        ("unknown carrier", lambda t: t.replace('"header X-Device"',
                                                '"headr X-Device"')),
        ("unknown key", lambda t: t.replace("request = (", "requst = (")),
        ("empty file", lambda t: ""),
    ]
    for name, edit in bad:
        old = with_pack(g, edit)
        out = g.ctl("reload")
        said = out.stdout + out.stderr
        tap.ok(out.returncode != 0 and "lab.conf" in said,
               "%s: refused, with the file's name" % name, said)
        check = g.ctl("check")
        tap.ok(check.returncode != 0, "%s: check says so too" % name,
               check.stdout)
        dry = subprocess.run([g.sparsamd, "-n", "-c", g.conf_path],
                             capture_output=True, text=True)
        tap.ok(dry.returncode != 0 and ":" in dry.stderr + dry.stdout,
               "%s: sparsamd -n as well" % name, dry.stdout, dry.stderr)
        names = seen(g)
        tap.ok(isinstance(names, set) and "x-device" not in names,
               "%s: the last good rules stay" % name, names)
        with_pack(g, lambda t: old)
    old_log = len(g.logs())
    with_pack(g, lambda t: t.replace("request = (", "requst = ("))
    g.daemon.send_signal(signal.SIGHUP)
    tap.ok(wait(lambda: "S105" in g.logs()[old_log:], 5),
           "SIGHUP with a bad file: an error in the log", g.logs()[-800:])
    names = seen(g)
    tap.ok(isinstance(names, set) and "x-device" not in names,
           "and the last good rules stay", names)
    with_pack(g, lambda t: t.replace("requst = (", "request = ("))


def good_files(tap, g):
    live = Client(g.port, "lab.example", root=g.root, timeout=20)
    live.send(b"GET /slow?n=30&ms=100 HTTP/1.1\r\nHost: lab.example\r\n\r\n")
    socket = Client(g.port, "lab.example", root=g.root, timeout=20)
    tap.equal(socket.upgrade("/ws", [("Host", "lab.example")]).status, 101,
              "a WebSocket is open")
    kept = Client(g.port, "lab.example", root=g.root, timeout=20)
    before = seen_by(kept)
    time.sleep(0.3)
    with_pack(g, lambda t: t.replace('"header X-Device"', '"header X-Other"'))
    out = g.ctl("reload")
    tap.equal(out.returncode, 0, "a good file: reload")
    names = seen(g)
    tap.ok(isinstance(names, set) and "x-other" not in names,
           "new connections see it at once", names)
    tap.equal(seen_by(kept), before, "an open one keeps the rules it began with")
    kept.close()
    try:
        a = live.answer()
        good = a.status == 200 and len(a.body) == 30
    except (http1.Closed, OSError):
        good = False
    tap.ok(good, "a running answer goes on")
    try:
        socket.say("after")
        good = socket.hear() == "after"
    except (http1.Closed, OSError):
        good = False
    tap.ok(good, "an open WebSocket goes on")
    live.close()
    socket.close()

    old_log = len(g.logs())
    with_pack(g, lambda t: t.replace('"header X-Other"', '"header X-Device"'))
    g.daemon.send_signal(signal.SIGHUP)
    tap.ok(wait(lambda: "S104" in g.logs()[old_log:], 5), "SIGHUP reloads",
           g.logs()[-800:])
    names = seen(g)
    tap.ok(isinstance(names, set) and "x-device" not in names and
           "x-other" in names, "and the rules are back", names)
    g.write_conf(edit=lambda t: t.replace("workers =", "wrokers ="))
    out = g.ctl("reload")
    tap.ok(out.returncode != 0 and "sparsamd.conf" in out.stdout + out.stderr,
           "a bad sparsamd.conf: refused with its name", out.stdout,
           out.stderr)
    tap.ok(isinstance(seen(g), set), "and it serves on")
    g.write_conf()


def answers(tap, g):
    for command in ("status", "stats"):
        for args in ((), ("--json",)):
            out = g.ctl(command, *args)
            good = out.returncode == 0 and out.stdout
            if args:
                try:
                    json.loads(out.stdout)
                except ValueError:
                    good = False
            tap.ok(good, " ".join((command,) + args), out.stdout, out.stderr)
            tap.ok("lab.example" not in out.stdout and
                   "AMT-NB" not in out.stdout, "names no host, no client")
    g.end_daemon()
    dry = subprocess.run([g.sparsamd, "-n", "-c", g.conf_path],
                         capture_output=True, text=True)
    tap.equal(dry.returncode, 0, "sparsamd -n: a good file")
    with_pack(g, lambda t: t.replace("request = (", "requst = ("))
    out = subprocess.run([g.sparsamd, "-f", "-c", g.conf_path],
                         capture_output=True, text=True, timeout=20)
    tap.ok(out.returncode != 0 and "lab.conf" in out.stderr,
           "start with a bad file: refused", out.returncode, out.stderr)


def main():
    tap = Tap()
    g = Gate(services=("lab",)).start()
    names = seen(g)
    tap.ok(isinstance(names, set) and "x-device" not in names and
           "x-other" in names, "before: the rules hold", names)
    bad_files(tap, g)
    good_files(tap, g)
    answers(tap, g)
    return tap.done(g)


sys.exit(main())
