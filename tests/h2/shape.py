# SPDX-License-Identifier: EUPL-1.2
"""Reads files of shapes; README.md has the notation."""
import re

import frame

MACROS = {
    "ok": "HEADERS 1 +end_headers :status=200",
    "get": ":method=GET :scheme=https :authority={host} :path=/echo?n={n}",
    "post": ":method=POST :scheme=https :authority={host} :path=/echo?n={n}"}
KEYS = ("rfc", "start", "differs", "up", "ask", "client", "requests",
        "connections", "gate")


class Error(Exception):
    pass


class Shape:
    """One shape. steps: [(mark, text)], mark '>' or '<'."""

    def __init__(self, name, path, line):
        self.name, self.where = name, "%s:%d" % (path, line)
        self.steps, self.keys = [], {}

    def get(self, key, default=None):
        return self.keys.get(key, default)

    def text(self, line, host, n):
        """line with its macros and names filled in."""
        for name, what in MACROS.items():
            line = line.replace("{%s}" % name, what)
        return line.replace("{host}", host).replace("{n}", str(n))

    def check(self):
        """Every line can be written; so a slip in a file is found without a
        peer."""
        for mark, line in self.steps:
            line = self.text(line, "lab.example", 0)
            if mark == ">":
                m = re.match(r"repeat \d+ (.*)", line)
                lines = m[1].split(" ; ") if m else [line]
                for one in lines:
                    if one not in ("close", "cut"):
                        frame.write(one.replace("$", "1"))
            else:
                for want in line.split(" or "):
                    Want(want)


class Want:
    """One thing that may come: kind, stream, and what about it."""

    FORMS = (
        r"(goaway) (?P<code>\w+)", r"(reset) (?P<stream>\d+) (?P<code>\w+)",
        r"(malformed) (?P<stream>\d+)",
        r"(status) (?P<stream>\d+) (?P<value>\d+)",
        r"(field) (?P<stream>\d+) (?P<value>[\w-]+ .*)",
        r"(body) (?P<stream>\d+) (?P<value>.*)",
        r"(bytes) (?P<stream>\d+) (?P<value>\d+)",
        r"(end) (?P<stream>\d+)", r"(request) (?P<stream>\d+)",
        r"(no) (?P<stream>\d+)", r"(pong) (?P<value>.*)", r"(ack)", r"(close)",
        r"(settings) (?P<value>\w+=\d+)")

    def __init__(self, text):
        self.text = text
        for form in self.FORMS:
            m = re.fullmatch(form, text.strip())
            if m:
                break
        else:
            raise Error("what is to come? " + text)
        self.kind = m[1]
        parts = m.groupdict()
        self.stream = int(parts["stream"]) if parts.get("stream") else None
        self.value = parts.get("value")
        self.code = frame.code_number(parts["code"]) if parts.get("code") \
            else None
        if self.value and self.value.startswith('"'):
            self.value = b"".join(w.text for w in frame.words(self.value))

    def __str__(self):
        return self.text


def read(path):
    out, shape = [], None
    with open(path, encoding="utf-8") as f:
        for n, line in enumerate(f, 1):
            line = line.rstrip("\n")
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            key, _, rest = line.strip().partition(" ")
            rest = rest.strip()
            if key == "shape":
                shape = Shape(rest, path.rpartition("/")[2], n)
                out.append(shape)
            elif shape is None:
                raise Error("%s:%d: no shape yet" % (path, n))
            elif key in (">", "<"):
                shape.steps.append((key, rest))
            elif key in KEYS:
                shape.keys[key] = rest
            else:
                raise Error("%s:%d: %s?" % (path, n, key))
    for shape in out:
        try:
            shape.check()
        except (frame.Error, Error, ValueError, KeyError, IndexError) as e:
            raise Error("%s: %s" % (shape.where, e)) from e
    return out
