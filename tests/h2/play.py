# SPDX-License-Identifier: EUPL-1.2
"""Plays a shape against a peer: sends its frames, waits for what must come."""
import re
import time

import frame
import shape as shapes

PATIENCE_S = 10
BATCH = 50   # rounds of a repeat that go out in one write
STREAM_MAX = 0x7fffffff


class Failed(Exception):
    pass


class Player:
    """One connection. Answers SETTINGS by itself; everything else is told."""

    def __init__(self, wire, server=False):
        self.wire, self.server = wire, server
        self.reader, self.events = frame.Reader(), []
        self.next_stream, self.closed = 1, False
        self.owed, self.in_block = 0, False  # SETTINGS to acknowledge
        self.bytes = {}   # of content, by stream
        self.body = {}
        self.log = []
        self.on_request = None  # server: called with each head
        self.preface = len(frame.PREFACE) if server else 0  # still to come

    def pump(self, seconds):
        """Take in what comes within seconds."""
        data = self.wire.receive(seconds)
        if self.preface:
            n = len(data[:self.preface])
            if data[:n] != frame.PREFACE[-self.preface:][:n]:
                raise Failed("no preface: %r" % data[:24])
            self.preface -= n
            data = data[n:]
        for e in self.reader.feed(data):
            self.log.append(str(e))
            if e.kind == "settings":
                self.owed += 1
            if e.kind == "head" and self.on_request and e.field(":method"):
                self.on_request(e)
            if e.kind == "data":
                self.bytes[e.stream] = self.bytes.get(e.stream, 0) + e.size
                self.body[e.stream] = self.body.get(e.stream, b"") + e.data
            self.events.append(e)
        self.acknowledge()
        if self.wire.gone and not data and not self.closed:
            self.closed = True
            self.events.append(frame.Event("close"))
            self.log.append("close")

    def acknowledge(self):
        """SETTINGS that came; not inside a field block of ours."""
        while self.owed and not self.in_block:
            self.owed -= 1
            self.wire.send(frame.pack(4, 1, 0, b""))

    def note_stream(self, line):
        self.in_block = frame.opens_block(line.replace("$", "1"))
        m = re.match(r"HEADERS (\d+)", line)
        if m and int(m[1]) % 2:
            self.next_stream = max(self.next_stream, int(m[1]) + 2)

    def say(self, line):
        if line == "close":
            self.wire.close()
            return
        if line == "cut":
            self.wire.sock.close()
            self.wire.gone = True
            return
        m = re.match(r"repeat (\d+) (.*)", line)
        if m:
            self.repeat(int(m[1]), m[2].split(" ; "))
            return
        self.note_stream(line)
        self.wire.send(frame.write(line))

    def repeat(self, n, lines):
        """$ in a line is the next stream of each round. Ends early when the
        other side has gone."""
        fixed = all("$" not in line for line in lines)
        batch = b"".join(frame.write(line) for line in lines) if fixed else b""
        for line in lines:
            self.note_stream(line)
        out = b""
        for i in range(n):
            if fixed:
                out += batch
            else:
                for line in lines:
                    out += frame.write(line.replace("$",
                                                    str(self.next_stream)))
                self.next_stream += 2
            if i % BATCH == BATCH - 1 or i == n - 1:
                self.wire.send(out, whole=n > 1)
                out = b""
                self.pump(0)
                if self.wire.gone:
                    return

    def want(self, text, patience=PATIENCE_S):
        """One of the things that text names; the Want that came."""
        wants = [shapes.Want(t) for t in text.split(" or ")]
        end = time.monotonic() + patience
        while True:
            for w in wants:
                if self.is_there(w):
                    return w
            for e in self.events:
                if any(matches(w, e) for w in wants):
                    self.forget(e)
                    return next(w for w in wants if matches(w, e))
                if any(forbids(w, e) for w in wants):
                    raise Failed("came: %s" % e)
            if time.monotonic() > end:
                raise Failed("nothing of the kind came in %d s" % patience)
            self.pump(min(1, max(0, end - time.monotonic())))

    def forget(self, event):
        """event was what somebody waited for; with the end of a stream all
        that came before it on it."""
        at = self.events.index(event)
        self.events = [
            e for i, e in enumerate(self.events) if i != at and not (
                event.kind == "end" and i < at and e.stream == event.stream)]

    def is_there(self, w):
        """For what is no single event."""
        if w.kind == "no":
            if any(e.stream == w.stream and e.kind in ("head", "data", "reset")
                   for e in self.events):
                raise Failed("something came on stream %d" % w.stream)
            return True
        if w.kind == "bytes":
            n = self.bytes.get(w.stream, 0)
            if n > int(w.value):
                raise Failed("%d bytes came" % n)
            return n == int(w.value)
        if w.kind == "body":
            return self.body.get(w.stream) == w.value
        return False


def matches(w, e):
    if w.kind == "malformed":
        return e.stream == w.stream and (
            e.kind == "reset" and e.code == 1 or
            e.kind == "head" and e.field(":status") == "400")
    if w.kind in ("goaway", "reset"):
        return e.kind == w.kind and e.code == w.code and \
            w.stream in (None, e.stream)
    if w.kind == "status":
        return e.kind == "head" and e.stream == w.stream and \
            e.field(":status") == w.value
    if w.kind == "field":
        name, _, value = w.value.partition(" ")
        return e.kind == "head" and e.stream == w.stream and \
            e.field(name) == value
    if w.kind == "request":
        return e.kind == "head" and e.stream == w.stream
    if w.kind == "pong":
        return e.kind == "pong" and e.data == w.value
    if w.kind == "settings":
        name, _, value = w.value.partition("=")
        return e.kind == "settings" and \
            e.values.get(frame.SETTINGS[name]) == int(value)
    if w.kind == "end":
        return e.kind == "end" and e.stream == w.stream
    return w.kind in ("ack", "close") and e.kind == w.kind


def forbids(w, e):
    """Does e say that w will never come?"""
    if e.kind in ("broken", "close"):
        return True
    if e.kind == "goaway":
        return e.code != 0
    if w.stream is None or e.stream != w.stream:
        return False
    if e.kind == "reset":
        return e.code != 0
    if e.kind == "head" and w.kind in ("reset", "malformed", "status"):
        return not (e.field(":status") or "").startswith("1")
    return False


def good_request(host, n):
    return shapes.Shape("", "", 0).text(
        "+end_stream +end_headers {get}&alive", host, n)


def still_alive(player, host, n):
    """A stream error leaves the connection as it was."""
    if any(e.kind == "goaway" for e in player.events):
        return
    if player.next_stream > STREAM_MAX:
        player.say('PING 0 "still up"')
        player.want('pong "still up"')
        return
    stream = player.next_stream
    player.say("HEADERS %d %s" % (stream, good_request(host, n)))
    player.want("status %d 200" % stream)


def play(shape, player, host, n, alive=True):
    """Raises Failed with what went wrong and where."""
    step = "start"
    try:
        if shape.get("start") != "nothing":
            player.wire.send((b"" if player.server else frame.PREFACE) +
                             frame.write("SETTINGS 0"))
        over = False
        for mark, text in shape.steps:
            step = "%s %s" % (mark, text)
            text = shape.text(text, host, n)
            if mark == ">":
                player.say(text)
                over = over or text in ("close", "cut")
                continue
            got = player.want(text)
            if got.kind == "goaway" and got.code != 0:
                step = "the end of the connection after GOAWAY"
                player.want("close")
            over = over or got.kind == "close" or got.kind == "goaway" and \
                got.code != 0
        if alive and not over:
            step = "one more request"
            still_alive(player, host, n)
    except Failed as e:
        raise Failed("%s\n  at: %s\n  %s\n  all that came: %s" % (
            shape.where, step[:200], e, "; ".join(player.log[-12:]))) from e
