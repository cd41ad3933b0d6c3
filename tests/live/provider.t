#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""The fake provider itself: each kind of need, answer and step that a data file
may have does what provider/rules.py says, its example included."""
import base64
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

from client import Client
from gate import HERE, Tap, wait
from play import OFFER

sys.path.insert(0, os.path.join(HERE, "provider"))
import rules  # noqa: E402
import ws     # noqa: E402

JWT = "e30." + base64.urlsafe_b64encode(b'{"sub":"guest"}').decode() + ".x"
INVITE = ("INVITE sip:echo@bbb.example.org SIP/2.0\r\nVia: SIP/2.0/WSS "
          "x.invalid;branch=z9\r\nCall-ID: c1\r\nCSeq: 1 INVITE\r\n"
          "X-Meeting: %s\r\n\r\nv=0\r\n")
MORE = {
    "service": "more", "hosts": ["more.example.org", "matrix.amt.example.de"],
    "capture": "services/matrix.answers.har",
    "rules": [
        {"host": "*", "method": "POST", "path": "/form",
         "need": {"form": {"a": "1", "b?": "[0-9]+", "c~base64~json.d": "e"},
                  "cookie": {"s": "x"}},
         "answer": {"text": "${form.a}${form.b}"}},
        {"host": "*", "method": "POST", "path": "/part",
         "need": {"part": {"request~json.opid": "[0-9]+"}},
         "answer": {"json": {"opid": "${part.request~json.opid}"}}},
        {"host": "*", "method": "POST", "path": "/ops",
         "on": {"json": {"$.op": "first"}}, "answer": {"text": "first"}},
        {"host": "*", "method": "POST", "path": "/ops",
         "need": {"json": {"$.list[*].x": "2"}},
         "answer": {"text": "other"}},
        {"host": "*", "path": "/poll",
         "answers": [{"text": "one"}, {"text": "two", "encoding": "gzip"}]},
        {"host": "*", "path": "/events",
         "answer": {"headers": [["Content-Type", "text/event-stream"]],
                    "stream": ["event: put\ndata: ${new.n}\n\n", {"wait": 1},
                               {"type": "last"}]}},
        {"host": "*", "method": "POST", "path": "/soap",
         "need": {"xml": {"Envelope/Body//user@id": "u[0-9]",
                          "Envelope//name": "\\S+"}},
         "answer": {"text": "<ok>${xml.Envelope//user@id}</ok>"}},
        {"host": "*", "path": "/item/([0-9]+)",
         "answer": {"text": "${path.1}"}},
        {"host": "matrix.*", "path": "/_matrix/client/v3/sync",
         "need": {"query": {"timeout": "[0-9]+"}}, "answer": "capture"},
        {"host": "*", "path": "/sip", "ws": {"protocol": "sip", "steps": [
            {"on": {"sip": {":method": "INVITE"}},
             "need": {"sip": {"X-Meeting": "[0-9]{5}", "Call-ID": ".+"}},
             "send": ["SIP/2.0 200 OK\r\nCSeq: ${sip.CSeq}\r\n\r\n"],
             "refuse": ["SIP/2.0 403 Forbidden\r\nCSeq: ${sip.CSeq}\r\n\r\n"]
             }]}},
        {"host": "*", "path": "/xmpp", "ws": {"strict": True, "steps": [
            {"name": "open", "on": {"xml": {"open@to": ".+"}},
             "send": ["<open id='${new.n}'/>"]},
            {"name": "bind", "after": ["open"], "once": True,
             "on": {"xml": {"iq/bind": ".*"}},
             "send": ["<iq id='${xml.iq@id}' type='result'/>"]}]}},
        {"host": "*", "path": "/socket.io/", "ws": {
            "greet": ["0{\"sid\":\"s\"}"], "steps": [
                {"on": "^2probe$", "send": ["3probe"]},
                {"on": "^42(?P<ack>[0-9]*)\\[\"join\"",
                 "need": {"json": {"$[1].room": "r"}},
                 "send": ["43${match.ack}[{\"ok\":true}]",
                          {"binary": "AAEC"}]},
                {"on": {"binary": "\\x08\\x01"}, "send": ["echo"]}]}},
    ]}


class Peer:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="sparsam-live.")
        subprocess.run([os.path.join(HERE, "pki"), self.dir], check=True)
        text = rules.__doc__
        example = text[text.index("{"):text.index("\n}\n") + 2]
        data = json.loads(example)
        del data["capture"]
        files = []
        for d in (data, MORE):
            files.append(os.path.join(self.dir, d["service"] + ".json"))
            with open(files[-1], "w") as f:
                json.dump(d, f)
        ports = os.path.join(self.dir, "ports")
        self.process = subprocess.Popen(
            ["/usr/bin/python3", os.path.join(HERE, "provider/provider.py"),
             "--pki", self.dir, "--record", os.path.join(self.dir, "record"),
             "--ports-file", ports, "--parent", str(os.getpid()), "--rules"] +
            files)
        wait(lambda: os.path.exists(ports))
        with open(ports) as f:
            self.port = int(f.read().split()[0])

    def client(self, host):
        return Client(self.port, host, direct=True,
                      root=os.path.join(self.dir, "root.pem"))

    def ask(self, path, body=None, *headers, host="more.example.org",
            method=None):
        c = self.client(host)
        lines = [("Host", host)] + list(headers)
        if body is not None:
            lines.append(("Content-Length", str(len(body))))
        a = c.ask(method or ("GET" if body is None else "POST"), path, lines,
                  body or b"")
        c.close()
        return a

    def socket(self, path, *headers, host="more.example.org"):
        c = self.client(host)
        a = c.upgrade(path, [("Host", host), OFFER] + list(headers))
        c.sock.settimeout(20)
        return c, a

    def end(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


def talk(c, *messages):
    """What comes for each message, and whether the server closed."""
    heard, closed = c.collect()
    for m in messages:
        if closed:
            break
        c.socket.send(ws.BINARY if isinstance(m, bytes) else ws.TEXT,
                      m if isinstance(m, bytes) else m.encode())
        more, closed = c.collect()
        heard += more
    c.close()
    return [h.decode("latin-1") for h in heard], closed


def example(tap, p):
    """The one in the manual."""
    host = "konferenz.example.org"

    def join(body, token=JWT):
        return p.ask("/api/join", json.dumps(body).encode(),
                     ("Content-Type", "application/json"),
                     ("Authorization", token), host=host)
    good = {"room": "123456789", "name": "Teilnehmer 1"}
    a = join(good)
    said = json.loads(a.body)
    tap.ok(a.status == 200 and said["you"] == "Teilnehmer 1" and
           re.fullmatch("t-[0-9a-f]{32}", said["token"]), "a join", a.body)
    for less, why in (({"name": "x"}, "json $.room is missing"),
                      (dict(good, room="12"), "json $.room is malformed"),
                      (dict(good, mail="x"), "json $.mail is malformed")):
        a = join(less)
        tap.equal((a.status, json.loads(a.body)["error"]), (403, why),
                  "refused: " + why)
    tap.equal(join(good, "e30.e30.x").status, 403, "a claim is missing")
    token = json.loads(join(good).body)["token"]
    hello = json.dumps({"type": "hello", "id": "7",
                        "device": {"id": "0" * 32}})
    c, a = p.socket("/socket?token=" + token,
                    ("Sec-WebSocket-Protocol", "chat.v1"), host=host)
    tap.equal(talk(c, hello), (['{"type":"challenge"}',
                                '{"type":"welcome","re":"7"}'], False),
              "a WebSocket with the token that was given")
    tap.equal(a.get("sec-websocket-protocol"), "chat.v1", "its subprotocol")
    c, a = p.socket("/socket?token=" + token,
                    ("Sec-WebSocket-Protocol", "chat.v1"), host=host)
    heard, closed = talk(c, '{"type":"hello"}')
    tap.ok(closed and heard[-1] == '{"type":"error","why":'
           '"json $.device.id is missing"}', "a message that lacks something",
           heard)
    c, a = p.socket("/socket?token=x", ("Sec-WebSocket-Protocol", "chat.v1"),
                    host=host)
    tap.ok(talk(c)[1], "a wrong token closes")
    c, a = p.socket("/socket?token=" + token, host=host)
    tap.ok(talk(c)[1], "no subprotocol closes")
    p.ask("/forget", b"", host="lab.example")
    c, a = p.socket("/socket?token=" + token,
                    ("Sec-WebSocket-Protocol", "chat.v1"), host=host)
    tap.ok(talk(c)[1], "a new meeting knows no old token")
    tap.equal(p.ask("/x", host="stats.example.org").body, b"{}",
              "a telemetry host answers without a rule")
    tap.equal(p.ask("/x", host="strange.example.net").status, 404,
              "a host that is nobody's")


def requests(tap, p):
    form = ("Content-Type", "application/x-www-form-urlencoded")
    inner = base64.b64encode(b'{"d":"e"}').decode().rstrip("=")
    cookie = ("Cookie", "q=1; s=x")
    for body, status in (("a=1&b=2&c=" + inner, 200), ("a=1&c=" + inner, 200),
                         ("a=1&b=x&c=" + inner, 403), ("a=1", 403),
                         ("a=1&a=1&c=" + inner, 403)):
        tap.equal(p.ask("/form", body.encode(), form, cookie).status, status,
                  "form " + body)
    tap.equal(p.ask("/form", ("a=1&c=" + inner).encode(), form).status, 403,
              "no cookie")
    a = p.ask("/form", gzip.compress(("a=1&b=2&c=" + inner).encode()), form,
              cookie, ("Content-Encoding", "gzip"))
    tap.equal(a.body, b"12", "a form in gzip")
    part = b'--B\r\nContent-Disposition: form-data; name="request"\r\n\r\n' \
        b'{"opid":12}\r\n--B--\r\n'
    kind = ("Content-Type", "multipart/form-data; boundary=B")
    tap.equal(p.ask("/part", part, kind).body, b'{"opid":"12"}', "multipart")
    tap.equal(p.ask("/part", part.replace(b"opid", b"x"), kind).status, 403,
              "multipart that lacks something")
    tap.equal([p.ask("/ops", b).body for b in (
        b'{"op":"first"}', b'{"op":"b","list":[{"x":1},{"x":2}]}')],
        [b"first", b"other"], "two operations behind one path")
    tap.equal(p.ask("/ops", b'{"op":"b","list":[{"x":1}]}').status, 403,
              "none of a list fits")
    answers = [p.ask("/poll") for _ in range(3)]
    tap.equal([answers[0].body] + [gzip.decompress(a.body)
                                   for a in answers[1:]],
              [b"one", b"two", b"two"], "answers in order, the last stays")
    tap.equal(p.ask("/events").body,
              b'event: put\ndata: 1\n\n{"type":"last"}\n', "an event stream")
    soap = b'<s:Envelope xmlns:s="urn:s"><s:Body><a><user id="u1"/>' \
        b'<name>n</name></a></s:Body></s:Envelope>'
    tap.equal(p.ask("/soap", soap).body, b"<ok>u1</ok>", "XML")
    tap.equal(p.ask("/soap", soap.replace(b' id="u1"', b"")).status, 403,
              "XML that lacks an attribute")
    tap.equal(p.ask("/item/47").body, b"47", "a part of the path")
    a = p.ask("/x", None, ("Origin", "https://a.example"),
              ("Access-Control-Request-Method", "PUT"),
              ("Access-Control-Request-Headers", "x-a"), method="OPTIONS")
    tap.equal((a.status, a.get("access-control-allow-headers")), (204, "x-a"),
              "a preflight")


def recorded(tap, p):
    host, client = "matrix.amt.example.de", "/_matrix/client/"
    a = p.ask(client + "versions", host=host)
    tap.ok(b'"versions"' in a.body, "a recorded answer without a rule", a.body)
    two = [p.ask(client + "v3/sync?timeout=0", host=host).body
           for _ in range(2)]
    tap.ok(two[0] != two[1] and b"next_batch" in two[1],
           "recorded answers in their order", two)
    tap.equal(p.ask(client + "v3/sync", host=host).status, 403,
              "and none where something is missing")


def sockets(tap, p):
    sip = ("Sec-WebSocket-Protocol", "sip")
    c, _ = p.socket("/sip", sip)
    tap.equal(talk(c, INVITE % "72345"), (
        ["SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\n\r\n"], False), "SIP")
    c, _ = p.socket("/sip", sip)
    tap.equal(talk(c, INVITE % ""), (
        ["SIP/2.0 403 Forbidden\r\nCSeq: 1 INVITE\r\n\r\n"], True),
        "SIP that lacks something")
    bind = '<iq id="b1" xmlns="jabber:client"><bind/></iq>'
    c, _ = p.socket("/xmpp")
    tap.equal(talk(c, '<open to="x"/>', bind)[0][1],
              "<iq id='b1' type='result'/>", "XMPP")
    c, _ = p.socket("/xmpp")
    tap.equal(talk(c, bind), ([], True), "XMPP out of order")
    c, _ = p.socket("/socket.io/?EIO=4")
    tap.equal(talk(c, "2probe", '427["join",{"room":"r","pad":"%s"}]' %
                   ("x" * 300), b"\x08\x01" + b"y" * 200),
              (['0{"sid":"s"}', "3probe", '437[{"ok":true}]', "\0\1\2",
                "\x08\x01" + "y" * 200], False), "Socket.IO, and binary")


def main():
    tap = Tap()
    p = Peer()
    try:
        example(tap, p)
        requests(tap, p)
        recorded(tap, p)
        sockets(tap, p)
    finally:
        p.end()
    return tap.done()


sys.exit(main())
