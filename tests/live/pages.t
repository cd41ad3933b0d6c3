#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""What the gateway serves itself: PAC file, CA certificate, start page, refusal
pages in two languages; on IPv4 and IPv6; who is not a client gets nothing."""
import hashlib
import re
import subprocess
import sys
import time

from client import Client
from gate import PLANTED, Gate, Tap, leaks, wait

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


def figures(g, path="/transparency?lang=en"):
    """What the page of transparency tells of Zoom, a row each; its text."""
    out = g.fetch("http://127.0.0.1:%d%s" % (g.port, path), proxy=False)
    text = out.stdout.decode()
    part = text.partition('<h3 id="s-zoom">')[2].partition("<h3")[0]
    rows = dict(re.findall(r'<tr><th scope="row">([^<]*)</th>'
                           r'<td class="n">([^<]*)</td>', part))
    return rows, text


def transparency(tap, g):
    """Figures of all workers, from the least number on; the policy's hash."""
    rows, text = figures(g)
    plain_html(tap, "transparency", text.encode())
    tap.ok(not rows and "the least is 5." in text, "no figures of few", rows)
    many = [Client(g.port, "zoom.us", root=g.root) for _ in range(24)]
    tap.ok(not wait(lambda: figures(g)[0], 3),
           "nor of one client, however many connections it has",
           figures(g)[0])
    for c in many:
        c.close()
    telemetry = [g.fetch("https://telemetry.zoom.us/log") for _ in range(9)]
    tap.ok(all(t.status == 200 for t in telemetry), "telemetry is answered")
    for _ in range(12):  # over all workers
        g.fetch("https://zoom.us/")
    rows = wait(lambda: figures(g)[0], 10)
    tap.equal(rows.get("Telemetry kept back"), "9", "telemetry of all workers")
    same = {tuple(sorted(figures(g)[0].items())) for _ in range(12)}
    tap.equal(len(same), 1, "whichever worker is asked")
    # One after the other, until the figures move: they have then told all.
    for _ in range(12):
        before = figures(g)[0]["Requests examined"]
        g.fetch("https://zoom.us/")
        if wait(lambda: figures(g)[0]["Requests examined"] != before, 2.5):
            break
    shown = figures(g)[0]["Requests examined"]
    tap.ok("service zoom requests %s\n" % shown in g.ctl("stats").stdout,
           "what sparsamctl stats says", g.ctl("stats").stdout)
    for _ in range(2):
        g.fetch("https://zoom.us/")
    tap.ok(not wait(lambda: figures(g)[0]["Requests examined"] != shown, 2.5),
           "no difference of few", shown, figures(g)[0])
    listed = g.ctl("policy").stdout
    whole = hashlib.sha256(listed.encode()).hexdigest()
    files = [line.split("  ", 1)[1] for line in listed.splitlines()]
    again = subprocess.run(["sha256sum"] + files, capture_output=True,
                           text=True).stdout
    tap.ok(again == listed and files[0] == g.conf_path,
           "sparsamctl policy is what sha256sum says", again, listed)
    tap.ok(whole in figures(g)[1] and "policy_sha256 " + whole in
           g.ctl("status").stdout and
           g.ctl("policy", "--hash").stdout == whole + "\n",
           "its hash on the page, in status and from sparsamctl")
    with open(g.conf_path, "a") as f:
        f.write("// one more line\n")
    tap.equal(g.ctl("reload").returncode, 0, "another policy: reload")
    tap.ok(whole not in figures(g)[1] and
           g.ctl("policy", "--hash").stdout.strip() in figures(g)[1],
           "the hash is another one")
    for pid in g.workers():
        with open("/proc/%d/maps" % pid) as f:
            seen = [line.split()[1] for line in f if "memfd:figures" in line]
        tap.equal(seen, ["r--s"], "a worker can read the figures only")


def main():
    tap = Tap()
    g = Gate(ipv6=True, extra="log = { interval = 1; };").start()
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

    transparency(tap, g)
    g.write_conf(edit=lambda t: t.replace('"127.0.0.0/8"', '"192.0.2.0/24"'))
    tap.equal(g.ctl("reload").returncode, 0, "clients: reload")
    out = g.fetch("https://zoom.us/", limit=10)
    tap.ok(out.status != 200 and out.returncode != 0,
           "who is in no client network gets nothing", out.status)
    out = g.fetch("https://zoom.us/", "--proxy", "http://[::1]:%d" % g.port)
    tap.equal(out.status, 200, "who is, does")
    return tap.done(g)


sys.exit(main())
