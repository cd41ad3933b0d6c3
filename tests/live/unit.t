#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""The systemd units: well-formed, and hard enough."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

from gate import TOP, Tap, skip_all

EXPOSURE_MAX = 2.0


def main():
    if not shutil.which("systemd-analyze"):
        skip_all("the Debian package systemd is not installed")
    tap = Tap()
    tmp = tempfile.mkdtemp(prefix="sparsam-unit.")
    unit = None
    for name in ("sparsamd.service", "sparsamd.socket",
                 "sparsam-canary.service", "sparsam-canary.timer"):
        for source in (os.path.join(TOP, "systemd", name),
                       os.path.join(TOP, "systemd", name + ".in")):
            if os.path.exists(source):
                with open(source) as f:
                    text = f.read().replace("@sysconfdir@", "/etc")
                # a program that exists, so that only the unit is judged
                text = re.sub(r"@(?:s?bindir|prefix|exec_prefix)@\S*",
                              "/bin/true", text)
                text = re.sub(r"(Exec\w+=[-+!]*)\S*sparsam\w+", r"\1/bin/true",
                              text)
                with open(os.path.join(tmp, name), "w") as f:
                    f.write(text)
                unit = text if name == "sparsamd.service" else unit
                break
        tap.ok(os.path.exists(os.path.join(tmp, name)), name + " is there")
    out = subprocess.run(
        ["systemd-analyze", "verify", "--man=no"] +
        sorted(os.path.join(tmp, n) for n in os.listdir(tmp)),
        capture_output=True, text=True)
    said = [line for line in (out.stdout + out.stderr).splitlines()
            if "sparsam" in line]
    tap.ok(not said, "systemd-analyze verify is quiet", *said)
    for name in ("sparsamd.service", "sparsam-canary.service"):
        out = subprocess.run(
            ["systemd-analyze", "security", "--offline=true", "--no-pager",
             os.path.join(tmp, name)],
            capture_output=True, text=True)
        m = re.search(r"exposure level[^:]*:\s*([0-9.]+)",
                      out.stdout + out.stderr)
        level = float(m[1]) if m else None
        bad = [line for line in out.stdout.splitlines() if "✗" in line]
        tap.ok(level is not None and level < EXPOSURE_MAX,
               "%s: exposure %s, below %.1f" % (name, level, EXPOSURE_MAX),
               out.stderr, *bad)
    for line in ("Type=notify", "NoNewPrivileges=", "ProtectSystem=strict",
                 "PrivateTmp=", "MemoryDenyWriteExecute=",
                 "SystemCallFilter=", "CapabilityBoundingSet="):
        tap.ok(unit and line in unit, "sparsamd.service has " + line)
    shutil.rmtree(tmp)
    return tap.done()


sys.exit(main())
