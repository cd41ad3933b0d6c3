#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""The gateway's own authority can vouch for the domains of the packs and for
nothing else: OpenSSL and Chromium refuse a leaf that its intermediate signed
for another host, because of the name constraints. The leafs themselves."""
import os
import re
import socket
import ssl
import subprocess
import sys

from browser import Browser, missing
from client import Client
from gate import Gate, Tap, free_port, port_open, wait

CERT_INVALID = "-207"  # net::ERR_CERT_INVALID: constraints, among others


def openssl(*args, **kw):
    return subprocess.run(["openssl"] + list(args), capture_output=True,
                          text=True, **kw)


def files_with(g, word):
    out = []
    for top, _, names in os.walk(g.path("ca")):
        for name in sorted(names):
            path = os.path.join(top, name)
            with open(path, errors="replace") as f:
                if word in f.read():
                    out.append(path)
    return out


def intermediate(g):
    """(certificate, key) of the intermediate, whatever the files are called."""
    for path in files_with(g, "BEGIN CERTIFICATE"):
        text = openssl("x509", "-in", path, "-noout", "-text").stdout
        if "Name Constraints" in text:
            spki = openssl("x509", "-in", path, "-noout", "-pubkey").stdout
            for key in files_with(g, "PRIVATE KEY"):
                if openssl("pkey", "-in", key, "-pubout").stdout == spki:
                    return path, key, text
    return None, None, ""


def sign(g, cert, key, host):
    """A leaf for host, signed by the intermediate as a thief would."""
    name = g.path(host)
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-nodes", "-keyout", name + ".key",
            "-out", name + ".csr", "-subj", "/")
    with open(name + ".ext", "w") as f:
        f.write("subjectAltName=critical,DNS:%s\nbasicConstraints=critical,"
                "CA:FALSE\nkeyUsage=critical,digitalSignature\n"
                "extendedKeyUsage=serverAuth\n" % host)
    out = openssl("x509", "-req", "-in", name + ".csr", "-CA", cert,
                  "-CAkey", key, "-days", "3", "-sha256", "-set_serial",
                  "0x4711471147114711", "-extfile", name + ".ext", "-out",
                  name + ".crt")
    assert out.returncode == 0, out.stderr
    with open(cert) as a, open(name + ".crt") as b, \
            open(name + ".chain", "w") as f:
        f.write(b.read() + a.read())
    return name


def verify(g, name, cert, host):
    out = openssl("verify", "-CAfile", g.root, "-untrusted", cert,
                  "-verify_hostname", host, "-purpose", "sslserver",
                  name + ".crt")
    return out.returncode, out.stdout + out.stderr


def with_chromium(tap, g, name, host, good):
    port = free_port()
    server = subprocess.Popen(
        ["openssl", "s_server", "-accept", "127.0.0.1:%d" % port, "-cert",
         name + ".crt", "-key", name + ".key", "-cert_chain",
         name + ".chain", "-www"], stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait(lambda: port_open(port))
        b = Browser(g.root)
        text = b.dump("https://%s:%d/" % (host, port), "--no-proxy-server",
                      "--host-resolver-rules=MAP %s 127.0.0.1" % host,
                      "--enable-logging=stderr")
        said = b.said
        b.end()
    finally:
        server.terminate()
        server.wait()
    loaded = "Ciphers supported" in text
    if good:
        tap.ok(loaded, "Chromium accepts %s" % host, text[:500])
    else:
        code = re.search(r"net_error (-\d+)", said)
        tap.ok(not loaded and code and code[1] == CERT_INVALID,
               "Chromium refuses %s: net_error %s" % (host, code and code[1]),
               text[:500], said[:1500])


def leaf_of(g, host):
    c = Client(g.port, host, root=g.root)
    der = c.sock.getpeercert(True)
    c.close()
    pem = ssl.DER_cert_to_PEM_cert(der)
    return openssl("x509", "-noout", "-text", input=pem).stdout


def chain_of(g, host):
    out = openssl("s_client", "-proxy", "127.0.0.1:%d" % g.port, "-connect",
                  host + ":443", "-servername", host, "-showcerts",
                  input="")
    return out.stdout.count("BEGIN CERTIFICATE"), out.stdout


def leafs(tap, g):
    a, b = leaf_of(g, "lab.example"), leaf_of(g, "app.zoom.us")
    tap.ok(re.search(r"Subject:\s*(CN = )?\s*\n", a) or
           "Subject: \n" in a or not re.search(r"Subject:.*CN", a),
           "leaf: no name but in SAN", a[:600])
    tap.ok("DNS:lab.example" in a, "leaf: SAN")
    tap.ok("id-ecPublicKey" in a and "prime256v1" in a, "leaf: ECDSA P-256")
    for what in ("Subject Key Identifier", "Authority Key Identifier",
                 "CA:FALSE", "TLS Web Server Authentication"):
        tap.ok(what in a, "leaf: " + what)
    serials = [re.search(r"Serial Number:\s*([0-9a-f: ]+)", t)[1]
               .strip().replace(":", "") for t in (a, b)]
    tap.ok(serials[0] != serials[1] and all(
        28 <= len(s) <= 40 for s in serials), "leaf: random serials of 128 "
        "bits", serials)
    dates = re.findall(r"Not (?:Before|After)\s*: (.*)", a)
    out = openssl("x509", "-noout", "-checkend", str(7 * 86400 + 60),
                  input=ssl.DER_cert_to_PEM_cert(
                      _der(g, "lab.example")))
    tap.ok("will expire" in out.stdout, "leaf: at most seven days", dates)
    count, text = chain_of(g, "lab.example")
    tap.ok(count >= 2, "the whole chain is sent", text[:500])
    tap.ok(re.search(r"TLSv1\.[23]", text), "TLS 1.2 or 1.3")
    for version in ("-tls1_1", "-tls1"):
        out = openssl("s_client", "-proxy", "127.0.0.1:%d" % g.port,
                      "-connect", "lab.example:443", version, "-cipher",
                      "ALL:@SECLEVEL=0", input="")
        tap.ok("Cipher is (NONE)" in out.stdout or out.returncode != 0,
               "no TLS " + version, out.stdout[-300:])


def _der(g, host):
    c = Client(g.port, host, root=g.root)
    der = c.sock.getpeercert(True)
    c.close()
    return der


def hellos(tap, g):
    """A ClientHello in pieces, over several records, longer than a packet."""
    context = ssl.create_default_context(cafile=g.root)
    for name, cut in (("byte by byte", 1), ("in two halves", 0),
                      ("long, in small segments", 100)):
        raw = socket.create_connection(("127.0.0.1", g.port), 20)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        raw.sendall(b"CONNECT lab.example:443 HTTP/1.1\r\n"
                    b"Host: lab.example:443\r\n\r\n")
        raw.recv(1000)
        if name.startswith("long"):
            context.set_alpn_protocols(["x" * 200] * 12 + ["http/1.1"])
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing,
                               server_hostname="lab.example")
        first, good = True, False
        for _ in range(50):
            try:
                tls.do_handshake()
                good = True
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError:
                break
            data = outgoing.read()
            if first and data:
                first = False
                step = cut or len(data) // 2
                for i in range(0, len(data), step):
                    raw.sendall(data[i:i + step])
            elif data:
                raw.sendall(data)
            if good:
                break
            got = raw.recv(65536)
            if not got:
                break
            incoming.write(got)
        raw.close()
        tap.ok(good, "ClientHello " + name)


def main():
    tap = Tap()
    g = Gate(services=("zoom", "lab")).start()
    cert, key, text = intermediate(g)
    tap.ok(cert and key, "the intermediate has name constraints",
           os.listdir(g.path("ca")))
    permitted = set(re.findall(r"DNS:\s*([\w.-]+)", text.partition(
        "Name Constraints")[2].partition("X509v3")[0]))
    tap.ok({"zoom.us", "lab.example"} <= permitted and
           "Name Constraints: critical" in text and
           not {"us", "example", "com", ""} & permitted,
           "critical, for the domains of the packs", permitted)
    tap.ok("pathlen:0" in text, "no further authority below it")
    for host, good in (("meet.zoom.us", True), ("x.lab.example", True),
                       ("www.bank.example", False),
                       ("zoom.us.evil.example", False)):
        name = sign(g, cert, key, host)
        status, said = verify(g, name, cert, host)
        if good:
            tap.equal(status, 0, "OpenSSL accepts " + host)
        else:
            tap.ok(status != 0 and "permitted subtree violation" in said,
                   "OpenSSL refuses %s because of the constraints" % host,
                   said)
        if missing():
            tap.skip("Chromium with " + host, "not installed")
        elif host != "zoom.us.evil.example":
            with_chromium(tap, g, name, host, good)
    out = g.ctl("ca", "init")
    tap.ok(out.returncode != 0, "ca init refuses to overwrite", out.stdout)
    out = g.ctl("ca", "show")
    tap.ok(out.returncode == 0 and "zoom.us" in out.stdout, "ca show",
           out.stdout, out.stderr)
    modes = {os.path.basename(p): oct(os.stat(p).st_mode & 0o777)
             for p in files_with(g, "PRIVATE KEY")}
    tap.ok(modes and all(m in ("0o600", "0o400", "0o640", "0o440")
                         for m in modes.values()), "keys are private", modes)
    leafs(tap, g)
    hellos(tap, g)
    return tap.done(g)


sys.exit(main())
