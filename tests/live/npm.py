# SPDX-License-Identifier: EUPL-1.2
"""npm packages for tests: what the lock of a folder names is installed into the
build directory, never into the source tree. Locks have no address of a registry
in them (npm config set omit-lockfile-registry-resolved true); which one is asked
is the affair of npm's own configuration."""
import hashlib
import os
import shutil
import subprocess
import sys

from gate import BUILD, skip_all

FILES = ("package.json", "package-lock.json")
LIMIT_S = 280


def lock_stamp(source):
    """What the files that say what to install add up to."""
    h = hashlib.sha256()
    for name in FILES:
        with open(os.path.join(source, name), "rb") as f:
            h.update(f.read())
    return h.hexdigest()


def npm_install(source):
    """Install what source/package-lock.json names; the folder that then has
    node_modules: BUILD/npm/NAME. An unchanged lock is not installed twice.
    Without npm, and without the right to install it, the whole test is skipped;
    when npm fails (no network, say), it has failed."""
    target = os.path.join(BUILD, "npm", os.path.basename(os.path.abspath(source)))
    stamp_path = os.path.join(target, "installed")
    stamp = lock_stamp(source)
    if os.path.exists(stamp_path):
        with open(stamp_path) as f:
            if f.read() == stamp:
                return target
    if not shutil.which("npm"):
        if os.geteuid() != 0:
            skip_all("npm is not installed")
        sys.exit("npm is not installed: apt-get install nodejs npm")
    os.makedirs(target, exist_ok=True)
    for name in FILES:
        shutil.copy(os.path.join(source, name), target)
    try:
        out = subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund",
             "--prefer-offline"], cwd=target, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=LIMIT_S)
        said, failed = out.stdout + out.stderr, out.returncode != 0
    except subprocess.TimeoutExpired:
        said, failed = "no end within %d seconds" % LIMIT_S, True
    if failed:
        sys.exit("npm could not install what %s names:\n%s" % (
            os.path.join(source, FILES[1]), said[-3000:]))
    with open(stamp_path, "w") as f:
        f.write(stamp)
    return target
