# SPDX-License-Identifier: EUPL-1.2
"""nginx, TLS to TLS, and as the origin."""
import os

import lab as place
from peer import Peer

package = "nginx-light"

CONF = """
daemon off;
%(user)s
worker_processes %(workers)d;
worker_rlimit_nofile %(files)d;
pid %(dir)s/%(name)s.pid;
error_log %(dir)s/%(name)s.err warn;
events { worker_connections %(files)d; }
http {
  access_log off;
  client_body_temp_path %(dir)s/%(name)s.body;
  proxy_temp_path %(dir)s/%(name)s.proxy;
  fastcgi_temp_path %(dir)s/%(name)s.fcgi;
  uwsgi_temp_path %(dir)s/%(name)s.uwsgi;
  scgi_temp_path %(dir)s/%(name)s.scgi;
  keepalive_requests 100000000;
  keepalive_timeout 600s;
  tcp_nodelay on;
  server_tokens off;
  ssl_certificate %(pki)s/lab.pem;
  ssl_certificate_key %(pki)s/lab.pem;
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_session_cache shared:s:10m;
%(rest)s
}
"""

# Kept connections to a verified origin; nothing of a body goes to a disk.
REVERSE = """
  upstream origin {
    server 127.0.0.1:%(port)d;
    keepalive 1024;
    keepalive_requests 100000000;
    keepalive_timeout 600s;
  }
  server {
    listen 127.0.0.1:%(listen)d ssl%(http2)s reuseport;
    server_name %(host)s;
    location / {
      proxy_pass https://origin;
      proxy_http_version 1.1;
      proxy_set_header Host %(host)s;
      proxy_ssl_server_name on;
      proxy_ssl_name %(host)s;
      proxy_ssl_verify on;
      proxy_ssl_trusted_certificate %(root)s;
      proxy_ssl_protocols TLSv1.2 TLSv1.3;
      proxy_request_buffering on;
      proxy_max_temp_file_size 0;
      proxy_buffers 8 32k;
      proxy_read_timeout 600s;
%(connection)s
    }
  }"""
KEPT = '      proxy_set_header Connection "";'
SOCKET = """      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection upgrade;"""


def run(lab, core, name, workers, rest, ports):
    conf = lab.write(name + ".conf", CONF % {
        "user": "user root;" if os.geteuid() == 0 else "", "name": name,
        "workers": workers, "files": place.FILES, "dir": lab.dir,
        "pki": lab.pki, "rest": rest})
    return lab.start(core, ["nginx", "-e", lab.path(name + ".err"), "-c", conf],
                     ports)


def start(lab, row):
    if row.relay:
        raise place.Failed("nginx-light has no stream module")
    port = place.free_port()
    child = run(lab, place.PEER_CORE, "reverse", row.workers, REVERSE % {
        "listen": port, "http2": " http2" if row.speak == "h2" else "",
        "port": row.port, "host": row.host, "root": lab.root,
        "connection": SOCKET if row.speak == "ws" else KEPT}, [port])
    version = place.first_line(["nginx", "-v"])
    return Peer([child], version.replace("nginx version: ", ""), lab.root,
                [port])
