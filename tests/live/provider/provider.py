#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""A fake conferencing provider on loopback, driven by a data file.

provider.py --pki DIR --record FILE [--rules zoom.json] [--port N] [--plain N]
            [--ports-file FILE] [--parent PID]

Serves HTTPS for every name of the test PKI (certificate by SNI) and plain HTTP
on a second port; both on 127.0.0.1 only. Refuses what the real service would
refuse. Everything that arrives is written to the record as JSON lines:
  {"event": "tls", "sni": ...}          a handshake was finished
  {"event": "request", "host", "method", "target", "headers", "body64", ...}
  {"event": "ws", "host", "target", "got64": [...]}
  {"event": "bad", "why": ...}          a request this server had to refuse
With --parent it ends when that process is gone.
"""
import argparse
import base64
import json
import os
import socket
import ssl
import sys
import threading
import time

import http1
import lab
import rules
import ws

BAD_CERT = ("expired", "notyet", "unknown", "weak", "sha1", "selfsigned",
            "wrongname", "rsa")


class Record:
    def __init__(self, path):
        self.file = open(path, "a", encoding="utf-8")
        self.lock = threading.Lock()

    def write(self, **what):
        line = json.dumps(what, ensure_ascii=True)
        with self.lock:
            self.file.write(line + "\n")
            self.file.flush()


def certificate_for(name):
    name = name or ""
    first, _, rest = name.partition(".")
    if rest == "lab.example" and first in BAD_CERT:
        return first
    if name == "lab.example" or name.endswith(".lab.example"):
        return "lab"
    if name.endswith(("zoom.us", "zoom.com")):
        return "zoom"
    return "third"


class Provider:
    def __init__(self, args):
        self.data = rules.load(args.rules)
        self.record = Record(args.record)
        self.pki = args.pki
        self.contexts = {}
        self.context = self.context_for("third")
        self.context.sni_callback = self.on_sni

    def context_for(self, cert):
        if cert not in self.contexts:
            c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            if cert in ("weak", "sha1"):
                c.set_ciphers("DEFAULT:@SECLEVEL=0")
            c.load_cert_chain(os.path.join(self.pki, cert + ".pem"))
            c.set_alpn_protocols(["http/1.1"])
            self.contexts[cert] = c
        return self.contexts[cert]

    def on_sni(self, sslobj, name, context):
        sslobj.context = self.context_for(certificate_for(name))
        sslobj.sni = name

    def serve(self, sock, tls):
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sni = None
            if tls:
                try:
                    sock = self.context.wrap_socket(sock, server_side=True)
                except (ssl.SSLError, OSError):
                    self.record.write(event="tls-failed")
                    return
                sni = getattr(sock, "sni", None) or \
                    getattr(sock._sslobj, "sni", None)
                self.record.write(event="tls", sni=sni,
                                  resumed=bool(sock.session_reused))
            wire = http1.Wire(sock)
            while self.exchange(wire, sni):
                pass
        except http1.Closed:
            pass
        except http1.BadRequest as e:
            self.record.write(event="bad", why=str(e),
                              bytes64=base64.b64encode(
                                  wire.buf[:4096]).decode())
            try:
                http1.answer(wire, None, 400, [("Connection", "close")])
            except http1.Closed:
                pass
        finally:
            try:
                sock.close()
            except OSError:
                pass

    def exchange(self, wire, sni):
        req = http1.Request(wire)
        host = req.get("host").partition(":")[0].lower()
        if sni is not None and sni != host:
            raise http1.BadRequest("Host is not the TLS name")
        special = lab.PATHS.get(req.path())
        if (req.get("expect") or "").lower() == "100-continue" and \
                req.path() != "/early-answer":
            wire.send(http1.head(100, []))
        try:
            if host.endswith("lab.example") and special:
                again = special(req, wire)
            elif host.endswith("lab.example") and req.get("upgrade") and \
                    req.path() == "/ws":
                again = self.socket(wire, req, host, {"echo": "*"}, {})
            else:
                req.read_body()
                again = self.by_rule(wire, req, host)
        except http1.Closed:
            req.cut = True
            raise
        finally:
            self.note(req, host)
        return again and (req.get("connection") or "").lower() != "close" and \
            req.version == "HTTP/1.1"

    def note(self, req, host):
        """One record for each request, before its answer where possible."""
        if hasattr(req, "noted"):
            return
        req.noted = True
        self.record.write(
            event="request", host=host, method=req.method, target=req.target,
            version=req.version, headers=req.headers,
            trailers=req.trailers, chunked=req.chunked,
            body64=base64.b64encode(req.kept).decode(),
            body_bytes=req.body_bytes,
            telemetry=rules.is_telemetry(self.data, host),
            met=getattr(req, "met", None),
            cut=getattr(req, "cut", False))

    def by_rule(self, wire, req, host):
        rule = rules.find(self.data, host, req)
        have = rules.fields(req)
        extra = self.cors(req)
        if rule is None and rules.is_telemetry(self.data, host):
            rule = {"json": {"status": True}}
        if rule is None:
            self.note(req, host)
            http1.answer(wire, req, 404, extra + [("Content-Type",
                                                   "text/plain")], b"?")
            return True
        why = rules.unmet(rule, have)
        req.met = why or "yes"
        self.note(req, host)
        if why and "refuse" in rule:
            have["need"] = {"why": why}
            status, headers, body = rules.render(self.data, rule["refuse"],
                                                 have)
            http1.answer(wire, req, status, extra + headers, body)
            return True
        if "ws" in rule:
            return self.socket(wire, req, host, rule["ws"], have, why)
        status, headers, body = rules.render(self.data, rule, have)
        http1.answer(wire, req, status, extra + headers, body)
        return True

    @staticmethod
    def cors(req):
        origin = req.get("origin")
        if not origin:
            return []
        return [("Access-Control-Allow-Origin", origin),
                ("Access-Control-Allow-Credentials", "true"),
                ("Vary", "Origin")]

    def socket(self, wire, req, host, how, have, why=None):
        key = req.get("sec-websocket-key")
        if (req.get("upgrade") or "").lower() != "websocket" or not key or \
                "upgrade" not in (req.get("connection") or "").lower():
            http1.answer(wire, req, 400, [("Content-Type", "text/plain")],
                         b"WebSocket expected")
            return True
        wire.send(http1.head(101, [
            ("Upgrade", "websocket"), ("Connection", "Upgrade"),
            ("Sec-WebSocket-Accept", ws.accept_key(key))]))
        have.setdefault("need", {})["why"] = why or ""
        greet = how.get("refuse", []) if why else how.get("greet", [])
        got = []
        try:
            for message in rules.fill(greet, have):
                wire.send(ws.frame(ws.TEXT, json.dumps(
                    message, separators=(",", ":")).encode()))
            if why:
                wire.send(ws.frame(ws.CLOSE, b"\x03\xf0"))
            self.dialogue(wire, how, got)
        except http1.Closed:
            pass
        finally:
            self.record.write(event="ws", host=host, target=req.target,
                              got64=got)
        return False

    @staticmethod
    def dialogue(wire, how, got):
        while True:
            opcode, payload = ws.read_frame(wire)
            if len(got) < 1000:
                got.append(base64.b64encode(payload).decode())
            if opcode == ws.CLOSE:
                wire.send(ws.frame(ws.CLOSE, payload[:2]))
                return
            if opcode == ws.PING:
                wire.send(ws.frame(ws.PONG, payload))
            elif how.get("echo") == "*":
                wire.send(ws.frame(opcode, payload))
            elif opcode == ws.TEXT:
                try:
                    evt = json.loads(payload).get("evt")
                except (ValueError, AttributeError):
                    continue
                if evt in how.get("echo", []):
                    wire.send(ws.frame(ws.TEXT, payload))


def listen(port):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", port))
    s.listen(512)
    return s


def accept_loop(provider, listener, tls):
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=provider.serve, args=(sock, tls),
                         daemon=True).start()


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    p = argparse.ArgumentParser()
    p.add_argument("--pki", required=True)
    p.add_argument("--record", required=True)
    p.add_argument("--rules", default=os.path.join(here, "zoom.json"))
    p.add_argument("--port", type=int, default=0)
    p.add_argument("--plain", type=int, default=0)
    p.add_argument("--ports-file")
    p.add_argument("--parent", type=int)
    args = p.parse_args()
    provider = Provider(args)
    tls, plain = listen(args.port), listen(args.plain)
    for listener, is_tls in ((tls, True), (plain, False)):
        threading.Thread(target=accept_loop, daemon=True,
                         args=(provider, listener, is_tls)).start()
    ports = "%d %d\n" % (tls.getsockname()[1], plain.getsockname()[1])
    if args.ports_file:
        with open(args.ports_file + ".new", "w") as f:
            f.write(ports)
        os.rename(args.ports_file + ".new", args.ports_file)
    else:
        sys.stdout.write(ports)
        sys.stdout.flush()
    while args.parent is None or os.path.exists("/proc/%d" % args.parent):
        time.sleep(0.5)


if __name__ == "__main__":
    main()
