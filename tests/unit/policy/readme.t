#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""The worked example of policy/README.md, played as it stands there: blocks with
the name of a file make the file, console blocks are run, and each of their lines
but "..." must be part of the output, in that order."""
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
ENV = dict(os.environ, PATH=BUILD + ":" + os.environ["PATH"],
           SPARSAM_CASERUN=os.path.join(BUILD, "tests/lib/caserun"))


def plain(line):
    return " ".join(line.split())


def check(command, wanted, where):
    run = subprocess.run(command, shell=True, cwd=where, env=ENV,
                         capture_output=True, text=True)
    said = [plain(line) for line in (run.stdout + run.stderr).split("\n")]
    at = 0
    for line in (plain(w) for w in wanted):
        if line in ("...", ""):
            continue
        while at < len(said) and line not in said[at]:
            at += 1
        if at == len(said):
            ok(False, command, "not said: %s\n%s" % (
                line, run.stdout + run.stderr))
            return
        at += 1
    ok(True, command)


def main():
    with open(os.path.join(TOP, "policy/README.md"), encoding="utf-8") as f:
        blocks = re.findall(r"^```(\w+) ?(\S*)\n(.*?)^```$", f.read(),
                            re.M | re.S)
    with tempfile.TemporaryDirectory() as where:
        shutil.copytree(os.path.join(TOP, "policy/common"),
                        os.path.join(where, "common"))
        shutil.copy(os.path.join(TOP, "tests/data/meet.har"), where)
        for kind, name, text in blocks:
            if name:
                with open(os.path.join(where, name), "w",
                          encoding="utf-8") as f:
                    f.write(text)
                continue
            for part in re.split(r"^\$ ", text, flags=re.M)[1:]:
                command, _, rest = part.partition("\n")
                check(command, rest.split("\n"), where)
    plan()


main()
