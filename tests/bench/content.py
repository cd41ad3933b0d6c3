# SPDX-License-Identifier: EUPL-1.2
"""What is sent: the content of the requests and answers. All persons are made
up."""
import json


def padded(out, member, size):
    """JSON of exactly so many bytes: short texts are added to a list."""
    while len(json.dumps(out)) < size - 12:
        member.append("item%04d" % len(member))
    return json.dumps(out).ljust(size).encode()


def up(size=1024):
    """JSON as a client would send it at a join; each of the 20 JSON lines of
    policy/bench.conf meets a value."""
    out = {"meeting": "84512340987", "passcode": "geheim123",
           "displayName": "Erika Mustermann",
           "user": {"email": "erika.mustermann@amt.example.de",
                    "phone": "+49 30 23125 000", "dept": "Referat Z 3",
                    "avatar": "https://bild.example/erika.png",
                    "lastSeen": "2026-11-23T08:41:12Z"},
           "device": {"tz": "Europe/Berlin", "model": "AMT-NB-0815",
                      "screen": "1920x1080", "cores": 8.25, "os": "Debian 12",
                      "serial": "5CG0102030", "battery": 0.83, "lang": "de-DE",
                      "build": "6.1.0-40-amd64"},
           "deviceId": "4aa3894e-f2f9-45a0-bff7-aa85c25c337f",
           "place": {"lat": 52.51627, "lon": 13.37770},
           "telemetry": {"sent": 12, "lost": 0, "events": ["a", "b"]},
           "stats": [{"time": "2026-11-23T09:03:%02dZ" % i, "value": i}
                     for i in range(4)],
           "caps": []}
    return padded(out, out["caps"], size)


def down(size=1024):
    out = {"status": True, "result": {"mn": "84512340987", "token": "t" * 100,
                                      "options": []}}
    return padded(out, out["result"]["options"], size)


def message(size=256):
    """A message of a call's socket. Its four lines in the pack meet, and give the
    value that is there: what comes back is what was sent."""
    out = {"evt": 4, "seq": 4711, "body": {
        "name": "Gast", "lang": "de", "os": "linux",
        "time": "2026-11-23T09:00:00Z", "list": []}}
    return padded(out, out["body"]["list"], size)


def large(path, size):
    """A file that no coding makes smaller."""
    block = bytearray()
    x = 1
    while len(block) < 1 << 20:
        x = (x * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        block += x.to_bytes(8, "little")
    with open(path, "wb") as f:
        while size > 0:
            f.write(block[:min(size, len(block))])
            size -= len(block)
