# SPDX-License-Identifier: EUPL-1.2
"""lab.example: a server with every kind of odd answer. Each function answers
one path; the result says whether the connection may be used again."""
import gzip
import hashlib
import json
import time
import zlib
from urllib.parse import parse_qs

import http1

BLOCK = b"0123456789abcdef" * 16384  # 256 KiB


def number(req, name, default):
    return int(parse_qs(req.query()).get(name, [default])[0])


def echo(req, wire):
    """What arrived, as JSON: head, body (latin-1), trailers."""
    body = req.read_body()
    out = json.dumps({"method": req.method, "target": req.target,
                      "headers": req.headers, "trailers": req.trailers,
                      "body": body.decode("latin-1")}).encode()
    http1.answer(wire, req, 200, [("Content-Type", "text/plain")], out)
    return True


def chunked(req, wire):
    req.read_body()
    wire.send(http1.head(200, [("Transfer-Encoding", "chunked"),
                               ("Content-Type", "text/plain")]))
    if req.method != "HEAD":
        for word in (b"alpha ", b"beta ", b"gamma"):
            wire.send(b"%x\r\n%s\r\n" % (len(word), word))
        wire.send(b"0\r\n\r\n")
    return True


def trailers(req, wire):
    req.read_body()
    wire.send(http1.head(200, [("Transfer-Encoding", "chunked"),
                               ("Trailer", "X-Sum"),
                               ("Content-Type", "text/plain")]))
    wire.send(b"5\r\nhello\r\n0\r\nX-Sum: 5\r\n\r\n")
    return True


def close(req, wire):
    req.read_body()
    wire.send(http1.head(200, [("Content-Type", "text/plain"),
                               ("Connection", "close")]) + b"until the end")
    return False


def truncated(req, wire):
    req.read_body()
    wire.send(http1.head(200, [("Content-Length", "1000"),
                               ("Content-Type", "text/plain")]) + b"short")
    return False


def truncated_chunked(req, wire):
    req.read_body()
    wire.send(http1.head(200, [("Transfer-Encoding", "chunked")]) +
              b"10\r\nonly half")
    return False


def gzip_json(req, wire):
    req.read_body()
    body = gzip.compress(b'{"answer":"' + b"y" * 2000 + b'","device":"X1"}')
    http1.answer(wire, req, 200, [("Content-Type", "application/json"),
                                  ("Content-Encoding", "gzip")], body)
    return True


def gzip_bomb(req, wire):
    req.read_body()
    z = zlib.compressobj(9, zlib.DEFLATED, 31)
    body = z.compress(b'{"a":"')
    for _ in range(number(req, "mb", 64) * 4):
        body += z.compress(b"A" * 262144)
    body += z.compress(b'"}') + z.flush()
    http1.answer(wire, req, 200, [("Content-Type", "application/json"),
                                  ("Content-Encoding", "gzip")], body)
    return True


def raw(text):
    def send(req, wire):
        req.read_body()
        wire.send(text)
        return False
    return send


def early(req, wire):
    req.read_body()
    wire.send(http1.head(103, [("Link", "</style.css>; rel=preload")]))
    http1.answer(wire, req, 200, [("Content-Type", "text/plain")], b"after 103")
    return True


def status(code):
    def send(req, wire):
        req.read_body()
        http1.answer(wire, req, code, [("ETag", '"1"')])
        return True
    return send


def slow(req, wire):
    """One byte each ms milliseconds, n of them."""
    req.read_body()
    n = number(req, "n", 10)
    wire.send(http1.head(200, [("Content-Length", str(n))]))
    for _ in range(n):
        time.sleep(number(req, "ms", 100) / 1000)
        wire.send(b".")
    return True


def then_close(req, wire):
    """A whole answer that promises to keep the connection, and its end."""
    req.read_body()
    http1.answer(wire, req, 200, [("Content-Type", "text/plain")], b"bye")
    time.sleep(number(req, "ms", 0) / 1000)
    return False


def never(req, wire):
    req.read_body()
    time.sleep(number(req, "s", 600))
    return False


def deaf(req, wire):
    """Reads no content, says nothing."""
    time.sleep(number(req, "s", 600))
    return False


def big(req, wire):
    """bytes=N down, as fast as the other side reads."""
    req.read_body()
    n = number(req, "bytes", 1 << 20)
    wire.send(http1.head(200, [("Content-Length", str(n)),
                               ("Content-Type", "application/octet-stream")]))
    while n > 0:
        wire.send(BLOCK[:min(n, len(BLOCK))])
        n -= len(BLOCK)
    return True


def upload(req, wire):
    """Read everything, answer its length and SHA-256. slow=MS waits that long
    after each MiB."""
    total, digest, next_wait = 0, hashlib.sha256(), 1 << 20
    wait = number(req, "slow", 0) / 1000
    for piece in req.body():
        total += len(piece)
        digest.update(piece)
        if wait and total >= next_wait:
            next_wait += 1 << 20
            time.sleep(wait)
    out = json.dumps({"bytes": total, "sha256": digest.hexdigest()}).encode()
    http1.answer(wire, req, 200, [("Content-Type", "text/plain")], out)
    return True


def tracking(req, wire):
    """Everything a server may send to follow or move a client."""
    req.read_body()
    http1.answer(wire, req, 200, [
        ("Content-Type", "text/plain"),
        ("Set-Cookie", "session=abc; Path=/; Secure; HttpOnly"),
        ("Set-Cookie", "_ga=GA1.2.3.4; Path=/"),
        ("Alt-Svc", 'h3=":443"; ma=86400'),
        ("NEL", '{"report_to":"nel","max_age":1}'),
        ("Report-To", '{"group":"nel","max_age":1,"endpoints":[]}'),
        ("Reporting-Endpoints", 'a="https://lab.example/r"'),
        ("Accept-CH", "Sec-CH-UA-Model"), ("Critical-CH", "Sec-CH-UA-Model"),
    ], b"ok")
    return True


def early_answer(req, wire):
    """Refuse before the body was read, then close."""
    wire.send(http1.head(403, [("Content-Length", "2"),
                               ("Connection", "close")]) + b"no")
    return False


def huge_head(req, wire):
    req.read_body()
    wire.send(http1.head(200, [("X-Pad", "p" * 1024)] * 2048 +
                         [("Content-Length", "0")]))
    return False


def bad_json(req, wire):
    req.read_body()
    http1.answer(wire, req, 200, [("Content-Type", "application/json")],
                 b'{"device":"X1","open":')
    return True


PATHS = {
    "/echo": echo, "/chunked": chunked, "/trailers": trailers, "/close": close,
    "/truncated": truncated, "/truncated-chunked": truncated_chunked,
    "/gzip": gzip_json, "/gzip-bomb": gzip_bomb, "/early": early,
    "/204": status(204), "/304": status(304), "/slow": slow, "/never": never,
    "/deaf": deaf,
    "/then-close": then_close,
    "/big": big, "/upload": upload, "/tracking": tracking,
    "/early-answer": early_answer, "/huge-head": huge_head,
    "/bad-json": bad_json,
    "/both": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n"
                 b"Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n"),
    "/two-lengths": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n"
                        b"Content-Length: 5\r\n\r\nabcde"),
    "/obs-fold": raw(b"HTTP/1.1 200 OK\r\nX-A: 1\r\n 2\r\n"
                     b"Content-Length: 0\r\n\r\n"),
    "/bare-lf": raw(b"HTTP/1.1 200 OK\nContent-Length: 0\n\n"),
    "/nul": raw(b"HTTP/1.1 200 OK\r\nX-A: a\0b\r\nContent-Length: 0\r\n\r\n"),
    "/bad-chunk": raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                      b"zz\r\nabcd\r\n0\r\n\r\n"),
    "/not-http": raw(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "/extra": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
                  b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond"),
    "/reset": raw(b""),
    "/101": raw(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                b"Upgrade: websocket\r\n\r\n"),
}
