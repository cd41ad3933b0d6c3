#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""Every page for people, in German and in English, held to WCAG 2.1 AA by
axe-core in headless Chromium; no script, nothing loaded, one style sheet whose
digest stands in the policy header. PICTURES=DIR keeps pictures of all pages."""
import base64
import hashlib
import os
import re
import sys

import page_gate
from browser import missing
from devtools import Devtools, Failed
from gate import PLANTED, Tap, leaks, skip_all, wait
from npm import npm_install

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
RUN = """axe.run(document, { runOnly: { type: 'tag', values: %r },
  resultTypes: ['violations', 'incomplete'] }).then(r => ({
    passes: r.passes.length, found: r.violations.map(v => v.id + ': ' + v.help +
      ' at ' + v.nodes.map(n => n.target.join(' ')).join(', ')),
    unsure: r.incomplete.map(v => v.id + ': ' + v.help +
      ' at ' + v.nodes.map(n => n.target.join(' ')).join(', ')) }))""" % TAGS
WIDE, NARROW = 1280, 360


def examine(tap, tab, axe, what, language, pictures):
    text = tab.value("document.documentElement.outerHTML")
    tap.ok(re.search('<html lang="%s"' % language, text) and
           len(tab.value("document.title")) > 10, what + ": language, title",
           text[:300])
    tab.value(axe)
    for width, dark in ((WIDE, False), (NARROW, False), (WIDE, True)):
        tab.size(width, mobile=width == NARROW)
        tab.value("document.querySelectorAll('details').forEach("
                  "d => d.open = %s)" % ("true" if width == NARROW else "false"))
        tab.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme",
             "value": "dark" if dark else "light"}])
        out = tab.value(RUN)
        scroll = tab.value("document.documentElement.scrollWidth")
        name = "%s, %d px%s" % (what, width, ", dark" if dark else "")
        tap.ok(not out["found"] and not out["unsure"] and out["passes"] > 10,
               "%s: %d rules, no violation" % (name, out["passes"]),
               *(out["found"] + out["unsure"]))
        tap.ok(scroll <= width, name + ": no scrolling sideways", scroll)
        if pictures:
            tab.picture(os.path.join(pictures, re.sub(
                "[^a-z0-9]+", "-", name.lower()) + ".png"), dark)


def answer(tap, g, url, what):
    """The same page by curl: heads, and that it names nobody."""
    out = g.fetch(url, "-D", g.path("head"), "-H", "Accept: text/html", "-H",
                  "Sec-Fetch-Mode: navigate", "-A", "AMT-NB-0815", "-H",
                  "Cookie: name=Erika%20Mustermann",
                  proxy=not url.startswith("http://127."))
    with open(g.path("head"), encoding="latin-1") as f:
        head = f.read().lower().rpartition("http/1.1")[2]
    policy = re.search("content-security-policy: (.*)", head)
    policy = policy.group(1).strip() if policy else ""
    style = re.search(b"<style>(.*?)</style>", out.stdout, re.S)
    digest = base64.b64encode(hashlib.sha256(
        style.group(1) if style else b"").digest()).decode()
    want = ("default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; "
            "form-action 'none'; frame-ancestors 'none'" % digest)
    tap.equal(policy, want.lower(), what + ": nothing but its style sheet")
    body = out.stdout.decode("utf-8", "replace")
    tap.ok("set-cookie" not in head and not leaks(out.stdout, PLANTED) and
           not re.search(r"<(script|img|iframe|link|object|form|input)\b",
                         body) and "/j/4711" not in body,
           what + ": no cookie, no script, nobody's name", head)
    host = url.split("/")[2].split(":")[0]
    tap.ok(url.startswith("http://127.") or host not in body,
           what + ": the host is not named")
    return out


def refusals(tap, g, tab, axe, pictures):
    for reason, url in page_gate.REFUSALS:
        before = g.settled()
        out = answer(tap, g, url, reason)
        sent = [r for r in g.record(before) if r["event"] == "request"]
        tap.ok(out.status >= 400 and b"(%s)" % reason.encode() in out.stdout
               and not sent, reason + ": refused for it, nothing left",
               out.status, out.stdout[:200], out.stderr, sent)
        for language in ("de", "en"):
            what = "%s %s" % (reason, language)
            tab.language(language)
            failed = tab.go(url)
            if not tap.ok(failed is None, what + ": loads", failed, tab.log()):
                continue
            tab.value("document.querySelector('header nav a').click()")
            tap.ok(tab.value("document.querySelector('details').open"),
                   what + ": the link to the other language opens it")
            examine(tap, tab, axe, what, language, pictures)


def own(tap, g, tab, axe, pictures):
    base = "http://127.0.0.1:%d" % g.port
    g.fetch("https://meet.example/")
    tap.ok(wait(lambda: b'class="figures"' in g.fetch(
        base + "/transparency", proxy=False).stdout), "with figures")
    for path, what in (("/", "start page"),
                       ("/transparency", "transparency")):
        for language in ("de", "en"):
            url = "%s%s?lang=%s" % (base, path, language)
            answer(tap, g, url, "%s %s" % (what, language))
            tab.go(url)
            examine(tap, tab, axe, "%s %s" % (what, language), language,
                    pictures)
            if pictures:
                tab.print(os.path.join(pictures, "%s-%s.pdf" % (
                    what.replace(" ", "-"), language)))
        other = tab.value("document.querySelector('header nav a').href")
        tab.go(other)
        tap.equal(tab.value("document.documentElement.lang"), "de",
                  what + ": the link to the other language")


def main():
    lacks = missing()
    if lacks and os.geteuid() != 0:
        skip_all(lacks + " is not installed")
    source = os.path.join(os.path.dirname(os.path.dirname(
        os.path.abspath(__file__))), "a11y")
    modules = npm_install(source)
    with open(os.path.join(modules, "node_modules/axe-core/axe.min.js"),
              encoding="utf-8") as f:
        axe = f.read()
    pictures = os.environ.get("PICTURES")
    if pictures:
        os.makedirs(pictures, exist_ok=True)
    tap = Tap()
    g = page_gate.start(extra="log = { interval = 1; group_min = 1; };")
    with Devtools(g.root, flags=[
            "--proxy-server=http://127.0.0.1:%d" % g.port]) as tab:
        own(tap, g, tab, axe, pictures)
        refusals(tap, g, tab, axe, pictures)
    return tap.done(g)


sys.exit(main())
