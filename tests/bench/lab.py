# SPDX-License-Identifier: EUPL-1.2
"""The place where it happens: a directory, cores, keys, an origin, and processes
that are ended again. Everything is on loopback."""
import os
import signal
import socket
import subprocess
import time

import content

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
CORES = sorted(os.sched_getaffinity(0))
PEER_CORE, LOAD_CORE = CORES[0], CORES[-1]
ORIGIN_CORE = CORES[-2] if len(CORES) > 2 else CORES[-1]
LARGE_BYTES = 100 * 1000 * 1000
FILES = 20000  # descriptors of a process


class Failed(Exception):
    """A peer cannot do it; the text says why."""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


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


def resident_kb(pid):
    with open("/proc/%d/status" % pid) as f:
        for line in f:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0


def first_line(argv):
    out = subprocess.run(argv, capture_output=True, text=True)
    return (out.stdout or out.stderr).splitlines()[0]


class Lab:
    def __init__(self, directory, build):
        self.dir, self.build = directory, build
        os.chmod(directory, 0o755)
        self.children = []
        self.pki = self.path("pki")
        subprocess.run([os.path.join(TOP, "tests/live/pki"), self.pki],
                       check=True)
        self.root = self.path("pki/root.pem")
        for name in ("up", "down", "message"):
            self.write(name, getattr(content, name)())
        self.write("none", b"")
        content.large(self.path("large.bin"), LARGE_BYTES)
        self.compile("load", ["load.c", "load_h1.c", "load_h2.c", "load_link.c",
                              "load_os.c", "load_pace.c", "load_ws.c",
                              "frame.c"], ["-lnghttp2"])
        self.compile("echo", ["echo.c", "frame.c"], [])
        self.ports = {}

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def write(self, name, text):
        with open(self.path(name), "wb" if isinstance(text, bytes) else
                  "w") as f:
            f.write(text)
        return self.path(name)

    def compile(self, name, sources, libs):
        subprocess.run(["cc", "-std=c11", "-D_GNU_SOURCE", "-O2", "-o",
                        self.path(name)] +
                       [os.path.join(HERE, s) for s in sources] +
                       ["-lssl", "-lcrypto"] + libs, check=True)

    def start(self, core, argv, ports=(), hosts=None):
        """Start a process on one core and wait until it listens. With hosts,
        those names lead to 127.0.0.1 for it (its own /etc/hosts)."""
        name = os.path.basename(argv[0])
        if hosts:
            own = self.write("hosts", "127.0.0.1 localhost %s\n" %
                             " ".join(hosts))
            root = [] if os.geteuid() == 0 else ["-r"]
            argv = ["unshare"] + root + [
                "-m", "sh", "-c",
                'mount --bind "$0" /etc/hosts && exec "$@"', own] + argv
        log = self.path("%s.%d.log" % (name, len(self.children)))
        with open(log, "ab") as out:
            child = subprocess.Popen(["taskset", "-c", str(core)] + argv,
                                     stdin=subprocess.DEVNULL, stdout=out,
                                     stderr=out, cwd=self.dir)
        child.log = log
        self.children.append(child)
        for port in ports:
            self.wait(port, child)
        return child

    def wait(self, port, child, seconds=30):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if child.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        with open(child.log, errors="replace") as f:
            raise Failed("does not start: " + f.read()[-300:].strip())

    def stop(self, children=None):
        children = self.children if children is None else children
        for child in children:
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        for child in children:
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self.children = [c for c in self.children if c not in children]

    def openssl_ca(self, name, common, kind=("ec", "-pkeyopt",
                                              "ec_paramgen_curve:P-256")):
        """A CA for peers that have no tool of their own; the key too."""
        key, cert = self.path(name + ".key"), self.path(name + ".pem")
        if not os.path.exists(cert):
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", *kind, "-nodes",
                 "-keyout", key, "-out", cert, "-days", "30", "-subj",
                 "/CN=" + common, "-addext",
                 "basicConstraints=critical,CA:TRUE", "-addext",
                 "keyUsage=critical,keyCertSign,cRLSign"],
                check=True, stderr=subprocess.DEVNULL)
        return key, cert

    def origin(self):
        """Answers when the whole request is there, as a service does: "return"
        alone would answer after the head (mirror reads the content first)."""
        from peer import nginx
        ports = {name: free_port() for name in ("h1", "h2", "ws")}
        server = """
  server {
    listen 127.0.0.1:%d ssl%s;
    default_type application/json;
    root %s;
    location / {
      mirror /read;
      error_page 405 =200 @answer;
      rewrite ^ /none break;
    }
    location = /read { internal; return 204; }
    location @answer { return 200 '%s'; }
    location = /large.bin { types { } default_type application/octet-stream; }
  }"""
        answer = content.down().decode()
        nginx.run(self, ORIGIN_CORE, "origin", 1,
                  server % (ports["h1"], "", self.dir, answer) +
                  server % (ports["h2"], " http2", self.dir, answer),
                  [ports["h1"], ports["h2"]])
        self.start(ORIGIN_CORE, [self.path("echo"), str(ports["ws"]),
                                 self.pki + "/lab.pem"], [ports["ws"]])
        self.ports = ports
