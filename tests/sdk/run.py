# SPDX-License-Identifier: EUPL-1.2
"""One story of a client SDK in two browsers at a time: straight to the fake
provider, and through the gateway. What each reached, said and let out."""
import base64
import gzip
import json
import re
import socket
import threading
import time
import zlib

from devtools import Devtools, Failed
from gate import PLANTED, leaks

# Of Chromium itself: its fake devices need no permission, no sound, no quiet.
FLAGS = ["--use-fake-device-for-media-stream",
         "--use-fake-ui-for-media-stream", "--mute-audio",
         "--autoplay-policy=no-user-gesture-required"]
# The stories plant these too (harness.js); the browser has two of its own.
PLANT = PLANTED + ["Evolve2 65", "046d:085e", "HeadlessChrome", "X11; Linux"]


def own_addresses():
    """Addresses of this machine that a client could tell."""
    found = set()
    for family, to in ((socket.AF_INET, "192.0.2.1"),
                       (socket.AF_INET6, "2001:db8::1")):
        with socket.socket(family, socket.SOCK_DGRAM) as s:
            try:
                s.connect((to, 9))
                found.add(s.getsockname()[0])
            except OSError:
                pass
    return sorted(a for a in found if a not in ("127.0.0.1", "::1"))


class Run:
    """A browser that plays a story; .steps .failed .said (console) .sent."""

    def __init__(self, page, provider, roots, flags):
        self.page, self.provider = page, provider
        self.roots, self.flags = roots, FLAGS + flags
        self.state, self.said, self.trouble = {}, [], None

    def play(self, seconds):
        self.since = len(self.provider.record())
        try:
            with Devtools(*self.roots, flags=self.flags) as tab:
                self.steer(tab, seconds)
        except Failed as e:
            self.trouble = str(e)
        self.provider.settled()
        self.record = self.provider.record(self.since)
        for r in self.record:
            # The page that embeds the client is known: common/browser.conf
            r["headers"] = [h for h in r.get("headers", [])
                            if h[0].lower() != "origin"]

    def steer(self, tab, seconds):
        for domain in ("Runtime", "Log"):
            tab.call(domain + ".enable")
        tab.events.clear()
        tab.call("Page.navigate", url=self.page)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(0.2)
            got = tab.value("JSON.stringify(window.sdk || {})")
            self.state = json.loads(got)
            if self.state.get("done"):
                break
        time.sleep(0.5)
        self.said = sorted(set(filter(None, map(console, tab.events))))
        # what a client says when its page goes
        tab.call("Page.navigate", url="about:blank")
        time.sleep(0.7)

    @property
    def steps(self):
        return self.state.get("steps", [])

    @property
    def failed(self):
        return self.trouble or self.state.get("failed") or \
            (None if self.state.get("done") else "the story did not end")

    def requests(self):
        return [r for r in self.record if r["event"] == "request"]

    def unmet(self):
        """What the service needed and did not get."""
        out = {(r["host"], r["met"]) for r in self.requests()
               if r.get("met") not in (None, "yes")}
        return out | {(r["host"], why) for r in self.record
                      if r["event"] == "ws" for why in r.get("unmet", [])}

    def telemetry(self, is_telemetry):
        """What arrived at collectors: requests, else handshakes."""
        out = [(r["method"], r["host"], r["target"][:80])
               for r in self.requests() if r["telemetry"]]
        return out + [("handshake", r["sni"], "") for r in self.record
                      if r["event"] == "tls" and is_telemetry(r["sni"] or "")]

    def leaks(self, planted):
        """[(text, encoding, entry of the record)]"""
        return [found + (r,) for r in self.record
                for found in leaks(as_bytes(r), planted)]


def as_bytes(r):
    """All of an entry, bodies and messages decoded."""
    head = {k: v for k, v in r.items() if not k.endswith("64")}
    parts = [json.dumps(head, ensure_ascii=False).encode(),
             (r.get("target") or "").encode(),
             base64.b64decode(r.get("body64", ""))]
    parts += [("%s: %s" % tuple(h)).encode("latin-1")
              for h in r.get("headers", [])]
    parts += [base64.b64decode(g) for g in r.get("got64", [])]
    return b"\n".join(parts + [unpacked(p) for p in parts])


def unpacked(data):
    """gzip is opened, too."""
    try:
        return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else b""
    except (OSError, EOFError, zlib.error):
        return b""


def console(message):
    """An error or a warning of the page without what changes from run to run,
    or None."""
    p = message.get("params", {})
    method = message.get("method")
    if method == "Runtime.consoleAPICalled" and \
            p["type"] in ("error", "warning", "assert"):
        text = " ".join(str(a.get("value", a.get("description", "")))
                        for a in p["args"])
    elif method == "Runtime.exceptionThrown":
        d = p["exceptionDetails"]
        text = d.get("exception", {}).get("description") or d["text"]
    elif method == "Log.entryAdded" and \
            p["entry"]["level"] in ("error", "warning"):
        text = "%s %s" % (p["entry"]["text"], p["entry"].get("url", ""))
    else:
        return None
    text = text.partition("\n    at ")[0]
    text = re.sub(r"status of (\d+) \([^)]*\)", r"status of \1", text)
    text = re.sub(r"[0-9]+ (ms|milli)|[0-9.]+s\b", "TIME", text)
    text = re.sub(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z", "TIME", text)
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "#", text)
    return re.sub(r"[0-9]{4,}", "#", text)[:300]


def both(runs, seconds):
    """Play all at a time."""
    threads = [threading.Thread(target=r.play, args=(seconds,)) for r in runs]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
