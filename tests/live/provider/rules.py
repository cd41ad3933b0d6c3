# SPDX-License-Identifier: EUPL-1.2
r"""The data file of a fake provider, tests/live/provider/ID.json: the hosts of a
service, which request needs what, and what it gets. tests/live/provider/check
says what is wrong in one. A small whole example:

{
  "service": "beispiel",
  "hosts": ["konferenz.example.org", "*.signal.example.org"],
  "telemetry": ["stats.example.org"],
  "variables": {"hosts": "konferenz.example.org"},
  "plant": ["B 2.14"],
  "client": {
    "har": "services/beispiel.har",
    "leave_out": ["start.amt.example.de"],
    "joined": [
      {"entry": "POST konferenz.example.org/api/join", "status": 200,
       "answer": "\"token\":"},
      {"entry": "GET konferenz.example.org/socket*", "heard": ["\"welcome\""]}
    ]
  },
  "needed": [
    {"entry": "POST konferenz.example.org/api/join", "drop": "json $.room"},
    {"entry": "GET konferenz.example.org/socket*", "drop": "query token"},
    {"entry": "GET konferenz.example.org/socket*", "message": "\"hello\"",
     "drop": "json $.device.id"}
  ],
  "rules": [
    {"name": "join", "host": "konferenz.example.org", "method": "POST",
     "path": "/api/join",
     "need": {"json": {"$.room": "[0-9]{9}", "$.name": "\\S.*",
                       "$.mail?": ".*@.*"},
              "header": {"authorization~jwt.sub": "guest"}},
     "remember": {"token": "t-${new.hex}", "room": "${json.$.room}"},
     "answer": {"json": {"token": "${mem.token}", "you": "${json.$.name}"}},
     "refuse": {"status": 403, "json": {"error": "${need.why}"}}},
    {"name": "signalling", "host": "konferenz.example.org", "path": "/socket",
     "need": {"query": {"token": "${mem.token}"}},
     "ws": {
       "protocol": "chat.v1",
       "greet": [{"type": "challenge"}],
       "steps": [
         {"name": "hello", "on": {"json": {"$.type": "hello"}},
          "need": {"json": {"$.device.id": "[0-9a-f]{32}"}},
          "send": [{"type": "welcome", "re": "${json.$.id}"}],
          "refuse": [{"type": "error", "why": "${need.why}"}]}],
       "refuse": [{"type": "error", "why": "${need.why}"}]}}
  ],
  "capture": "services/beispiel.answers.har"
}

Top level
  service      id of the pack, and name of this file
  hosts        what the provider serves: names with * (certificates are made on
               the way, by the name that the client asks for)
  telemetry    hosts where nothing may arrive; they need no rule. Answered with
               {} where the dialogue is played without the gateway
  variables    variables of the pack for the tests (hosts of own servers)
  agreement    text of libconfig put behind the keys of the agreement that the
               tests give (gate.py), where a service needs another one
  plant        what must not arrive, besides gate.NEVER
  spare        texts that may, though something planted is in them: these whole
               texts are not looked into (with a comment why)
  client.har   the dialogue of a client, below tests/data. leave_out: hosts of
               it that are not the provider's (the authority's own page).
               open: what a person opens in a browser (quickstart --stay)
  client.joined    what shows that the join succeeded: all of them must hold.
               status; answer: regular expression found in the body; heard:
               regular expressions, each found in a message from the server;
               upheld: true, the server did not close the WebSocket before the
               client did
  needed       what the service needs. The test drops each alone from the
               dialogue, and the join must fail then. drop: "CARRIER NAME";
               message: regular expression, the first message of the client in
               which it is found; without one, the request
  like, as     ID of another service, whose data this has except for the keys that
               stand here; as: {"meet.example": "video.example.org"}, names that
               take the place of others in all of it, in the dialogue, too
  capture      recorded answers, below tests/data: a request that no rule fits
               gets the answer of the first one of the same method, host and
               path; the second such request that of the second, and so on. An
               "answer": "capture" of a rule does the same. tests/data/answers
               makes such a file
  comment      anywhere
  entry        "METHOD HOST/PATH", with *, without the query: the first request
               of the dialogue that fits; or its number from 1 on

Rules: the first that fits wins. name, host (globs), method (default GET, * any),
path (regular expression on the whole path; groups are ${path.1} or ${path.NAME}),
"on": as in steps, for several operations behind one path; and
  never        true: such a request must not arrive, though its host may be asked
               (telemetry, recording; the record counts it as telemetry)
  need         what must be there, or the request gets "refuse" (default: 403)
  remember     NAME: text; kept for all later requests as ${mem.NAME}
  answer       status, headers, encoding (gzip, deflate, br is not), delay (ms),
               json, jsonp (name of the function), text, base64 (bytes), file
               (beside the data file); or
               stream: a list as "send" below, for an event stream, text or
               NDJSON; hold: ms that it stays open after that
  answers      list of such blocks in the order of requests, the last one stays
  refuse       answer block; ${need.why} is the sentence
  ws           protocol: subprotocol that the client must offer and gets;
               greet, steps, refuse (sent before the socket closes with 1008 as
               the request lacks something), echo ("*": all come back),
               strict: true, a message that no step fits closes with 1008
Steps: of the steps that fit a message the first one answers
  on           as need; or a regular expression found in the text, groups are
               ${match.1} or ${match.NAME}
  after        names of steps that have answered before, else it does not fit
  once         true: answers one time per connection
  never        true: such a message must not arrive
  need, remember, refuse, delay   as above; refuse is a list as send
  send         objects and arrays: JSON. Strings: text. {"binary": BASE64},
               {"wait": MS}, {"close": CODE}, "echo": the message itself

Needs: CARRIER: {NAME: regular expression that the value fits in full}. A NAME
ending in ? may be absent, not wrong. Carriers:
  header, query, form, cookie     NAME; given twice is an error (not in header)
  part         of multipart/form-data
  json         $.a.b[0].c  $.list[*].x  $['odd.name']; of the body or message; a
               prefix in front of [ or { is passed over (Socket.IO: 42["event"])
  xml          root/child//deep@attr without name spaces; without @ its text
  sip          From, Call-ID; :method, :uri, :status, :body
  text         {"": regular expression found in the whole}, or a list of them
  binary       the same on bytes as latin-1 (protobuf: strings are seen)
Bodies in gzip and deflate are opened first. Layers inside of a value: NAME~base64,
~pct (percent), ~gzip, ~json.PATH, ~jwt.PATH (claims), one after the other:
"signature~jwt.mn", "$.localMedias[0].localSdp~json.jsepSdp.sdp".

${CARRIER.NAME} in answers, messages and patterns (there it is taken literally)
is a value of this request or message, "" when it is not there; ${ws.CARRIER.NAME}
in a step that of the handshake; ${mem.NAME}; ${new.uuid} ${new.hex} ${new.ms}
${new.n} (1, 2, 3..); ${text.prefix} what stands before the JSON.
"""
import base64
import fnmatch
import gzip
import json
import os
import re
import zlib

import values

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(os.path.dirname(os.path.dirname(HERE)), "data")
MATCH = ("header", "query", "form", "cookie", "part", "json", "xml", "sip")


def load(path):
    """The data of a file, with those of the service that it is like."""
    with open(path, encoding="utf-8") as f:
        data = json.load(f)
    if "like" not in data:
        return data
    with open(os.path.join(os.path.dirname(path), data["like"] + ".json"),
              encoding="utf-8") as f:
        return dict(json.loads(renamed(f.read(), data)), **data)


def renamed(text, data):
    for old, new in data.get("as", {}).items():
        text = text.replace(old, new)
    return text


def entries(data, name):
    """The entries of a HAR below tests/data."""
    with open(os.path.join(DATA, name), encoding="utf-8") as f:
        return json.loads(renamed(f.read(), data))["log"]["entries"]


class Service:
    """A data file and what its provider remembers."""

    def __init__(self, path):
        self.data = load(path)
        self.dir = os.path.dirname(os.path.abspath(path))
        self.id = self.data["service"]
        self.recorded = {}
        if "capture" in self.data:
            self.read_capture(entries(self.data, self.data["capture"]))
        self.forget()

    def forget(self):
        self.memory, self.counts = {}, {}

    def count(self, what):
        """1, 2, 3... of each thing."""
        self.counts[what] = self.counts.get(what, 0) + 1
        return self.counts[what]

    def read_capture(self, recorded):
        for e in recorded:
            url = e["request"]["url"].partition("://")[2].partition("?")[0]
            host, _, path = url.partition("/")
            self.recorded.setdefault(
                (e["request"]["method"], host, "/" + path), []).append(e)

    def serves(self, host):
        return is_one_of(host, self.data["hosts"] +
                         self.data.get("telemetry", []))

    def is_telemetry(self, host):
        return is_one_of(host, self.data.get("telemetry", []))

    def from_capture(self, method, host, path):
        """The answer block of the next recorded answer, or None."""
        key = (method, host, path)
        found = self.recorded.get(key)
        if not found:
            return None
        e = found[min(self.count(key), len(found)) - 1]
        if "_webSocketMessages" in e:
            return {"ws": {"recorded": e["_webSocketMessages"]}}
        answer = e["response"]
        content = answer.get("content", {})
        kind = content.get("mimeType")
        return {"status": answer["status"], "raw": True, "headers":
                [["Content-Type", kind]] if kind else [],
                "base64" if content.get("encoding") == "base64" else "text":
                content.get("text", "")}


def is_one_of(host, globs):
    return any(fnmatch.fnmatchcase(host, g) for g in globs)


def find(service, host, method, path, seen):
    """The first rule that fits, or None; seen.path are its groups then."""
    for rule in service.data.get("rules", []):
        if not is_one_of(host, rule["host"].split()) or \
                rule.get("method", "GET") not in (method, "*"):
            continue
        m = re.fullmatch(rule["path"], path)
        if m and fits(rule.get("on"), seen):
            seen.path = values.groups(m)
            return rule
    return None


def fits(on, seen):
    if on is None:
        return True
    if isinstance(on, str):
        on = {"text": on}
    seen.match = {}
    return unmet(on, seen) is None


def unmet(need, seen):
    """None, or the sentence why what was seen lacks something."""
    for carrier in MATCH:
        for name, pattern in need.get(carrier, {}).items():
            optional = name.endswith("?")
            name = name[:-1] if optional else name
            found = seen.values(carrier, name)
            if not found and optional:
                continue
            if not found:
                return "%s %s is missing" % (carrier, name)
            if len(found) > 1 and carrier in ("query", "form", "cookie"):
                return "%s %s is given twice" % (carrier, name)
            if not any(re.fullmatch(seen.fill(pattern, True), v, re.S)
                       for v in found):
                return "%s %s is malformed" % (carrier, name)
    for carrier in ("text", "binary"):
        patterns = need.get(carrier, [])
        patterns = patterns.get("", []) if isinstance(patterns, dict) \
            else patterns
        for p in [patterns] if isinstance(patterns, str) else patterns:
            m = re.search(seen.fill(p, True), seen.first(carrier, ""))
            if not m:
                return "%s has no %s" % (carrier, p)
            seen.match.update(values.groups(m))
    return None


def remember(service, block, seen):
    for name, text in block.get("remember", {}).items():
        service.memory[name] = seen.fill(text)


def answer_of(service, rule, number):
    """The answer block of a rule for the number-th request."""
    several = rule.get("answers")
    if several:
        return several[min(number, len(several)) - 1]
    return rule.get("answer", {})


def render(service, part, seen):
    """(status, headers, body) from an answer block."""
    headers = [tuple(h) for h in part.get("headers", [])]
    named = {h[0].lower() for h in headers}
    kind = None
    if "json" in part:
        body = json.dumps(seen.fill(part["json"]), ensure_ascii=False,
                          separators=(",", ":")).encode()
        kind = "application/json; charset=utf-8"
        if "jsonp" in part:
            body = seen.fill(part["jsonp"]).encode() + b"(" + body + b")"
            kind = "text/javascript; charset=utf-8"
    elif "file" in part:
        with open(os.path.join(service.dir, part["file"]), "rb") as f:
            body = f.read()
    elif "base64" in part:
        body = base64.b64decode(part["base64"])
    else:
        text = part.get("text", "")
        body = (text if part.get("raw") else seen.fill(text)).encode()
    if kind and "content-type" not in named:
        headers.append(("Content-Type", kind))
    if "encoding" in part:
        body = (gzip if part["encoding"] == "gzip" else zlib).compress(body)
        headers.append(("Content-Encoding", part["encoding"]))
    headers = [(n, seen.fill(v)) for n, v in headers]
    return part.get("status", 200), headers, body
