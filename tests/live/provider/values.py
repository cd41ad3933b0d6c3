# SPDX-License-Identifier: EUPL-1.2
"""The named values of a request or a message, by carrier: what rules.py asks
for. Layers inside of a value (~base64, ~json.PATH...) are opened on the way."""
import base64
import gzip
import json
import re
import uuid
import zlib
from urllib.parse import parse_qsl, unquote
from xml.etree import ElementTree

BODY_MAX = 1 << 20
CARRIERS = ("header", "query", "form", "cookie", "part", "json", "xml", "sip",
            "text", "binary")
LAYERS = ("base64", "pct", "gzip", "json", "jwt")
STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\*)\]|\['([^']*)'\]")


def decode64(text):
    if not re.fullmatch(r"[A-Za-z0-9+/_-]*={0,2}", text):
        raise ValueError("not base64")
    text = text.rstrip("=").replace("+", "-").replace("/", "_")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def inflate(data, wbits):
    z = zlib.decompressobj(wbits)
    return z.decompress(data, BODY_MAX)


def opened(data, coding):
    """A body without its content coding; gzip is known by its first bytes,
    too, since some clients do not announce it."""
    try:
        if coding == "deflate":
            return inflate(data, 15 if data[:1] == b"\x78" else -15)
        if coding == "gzip" or data[:2] == b"\x1f\x8b":
            return inflate(data, 31)
    except zlib.error:
        pass
    return data


def split_name(name):
    """("NAME", [(layer, "$" + path), ...])"""
    base, *rest = name.split("~")
    layers = []
    for part in rest:
        m = re.match(r"\w+", part)
        if not m or m[0] not in LAYERS:
            raise ValueError("%s: no such layer: %s" % (name, part))
        layers.append((m[0], "$" + part[m.end():]))
    return base, layers


def json_steps(path):
    """Keys, numbers and "*" (every element) of a path like $.a[0]['b']."""
    at, out = 1, []
    if not path.startswith("$"):
        raise ValueError("%s: a JSON path begins with $" % path)
    while at < len(path):
        m = STEP.match(path, at)
        if not m:
            raise ValueError("%s: no JSON path" % path)
        key, number, quoted = m.groups()
        out.append("*" if "*" in (key, number) else
                   int(number) if number else
                   key if key is not None else quoted)
        at = m.end()
    return out


def json_find(value, path):
    found = [value]
    for step in json_steps(path):
        out = []
        for v in found:
            if step == "*" and isinstance(v, (list, dict)):
                out += v if isinstance(v, list) else v.values()
            elif isinstance(v, dict) and step in v:
                out.append(v[step])
            elif isinstance(v, list) and isinstance(step, int) and \
                    step < len(v):
                out.append(v[step])
        found = out
    return found


def as_text(value):
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def json_start(text):
    """Where the JSON begins in text: Socket.IO and others put numbers and
    colons in front."""
    m = re.match(r"[^\[{\"]{0,80}?(?=[\[{])", text)
    return m.end() if m else 0


def bare(tag):
    return tag.rpartition("}")[2]


def xml_elements(root, path):
    """Elements at root/child//deep, without name spaces; * is any name."""
    first, *rest = re.split(r"(?<!/)/(?=[^/])|(?=//)", path)
    found = [root] if first in ("*", bare(root.tag)) else []
    if first == "":
        found = [root]
    for name in rest:
        deep, name = name.startswith("//"), name.lstrip("/")
        pool = [e for f in found
                for e in (f.iter() if deep else f) if deep is False or e != f]
        found = [e for e in pool if name in ("*", bare(e.tag))]
    return found


def xml_find(root, name):
    path, _, attribute = name.partition("@")
    out = []
    for e in xml_elements(root, path):
        if not attribute:
            out.append("".join(e.itertext()))
        else:
            out += [v for k, v in e.attrib.items() if bare(k) == attribute]
    return out


def multipart(data, kind):
    m = re.search(r'boundary="?([^";]+)', kind)
    out = []
    for piece in data.split(b"--" + m[1].encode())[1:] if m else []:
        head, _, body = piece.partition(b"\r\n\r\n")
        n = re.search(rb'name="([^"]*)"', head)
        if n:
            out.append((n[1].decode("utf-8", "replace"),
                        body[:-2].decode("utf-8", "replace")))
    return out


def sip(text):
    """Header fields of a SIP message, its first line as :method and :uri or
    :status, its body as :body."""
    head, _, body = text.partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    words = first.split(" ")
    if len(words) < 3:
        return []
    out = [(":body", body)]
    if words[0] == "SIP/2.0":
        out.append((":status", words[1]))
    else:
        out += [(":method", words[0]), (":uri", words[1])]
    for line in lines:
        name, _, value = line.partition(":")
        out.append((name.strip().lower(), value.strip()))
    return out


def through(value, layers):
    """The values inside of value (text) behind the layers; a layer that is not
    there has none."""
    found = [value]
    for i, (layer, path) in enumerate(layers):
        packed = layers[i + 1:] and layers[i + 1][0] == "gzip"
        out = []
        for v in found:
            try:
                if layer == "pct":
                    out.append(unquote(v))
                elif layer == "base64":
                    out.append(decode64(v).decode("latin-1" if packed
                                                  else "utf-8"))
                elif layer == "gzip":
                    out.append(gzip.decompress(v.encode("latin-1"))
                               .decode("utf-8", "replace"))
                else:
                    if layer == "jwt":
                        v = decode64(v.split(".")[1]).decode("utf-8")
                    out += [as_text(j)
                            for j in json_find(json.loads(v), path)]
            except (ValueError, IndexError, OSError):
                continue
        found = out
    return found


class Seen:
    """What came: a request with its body, or one message of a WebSocket."""

    def __init__(self, body=b"", headers=(), query="", service=None,
                 binary=False):
        self.headers, self.query_text = list(headers), query
        self.kind = self.header("content-type")
        self.body = opened(body, self.header("content-encoding").lower())
        self.text = self.body.decode("latin-1" if binary else "utf-8",
                                     "replace")
        self.service = service
        self.match = {}        # groups of the expression that fitted
        self.path = {}
        self.ws = None         # of a message: the handshake
        self.why = ""
        self.cache = {}

    def header(self, name):
        return ", ".join(v for n, v in self.headers
                         if n.lower() == name)

    def pairs(self, carrier):
        """[(name, value)] of a carrier that has names."""
        if carrier not in self.cache:
            self.cache[carrier] = getattr(self, "_" + carrier)()
        return self.cache[carrier]

    def _header(self):
        return [(n.lower(), v) for n, v in self.headers]

    def _query(self):
        return parse_qsl(self.query_text, keep_blank_values=True,
                         errors="replace")

    def _form(self):
        if not self.kind.startswith("application/x-www-form-urlencoded"):
            return []
        return parse_qsl(self.text, keep_blank_values=True, errors="replace")

    def _cookie(self):
        out = []
        for pair in self.header("cookie").split(";"):
            name, eq, value = pair.strip().partition("=")
            if eq:
                out.append((name, value))
        return out

    def _part(self):
        return multipart(self.body, self.kind)

    def _sip(self):
        return sip(self.text)

    def json(self):
        """The body as JSON, or None."""
        if "json" not in self.cache:
            self.cache["json"] = None
            for start in {0, json_start(self.text)}:
                try:
                    self.cache["json"] = json.loads(self.text[start:])
                except ValueError:
                    continue
        return self.cache["json"]

    def xml(self):
        if "xml" not in self.cache:
            try:
                self.cache["xml"] = None if "<!" in self.text else \
                    ElementTree.fromstring(self.text)
            except ElementTree.ParseError:
                self.cache["xml"] = None
        return self.cache["xml"]

    def values(self, carrier, name):
        """All values of that name, in the order of the message."""
        base, layers = split_name(name)
        if carrier == "json":
            whole = self.json()
            found = [] if whole is None else \
                [as_text(v) for v in json_find(whole, base or "$")]
        elif carrier == "xml":
            found = [] if self.xml() is None else xml_find(self.xml(), base)
        elif carrier in ("text", "binary"):
            found = [self.body.decode("latin-1") if carrier == "binary"
                     else self.text]
        else:
            if carrier in ("header", "sip"):
                base = base.lower()
            found = [v for n, v in self.pairs(carrier) if n == base]
        return [v for one in found for v in through(one, layers)]

    def first(self, carrier, name):
        """What ${carrier.name} stands for."""
        if carrier == "ws":
            carrier, _, name = name.partition(".")
            return self.ws.first(carrier, name) if self.ws else ""
        if carrier == "new":
            return self.new(name)
        if carrier == "need":
            return self.why
        if carrier == "mem":
            return self.service.memory.get(name, "") if self.service else ""
        if carrier in ("match", "path"):
            return getattr(self, carrier).get(name) or ""
        if (carrier, name) == ("text", "prefix"):
            return self.text[:json_start(self.text)]
        if carrier not in CARRIERS:
            raise ValueError("${%s.%s}: no such carrier" % (carrier, name))
        found = self.values(carrier, name)
        return found[0] if found else ""

    def new(self, name):
        if name == "uuid":
            return str(uuid.uuid4())
        if name == "hex":
            return uuid.uuid4().hex
        count = self.service.count("new") if self.service else 1
        return str(1795423000000 + count if name == "ms" else count)

    def fill(self, value, literal=False):
        """${carrier.name} in every string of value; with literal, as part of a
        regular expression."""
        if isinstance(value, dict):
            return {k: self.fill(v, literal) for k, v in value.items()}
        if isinstance(value, list):
            return [self.fill(v, literal) for v in value]
        if not isinstance(value, str):
            return value
        return re.sub(
            r"\$\{(\w+)\.([^}]+)\}", lambda m: re.escape(self.first(*m.groups()))
            if literal else self.first(*m.groups()), value)


def groups(m):
    out = {str(i + 1): g for i, g in enumerate(m.groups())}
    out.update(m.groupdict())
    return out
