#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""Fake conferencing providers on loopback, played from data files.

provider.py --pki DIR --record FILE [--rules FILE...] [--port N] [--plain N]
            [--ports-file FILE] [--parent PID]

Serves HTTPS for every name (certificates by SNI: certs.py) and plain HTTP on a
second port; both on 127.0.0.1 only. Each data file (rules.py; default zoom.json)
is a service with the hosts it names; of two that name one the first answers.
Refuses what the real service would refuse. Everything that arrives is written
to the record as JSON lines:
  {"event": "tls", "sni": ...}          a handshake was finished
  {"event": "request", "host", "method", "target", "headers", "body64",
   "telemetry", "met": "yes" or what was missing, ...}
  {"event": "ws", "host", "target", "got64": [...], "unmet": [...],
   "telemetry": how many messages must not arrive}
  {"event": "bad", "why": ...}          a request this server had to refuse
POST /forget to lab.example: what was remembered is gone, a new meeting begins.
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
import values
import ws
from certs import Certificates
from talk import Talk


class Record:
    def __init__(self, path):
        self.file = open(path, "a", encoding="utf-8")
        self.lock = threading.Lock()

    def write(self, **what):
        line = json.dumps(what, ensure_ascii=True)
        with self.lock:
            self.file.write(line + "\n")
            self.file.flush()


class Provider:
    def __init__(self, args):
        self.services = [rules.Service(p) for p in args.rules]
        self.record = Record(args.record)
        self.certificates = Certificates(args.pki)
        self.context = self.certificates.context("lab.example")
        self.context.sni_callback = self.on_sni

    def on_sni(self, sslobj, name, context):
        sslobj.context = self.certificates.context(name)
        sslobj.sni = name

    def service(self, host):
        return next((s for s in self.services if s.serves(host)), None)

    def is_telemetry(self, host):
        return any(s.is_telemetry(host) for s in self.services)

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
                again = self.socket(wire, req, None, {"echo": "*"},
                                    values.Seen())
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
            telemetry=self.is_telemetry(host) or
            getattr(req, "never", False),
            met=getattr(req, "met", None),
            cut=getattr(req, "cut", False))

    def by_rule(self, wire, req, host):
        if host == "lab.example" and req.path() == "/forget":
            for service in self.services:
                service.forget()
            http1.answer(wire, req, 204, [])
            return True
        service = self.service(host)
        seen = values.Seen(req.kept, req.headers, req.query(), service)
        rule = rules.find(service, host, req.method, req.path(), seen) \
            if service else None
        if rule is None and service and \
                (req.method, host, req.path()) in service.recorded:
            rule = {"answer": "capture"}
        if rule is None and self.is_preflight(req):
            rule = {"answer": {"status": 204}}
        if rule is None and service and service.is_telemetry(host):
            rule = {"answer": {"json": {}}}
        if rule is None:
            rule = {"answer": {"status": 404, "headers":
                               [["Content-Type", "text/plain"]], "text": "?"}}
        else:
            seen.why = rules.unmet(rule.get("need", {}), seen) or ""
            req.met = seen.why or "yes"
            req.never = rule.get("never", False)
        self.note(req, host)
        if "ws" in rule:
            return self.socket(wire, req, service, rule["ws"], seen)
        if seen.why:
            part = rule.get("refuse", {"status": 403, "json":
                                       {"error": "${need.why}"}})
        else:
            rules.remember(service, rule, seen)
            part = rules.answer_of(service, rule, service.count(id(rule))
                                   if "answers" in rule else 0)
            if part == "capture":
                part = service.from_capture(req.method, host, req.path()) or \
                    {"status": 404}
            if "ws" in part:
                return self.socket(wire, req, service, part["ws"], seen)
        return self.answer(wire, req, service, part, seen)

    def answer(self, wire, req, service, part, seen):
        if "delay" in part:
            time.sleep(part["delay"] / 1000)
        status, headers, body = rules.render(service, part, seen)
        headers = self.cors(req) + headers
        if "stream" not in part:
            http1.answer(wire, req, status, headers, body)
            return True
        wire.send(http1.head(status, headers +
                             [("Transfer-Encoding", "chunked")]))
        for one in part["stream"]:
            if isinstance(one, dict) and set(one) == {"wait"}:
                time.sleep(one["wait"] / 1000)
                continue
            text = seen.fill(one) if isinstance(one, str) else json.dumps(
                seen.fill(one), separators=(",", ":")) + "\n"
            wire.send(b"%x\r\n%s\r\n" % (len(text.encode()), text.encode()))
        time.sleep(part.get("hold", 0) / 1000)
        wire.send(b"0\r\n\r\n")
        return True

    @staticmethod
    def is_preflight(req):
        return req.method == "OPTIONS" and \
            req.get("access-control-request-method")

    @staticmethod
    def cors(req):
        origin = req.get("origin")
        if not origin:
            return []
        out = [("Access-Control-Allow-Origin", origin),
               ("Access-Control-Allow-Credentials", "true"),
               ("Vary", "Origin")]
        if req.method == "OPTIONS":
            out += [("Access-Control-Allow-Methods",
                     req.get("access-control-request-method") or "*"),
                    ("Access-Control-Allow-Headers",
                     req.get("access-control-request-headers") or "*"),
                    ("Access-Control-Max-Age", "600")]
        return out

    def socket(self, wire, req, service, how, seen):
        key = req.get("sec-websocket-key")
        if (req.get("upgrade") or "").lower() != "websocket" or not key or \
                "upgrade" not in (req.get("connection") or "").lower():
            http1.answer(wire, req, 400, [("Content-Type", "text/plain")],
                         b"WebSocket expected")
            return True
        headers = [("Upgrade", "websocket"), ("Connection", "Upgrade"),
                   ("Sec-WebSocket-Accept", ws.accept_key(key))]
        offered = [p.strip() for p in
                   (req.get("sec-websocket-protocol") or "").split(",")]
        protocol = how.get("protocol")
        if protocol and protocol not in offered:
            seen.why = seen.why or "subprotocol %s is missing" % protocol
            req.met = seen.why
        elif protocol:
            headers.append(("Sec-WebSocket-Protocol", protocol))
        packed = service is not None and ws.OFFER in \
            (req.get("sec-websocket-extensions") or "")
        if packed:
            headers.append(("Sec-WebSocket-Extensions", ws.AGREED))
        wire.send(http1.head(101, headers))
        talk = Talk(wire, service, how, seen, packed)
        try:
            talk.run(seen.why)
        finally:
            self.record.write(
                event="ws", host=req.get("host").partition(":")[0].lower(),
                target=req.target, got64=talk.got, unmet=talk.unmet,
                telemetry=talk.never)
        return False


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
    p.add_argument("--rules", nargs="+",
                   default=[os.path.join(here, "zoom.json")])
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
