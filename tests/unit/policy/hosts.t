#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""What facts say of hosts, against the packs: tests/data/hosts/SERVICE.hosts.

  deny HOST[/PATH]   collects telemetry: denied, and answered with a sink
  pass HOST[/PATH]   must not be blocked: inspected or tunnelled
  gone HOST[/PATH]   of a service that was discontinued: denied, with that page
  # why, from where

All packs are on (sparsamctl --pack-dir)."""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

TOP = os.path.abspath(os.environ.get("top_srcdir", "."))
sys.path.insert(0, os.path.join(TOP, "tests/lib"))
from tap import ok, plan  # noqa: E402
BUILD = os.path.abspath(os.environ.get("builddir", "."))
SINK = re.compile(r"\d{3}|json|gif|js")
LINE = re.compile(r"(deny|pass|gone) ([a-z0-9._-]+(?::\d+)?)(/\S*)?$")


def read(path):
    """[(word, url)] of a list; a line that is none fails."""
    out = []
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            text = line.partition("#")[0].strip()
            m = LINE.match(text)
            if m:
                out.append((m[1], "https://%s%s" % (m[2], m[3] or "/")))
            elif text:
                ok(False, "%s:%d: expected deny, pass or gone and a host" % (
                    os.path.basename(path), number), text)
    return out


def replay(urls):
    """What becomes of a request for each."""
    entries = [{"request": {"method": "GET", "url": u, "headers": [
                    {"name": "Host", "value": u.split("/")[2]}]},
                "response": {"status": 200, "headers": [], "content": {}}}
               for u in urls]
    with tempfile.NamedTemporaryFile("w", suffix=".har") as f:
        json.dump({"log": {"version": "1.2", "creator": {
            "name": "hosts.t", "version": "1"}, "entries": entries}}, f)
        f.flush()
        out = subprocess.run(
            [os.path.join(BUILD, "sparsamctl"), "replay", "--json",
             "--pack-dir", os.path.join(TOP, "policy"), f.name],
            capture_output=True, text=True)
    try:
        return json.loads(out.stdout)["entries"]
    except (ValueError, KeyError):
        ok(False, "sparsamctl replay", out.stdout[:500], out.stderr[:2000])
        return []


def judge(word, e):
    if word == "pass":
        return e["verdict"] in ("passed", "tunnelled")
    if word == "gone":
        return e.get("why") == "retired"
    return e["verdict"] == "denied" and SINK.fullmatch(e.get("sink") or "")


def main():
    for path in sorted(glob.glob(os.path.join(TOP, "tests/data/hosts/*"))):
        wanted = read(path)
        got = replay([url for _, url in wanted])
        name = os.path.basename(path)
        ok(wanted and len(got) == len(wanted), name + ": hosts are named")
        for (word, url), e in zip(wanted, got):
            ok(judge(word, e), "%s: %s %s" % (name, word, url[8:]),
               {k: e.get(k) for k in ("verdict", "why", "service", "sink",
                                      "rule")})
    plan()


main()
