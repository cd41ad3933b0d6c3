# SPDX-License-Identifier: EUPL-1.2
"""The data file of a fake provider: which request needs which fields, and what
it gets. First rule that fits wins.

rule: name, host (globs), method, path (regular expression), and
  form, query, header   name -> regular expression that the value must match
                        in full; a name ending in ? may be absent
  base64url             names (of form or query) that must decode to UTF-8 text
  jwt                   {"FIELD": {"claim": "${form.other}"}}: claims must agree
  need_error            message of the refusal, given with the field's name
  status, headers, json, text, file   the answer; ${form.x} ${query.x} inside
  refuse                {status, json} when a need is not met
  ws                    {greet: [...], refuse: {...}, echo: [evt...]}
"""
import base64
import fnmatch
import json
import os
import re
from urllib.parse import parse_qsl


def load(path):
    with open(path, encoding="utf-8") as f:
        data = json.load(f)
    data["dir"] = os.path.dirname(os.path.abspath(path))
    return data


def is_telemetry(data, host):
    return any(fnmatch.fnmatch(host, g) for g in data.get("telemetry", []))


def decode64(text):
    if not re.fullmatch(r"[A-Za-z0-9_-]*={0,2}", text):
        raise ValueError("not base64url")
    text = text.rstrip("=")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def fields(req):
    """The named values of a request by carrier; the last one wins, and a name
    given twice is an error the way a strict server sees it."""
    out = {"header": {}, "query": {}, "form": {}, "twice": []}
    for name, value in req.headers:
        out["header"][name.lower()] = value
    pairs = [("query", req.query())]
    if (req.get("content-type") or "").startswith(
            "application/x-www-form-urlencoded"):
        pairs.append(("form", req.kept.decode("latin-1")))
    for carrier, text in pairs:
        for name, value in parse_qsl(text, keep_blank_values=True,
                                     encoding="utf-8", errors="replace"):
            if name in out[carrier]:
                out["twice"].append(name)
            out[carrier][name] = value
    return out


def fill(value, have):
    """${carrier.name} in every string of value."""
    if isinstance(value, dict):
        return {k: fill(v, have) for k, v in value.items()}
    if isinstance(value, list):
        return [fill(v, have) for v in value]
    if isinstance(value, str):
        return re.sub(r"\$\{(\w+)\.([^}]+)\}",
                      lambda m: have.get(m[1], {}).get(m[2], ""), value)
    return value


def find(data, host, req):
    for rule in data["rules"]:
        if any(fnmatch.fnmatch(host, g) for g in rule["host"].split()) and \
                rule.get("method", "GET") in (req.method, "*") and \
                re.fullmatch(rule["path"], req.path()):
            return rule
    return None


def unmet(rule, have):
    """None, or the sentence why the request lacks what the service needs."""
    for name in have["twice"]:
        return "%s is given twice" % name
    for carrier in ("form", "query", "header"):
        for name, pattern in rule.get(carrier, {}).items():
            optional = name.endswith("?")
            name = name.rstrip("?")
            value = have[carrier].get(name)
            if value is None and optional:
                continue
            if value is None:
                return "%s %s is missing" % (carrier, name)
            if not re.fullmatch(pattern, value):
                return "%s %s is malformed" % (carrier, name)
    for name in rule.get("base64url", []):
        value = have["form"].get(name, have["query"].get(name))
        try:
            if value is None or not decode64(value).decode("utf-8"):
                return "%s is empty" % name
        except ValueError:
            return "%s is not base64url of UTF-8" % name
    for name, claims in rule.get("jwt", {}).items():
        value = have["form"].get(name, have["query"].get(name, ""))
        try:
            body = json.loads(decode64(value.split(".")[1]))
        except (ValueError, IndexError):
            return "%s is not a JWT" % name
        for claim, want in claims.items():
            if str(body.get(claim)) != fill(want, have):
                return "%s: claim %s does not fit" % (name, claim)
    return None


def render(data, part, have):
    """(status, headers, body) from an answer block."""
    headers = [tuple(h) for h in part.get("headers", [])]
    if "json" in part:
        body = json.dumps(fill(part["json"], have), ensure_ascii=False,
                          separators=(",", ":")).encode()
        kind = "application/json; charset=utf-8"
        if "jsonp" in part:
            body = fill(part["jsonp"], have).encode() + b"(" + body + b")"
            kind = "text/javascript; charset=utf-8"
        headers.append(("Content-Type", kind))
    elif "file" in part:
        with open(os.path.join(data["dir"], part["file"]), "rb") as f:
            body = f.read()
    else:
        body = fill(part.get("text", ""), have).encode()
    return part.get("status", 200), headers, body
