# SPDX-License-Identifier: EUPL-1.2
"""squid with ssl_bump. It decrypts and removes one header each way; content is
not looked at.

It bumps after stare: with bump at the first step it opens a new TLS connection to
the server for every request."""
import os
import shutil
import subprocess

import lab as place
from peer import Peer

package = "squid-openssl"
CERTGEN = "/usr/lib/squid/security_file_certgen"

CONF = """
workers 1
max_filedescriptors %(files)d
http_port 127.0.0.1:%(listen)d%(bump)s
sslcrtd_program %(certgen)s -s %(run)s/db -M 4MB
sslcrtd_children 1 startup=1 idle=1
tls_outgoing_options cafile=%(root)s options=NO_SSLv3,NO_TLSv1,NO_TLSv1_1
http_access allow localhost
http_access deny all
%(rules)s
http_upgrade_request_protocols websocket allow all
cache deny all
cache_mem 8 MB
access_log none
cache_log %(run)s/cache.log
cache_store_log none
logfile_rotate 0
coredump_dir %(run)s
pid_filename none
hosts_file %(hosts)s
pinger_enable off
shutdown_lifetime 0 seconds
via off
forwarded_for delete
request_header_access User-Agent deny all
reply_header_access Alt-Svc deny all
server_persistent_connections on
server_pconn_for_nonretriable allow all
client_persistent_connections on
visible_hostname bench
"""
BUMP = """ ssl-bump tls-cert=%(ca)s tls-key=%(key)s \\
  generate-host-certificates=on dynamic_cert_mem_cache_size=4MB \\
  options=NO_SSLv3,NO_TLSv1,NO_TLSv1_1"""
RULES = """acl step1 at_step SslBump1
ssl_bump stare step1
ssl_bump bump all"""


def start_one(lab, row, number):
    port = place.free_port()
    key, ca = lab.openssl_ca("squid-ca", "Squid test CA")
    hosts = lab.write("squid-hosts", "127.0.0.1 localhost %s\n" % row.host)
    run = lab.path("squid%d" % number)
    shutil.rmtree(run, ignore_errors=True)
    os.mkdir(run)
    subprocess.run([CERTGEN, "-c", "-s", run + "/db", "-M", "4MB"], check=True,
                   stdout=subprocess.DEVNULL)
    conf = lab.write("squid%d.conf" % number, CONF % {
        "listen": port, "certgen": CERTGEN,
        "bump": "" if row.relay else BUMP % {"ca": ca, "key": key},
        "rules": "" if row.relay else RULES,
        "root": lab.root, "run": run, "hosts": hosts, "files": place.FILES})
    if os.geteuid() == 0:
        for top, dirs, files in os.walk(run):
            for path in [top] + [os.path.join(top, f) for f in files]:
                shutil.chown(path, "proxy", "proxy")
        shutil.chown(key, "proxy")
    return lab.start(place.PEER_CORE, ["squid", "-N", "-f", conf],
                     [port]), port


def start(lab, row):
    if row.speak == "h2":
        raise place.Failed("squid does not speak HTTP/2")
    both = [start_one(lab, row, i) for i in range(row.workers)]
    version = place.first_line(["squid", "-v"])
    return Peer([b[0] for b in both],
                version.replace("Squid Cache: Version ", "squid "),
                lab.root if row.relay else lab.path("squid-ca.pem"), [b[1] for b in both],
                "%s:%d" % (row.host, row.port))
