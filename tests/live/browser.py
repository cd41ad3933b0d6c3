# SPDX-License-Identifier: EUPL-1.2
"""Headless Chromium with a home of its own that trusts one more root. No flag
that weakens certificate checks."""
import os
import shutil
import subprocess
import tempfile


def missing():
    """What is not installed, or None."""
    for tool, package in (("chromium", "chromium"),
                          ("certutil", "libnss3-tools")):
        if not shutil.which(tool):
            return package
    return None


class Browser:
    def __init__(self, *roots):
        self.home = tempfile.mkdtemp(prefix="sparsam-browser.")
        nssdb = os.path.join(self.home, ".pki/nssdb")
        os.makedirs(nssdb)
        subprocess.run(["certutil", "-d", "sql:" + nssdb, "-N",
                        "--empty-password"], check=True)
        for i, root in enumerate(roots):
            subprocess.run(["certutil", "-d", "sql:" + nssdb, "-A", "-t",
                            "C,,", "-n", "test root %d" % i, "-i", root],
                           check=True)

    def argv(self, url, *flags):
        out = ["chromium", "--headless=new", "--disable-gpu",
               "--disable-quic", "--no-first-run",
               "--disable-background-networking",
               "--disable-component-update", "--disable-sync",
               "--disable-extensions", "--disable-dev-shm-usage",
               "--password-store=basic", "--lang=de-DE",
               "--user-data-dir=" + os.path.join(self.home, "profile")]
        if os.geteuid() == 0:
            out.append("--no-sandbox")
        return out + list(flags) + [url]

    def environment(self):
        env = {k: v for k, v in os.environ.items()
               if not k.lower().endswith("_proxy")}
        env.update(HOME=self.home, TZ="Europe/Berlin",
                   XDG_CONFIG_HOME=os.path.join(self.home, ".config"),
                   XDG_CACHE_HOME=os.path.join(self.home, ".cache"),
                   DBUS_SESSION_BUS_ADDRESS="disabled:")
        return env

    def start(self, url, *flags):
        """The process; ends by .end()."""
        self.child = subprocess.Popen(
            self.argv(url, *flags), env=self.environment(),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=open(os.path.join(self.home, "log"), "ab"),
            start_new_session=True)
        return self.child

    def log(self):
        with open(os.path.join(self.home, "log"), errors="replace") as f:
            return f.read()

    def dump(self, url, *flags, limit=60):
        """The page as text, after it was loaded; .said: what the browser
        wrote to standard error."""
        try:
            out = subprocess.run(
                self.argv(url, "--dump-dom", "--timeout=20000", *flags),
                env=self.environment(), stdin=subprocess.DEVNULL,
                capture_output=True, timeout=limit, start_new_session=True)
            self.said = out.stderr.decode("utf-8", "replace")
            return out.stdout.decode("utf-8", "replace")
        except subprocess.TimeoutExpired as e:
            self.said = (e.stderr or b"").decode("utf-8", "replace")
            return (e.stdout or b"").decode("utf-8", "replace")

    def end(self):
        child = getattr(self, "child", None)
        if child is not None and child.poll() is None:
            os.killpg(child.pid, 15)
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, 9)
                child.wait()
        shutil.rmtree(self.home, ignore_errors=True)
