# SPDX-License-Identifier: EUPL-1.2
"""The dialogue of a service's client as its data file describes it
(provider/rules.py): what is played, when a join has succeeded, and the same
dialogue without one field."""
import base64
import copy
import fnmatch
import json
import re
from urllib.parse import urlsplit

from gate import NEVER, data_of
from hidden import leaks, unfolded, without
from play import content, payload

import drop   # beside the provider: gate.py knows where
import rules


class Dialogue:
    def __init__(self, service):
        self.data = data_of(service)
        client = self.data["client"]
        # what is played, and its number in the recording
        self.entries, self.numbers = [], []
        for i, e in enumerate(rules.entries(self.data, client["har"])):
            host = urlsplit(e["request"]["url"]).hostname
            if not rules.is_one_of(host, client.get("leave_out", [])):
                self.entries.append(e)
                self.numbers.append(i + 1)
        self.joined = client["joined"]

    def is_telemetry(self, host):
        return rules.is_one_of(host, self.data.get("telemetry", []))

    def find(self, reference):
        """Place in entries of a reference: number or "METHOD HOST/PATH"."""
        if isinstance(reference, int):
            return self.numbers.index(reference)
        for i, e in enumerate(self.entries):
            url = urlsplit(e["request"]["url"])
            if fnmatch.fnmatchcase("%s %s%s" % (
                    e["request"]["method"], url.hostname, url.path or "/"),
                    reference):
                return i
        raise ValueError("no request of the dialogue fits " + str(reference))

    def failures(self, played):
        """Why the join did not succeed, sentences; [] when it did. played: for
        each entry what Player.play says, or None."""
        out = []
        for row in self.joined:
            p = played[self.find(row["entry"])]
            if p is None:
                continue
            if "status" in row and p["status"] != row["status"]:
                out.append("%s: status %s %s" % (row["entry"], p["status"],
                                                 p["note"]))
            if "answer" in row and not re.search(
                    row["answer"], p["answer"].decode("utf-8", "replace")):
                out.append("%s: no %s in the answer %r" % (
                    row["entry"], row["answer"], p["answer"][:200]))
            for pattern in row.get("heard", []):
                if not any(re.search(pattern, h.decode("utf-8", "replace"))
                           for h in p["heard"]):
                    out.append("%s: no message with %s" % (row["entry"],
                                                           pattern))
            if row.get("upheld") and p["closed"]:
                out.append("%s: closed by the server" % row["entry"])
        return out

    def sent(self):
        """What the client sends as bytes to search in."""
        out = []
        for e in self.entries:
            out.append(e["request"]["url"].encode())
            out += [("%s: %s" % (h["name"], h["value"])).encode()
                    for h in e["request"]["headers"]]
            out.append(content(e["request"]))
            out += [payload(m) for m in e.get("_webSocketMessages", [])
                    if m["type"] == "send"]
        return out

    def planted_in(self, pieces):
        """[(text, encoding)] of what is planted in the pieces."""
        data = without(b"\n".join(unfolded(pieces)),
                       self.data.get("spare", []))
        return leaks(data, NEVER + self.data.get("plant", []))

    def answered(self, played):
        """The recording with what the provider answered, as HAR."""
        out = []
        for e, p in zip(self.entries, played):
            e = dict(e, response=dict(e["response"], status=p["status"]))
            kind = e["response"].get("content", {}).get("mimeType", "")
            e["response"]["content"] = {
                "size": len(p["answer"]), "mimeType": p["type"] or kind,
                "text": p["answer"].decode("utf-8", "replace")}
            if p["heard"]:
                e["_webSocketMessages"] = [
                    m for m in e.get("_webSocketMessages", [])
                    if m["type"] == "send"] + [
                        {"type": "receive", "time": 0, "opcode": 1,
                         "data": h.decode("utf-8", "replace")}
                        for h in p["heard"]]
            out.append(e)
        return json.dumps({"log": {
            "version": "1.2", "creator": {"name": "dialogue", "version": "1"},
            "entries": out}})

    def functional(self):
        """Places of the entries that a join needs: up to the last one that is
        looked at, without telemetry."""
        last = max(self.find(row["entry"]) for row in self.joined)
        return [i for i in range(last + 1)
                if not self.is_telemetry(urlsplit(
                    self.entries[i]["request"]["url"]).hostname)]

    def without(self, row):
        """The entries with one field less."""
        at = self.find(row["entry"])
        out = list(self.entries)
        if row["drop"] == "request":
            out[at] = None
            return out
        out[at] = copy.deepcopy(out[at])
        if "message" not in row:
            drop.from_request(out[at]["request"], row["drop"])
            return out
        messages = out[at].get("_webSocketMessages", [])
        for m in messages:
            raw = payload(m)
            if m["type"] == "send" and re.search(
                    row["message"], raw.decode("utf-8", "replace")):
                break
        else:
            raise ValueError("no message of the dialogue has " +
                             row["message"])
        if row["drop"] == "message":
            messages.remove(m)
            return out
        raw = drop.from_body(raw, row["drop"])
        m["data"] = base64.b64encode(raw).decode() if m["opcode"] == 2 \
            else raw.decode()
        return out


def play(player, entries, places):
    """Results by place; None for what was not played."""
    out = [None] * len(entries)
    for i in places:
        if entries[i] is not None:
            out[i] = player.play(entries[i])
    player.close()
    return out
