# SPDX-License-Identifier: EUPL-1.2
"""A gateway and a fake provider on loopback, for tests and the quickstart.
Everything lives in one temporary directory; every process started here is
ended here, by its number."""
import atexit
import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from hidden import leaks

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "provider"))
import rules  # noqa: E402

TOP = os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("SPARSAM_BUILD") or os.environ.get("builddir") or \
    os.path.join(TOP, "build")
DATA = os.path.join(TOP, "tests/data")
CAPTURE = os.path.join(DATA, "zoom-meetingsdk.har")

# What must never be found at a provider or in a log.
PLANTED = ["Erika Mustermann", "Mustermann", "erika.mustermann",
           "amt.example.de", "Europe/Berlin", "AMT-NB-0815", "Jabra",
           "Logitech BRIO", "10.47.11.23", "198.51.100.77",
           "2001:db8:47:11::23", "B 2.14", "Referat 3",
           "geraet-0815-kennung", "vertrackt-4711"]
# The name of the embedding page stays in Origin: CORS needs it.
NEVER = [p for p in PLANTED if p != "amt.example.de"] + \
    ["erika.mustermann@amt.example.de"]

SERVICE = """
  { id = "%(id)s"; mode = "enforce"; variables = { %(variables)s };
    agreement = { kind = "avv"; id = "AVV-2026-17"; version = "3";
      date = "2026-03-01"; sha256 = "%(sha)s"; valid_until = "%(until)s";
      rating = { source = "BlnBDI 2.0"; version = "2.0"; date = "2021-02-18";
        light = "red"; };
      deviation = { id = "ZV-2026-4"; }; instructions_unrestricted = true;
      own_purposes = "none"; max_case = 2; dpia_id = "DSFA-12";
      transfer = { instrument = "scc"; assessment_id = "TIA-5"; };
      staff = { council_ref = "PR-7"; notice_ref = "INFO-3"; };
      %(agreement)s };
    %(inspection)s
  }"""
INSPECTION = """inspection = { basis = "Art. 6(1)(e) GDPR"; dpia = "DSFA-12";
      council = "DV-2026-2"; notice = "INFO-3"; };"""
CONF = """# written by a test
workers = %(workers)d;
user = "%(user)s";
signer_user = "%(signer_user)s";
listen = ( %(listen)s );
clients = ( { net = "127.0.0.0/8"; level = 2; },
            { net = "::1/128"; level = 2; } );
policy_dir = "%(dir)s/policy";
control_socket = "%(dir)s/control";
ca = { dir = "%(dir)s/ca"; name = "Amt Beispielstadt"; };
tls = { profile = "tr-02102-2"; trust = "%(dir)s/pki/root.pem"; };
connect_to = (
  { host = "*"; port = 80; to = "127.0.0.1:%(plain)d"; },
  { host = "*"; port = 0; to = "127.0.0.1:%(tls)d"; } );
page = { authority = "Amt Beispielstadt"; telephone = "Durchwahl 4711";
  own_service = "https://konferenz.amt.example/";
  eu_provider = "https://video.example.eu/"; contact = "Auskunft 115"; };
%(extra)s
services = (%(services)s
);
"""


def data_file(service):
    """The fake provider's data of a service, or None."""
    path = os.path.join(HERE, "provider", service + ".json")
    return path if os.path.exists(path) else None


def data_of(service):
    path = data_file(service)
    return rules.load(path) if path else {}


def variables(data):
    """The pack's variables as libconfig."""
    return " ".join('%s = "%s";' % (k, v.replace("\\", "\\\\")
                                    .replace('"', '\\"'))
                    for k, v in data.get("variables", {}).items())


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def port_open(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def wait(condition, seconds=15, step=0.05):
    """The first true value of condition(), or its last one."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(step)


def descendants(pid):
    out, todo = [], [pid]
    while todo:
        p = todo.pop()
        out.append(p)
        try:
            with open("/proc/%d/task/%d/children" % (p, p)) as f:
                todo += [int(c) for c in f.read().split()]
        except OSError:
            pass
    return out


def title(pid):
    try:
        with open("/proc/%d/cmdline" % pid, "rb") as f:
            return f.read().replace(b"\0", b" ").decode("latin-1")
    except OSError:
        return ""


def peak_below(tap, pid, limit_kb):
    """The process never had that much memory (ASan keeps what was freed)."""
    with open("/proc/%d/maps" % pid) as f:
        if "libasan" in f.read():
            tap.skip("memory", "with AddressSanitizer")
            return
    with open("/proc/%d/status" % pid) as f:
        kb = int(f.read().split("VmHWM:")[1].split()[0])
    tap.ok(kb < limit_kb, "%d kB of memory at most" % kb)


class Gate:
    def __init__(self, services=("zoom", "lab"), workers=2, extra="",
                 keep_dir=None, ipv6=False, port=None, until="2099-12-31",
                 inspect=True, pki=None, rules=()):
        self.dir = keep_dir or tempfile.mkdtemp(prefix="sparsam-live.")
        os.chmod(self.dir, 0o755)
        self.kept = keep_dir is not None
        self.children = []
        atexit.register(self.stop)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        self.record_path = self.path("record.jsonl")
        self.log_path = self.path("sparsamd.log")
        self.conf_path = self.path("sparsamd.conf")
        self.root = self.path("sparsam-root.pem")
        self.sparsamd = os.path.join(BUILD, "sparsamd")
        self.sparsamctl = os.path.join(BUILD, "sparsamctl")
        self.port = port or free_port()
        self.options = {
            "workers": workers, "dir": self.dir, "extra": extra,
            "services": services, "until": until, "inspect": inspect,
            "ipv6": ipv6}
        if pki:  # made by ./pki before
            shutil.copytree(pki, self.path("pki"))
        self.daemon = None
        self.rules = rules  # data files of the provider that come first
        self.start_provider()
        self.write_policy()
        self.write_conf()

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def start_provider(self):
        subprocess.run([os.path.join(HERE, "pki"), self.path("pki")],
                       check=True)
        ports = self.path("ports")
        files = list(self.rules) + [data_file(s) for s in
                                    self.options["services"] if data_file(s)]
        files = files or [data_file("zoom")]
        with open(self.path("provider.log"), "ab") as log:
            self.provider = subprocess.Popen(
                ["/usr/bin/python3",
                 os.path.join(HERE, "provider/provider.py"),
                 "--pki", self.path("pki"), "--record", self.record_path,
                 "--ports-file", ports, "--parent", str(os.getpid()),
                 "--rules"] + files,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.children.append(self.provider)
        if not wait(lambda: os.path.exists(ports)):
            raise SystemExit("the fake provider does not start: see " +
                             self.path("provider.log"))
        with open(ports) as f:
            self.tls_port, self.plain_port = map(int, f.read().split())

    def forget(self):
        """What the provider remembers of a meeting is gone."""
        out = subprocess.run(
            ["curl", "-sSf", "--noproxy", "*", "-X", "POST",
             "http://127.0.0.1:%d/forget" % self.plain_port,
             "-H", "Host: lab.example"], capture_output=True)
        if out.returncode != 0:
            raise SystemExit("the provider does not answer: %s" % out.stderr)

    def write_policy(self):
        os.makedirs(self.path("policy"), exist_ok=True)
        for source in (os.path.join(TOP, "policy"),
                       os.path.join(HERE, "policy")):
            for name in os.listdir(source):
                whole = os.path.join(source, name)
                if os.path.isdir(whole):
                    shutil.copytree(whole, self.path("policy", name),
                                    dirs_exist_ok=True)
                elif name.endswith(".conf"):
                    shutil.copy(whole, self.path("policy"))

    def write_conf(self, **changes):
        o = dict(self.options, **changes)
        root = os.geteuid() == 0
        listen = ['"127.0.0.1:%d"' % self.port]
        if o["ipv6"]:
            listen.append('"[::1]:%d"' % self.port)
        services = ",".join(SERVICE % {
            "id": s, "sha": "0" * 64, "until": o["until"],
            "variables": variables(data_of(s)),
            "agreement": data_of(s).get("agreement", ""),
            "inspection": INSPECTION if o["inspect"] else ""}
            for s in o["services"])
        text = CONF % {
            "workers": o["workers"], "dir": self.dir, "extra": o["extra"],
            "services": services, "listen": ", ".join(listen),
            "tls": self.tls_port, "plain": self.plain_port,
            "user": "nobody" if root else "",
            "signer_user": "daemon" if root else ""}
        if o.get("edit"):
            text = o["edit"](text)
        with open(self.conf_path + ".new", "w") as f:
            f.write(text)
        os.rename(self.conf_path + ".new", self.conf_path)

    def ctl(self, *args, **kw):
        return subprocess.run([self.sparsamctl, "-c", self.conf_path] +
                              list(args), capture_output=True, text=True,
                              timeout=60, **kw)

    def make_ca(self):
        for args in (("ca", "init"), ("ca", "export", self.root)):
            out = self.ctl(*args)
            if out.returncode != 0:
                raise SystemExit("sparsamctl %s: %s%s" % (
                    " ".join(args), out.stdout, out.stderr))

    def start(self, ca=True, seconds=20):
        if ca and not os.path.exists(self.root):
            self.make_ca()
        with open(self.log_path, "ab") as log:
            self.daemon = subprocess.Popen(
                [self.sparsamd, "-f", "-c", self.conf_path],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.children.append(self.daemon)
        wait(lambda: self.daemon.poll() is not None or port_open(self.port),
             seconds)
        if self.daemon.poll() is not None or not port_open(self.port):
            raise SystemExit("sparsamd does not start:\n" + self.logs())
        # one answer from the gateway itself: workers are ready
        wait(lambda: self.fetch("http://127.0.0.1:%d/proxy.pac" % self.port,
                                proxy=False).returncode == 0, seconds)
        return self

    def end_daemon(self, seconds=20):
        """SIGTERM; the exit status, or None when it had to be killed."""
        if self.daemon is None or self.daemon.poll() is not None:
            return None
        self.daemon.send_signal(signal.SIGTERM)
        try:
            return self.daemon.wait(seconds)
        except subprocess.TimeoutExpired:
            self.daemon.kill()
            self.daemon.wait()
            return None

    def stop(self):
        atexit.unregister(self.stop)
        if self.daemon is not None and self.daemon.poll() is None:
            pids = descendants(self.daemon.pid)
            self.daemon.send_signal(signal.SIGTERM)
            time.sleep(0.1)
            if self.daemon.poll() is None:
                self.daemon.send_signal(signal.SIGTERM)
            try:
                self.daemon.wait(10)
            except subprocess.TimeoutExpired:
                for pid in pids:
                    try:
                        os.kill(pid, signal.SIGKILL)
                    except ProcessLookupError:
                        pass
        for child in self.children:
            if child.poll() is None:
                child.terminate()
                try:
                    child.wait(5)
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()
        if not self.kept and not os.environ.get("KEEP"):
            shutil.rmtree(self.dir, ignore_errors=True)
        elif os.environ.get("KEEP"):
            print("# kept: " + self.dir)

    def processes(self, word):
        """pids of children whose title has the word."""
        return sorted(p for p in descendants(self.daemon.pid)
                      if p != self.daemon.pid and word in title(p))

    def workers(self):
        return self.processes("worker")

    def signer(self):
        found = self.processes("signer")
        return found[0] if found else None

    def curl(self, url, *args, proxy=True, **kw):
        argv = ["curl", "-sS", "--max-time", str(kw.pop("limit", 30)),
                "--cacert", self.root]
        argv += ["--proxy", "http://127.0.0.1:%d" % self.port] if proxy else \
            ["--noproxy", "*"]
        return argv + list(args) + [url]

    def fetch(self, url, *args, proxy=True, limit=30, data=None):
        """curl; .returncode .stdout (bytes) .status .stderr"""
        mark = b"\n@@status:"
        out = subprocess.run(
            self.curl(url, "-w", mark.decode() + "%{http_code}", *args,
                      proxy=proxy, limit=limit),
            capture_output=True, input=data,
            env=dict(os.environ, http_proxy="", https_proxy="", all_proxy=""))
        body, _, status = out.stdout.rpartition(mark)
        out.stdout = body
        out.status = int(status or 0)
        return out

    def record(self, since=0):
        """What the provider received, from entry number since on."""
        with open(self.record_path, encoding="utf-8") as f:
            whole = f.read().rpartition("\n")[0]  # a line may be half written
        return [json.loads(line) for line in whole.splitlines()][since:]

    def settled(self):
        """How many entries there are once no more come: the provider writes
        after it has answered."""
        n = -1
        while n != len(self.record()):
            n = len(self.record())
            time.sleep(0.1)
        return n

    def record_pieces(self, since=0):
        """The same as bytes to search in: heads as they came, bodies and
        WebSocket messages decoded."""
        out = []
        for r in self.record(since):
            out.append(json.dumps(
                {k: v for k, v in r.items() if not k.endswith("64")},
                ensure_ascii=False).encode())
            out.append((r.get("target") or "").encode())
            out += [("%s: %s" % tuple(h)).encode("latin-1")
                    for h in r.get("headers", [])]
            out.append(base64.b64decode(r.get("body64", "")))
            out += [base64.b64decode(g) for g in r.get("got64", [])]
        return out

    def record_bytes(self, since=0):
        return b"\n".join(self.record_pieces(since))

    def logs(self):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as f:
                return f.read()
        except OSError:
            return ""


class Tap:
    """Results as TAP lines."""

    def __init__(self):
        self.n = self.failed = 0

    def ok(self, good, name, *notes):
        self.n += 1
        if not good:
            self.failed += 1
        print("%s %d - %s" % ("ok" if good else "not ok", self.n, name))
        if not good:
            for note in notes:
                for line in str(note)[:2000].splitlines():
                    print("#   " + line)
        sys.stdout.flush()
        return good

    def equal(self, got, want, name):
        return self.ok(got == want, name, "got:  %r" % (got,),
                       "want: %r" % (want,))

    def skip(self, name, why):
        self.n += 1
        print("ok %d - %s # SKIP %s" % (self.n, name, why))

    def log(self, gate, *words):
        """What must not be in the log of a gateway, is not."""
        log = gate.logs()
        found = leaks(log.encode(), PLANTED + list(words))
        self.ok(not found, "nothing personal in the log", found, log)
        for sign in ("AddressSanitizer", "runtime error:", "LeakSanitizer",
                     "Assertion"):
            if sign in log:
                self.ok(False, "log has: " + sign, log[-6000:])

    def done(self, gate=None):
        """Looks at the log, ends all, prints the plan; the exit status."""
        if gate is not None:
            self.log(gate, "zoom.us", "lab.example", "84512340987",
                     "geheim123")
            gate.stop()
        print("1..%d" % self.n)
        return 1 if self.failed else 0


def skip_all(why):
    print("1..0 # SKIP " + why)
    sys.exit(0)
