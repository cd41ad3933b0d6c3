#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""What the gateway serves itself: PAC file, CA certificate, start page, refusal
pages in two languages; on IPv4 and IPv6; who is not a client gets nothing."""
import re
import subprocess
import sys

from gate import PLANTED, Gate, Tap, leaks

PAGE = ["-H", "Accept: text/html", "-H", "Sec-Fetch-Mode: navigate", "-H",
        "Sec-Fetch-Dest: document", "-A", "AMT-NB-0815", "-H",
        "Cookie: name=Erika%20Mustermann"]


def plain_html(tap, what, body):
    text = body.decode("utf-8", "replace")
    tap.ok("<html" in text and re.search(r"<title>[^<]+</title>", text) and
           re.search(r'<html[^>]* lang="\w\w', text), what + ": real HTML",
           text[:300])
    outside = re.findall(r'(?:src|href|action)\s*=\s*"([^"]+)"', text)
    loads = re.findall(r'<(?:script|img|iframe|link|object|video)\b', text)
    tap.ok(not [t for t in loads if t != "<link"] and
           "<script" not in text and "@import" not in text and
           "url(" not in text, what + ": no script, no outside resource",
           loads, outside)
    tap.ok(not leaks(body, PLANTED), what + ": names nobody",
           leaks(body, PLANTED))


def main():
    tap = Tap()
    g = Gate(ipv6=True).start()
    base = "http://127.0.0.1:%d" % g.port

    out = g.fetch(base + "/proxy.pac", "-D", "-", proxy=False)
    text = out.stdout.decode()
    tap.ok("application/x-ns-proxy-autoconfig" in text,
           "PAC: media type", text[:300])
    tap.ok("FindProxyForURL" in text and "PROXY 127.0.0.1:%d" % g.port in
           text and "zoom.us" in text, "PAC: function, proxy, domains", text)
    out = g.fetch(base + "/ca.pem", "-D", "-", proxy=False)
    tap.ok(b"application/x-pem-file" in out.stdout and
           b"BEGIN CERTIFICATE" in out.stdout and
           b"PRIVATE" not in out.stdout, "CA certificate as PEM",
           out.stdout[:300])
    out = g.fetch(base + "/ca.crt", "-D", g.path("head"), proxy=False)
    with open(g.path("head"), "rb") as f:
        head = f.read()
    der = subprocess.run(["openssl", "x509", "-inform", "DER", "-noout",
                          "-subject"], input=out.stdout, capture_output=True)
    tap.ok(b"application/x-x509-ca-cert" in head and der.returncode == 0,
           "CA certificate as DER", head, der.stderr)
    out = g.fetch(base + "/", *PAGE, proxy=False)
    tap.equal(out.status, 200, "start page")
    plain_html(tap, "start page", out.stdout)
    out = g.fetch(base + "/nothing", proxy=False)
    tap.equal(out.status, 404, "no such page")
    out = g.fetch("http://gateway.sparsam.internal/proxy.pac")
    tap.ok(out.status == 200 and b"FindProxyForURL" in out.stdout,
           "by its own name, through the proxy", out.status, out.stderr)
    out = g.fetch("http://[::1]:%d/proxy.pac" % g.port, proxy=False)
    tap.equal(out.status, 200, "over IPv6")
    out = g.fetch("https://zoom.us/", "--proxy",
                  "http://[::1]:%d" % g.port)
    tap.equal(out.status, 200, "proxy over IPv6")

    deny = "https://lab.example/j/4711?who=Erika+Mustermann"
    german = g.fetch(deny, *PAGE, "-H", "Accept-Language: de-DE,de;q=0.9")
    english = g.fetch(deny, *PAGE, "-H", "Accept-Language: en-GB,en;q=0.9")
    tap.equal((german.status, english.status), (403, 403), "a refusal is 403")
    tap.ok(b'lang="de' in german.stdout and b'lang="en' in english.stdout,
           "German and English by Accept-Language", german.stdout[:200],
           german.stderr)
    for what, word in (("telephone", "4711"),
                       ("own service", "konferenz.amt.example"),
                       ("EU provider", "video.example.eu"),
                       ("the service", "Lab"), ("the authority",
                                                "Amt Beispielstadt")):
        tap.ok(word in german.stdout.decode("utf-8", "replace"),
               "the page tells: " + what)
    plain_html(tap, "refusal page", german.stdout)
    out = g.fetch(deny, "-D", "-", *PAGE)
    tap.ok(b"set-cookie" not in out.stdout.lower(), "no cookie")

    out = g.fetch("http://www.bank.example/", *PAGE)
    tap.ok(out.status == 403 and b"<html" in out.stdout,
           "unlisted host over http://: page", out.status)
    out = g.fetch("https://www.bank.example/", *PAGE)
    tap.ok(out.returncode == 56 and "403" in out.stderr.decode(),
           "unlisted host over CONNECT: 403", out.returncode, out.stderr)
    out = g.fetch("https://zoom.us:25/", limit=10)
    tap.ok(out.returncode == 56, "another port: no tunnel", out.stderr)

    g.write_conf(edit=lambda t: t.replace('"127.0.0.0/8"', '"192.0.2.0/24"'))
    tap.equal(g.ctl("reload").returncode, 0, "clients: reload")
    out = g.fetch("https://zoom.us/", limit=10)
    tap.ok(out.status != 200 and out.returncode != 0,
           "who is in no client network gets nothing", out.status)
    out = g.fetch("https://zoom.us/", "--proxy", "http://[::1]:%d" % g.port)
    tap.equal(out.status, 200, "who is, does")
    return tap.done(g)


sys.exit(main())
