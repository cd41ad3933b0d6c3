#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""HTTP/2 with real peers on both sides: curl, nghttp and h2load through the
gateway to nghttpd, nginx and a server of HTTP/1.1. Shapes of frames are in
h2-shapes.t and h2-servers.t, a browser in browser.t."""
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys

from connector import Connector
from gate import Gate, Tap, free_port, leaks, port_open, skip_all, wait

NGINX = """daemon off; worker_processes 1; pid %(dir)s/nginx.pid;
error_log %(dir)s/nginx.log; events { worker_connections 512; }
http {
  access_log off; default_type text/plain; root %(dir)s/htdocs;
  client_body_temp_path %(dir)s/nb; proxy_temp_path %(dir)s/np;
  fastcgi_temp_path %(dir)s/nf; uwsgi_temp_path %(dir)s/nu;
  scgi_temp_path %(dir)s/ns; client_max_body_size 100m;
  ssl_certificate %(dir)s/pki/lab.pem; ssl_certificate_key %(dir)s/pki/lab.pem;
  server { listen 127.0.0.1:%(port)d ssl http2; keepalive_requests 100;
    location = /early { return 200 "early\\n"; }
    location = /who { return 200 "$server_protocol\\n"; } }
  server { listen 127.0.0.1:%(port1)d ssl; keepalive_requests 100;
    location = /who { return 200 "$server_protocol\\n"; } }
}
"""
SIZE = 24 << 20


def start(g, argv, port):
    with open(g.path("servers.log"), "ab") as log:
        child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log,
                                 stderr=log)
    g.children.append(child)
    if not wait(lambda: port_open(port)):
        raise SystemExit("does not start: " + " ".join(argv))


def servers(g):
    """Three names with servers of their own, for a gateway that does not run
    yet."""
    os.makedirs(g.path("htdocs"))
    with open(g.path("htdocs/big"), "wb") as f:
        for i in range(SIZE // 64):
            f.write(b"%063d\n" % i)
    with open(g.path("htdocs/small"), "wb") as f:
        f.write(b"small\n")
    echo, plain, nginx, nginx1 = (free_port() for _ in range(4))
    pem = g.path("pki/lab.pem")
    os.chmod(g.path("pki"), 0o755)
    start(g, ["nghttpd", "--trailer", "x-sum: 1", "--echo-upload",
              "-d", g.path("htdocs"), str(echo), pem, pem], echo)
    start(g, ["nghttpd", "-m", "10", "-d", g.path("htdocs"), str(plain), pem,
              pem], plain)
    with open(g.path("nginx.conf"), "w") as f:
        f.write(NGINX % {"dir": g.dir, "port": nginx, "port1": nginx1})
    start(g, ["nginx", "-c", g.path("nginx.conf"), "-e", g.path("nginx.log")],
          nginx)
    to = "".join(
        '  { host = "%s.lab.example"; port = 443; to = "127.0.0.1:%d"; },\n' %
        pair for pair in (("echo", echo), ("few", plain), ("nginx", nginx),
                          ("nginx1", nginx1)))
    g.options["edit"] = lambda text: text.replace(
        "connect_to = (\n", "connect_to = (\n" + to)
    g.write_conf()


def digest(data):
    return hashlib.sha256(data).hexdigest()


def curls(tap, g):
    """curl by both versions to servers of both versions."""
    with open(g.path("htdocs/big"), "rb") as f:
        big = f.read()
    for version in ("--http1.1", "--http2"):
        for host in ("echo", "few", "nginx", "nginx1"):
            out = g.fetch("https://%s.lab.example/big" % host, version)
            tap.ok(out.status == 200 and digest(out.stdout) == digest(big),
                   "curl %s, large content down from %s" % (version, host),
                   out.status, len(out.stdout), out.stderr)
        out = g.fetch("https://echo.lab.example/up", version, "-T",
                      g.path("htdocs/big"))
        tap.ok(out.status == 200 and digest(out.stdout) == digest(big),
               "curl %s, large content up and down again, HTTP/2" % version,
               out.status, len(out.stdout), out.stderr)
        out = g.fetch("https://lab.example/upload", version, "-T",
                      g.path("htdocs/big"))
        tap.ok(out.status == 200 and json.loads(out.stdout) == {
            "bytes": len(big), "sha256": digest(big)},
            "curl %s, large content up, HTTP/1.1" % version, out.status,
            out.stdout, out.stderr)
        for path, want in (("/chunked", b"alpha beta gamma"),
                           ("/trailers", b"hello"), ("/early", b"after 103"),
                           ("/close", b"until the end"), ("/204", b"")):
            out = g.fetch("https://lab.example" + path, version)
            tap.equal(out.stdout, want, "curl %s, %s" % (version, path))
        for path in ("/truncated", "/truncated-chunked"):
            out = g.fetch("https://lab.example" + path, version)
            tap.ok(out.returncode != 0 or out.status == 502,
                   "curl %s, %s is an error" % (version, path), out.status)


def meeting(tap, g):
    """Versions as they are meant, and the rules hold over both."""
    out = g.fetch("https://lab.example/echo", "--http2", "-v")
    tap.ok(b"< HTTP/2 200" in out.stderr, "curl speaks HTTP/2", out.stderr)
    for host, want in (("nginx", b"HTTP/2.0\n"), ("nginx1", b"HTTP/1.1\n")):
        for version in ("--http1.1", "--http2"):
            out = g.fetch("https://%s.lab.example/who" % host, version)
            tap.equal(out.stdout, want, "%s speaks %s with the gateway for %s" %
                      (host, want.decode().strip(), version))
    before = g.settled()
    g.fetch("https://lab.example/echo?uname=Erika+Mustermann", "--http2",
            "-H", "User-Agent: Jabra", "-H", "Content-Type: application/json",
            "-b", "_ga=vertrackt-4711; session=1", "--data-binary",
            '{"email":"erika.mustermann@amt.example.de","tz":"Europe/Berlin"}')
    found = leaks(g.record_bytes(before), [
        "Mustermann", "Jabra", "vertrackt-4711", "Europe/Berlin",
        "amt.example.de"])
    tap.ok(not found, "nothing planted arrives by HTTP/2", found)
    tap.ok(b"session=1" in g.record_bytes(before), "what is kept arrives")
    out = g.fetch("https://echo.lab.example/up", "--http2",
                  "-H", "Content-Type: application/json", "--data-binary",
                  '{"email":"erika.mustermann@amt.example.de","id":4711}')
    tap.equal(out.stdout, b'{"id":4711}', "nor at a server of HTTP/2")


def nghttp(g, host, *args, path="/small"):
    c = Connector(g.port, host)
    out = subprocess.run(
        ["nghttp", "--no-verify-peer", "-H", ":authority: " + host] +
        list(args) + ["https://127.0.0.1:%d%s" % (c.port, path)],
        capture_output=True, timeout=60)
    c.close()
    return out


def nghttps(tap, g):
    out = nghttp(g, "echo.lab.example")
    tap.equal(out.stdout, b"small\n", "nghttp")
    with open(g.path("htdocs/big"), "rb") as f:
        big = f.read()
    out = nghttp(g, "echo.lab.example", "-d", g.path("htdocs/big"), "--trailer",
                 "x-more: 1", path="/up")
    tap.ok(digest(out.stdout) == digest(big),
           "nghttp, large content with trailers", len(out.stdout),
           out.stderr[-300:])
    out = nghttp(g, "lab.example", "-d", g.path("htdocs/small"),
                 "--expect-continue", "-v", path="/upload")
    tap.ok(b":status: 100" in out.stdout and b'"bytes": 6' in out.stdout,
           "nghttp, 100 (Continue)", out.stdout[-2000:])
    # (curl 7.88 drops an answer with which RST_STREAM comes)
    out = nghttp(g, "nginx.lab.example", "-d", g.path("htdocs/big"),
                 path="/early")
    tap.equal(out.stdout, b"early\n", "nghttp, answered before the content is "
              "there")
    out = nghttp(g, "echo.lab.example", "-m", "200")
    tap.equal(out.stdout, b"small\n" * 200, "nghttp, 200 requests at once")
    out = nghttp(g, "few.lab.example", "-m", "90")
    tap.equal(out.stdout, b"small\n" * 90,
              "nghttp, more at once than the server grants")
    out = nghttp(g, "few.lab.example", "-m", "20", "-w", "14", "-W", "14",
                 path="/big")
    tap.equal(len(out.stdout), 20 * SIZE, "nghttp, 20 large ones at once")
    out = nghttp(g, "echo.lab.example", "-m", "5", "--continuation")
    tap.ok(out.stdout in (b"small\n" * 5, b"") and out.returncode in (0, 1) or
           b"431" in out.stdout, "nghttp, a head over several frames",
           out.stdout, out.stderr)


def h2load(g, host, *args, path="/small", n=2000):
    c = Connector(g.port, host)
    out = subprocess.run(
        ["h2load", "-n", str(n), "--connect-to=127.0.0.1:%d" % c.port] +
        list(args) + ["https://%s%s" % (host, path)],
        capture_output=True, timeout=120, text=True)
    c.close()
    m = re.search(r"status codes: (\d+) 2xx", out.stdout)
    return int(m[1]) if m else 0, out.stdout[-900:]


def loads(tap, g):
    for name, host, args in (
            ("4 connections, 100 streams", "echo", ("-c", "4", "-m", "100")),
            ("a server that grants 10 streams", "few",
             ("-c", "4", "-m", "25")),
            ("GOAWAY every 100 requests", "nginx", ("-c", "4", "-m", "10")),
            ("a close every 100 requests", "nginx1", ("-c", "4", "-m", "10")),
            ("one stream at a time", "nginx", ("-c", "8", "-m", "1"))):
        good, said = h2load(g, host + ".lab.example", *args)
        tap.equal(good, 2000, "h2load, " + name)
        if good != 2000:
            print("# " + said.replace("\n", "\n# "))
    # Content that is scrubbed is at hand as a whole, and can go again.
    with open(g.path("htdocs/json"), "w") as f:
        f.write('{"email":"a@b.example","id":1}')
    good, said = h2load(g, "nginx.lab.example", "-c", "4", "-m", "10", "-d",
                        g.path("htdocs/json"), "-H",
                        "Content-Type: application/json", path="/early")
    tap.ok(good == 2000, "h2load, content, GOAWAY every 100 requests", said)
    out = subprocess.run(
        g.curl("https://nginx.lab.example/small?[1-400]", "--http1.1", "-Z",
               "--parallel-max", "8", limit=60), capture_output=True)
    tap.equal(out.stdout, b"small\n" * 400,
              "curl, 400 requests by HTTP/1.1, GOAWAY every 100 requests")
    good, said = h2load(g, "lab.example", "-c", "2", "-m", "10", path="/echo",
                        n=500)
    tap.ok(good == 500, "h2load, to a server of HTTP/1.1", said)


def main():
    for tool, package in (("nghttpd", "nghttp2-server"),
                          ("nghttp", "nghttp2-client"),
                          ("h2load", "nghttp2-client"), ("nginx", "nginx")):
        if not shutil.which(tool):
            skip_all("the Debian package %s is not installed" % package)
    tap = Tap()
    g = Gate(services=("lab",), workers=1)
    servers(g)
    g.start()
    pids = g.workers()
    meeting(tap, g)
    curls(tap, g)
    nghttps(tap, g)
    loads(tap, g)
    tap.equal(g.workers(), pids, "the same worker all the time")
    return tap.done(g)


sys.exit(main())
