#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""The search for planted texts (hidden.py) finds them wherever clients are known
to hide them, and nothing where there is nothing."""
import base64
import gzip
import json
import os
import sys
import zlib
from urllib.parse import quote

from gate import Tap
from hidden import leaks, unfolded

NAME = "Erika Mustermann"
RAW = NAME.encode()


def deflated(data, wbits=-15):
    z = zlib.compressobj(9, zlib.DEFLATED, wbits)
    return z.compress(data) + z.flush()


def b64(data):
    return base64.b64encode(data)


def url64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def escaped(text):
    return "".join("\\u%04X" % ord(c) if c in "EM" else c
                   for c in text).encode()


PLACES = {
    "plain": RAW,
    "other letters": b"erika mustermann",
    "percent, a part": b"uname=%45rika%20Mustermann",
    "form": b"uname=Erika+Mustermann",
    "percent in percent": quote(quote(NAME)).encode(),
    "JSON escapes, a part": b'{"n":"' + escaped(NAME) + b'"}',
    "JSON in JSON in JSON": json.dumps(json.dumps(json.dumps(
        escaped(NAME).decode()))).encode(),
    "XML references": b"<nick>&#69;rika&#x20;Mustermann</nick>",
    "hex": RAW.hex().encode(),
    "UTF-16": NAME.encode("utf-16-le"),
    "base64": b'{"n":"' + b64(RAW) + b'"}',
    "base64 in base64": b64(b64(b"xy" + RAW)),
    "base64url without an end": b"dn2=" + url64(RAW),
    "a token": b".".join(url64(x) for x in (
        b'{"alg":"HS256"}', b'{"name":"Erika Mustermann"}', b"sign")),
    "gzip": b"noise" * 9 + gzip.compress(b"x" * 50 + RAW),
    "zlib": deflated(b"x" * 50 + RAW, 15),
    "deflate in base64": b"req=" + b64(deflated(b"x" * 50 + RAW)),
    "gzip in protobuf in base64url": b"join_request=" + url64(
        b"\x0a\x40" + gzip.compress(b"\x12\x10" + RAW)),
    "JSON in gzip in base64 in JSON": b'{"d":"' + b64(gzip.compress(
        b'{"n":"' + escaped(NAME) + b'"}')) + b'"}',
}


def main():
    tap = Tap()
    for name, data in PLACES.items():
        found = leaks(b"\n".join(unfolded([b"a", data])), [NAME])
        tap.ok(found, name, data)
    for name, data in (("noise", os.urandom(1 << 20)), ("nothing", b""),
                       ("a packed stranger", gzip.compress(b"Max" * 50))):
        tap.equal(leaks(b"\n".join(unfolded([data])), [NAME]), [], name)
    return tap.done()


sys.exit(main())
