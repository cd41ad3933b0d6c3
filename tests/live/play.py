# SPDX-License-Identifier: EUPL-1.2
"""Play a recording of a browser (HAR) through the gateway, and set beside each
request what the provider received."""
import base64
import json
from urllib.parse import parse_qsl, urlsplit

from client import Client, Refused, http1

SKIP = {"host", "connection", "content-length", "transfer-encoding",
        "proxy-connection", "upgrade", "sec-websocket-key",
        "sec-websocket-version", "sec-websocket-extensions"}


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


class Player:
    def __init__(self, gate, har):
        self.gate = gate
        with open(har, encoding="utf-8") as f:
            self.entries = json.load(f)["log"]["entries"]
        self.clients = {}
        self.seen = 0

    def client(self, host, port, plain, fresh=False):
        key = (host, port)
        if fresh or key not in self.clients:
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
        body = req.get("postData", {}).get("text", "").encode()
        if req.get("postData", {}).get("_encoding") == "base64":
            body = base64.b64decode(req["postData"]["text"])
        out = {"method": req["method"], "url": req["url"], "host":
               url.hostname, "target": target, "headers": headers,
               "body": body, "messages": 0, "heard": 0, "got": None,
               "touched": False, "status": 0, "answer": b"", "note": ""}
        is_ws = url.scheme in ("ws", "wss")
        try:
            if is_ws:
                self.talk(entry, out, url.hostname, port, plain)
            else:
                self.ask(out, port, plain)
        except Refused as e:
            out["status"], out["note"] = e.status, "tunnel refused"
            out["answer"] = e.body
        except (http1.Closed, OSError) as e:
            out["note"] = "closed: %s" % (e or type(e).__name__)
        for r in self.received():
            out["touched"] = True
            if r["event"] == "request":
                out["got"] = r
        return out

    def ask(self, out, port, plain):
        body = out["body"]
        headers = [h for h in out["headers"]
                   if h[0].lower() not in ("content-length",
                                           "transfer-encoding")]
        if body or out["method"] == "POST":
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
        if (a.get("connection") or "").lower() == "close":
            self.clients.pop((out["host"], port)).close()

    def talk(self, entry, out, host, port, plain):
        c = self.client(host, port, plain, fresh=True)
        a = c.upgrade(out["target"], list(out["headers"]))
        out["status"] = a.status
        if a.status == 101:
            c.sock.settimeout(5)
            for m in entry.get("_webSocketMessages", []):
                if m["type"] == "send" and m["opcode"] == 1:
                    c.say(m["data"])
                    out["messages"] += 1
                elif m["type"] == "receive":
                    if c.hear() is not None:
                        out["heard"] += 1
        else:
            out["answer"] = a.body
        c.close()

    def close(self):
        for c in self.clients.values():
            c.close()
