# SPDX-License-Identifier: EUPL-1.2
"""Chromium driven by its DevTools protocol, over the pipe that
--remote-debugging-pipe gives: no port, no package. One tab at a time."""
import base64
import fcntl
import json
import os
import select
import subprocess
import time

from browser import Browser

LIMIT_S = 30


class Failed(Exception):
    """The browser said no, or nothing."""


class Devtools(Browser):
    """with Devtools(root, flags=[...]) as tab: tab.go(url); tab.value("1 + 1")"""

    def __init__(self, *roots, flags=()):
        super().__init__(*roots)
        self.flags, self.n, self.pending, self.events = flags, 0, b"", []
        self.session = None

    def __enter__(self):
        ours, theirs = self.pipes()
        self.into, self.out = ours
        # Descriptors from 3 on are inherited: Python closes its own by itself.
        self.child = subprocess.Popen(
            self.argv("about:blank", "--remote-debugging-pipe", *self.flags),
            env=self.environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=open(os.path.join(self.home, "log"), "ab"),
            start_new_session=True, close_fds=False,
            preexec_fn=lambda: (os.dup2(theirs[0], 3), os.dup2(theirs[1], 4)))
        for fd in theirs:
            os.close(fd)
        found = self.call("Target.createTarget", url="about:blank")
        found = self.call("Target.attachToTarget", flatten=True,
                          targetId=found["targetId"])
        self.session = found["sessionId"]
        self.call("Page.enable")
        return self

    @staticmethod
    def pipes():
        """(write, read) of ours and (read, write) of the browser's."""
        def high(fd):
            new = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10)
            os.close(fd)
            return new
        r, w = map(high, os.pipe())
        r2, w2 = map(high, os.pipe())
        return (w, r2), (r, w2)

    def __exit__(self, *_):
        for fd in (self.into, self.out):
            os.close(fd)
        self.end()

    def message(self, until):
        """The next message of the browser."""
        while b"\0" not in self.pending:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.out], [], [], left)[0]:
                raise Failed("no answer within %d s" % LIMIT_S)
            got = os.read(self.out, 1 << 20)
            if not got:
                raise Failed("the browser has ended:\n" + self.log()[-2000:])
            self.pending += got
        line, _, self.pending = self.pending.partition(b"\0")
        return json.loads(line)

    def call(self, method, **params):
        """The result of one command; events that come first are kept."""
        self.n += 1
        command = {"id": self.n, "method": method, "params": params}
        if self.session:
            command["sessionId"] = self.session
        data = json.dumps(command).encode() + b"\0"
        while data:
            data = data[os.write(self.into, data):]
        until = time.monotonic() + LIMIT_S
        while True:
            m = self.message(until)
            if m.get("id") == self.n:
                if "error" in m:
                    raise Failed("%s: %s" % (method, m["error"]["message"]))
                return m["result"]
            self.events.append(m)

    def event(self, name):
        """Wait for an event of this name and forget those before it."""
        until = time.monotonic() + LIMIT_S
        while True:
            for i, m in enumerate(self.events):
                if m.get("method") == name:
                    del self.events[:i + 1]
                    return m["params"]
            self.events.append(self.message(until))

    def go(self, url):
        """Load a page; what the network said, or None."""
        self.events.clear()
        out = self.call("Page.navigate", url=url)
        if "errorText" in out:
            return out["errorText"]
        self.event("Page.loadEventFired")
        return None

    def value(self, script):
        """What a script in the page gives, a promise too."""
        out = self.call("Runtime.evaluate", expression=script,
                        awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in out:
            raise Failed(json.dumps(out["exceptionDetails"])[:1000])
        return out["result"].get("value")

    def language(self, header):
        """Accept-Language from now on."""
        self.call("Network.enable")
        self.call("Network.setExtraHTTPHeaders",
                  headers={"Accept-Language": header})

    def size(self, width, height=900, mobile=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width,
                  height=height, deviceScaleFactor=1, mobile=mobile)

    def picture(self, path, dark=False):
        """The whole page as PNG."""
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme",
             "value": "dark" if dark else "light"}])
        out = self.call("Page.captureScreenshot", format="png",
                        captureBeyondViewport=True)
        with open(path, "wb") as f:
            f.write(base64.b64decode(out["data"]))

    def print(self, path):
        """The page as PDF, A4."""
        out = self.call("Page.printToPDF", paperWidth=8.27, paperHeight=11.69)
        with open(path, "wb") as f:
            f.write(base64.b64decode(out["data"]))
