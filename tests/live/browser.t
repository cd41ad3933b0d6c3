#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""A real browser through the gateway: a page with fetch, cookies and a
WebSocket works without a certificate error once the CA is trusted, and what the
page plants does not arrive."""
import json
import sys

from browser import Browser, missing
from gate import Gate, Tap, leaks, skip_all, wait

URL = "https://app.zoom.us/wc/join/84512340987?pwd=abc&uname=Erika+Mustermann"
PLANTED = ["Erika Mustermann", "erika.mustermann@amt.example.de",
           "GA1.2.4711.0815", "vertrackt-4711", "geraet-0815-kennung",
           "4aa3894e-f2f9-45a0", "Jabra Evolve2", "HeadlessChrome",
           "X11; Linux"]


def result(g):
    for r in g.record():
        if r["event"] == "request" and r["target"].startswith("/wc/leave/"):
            return r["target"][len("/wc/leave/"):]
    return None


def main():
    if missing():
        skip_all("the Debian package %s is not installed" % missing())
    tap = Tap()
    g = Gate(services=("zoom",)).start()
    proxy = "--proxy-server=http://127.0.0.1:%d" % g.port

    stranger = Browser()
    text = stranger.dump(URL, proxy)
    stranger.end()
    tap.ok("Besprechung" not in text and
           not [r for r in g.record() if r["event"] == "request"],
           "without the CA the browser refuses", text[:300])

    b = Browser(g.root)
    b.start(URL, proxy)
    done = wait(lambda: result(g), 60)
    b.end()
    tap.ok(done and done.startswith("ok,"), "the page ran to its end", done,
           [(r.get("host"), r.get("target"), r.get("met"))
            for r in g.record()][-8:])
    steps = (done or "").partition(",")[2].split(",")
    for step in ("cookie", "fetch", "ping", "joined", "websocket"):
        tap.ok(step in steps, "the page did: " + step, steps)
    tap.ok("by-h2" in steps and "by-http/1.1" not in steps,
           "all of it but the WebSocket by HTTP/2", steps)
    tap.ok("sink" in steps, "a denied telemetry fetch looks like success to "
           "the page", steps)
    record = g.record()
    requests = [r for r in record if r["event"] == "request"]
    telemetry = [r for r in record if r.get("telemetry") or
                 "telemetry" in (r.get("sni") or "") or
                 "log-gateway" in (r.get("sni") or "")]
    tap.equal(telemetry, [], "no telemetry arrived")
    unmet = [(r["target"], r["met"]) for r in requests
             if r.get("met") not in (None, "yes")]
    tap.equal(unmet, [], "the provider got all it needs")
    heads = b"\n".join(json.dumps([r["target"], r["headers"]]).encode() +
                       __import__("base64").b64decode(r["body64"])
                       for r in requests)
    found = leaks(heads, PLANTED)
    tap.ok(not found, "nothing planted arrived", found,
           [r for r in requests if leaks(json.dumps(r).encode(),
                                         [f[0] for f in found])][:2])
    talks = [r for r in record if r.get("got64")]
    found = leaks(g.record_bytes(), PLANTED)
    tap.ok(talks and not found, "in messages of the WebSocket neither", found,
           talks)
    cookies = " ".join(v for r in requests for n, v in r["headers"]
                       if n.lower() == "cookie")
    tap.ok("_zm_ssid" in cookies and "_ga" not in cookies and
           "_sp_id" not in cookies, "the session cookie arrives, tracking "
           "cookies do not", cookies)

    b = Browser(g.root)
    text = b.dump("http://gateway.sparsam.internal/", proxy)
    tap.ok("proxy.pac" in text, "the start page in the browser", text[:300])
    text = b.dump("https://zoom.us/j/84512340987", proxy)
    tap.ok("Amt Beispielstadt" in text, "the refusal page in the browser",
           text[:300])
    b.end()
    b = Browser(g.root)
    text = b.dump("https://app.zoom.us/wc/join/84512340987?pwd=1",
                  "--proxy-pac-url=http://127.0.0.1:%d/proxy.pac" % g.port)
    b.end()
    tap.ok("Besprechung" in text, "by PAC file", text[:300])
    return tap.done(g)


sys.exit(main())
