#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""A join with curl through the gateway: it works, and what was planted is found
nowhere in what the provider received; telemetry gets its sink, 0 bytes of it
arrive."""
import json
import sys

from gate import CAPTURE, Gate, Tap, leaks

NAME = "Erika Mustermann-Grünlich"
PLANTED = [NAME, "Mustermann-Gr", "erika.mustermann@amt.example.de",
           "erika.mustermann", "Europe/Berlin", "4aa3894e-f2f9-45a0",
           "AMT-NB-0815", "Zoomtest/7.7 (X11; AMT", "GA1.2.4711.0815",
           "vertrackt-4711", "geraet-0815-kennung", "10.47.11.23",
           "10.47.11.99"]
CLIENT = [
    "-A", "Zoomtest/7.7 (X11; AMT-NB-0815)",
    "-H", "Accept-Language: de-DE,de;q=0.9,de-BE;q=0.8",
    "-H", "Sec-CH-UA-Model: \"AMT-NB-0815\"",
    "-H", "X-Timezone: Europe/Berlin",
    "-H", "X-Forwarded-For: 10.47.11.23",
    "-H", "Forwarded: for=10.47.11.99",
    "-H", "Via: 1.1 AMT-NB-0815",
    "-H", "X-Device-Id: 4aa3894e-f2f9-45a0-bff7-aa85c25c337f",
    "-H", "Cookie: _ga=GA1.2.4711.0815; _sp_id.1fff=vertrackt-4711; "
          "_zm_mtk_guid=geraet-0815-kennung; _zm_ssid=eu01_synthetic",
]
TELEMETRY = [
    ("https://us.telemetry.zoom.us/com.snowplowanalytics.snowplow/tp2",
     json.dumps({"duid": NAME, "tz": "Europe/Berlin"})),
    ("https://log-gateway.zoom.us/nws/join/logger/wjmf",
     json.dumps({"messages": json.dumps({"deviceId": NAME})})),
    ("https://us04logfiles.zoom.us/upload", NAME),
    ("https://log.zoom.us/x?u=erika.mustermann", None),
    ("https://zoom.us/sendUserBehavior?uid=AMT-NB-0815", "a=1"),
    ("https://www.google-analytics.com/collect?cid=AMT-NB-0815", None),
    ("https://www.googletagmanager.com/gtm.js?id=AMT-NB-0815", None),
    ("https://us04web.zoom.us/com.snowplowanalytics.snowplow/tp2", NAME),
]


def form(capture):
    """The form of the recorded join, with more planted in it."""
    text = next(e["request"]["postData"]["text"]
                for e in capture["log"]["entries"]
                if e["request"]["url"].endswith("/api/v1/wc/info"))
    return text.replace("Erika+Mustermann",
                        "Erika+Mustermann-Gr%C3%BCnlich") + \
        "&tz=Europe%2FBerlin&deviceId=4aa3894e-f2f9-45a0-bff7-aa85c25c337f"


def main():
    tap = Tap()
    g = Gate(services=("zoom",)).start()
    with open(CAPTURE, encoding="utf-8") as f:
        body = form(json.load(f))

    out = g.fetch("https://zoom.us/api/v1/wc/info", *CLIENT, "--data", body)
    answer = {}
    try:
        answer = json.loads(out.stdout)
    except ValueError:
        pass
    tap.ok(answer.get("status") is True, "the join is accepted",
           out.stdout, out.stderr, g.logs())
    result = answer.get("result") or {}
    log_config = json.loads(result.get("logConfig") or "{}")
    tap.ok(log_config.get("enable") in (False, "false") and
           not log_config.get("gatewayEndPoint"),
           "the client is told not to log", log_config)
    tap.ok(result.get("mid") == "kXz3pQ7sTVm1uWb4yN8aRw==",
           "values the join needs come back as they were")

    out = g.fetch("https://zoom.us/api/v1/wc/info", *CLIENT, "--data",
                  body.replace("passWord=geheim123", "passWord=falsch"))
    tap.ok(b"passWord is malformed" in out.stdout,
           "the provider still refuses a wrong passcode", out.stdout)

    out = g.fetch("https://zoom.us/api/v1/wc/info", *CLIENT, "-H",
                  "Content-Type: application/x-www-form-urlencoded",
                  "-H", "Content-Encoding: gzip", "--data-binary", "@-",
                  data=__import__("gzip").compress(body.encode()))
    tap.ok(b'"status":true' in out.stdout or out.status in (400, 413, 415),
           "the same form compressed is scrubbed or refused", out.status)

    out = g.fetch("https://zoom.us/api/v1/wc/info", *CLIENT, "-H",
                  "Content-Type: application/json", "--data",
                  json.dumps({"userName": NAME, "meetingNumber": "1"}))
    tap.ok(out.status in (403, 415), "the join in another form is refused",
           out.status)

    url = "https://zoom.us/api/v1/wc/info?callback=zoomsdkjsonpcallback&" + \
        body
    out = g.fetch(url, *CLIENT)
    tap.ok(out.stdout.startswith(b"zoomsdkjsonpcallback("),
           "the second try as JSONP works", out.stdout[:200], out.stderr)

    ping = "https://rwcfra1.zoom.us/wc/ping/84512340987?ts=1795423123456&" \
        "auth=synthetic-auth-0123456789abcdef&rwcToken=synthetic-rwc-token&" \
        "dmz=1&option=0&tid=v%3D2.0%3Bclid%3Deu1%3Brid%3DWEB_0815synthetic" \
        "&uname=Erika%20Mustermann-Gr%C3%BCnlich&tz=Europe%2FBerlin"
    out = g.fetch(ping, *CLIENT)
    tap.ok(b"zoomfra124rwg" in out.stdout, "the gateway is chosen",
           out.stdout)

    before = g.settled()
    for url, data in TELEMETRY:
        out = g.fetch(url, *CLIENT, *(["--data", data] if data else []))
        tap.ok(out.returncode == 0 and out.status in (200, 204),
               "sink for " + url.split("/")[2] + "/" +
               url.split("/")[3].partition("?")[0],
               out.status, out.stderr, out.stdout[:200])
    tap.equal(g.record(before), [], "nothing of the telemetry arrived")

    before = g.settled()
    out = g.fetch("https://zoom.us/j/84512340987", "-H",
                  "Accept: text/html", "-H", "Sec-Fetch-Mode: navigate",
                  "-H", "Accept-Language: de")
    tap.ok(out.status == 403 and b"<html" in out.stdout and
           "Zugangscode" in out.stdout.decode("utf-8", "replace"),
           "a meeting without a passcode gets a page", out.status,
           out.stdout[:300])
    out = g.fetch("https://zoom.us/rest/recording/start", "--data", "a=1")
    tap.ok(out.status in (200, 403) and len(g.record()) == before,
           "recording is denied here", out.status, out.stdout)
    out = g.fetch("https://www.bank.example/", *CLIENT)
    tap.ok(out.returncode != 0 and len(g.record()) == before,
           "a host no pack names: no tunnel", out.status, out.stderr)
    out = g.fetch("https://zoom.us/j/84512340987?pwd=abc&uname=Erika+"
                  "Mustermann-Gr%C3%BCnlich", *CLIENT)
    tap.equal(out.status, 200, "a meeting with a passcode opens")

    found = leaks(g.record_bytes(), PLANTED)
    tap.ok(not found, "nothing planted arrived, in no encoding", found,
           [r for r in g.record() if leaks(
               json.dumps(r).encode(), [f[0] for f in found])][:2])
    telemetry = [r for r in g.record() if r.get("telemetry") or
                 r.get("sni") in ("us.telemetry.zoom.us",
                                  "log-gateway.zoom.us")]
    tap.equal(telemetry, [], "not even a handshake with a telemetry host")
    bad = [r for r in g.record() if r["event"] == "bad"]
    tap.equal(bad, [], "the provider saw no malformed request")
    hop = [h for r in g.record() for h in r.get("headers", [])
           if h[0].lower() in ("via", "forwarded", "x-forwarded-for",
                               "proxy-connection")]
    tap.equal(hop, [], "no Via, no Forwarded")
    return tap.done(g)


sys.exit(main())
