# SPDX-License-Identifier: EUPL-1.2
"""The rows of the table: what is sent, through whom, and what must hold."""
from dataclasses import dataclass, field

ALL = ("direct", "sparsamd", "nginx", "haproxy", "squid", "sslsplit", "privoxy",
       "mitmproxy")
# So many times fewer requests, or a run would take minutes.
FEWER = {"mitmproxy": 20, "privoxy": 10, "squid": 2}


@dataclass
class Row:
    name: str
    title: str
    peers: tuple
    load: dict                 # options of the load generator
    requests: int
    host: str = "bench.lab.example"
    speak: str = "h1"          # with the client: h1 h2 ws
    upstream: str = "h1"       # what the origin offers: h1 h2 ws
    body: str = "up"
    expect: str = "down"
    path: str = "/v1/join"
    relay: bool = False
    workers: int = 1
    figure: str = "cpu_us"     # cpu_us cpu_us_mb p99_us socket_kb
    unit: str = "CPU us/request"
    limits: dict = field(default_factory=dict)  # sparsamd to a peer, at most
    most: float = 0            # of the figure of sparsamd itself
    over: dict = field(default_factory=dict)    # at most so much over a peer
    fewer: dict = field(default_factory=lambda: FEWER)
    port: int = 0              # of the origin, known when it runs


ROWS = [
    Row("kept", "HTTP/1.1, kept connections, 1 kB up and down", ALL,
        {"connections": 32}, 20000,
        limits={"squid": 0.4, "mitmproxy": 0.1, "sslsplit": 0.7, "nginx": 1.0,
                "haproxy": 1.0}),
    Row("h2", "HTTP/2 from clients, 4 connections with 25 streams, 1 kB up and "
        "down, HTTP/1.1 to the origin",
        ("direct", "sparsamd", "nginx", "haproxy"),
        {"connections": 4, "lanes": 25}, 20000, speak="h2",
        limits={"nginx": 0.6, "haproxy": 1.0}),
    Row("h2h2", "the same, the origin speaks HTTP/2 with those who can",
        ("direct", "sparsamd", "nginx", "haproxy", "mitmproxy"),
        {"connections": 4, "lanes": 25}, 20000, speak="h2", upstream="h2"),
    Row("new", "new TLS connections to a known host, one request on each", ALL,
        {"connections": 16, "per-connection": 1}, 3000,
        limits={"squid": 0.15, "nginx": 1.0}),
    Row("resumed", "the same, clients resume their TLS sessions", ALL,
        {"connections": 16, "per-connection": 1, "resume": True}, 3000),
    Row("download", "100 MB, inspected", ("direct", "sparsamd", "nginx",
                                          "haproxy", "squid"),
        {"connections": 2}, 8, body="none", expect="large.bin",
        path="/large.bin", figure="cpu_us_mb", unit="CPU us/MB",
        limits={"nginx": 1.0}, fewer={}),
    Row("tunnel", "100 MB through a tunnel, not inspected",
        ("direct", "sparsamd", "haproxy", "squid"),
        {"connections": 2}, 8, host="tunnel.lab.example", body="none",
        expect="large.bin", path="/large.bin", relay=True, figure="cpu_us_mb",
        unit="CPU us/MB", limits={"haproxy": 1.0}, fewer={}),
    Row("latency", "99th percentile of time, open loop at half of what the "
        "slowest can do, 1 kB up and down",
        ("direct", "sparsamd", "nginx", "haproxy"), {"connections": 32}, 20000,
        figure="p99_us", unit="p99 us", over={"nginx": 1000}),
    Row("message", "WebSocket, 64 connections, messages of 256 bytes and back",
        ("direct", "sparsamd", "nginx", "haproxy", "squid", "sslsplit",
         "mitmproxy"),
        {"connections": 64}, 20000, speak="ws", upstream="ws", body="message",
        expect="message", path="/socket", unit="CPU us/echo"),
    Row("idle", "WebSockets that say nothing, memory of each",
        ("sparsamd", "nginx", "haproxy", "squid", "sslsplit", "mitmproxy"),
        {"window": 64, "idle": True, "hold": 5}, 10000, speak="ws",
        upstream="ws", body="message", expect="message", path="/socket",
        workers=2, figure="socket_kb", unit="kB/socket", most=40,
        limits={"nginx": 1.0, "haproxy": 1.0, "squid": 1.0, "sslsplit": 1.0,
                "mitmproxy": 1.0}, fewer={"mitmproxy": 10}),
]
