# SPDX-License-Identifier: EUPL-1.2
"""The server's side of a WebSocket: what it greets with, and which message gets
which answer (rules.py says how a data file writes it)."""
import base64
import json
import time

import http1
import rules
import values
import ws

KEEP = 1000  # messages of one socket that go into the record
POLICY, NORMAL = b"\x03\xf0", b"\x03\xe8"


class Talk:
    def __init__(self, wire, service, how, handshake, packed=False):
        self.socket = ws.Socket(wire, packed)
        self.service, self.how, self.handshake = service, how, handshake
        self.got, self.done, self.unmet = [], set(), []
        self.never = 0  # messages that must not arrive
        self.at = 0  # of a recorded dialogue

    def run(self, why):
        try:
            if why:
                self.say(self.how.get("refuse", []), self.handshake)
                self.end(POLICY)
            else:
                self.say(self.how.get("greet", []), self.handshake)
                self.replay()
            while self.step():
                pass
        except http1.Closed:
            pass

    def end(self, code):
        self.socket.send(ws.CLOSE, code)

    def say(self, send, seen, message=None):
        for one in send:
            if one == "echo" and message:
                self.socket.send(*message)
            elif isinstance(one, dict) and set(one) == {"wait"}:
                time.sleep(one["wait"] / 1000)
            elif isinstance(one, dict) and set(one) == {"close"}:
                self.end(one["close"].to_bytes(2, "big"))
            elif isinstance(one, dict) and set(one) == {"binary"}:
                self.socket.send(ws.BINARY, base64.b64decode(
                    seen.fill(one["binary"])))
            elif isinstance(one, str):
                self.socket.send(ws.TEXT, seen.fill(one).encode())
            else:
                self.socket.send(ws.TEXT, json.dumps(
                    seen.fill(one), ensure_ascii=False,
                    separators=(",", ":")).encode())

    def replay(self):
        """What the server said next in a recording."""
        recorded = self.how.get("recorded", [])
        while self.at < len(recorded) and \
                recorded[self.at]["type"] == "receive":
            m = recorded[self.at]
            self.at += 1
            if m["opcode"] == ws.BINARY:
                self.socket.send(ws.BINARY, base64.b64decode(m["data"]))
            else:
                self.socket.send(ws.TEXT, m["data"].encode())
        if self.at < len(recorded):
            self.at += 1

    def step(self):
        """One message; False when the socket is closed."""
        opcode, payload = self.socket.receive()
        if len(self.got) < KEEP:
            self.got.append(base64.b64encode(payload).decode())
        if opcode == ws.CLOSE:
            self.end(payload[:2] or NORMAL)
            return False
        if opcode == ws.PING:
            self.socket.send(ws.PONG, payload)
        elif opcode in (ws.TEXT, ws.BINARY):
            if self.how.get("echo") == "*":
                self.socket.send(opcode, payload)
            else:
                self.hear(opcode, payload)
        return True

    def hear(self, opcode, payload):
        if "recorded" in self.how:
            self.replay()
            return
        seen = values.Seen(payload, service=self.service,
                           binary=opcode == ws.BINARY)
        seen.ws = self.handshake
        for number, step in enumerate(self.how.get("steps", [])):
            name = step.get("name", str(number))
            if (step.get("once") and name in self.done) or \
                    not self.done.issuperset(step.get("after", [])) or \
                    not rules.fits(step["on"], seen):
                continue
            self.never += step.get("never", False)
            match = seen.match
            seen.why = rules.unmet(step.get("need", {}), seen) or ""
            seen.match = dict(match, **seen.match)
            if "delay" in step:
                time.sleep(step["delay"] / 1000)
            if seen.why:
                self.unmet.append("%s: %s" % (name, seen.why))
                self.say(step.get("refuse", []), seen)
                self.end(POLICY)
                return
            self.done.add(name)
            rules.remember(self.service, step, seen)
            self.say(step.get("send", []), seen, (opcode, payload))
            return
        if self.how.get("strict"):
            self.unmet.append("no step fits a message")
            self.end(POLICY)
