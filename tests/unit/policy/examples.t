#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""Each example of sparsam-policy(5), -strip(5) and -websocket(5) is true: a display
that begins with a line of a pack is played as a case, with what stands behind
"before" sent and what stands behind "after" expected, byte for byte.

  ( "json $.tz", "set:UTC", "location" )
  before  {"tz":"Europe/Berlin"}
  after   {"tz":"UTC"}

"answer" instead of "before": the server sends it, the client gets "after".

A display that begins with "websocket = (" is that block of a pack: what stands
behind "before" is a message, "after" what the server gets, "answer" what the
client gets instead."""
import glob
import os
import re
import subprocess
import sys
import tempfile

TOP = os.path.abspath(os.environ.get("top_srcdir", "."))
sys.path.insert(0, os.path.join(TOP, "tests/lib"))
from tap import ok, plan  # noqa: E402
BUILD = os.path.abspath(os.environ.get("builddir", "."))
PAGES = [os.path.join(TOP, "daemon/man", page)
         for page in ("sparsam-policy.5", "sparsam-strip.5",
                      "sparsam-websocket.5")]
HEADS = {"header", "cookie", "query", "path"}
TYPES = {"form": "application/x-www-form-urlencoded",
         "json": "application/json", "xml": "application/xml",
         "sdp": "application/sdp", "proto": "application/x-protobuf",
         "text": "text/plain", "multipart": "multipart/form-data; boundary=b"}
PACK = """service = { id = "page";  name = "Page";  version = 1;
  reviewed = "2026-11-25"; operator = { name = "X"; seat = "DE"; }; };
hosts = ( ( "page.example", "inspect" ) );
%s
"""
CASE = """case    %s
source  sparsam-policy(5)
%s
config
%s
pack page.conf
%s

client connects page.example
"""


def unquote(text):
    """What mandoc would show of a line of a literal display."""
    for a, b in (("\\(dq", '"'), ("\\&", ""), ("\\e", "\\"), ("\\-", "-")):
        text = text.replace(a, b)
    return text


def displays():
    """(line number, lines) of each literal display of the pages."""
    for page in PAGES:
        yield from displays_of(page)


def displays_of(page):
    with open(page, encoding="utf-8") as f:
        lines, start, n = [], None, 0
        for n, line in enumerate(f, 1):
            line = line.rstrip("\n")
            if line.startswith(".Bd"):
                start, lines = n, []
            elif line.startswith(".Ed"):
                yield start, lines
                start = None
            elif start is not None:
                lines.append(unquote(line))


def examples():
    for n, lines in displays():
        if not lines or not lines[0].startswith('( "'):
            continue
        rows, pairs = [], []
        for line in lines:
            word, _, rest = line.partition(" ")
            if line.startswith("( "):
                rows.append(line)
            elif word in ("before", "answer"):
                pairs.append([word, [rest.strip()], None])
            elif word == "after":
                pairs[-1][2] = [rest.strip()]
            elif pairs and (not line or line.startswith(" " * 8)):
                pairs[-1][1 if pairs[-1][2] is None else 2].append(
                    line[8:])
            elif line:
                rows.append(line)
        yield n, rows, [p for p in pairs if p[2] is not None]


def sockets():
    """(line number, the block, steps) of each display of a websocket block."""
    for n, lines in displays():
        if not lines or not lines[0].startswith("websocket = ("):
            continue
        end = lines.index(");")
        steps = ["client upgrades /ws"]
        for line in lines[end + 1:]:
            word, _, rest = line.partition(" ")
            rest = rest.strip()
            if word == "before":
                steps += ["client sends message", "  ~" + rest]
            elif rest == "(nothing)":
                steps += ["server gets nothing"]
            else:
                steps += ["%s gets message" % (
                    "server" if word == "after" else "client"),
                    "  ~" + rest]
        yield n, "\n".join(lines[:end + 1]), "\n".join(steps) + "\n"


def play(where, n, name, conf, block_of_pack, what):
    """Run it as a case; the finished caserun."""
    path = os.path.join(where, "%d.case" % n)
    with open(path, "w", encoding="utf-8") as f:
        f.write(CASE % (name, "", block(conf), block(PACK % block_of_pack)) +
                what)
    return subprocess.run(
        [os.path.join(BUILD, "tests/lib/caserun"), "--top", TOP, path],
        capture_output=True, text=True)


def block(text):
    return "\n".join("  |" + line for line in text.rstrip("\n").split("\n"))


def body(carrier, lines):
    """Block lines of a content. (nothing) is the empty one."""
    if lines == ["(nothing)"]:
        return []
    if carrier == "proto":
        return ["  =" + line for line in lines]
    if carrier in ("sdp", "multipart", "text"):
        return ["  @body"] + ["  |" + line for line in lines]
    return ["  ~" + line for line in lines]


def request(carrier, lines):
    """Block lines of the request that carries the value."""
    target, fields, content = "/x", [], []
    if carrier in ("query", "path"):
        target = lines[0]
    elif carrier in HEADS:
        fields = [] if lines == ["(nothing)"] else lines
    else:
        content = body(carrier, lines)
        fields = ["Content-Type: " + TYPES[carrier]]
        fields.append("Content-Length: @len")
    method = "POST" if content or carrier not in HEADS else "GET"
    return ["  |%s %s HTTP/1.1" % (method, target), "  |Host: page.example"] \
        + ["  |" + f for f in fields] + ["  |"] + content


def open_names(lines, names):
    """Aliases depend on a key: the page shows some, the gateway makes others, the
    same one for the same one. Pseudonyms are those of the runner's key."""
    def name(m):
        names.setdefault(m.group(0), "n%d" % len(names))
        return "@{%s}" % names[m.group(0)]
    return [re.sub(r"(?<=[a-zä] )[0-9A-F]{4}\b", name, line)
            for line in lines]


def answer(carrier, lines):
    if carrier in HEADS:
        fields = [] if lines == ["(nothing)"] else lines
        return ["  |HTTP/1.1 200 OK"] + ["  |" + f for f in fields] + \
            ["  |Content-Length: 0", "  |"]
    return ["  |HTTP/1.1 200 OK", "  |Content-Type: " + TYPES[carrier],
            "  |Content-Length: @len", "  |"] + body(carrier, lines)


def steps(carrier, pairs):
    out, names = [], {}
    for kind, before, after in pairs:
        after = open_names(after, names) if kind == "before" else after
        if kind == "before":
            out += ["client sends"] + request(carrier, before)
            out += ["server gets"] + request(carrier, after)
            out += ["server sends", "  |HTTP/1.1 204 No Content", "  |",
                    "client gets status 204"]
        else:
            out += ["client sends", "  |GET /x HTTP/1.1",
                    "  |Host: page.example", "  |", "server gets request "
                    "GET /x", "server sends"]
            out += answer(carrier, before)
            out += ["client gets"] + answer(carrier, after)
    return "\n".join(out) + "\n"


def pack(rows, pairs):
    """Lines go into request, for "answer" into response. detect lines have a
    shape in front and stand in a block of their own."""
    lines = ",\n    ".join(r.rstrip(",") for r in rows)
    if not re.match(r'\( "(%s)\b' % "|".join(list(TYPES) + sorted(HEADS)),
                    rows[0]):
        return "detect = (\n    %s );\n" % lines
    out = ""
    for name, kind in (("request", "before"), ("response", "answer")):
        mine = [r.rstrip(",") for r in rows
                if ("restore" in r) == (kind == "answer")]
        if mine:
            out += '%s = ( { when = "* */*"; strip = (\n    %s ); } );\n' % (
                name, ",\n    ".join(mine))
    return out


def detects():
    """Does the scrubber of JSON ask for values that no line names?"""
    for path in glob.glob(os.path.join(TOP, "daemon/body/jsn*.c")):
        with open(path, encoding="utf-8") as f:
            if "value_unnamed(" in f.read():
                return True
    return False


def carrier_of(rows, pairs):
    word = re.match(r'\( "(\w+)', rows[0]).group(1)
    if word in HEADS or word in TYPES:
        return word
    return "json" if pairs[0][1][0][:1] in "{[" else "text"


def main():
    with open(os.path.join(TOP, "tests/case/case.conf"),
              encoding="utf-8") as f:
        conf = "\n".join(line for line in f.read().split("\n")
                         if not line.startswith("//"))
    conf = conf.replace('id = "example"', 'id = "page"')
    seen = ""
    with tempfile.TemporaryDirectory() as where:
        for n, rows, pairs in examples():
            name = "line %d: %s" % (n, rows[0])
            seen += " ".join(rows) + "\n"
            if not pairs:
                ok(False, name, "no before and after")
                continue
            carrier = carrier_of(rows, pairs)
            run = play(where, n, name, conf, pack(rows, pairs),
                       steps(carrier, pairs))
            said = run.stdout + run.stderr
            late = re.search(r"[^:\n]* is not available[^\n]*", said) or \
                re.search(r"[^:\n]*are not available yet", said)
            if "detect" in pack(rows, pairs) and not detects():
                ok(True, name, skip="detect has no effect on bodies yet")
                continue
            ok(run.returncode == 0 or late, name, said,
               late.group(0).strip() if late and run.returncode else "")
        for n, rows, what in sockets():
            run = play(where, n, "messages", conf, rows, what)
            ok(run.returncode == 0, "line %d: websocket" % n,
               run.stdout + run.stderr)
            seen += rows
    ok("websocket = (" in seen, "there is an example of websocket")
    for word in ("keep", "drop", "set:", "alias", "pseudonym", "coarsen:",
                 "round:", "mask", "restore"):
        ok('", "%s' % word in seen, "there is an example of " + word)
    for word in sorted(HEADS) + sorted(TYPES) + \
            ["base64", "base64url", "percent", "gzip", "deflate", "jwt"]:
        ok(re.search(r'(\( "|> )%s\b' % word, seen),
           "there is an example of " + word)
    for word in ("mail", "ipv4", "ipv6", "mac", "phone", "timezone", "geo",
                 "uuid", "timestamp"):
        ok(re.search(r'\( "[a-z0-9 ]*\b%s\b' % word, seen),
           "there is an example of " + word)
    plan()


main()
