# SPDX-License-Identifier: EUPL-1.2
"""haproxy, TLS to TLS, or TCP to TCP."""
import lab as place
from peer import Peer

package = "haproxy"

GLOBAL = """
global
  nbthread 1
  maxconn %(conns)d
  ssl-server-verify required
defaults
  timeout connect 10s
  timeout client 600s
  timeout server 600s
  timeout tunnel 2h
  timeout http-keep-alive 600s
"""
# Connections to the origin are shared by all clients.
HTTP = """
defaults
  mode http
  http-reuse always
  timeout connect 10s
  timeout client 600s
  timeout server 600s
  timeout tunnel 2h
frontend f
  bind 127.0.0.1:%(listen)d ssl crt %(pki)s/lab.pem alpn %(alpn)s
  default_backend b
backend b
  server o 127.0.0.1:%(port)d ssl verify required ca-file %(root)s """ \
    """sni str(%(host)s) verifyhost %(host)s alpn %(upstream)s """ \
    """pool-max-conn 1024 pool-purge-delay 600s
"""
RELAY = """
listen relay
  mode tcp
  option splice-auto
  bind 127.0.0.1:%(listen)d
  server o 127.0.0.1:%(port)d
"""


def start(lab, row):
    children, ports = [], []
    for i in range(row.workers):
        port = place.free_port()
        part = RELAY if row.relay else HTTP
        conf = lab.write("haproxy%d.conf" % i, (GLOBAL + part) % {
            "listen": port, "port": row.port, "host": row.host,
            "conns": 1000 if row.relay else (place.FILES - 100) // 2, "pki": lab.pki,
            "root": lab.root, "alpn": "h2" if row.speak == "h2" else "http/1.1",
            "upstream": "h2" if row.upstream == "h2" else "http/1.1"})
        children.append(lab.start(place.PEER_CORE,
                                  ["haproxy", "-db", "-f", conf], [port]))
        ports.append(port)
    version = place.first_line(["haproxy", "-v"]).split()
    return Peer(children, "haproxy " + version[2], lab.root, ports)
