#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""Every shipped pack has a case that fails without it: each is played against a
pack with the same service, variables and hosts, all of them inspected, and no rule
at all."""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.abspath(os.environ.get("top_srcdir", "."))
sys.path.insert(0, os.path.join(TOP, "tests/lib"))
from tap import ok, plan  # noqa: E402
BUILD = os.path.abspath(os.environ.get("builddir", "."))
CLOSING = {"(": ")", "{": "}", "[": "]"}


def plain(text):
    """Without comments."""
    return re.sub(r'("(?:[^"\\]|\\.)*")|//[^\n]*|#[^\n]*|/\*.*?\*/',
                  lambda m: m[1] or " ", text, flags=re.S)


def settings(text):
    """{name: value} of the top level of a libconfig text."""
    out, at = {}, 0
    while True:
        m = re.compile(r"\s*(\w+)\s*[=:]\s*").match(text, at)
        if not m:
            return out
        start = at = m.end()
        depth = 0
        while depth or text[at] not in ";\n":
            if text[at] == '"':
                at = re.compile(r'"(?:[^"\\]|\\.)*"').match(text, at).end()
                continue
            depth += text[at] in CLOSING
            depth -= text[at] in CLOSING.values()
            at += 1
        out[m[1]] = text[start:at]
        at += 1


def bare(path, common):
    """The pack without a rule."""
    with open(path, encoding="utf-8") as f:
        pack = settings(plain(f.read()))
    parts = [pack]
    for name in re.findall(r'"([^"]+)"', pack.get("include", "")):
        with open(os.path.join(common, name), encoding="utf-8") as f:
            parts.append(settings(plain(f.read())))
    names, variables, hosts = set(), [], []
    for part in parts:
        inner = part.get("variables", "{}").strip()[1:-1]
        for name, value in settings(inner).items():
            if name not in names:
                names.add(name)
                variables.append("%s = %s;" % (name, value))
        rows = re.findall(r'\(\s*"((?:[^"\\]|\\.)*)"\s*,\s*"(inspect|tunnel|deny)"',
                          part.get("hosts", ""))
        for row, _ in rows:
            hosts += [h for h in row.split()
                      if h not in hosts and not h.startswith("file:")]
    # that a service was discontinued is a rule, too
    service = re.sub(r"retired\s*=\s*\{[^}]*\}\s*;", "", pack["service"])
    return "service = %s;\nvariables = { %s };\nhosts = ( %s );\n" % (
        service, "\n".join(variables),
        ",\n".join('( "%s", "inspect" )' % h for h in hosts))


def main():
    policy = os.path.join(TOP, "policy")
    for path in sorted(glob.glob(os.path.join(policy, "*.conf"))):
        name = os.path.basename(path)[:-len(".conf")]
        cases = sorted(glob.glob(os.path.join(TOP, "tests/case", name,
                                              "*.case")))
        ok(cases, name + " has cases")
        if not cases:
            continue
        with tempfile.TemporaryDirectory() as where:
            copy = os.path.join(where, "policy")
            shutil.copytree(policy, copy)
            with open(os.path.join(copy, name + ".conf"), "w",
                      encoding="utf-8") as f:
                f.write(bare(path, policy))
            run = subprocess.run(
                [os.path.join(BUILD, "tests/lib/caserun"), "--whole",
                 "--policy", copy] + cases,
                capture_output=True, env=dict(os.environ, top_srcdir=TOP))
        text = run.stdout.decode("utf-8", "replace")
        failed = re.findall(r"^not ok .*", text, re.M)
        loaded = not re.search(r"^# policy/\S+:\d+: ", text, re.M)
        ok(loaded, name + ": the pack without rules loads", text[:1500])
        ok(failed, "%s: without its rules %d cases fail" % (name,
                                                             len(failed)),
           text[-1500:])
    plan()


main()
