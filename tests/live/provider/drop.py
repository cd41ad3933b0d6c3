# SPDX-License-Identifier: EUPL-1.2
"""A request or message with one field less: "CARRIER NAME" as rules.py writes
it, layers inside of values too. ValueError when there is no such field."""
import base64
import json
import re
from urllib.parse import quote, unquote, urlencode, parse_qsl
from xml.etree import ElementTree

import values


def inside(value, layers, name):
    """The text without what the layers lead to; no layers: None."""
    if not layers:
        return None
    (layer, path), rest = layers[0], layers[1:]
    if layer == "pct":
        new = inside(unquote(value), rest, name)
        return None if new is None else quote(new, safe="")
    if layer == "base64":
        new = inside(values.decode64(value).decode(), rest, name)
        return None if new is None else base64.b64encode(
            new.encode()).decode()
    if layer == "jwt":
        head, claims, sign = value.split(".")
        new = json_less(values.decode64(claims).decode(), path, rest, name)
        return ".".join((head, base64.urlsafe_b64encode(
            new.encode()).decode().rstrip("="), sign))
    if layer == "json":
        return json_less(value, path, rest, name)
    raise ValueError("%s: cannot drop inside ~%s" % (name, layer))


def json_less(text, path, layers, name):
    whole = json.loads(text)
    *way, last = values.json_steps(path)
    above = "$" + "".join("[%d]" % s if isinstance(s, int) else
                          "[*]" if s == "*" else "['%s']" % s for s in way)
    found = False
    for parent in values.json_find(whole, above):
        keys = [last]
        if last == "*":
            keys = list(parent) if isinstance(parent, dict) else \
                list(range(len(parent) - 1, -1, -1))
        for key in keys:
            try:
                value = parent[key]
            except (LookupError, TypeError):
                continue
            found = True
            new = inside(value, layers, name)
            if new is None:
                del parent[key]
            else:
                parent[key] = new
    if not found:
        raise ValueError("no %s to drop" % name)
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":"))


def from_pairs(pairs, name, fold=False):
    """The list without a name, or with less inside of its values."""
    base, layers = values.split_name(name)
    out, found = [], False
    for n, v in pairs:
        if (n.lower() if fold else n) == (base.lower() if fold else base):
            found = True
            v = inside(v, layers, name)
            if v is None:
                continue
        out.append((n, v))
    if not found:
        raise ValueError("no %s to drop" % name)
    return out


def xml_less(text, name):
    base, layers = values.split_name(name)
    path, _, attribute = base.partition("@")
    root = ElementTree.fromstring(text)
    found = values.xml_elements(root, path)
    done = False
    for e in found:
        if attribute:
            for key in [k for k in e.attrib if values.bare(k) == attribute]:
                new = inside(e.attrib[key], layers, name)
                done = True
                if new is None:
                    del e.attrib[key]
                else:
                    e.attrib[key] = new
        else:
            above = next((p for p in root.iter() if e in list(p)), None)
            done = True
            if above is None:
                raise ValueError("%s is the whole message" % name)
            above.remove(e)
    if not done:
        raise ValueError("no %s to drop" % name)
    return ElementTree.tostring(root, encoding="unicode")


def sip_less(text, name):
    head, _, body = text.partition("\r\n\r\n")
    if name == ":body":
        return head + "\r\n\r\n"
    first, *lines = head.split("\r\n")
    kept = [line for line in lines
            if line.partition(":")[0].strip().lower() != name.lower()]
    if len(kept) == len(lines):
        raise ValueError("no %s to drop" % name)
    return "\r\n".join([first] + kept) + "\r\n\r\n" + body


def from_body(raw, row, kind=""):
    carrier, _, name = row.partition(" ")
    if carrier == "binary":
        out = re.sub(name.encode("latin-1"), b"", raw, flags=re.S)
        if out == raw:
            raise ValueError("no %s to drop" % name)
        return out
    text = raw.decode()
    if carrier == "json":
        base, layers = values.split_name(name)
        start = values.json_start(text)
        out = text[:start] + json_less(text[start:], base, layers, name)
    elif carrier == "xml":
        out = xml_less(text, name)
    elif carrier == "sip":
        out = sip_less(text, name)
    elif carrier == "form":
        out = urlencode(from_pairs(parse_qsl(text, keep_blank_values=True),
                                   name))
    elif carrier == "part":
        out = part_less(text, name, kind)
    elif carrier == "text":
        out = re.sub(name, "", text, flags=re.S)
        if out == text:
            raise ValueError("no %s to drop" % name)
    else:
        raise ValueError("%s: no such carrier" % row)
    return out.encode()


def part_less(text, name, kind):
    boundary = "--" + re.search(r'boundary="?([^";]+)', kind)[1]
    pieces = text.split(boundary)
    kept = [p for p in pieces if 'name="%s"' % name not in
            p.partition("\r\n\r\n")[0]]
    if len(kept) == len(pieces):
        raise ValueError("no %s to drop" % name)
    return boundary.join(kept)


def from_request(request, row):
    """Changes a request of a HAR."""
    carrier, _, name = row.partition(" ")
    if carrier == "query":
        url, _, query = request["url"].partition("?")
        pairs = from_pairs(parse_qsl(query, keep_blank_values=True), name)
        request["url"] = url + "?" + urlencode(pairs) if pairs else url
        return
    headers = [(h["name"], h["value"]) for h in request["headers"]]
    if carrier == "header":
        headers = from_pairs(headers, name, fold=True)
    elif carrier == "cookie":
        pairs = [tuple(c.strip().split("=", 1)) for n, v in headers
                 if n.lower() == "cookie" for c in v.split(";") if "=" in c]
        pairs = from_pairs(pairs, name)
        headers = [h for h in headers if h[0].lower() != "cookie"]
        if pairs:
            headers.append(("Cookie", "; ".join("%s=%s" % p for p in pairs)))
    else:
        data = request.get("postData") or {}
        coded = data.get("_encoding") == "base64"
        raw = base64.b64decode(data["text"]) if coded \
            else data.get("text", "").encode()
        raw = from_body(raw, row, next(
            (v for n, v in headers if n.lower() == "content-type"), ""))
        data["text"] = base64.b64encode(raw).decode() if coded \
            else raw.decode()
        data.pop("_rawBase64", None)
    request["headers"] = [{"name": n, "value": v} for n, v in headers]
