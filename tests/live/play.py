# SPDX-License-Identifier: EUPL-1.2
"""Play a recording of a browser (HAR) through the gateway, and set beside each
request what the provider received."""
import base64
import gzip
import json
from urllib.parse import parse_qsl, urlsplit

from client import Client, Refused, http1, ws

SKIP = {"host", "connection", "content-length", "transfer-encoding",
        "proxy-connection", "upgrade", "sec-websocket-key",
        "sec-websocket-version", "sec-websocket-extensions"}
OFFER = ("Sec-WebSocket-Extensions",
         "permessage-deflate; client_max_window_bits")


def json_leaves(value, path="$"):
    if isinstance(value, dict):
        for key, v in value.items():
            yield from json_leaves(v, "%s.%s" % (path, key))
    elif isinstance(value, list):
        for i, v in enumerate(value):
            yield from json_leaves(v, "%s[%d]" % (path, i))
    else:
        yield path, value if isinstance(value, str) else json.dumps(value)


def fields(headers, target, body):
    """Every named value of a request: [(carrier, name, value)]."""
    out, kind = [], ""
    for name, value in headers:
        low = name.lower()
        if low == "content-type":
            kind = value.lower()
        if low == "cookie":
            for pair in value.split("; "):
                n, _, v = pair.partition("=")
                out.append(("cookie", n, v))
        elif low not in SKIP:
            out.append(("header", name, value))
    for n, v in parse_qsl(target.partition("?")[2], keep_blank_values=True):
        out.append(("query", n, v))
    text = body.decode("utf-8", "replace")
    if "urlencoded" in kind:
        out += [("form", n, v) for n, v in
                parse_qsl(text, keep_blank_values=True)]
    elif text:
        try:
            out += [("json", n, v) for n, v in json_leaves(json.loads(text))]
        except ValueError:
            out.append(("body", "", text))
    return out


def compare(sent, got, everything=False):
    """([(carrier, name, sent or None, received or None)], how many the same);
    with everything, the same ones are rows too."""
    rows, same = [], 0
    left = [(c, n.lower() if c == "header" else n, v) for c, n, v in got]
    for carrier, name, value in sent:
        key = name.lower() if carrier == "header" else name
        found = next((g for g in left if g[:2] == (carrier, key)), None)
        if found:
            left.remove(found)
        if found and found[2] == value:
            same += 1
        if everything or not found or found[2] != value:
            rows.append((carrier, name, value, found[2] if found else None))
    rows += [(c, n, None, v) for c, n, v in left]
    return rows, same


def content(request):
    """The body of a recorded request as it went over the wire."""
    data = request.get("postData", {})
    if "_rawBase64" in data:
        return base64.b64decode(data["_rawBase64"])
    text = data.get("text", "")
    body = base64.b64decode(text) if data.get("_encoding") == "base64" \
        else text.encode()
    codings = [h["value"] for h in request["headers"]
               if h["name"].lower() == "content-encoding"]
    return gzip.compress(body) if body and codings == ["gzip"] else body


def payload(message):
    """The bytes of a recorded WebSocket message."""
    return base64.b64decode(message["data"]) if message["opcode"] == 2 \
        else message["data"].encode()


class Player:
    """Plays entries of a HAR through the gateway; direct: to the provider, as if
    there were none."""

    def __init__(self, gate, entries, direct=False):
        self.gate, self.entries, self.direct = gate, entries, direct
        self.clients = {}
        self.seen = len(gate.record())

    def client(self, host, port, plain, fresh=False):
        key = (host, port)
        if fresh or key not in self.clients:
            if self.direct:
                c = Client(self.gate.plain_port if plain else
                           self.gate.tls_port, host, plain=plain, direct=True,
                           root=self.gate.path("pki/root.pem"))
            else:
                c = Client(self.gate.port, host, port, self.gate.root,
                           plain=plain)
            if fresh:
                return c
            self.clients[key] = c
        return self.clients[key]

    def received(self):
        """New entries of the provider's record. It writes them before it
        answers, so after an answer they are there."""
        new = self.gate.record(self.seen)
        self.seen += len(new)
        return new

    def play(self, entry):
        """One entry: a dictionary with what was sent, answered, received."""
        req = entry["request"]
        url = urlsplit(req["url"])
        plain = url.scheme in ("http", "ws")
        port = url.port or (80 if plain else 443)
        target = (url.path or "/") + ("?" + url.query if url.query else "")
        headers = [(h["name"], h["value"]) for h in req["headers"]
                   if not h["name"].startswith(":")]
        if "host" not in {n.lower() for n, _ in headers}:
            headers.insert(0, ("Host", url.netloc))
        out = {"method": req["method"], "url": req["url"], "host":
               url.hostname, "target": target, "headers": headers,
               "body": content(req), "messages": 0, "heard": [],
               "closed": False, "got": None, "touched": False, "status": 0,
               "answer": b"", "type": "", "note": ""}
        try:
            if url.scheme in ("ws", "wss"):
                self.talk(entry, out, port, plain)
            else:
                self.ask(out, port, plain)
        except Refused as e:
            out["status"], out["note"] = e.status, "tunnel refused"
            out["answer"] = e.body
        except (http1.Closed, OSError) as e:
            out["closed"] = True
            out["note"] = "closed: %s" % (e or type(e).__name__)
        if self.direct:
            return out
        for r in self.received():
            out["touched"] = True
            if r["event"] == "request":
                out["got"] = r
        return out

    def ask(self, out, port, plain):
        body = out["body"]
        framing = [h for h in out["headers"] if h[0].lower() in (
            "content-length", "transfer-encoding")]
        headers = [h for h in out["headers"] if h not in framing]
        if ("transfer-encoding", "chunked") in {
                (n.lower(), v.lower()) for n, v in framing}:
            headers.append(("Transfer-Encoding", "chunked"))
            half = len(body) // 2
            body = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in
                            (body[:half], body[half:]) if p) + b"0\r\n\r\n"
        elif body or out["method"] in ("POST", "PUT", "PATCH"):
            headers.append(("Content-Length", str(len(body))))
        for again in (False, True):
            c = self.client(out["host"], port, plain)
            try:
                a = c.ask(out["method"], out["target"], headers, body)
                break
            except (http1.Closed, OSError):
                self.clients.pop((out["host"], port)).close()
                if again:
                    raise
        out["status"], out["answer"] = a.status, a.body
        out["type"] = a.get("content-type") or ""
        if (a.get("content-encoding") or "") == "gzip" and a.body:
            out["answer"] = gzip.decompress(a.body)
        if (a.get("connection") or "").lower() == "close":
            self.clients.pop((out["host"], port)).close()

    def talk(self, entry, out, port, plain):
        c = self.client(out["host"], port, plain, fresh=True)
        try:
            a = c.upgrade(out["target"], out["headers"] + [OFFER])
            out["status"] = a.status
            if a.status == 101:
                self.messages(c, entry, out)
            else:
                out["answer"] = a.body
        finally:
            c.close()

    @staticmethod
    def messages(c, entry, out):
        """After each message of the client waits for what it brought about."""
        c.sock.settimeout(20)
        todo = [m for m in entry.get("_webSocketMessages", [])
                if m["type"] == "send" and m["opcode"] in (1, 2)]
        for m in [None] + todo:
            if m:
                c.socket.send(m["opcode"], payload(m))
                out["messages"] += 1
            heard, out["closed"] = c.collect()
            out["heard"] += heard
            if out["closed"]:
                return
        c.socket.send(ws.CLOSE, b"\x03\xe8")
        while c.socket.receive()[0] != ws.CLOSE:
            pass

    def close(self):
        for c in self.clients.values():
            c.close()
