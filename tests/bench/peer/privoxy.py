# SPDX-License-Identifier: EUPL-1.2
"""privoxy with HTTPS inspection and no other action. A thread per connection.
It signs with RSA: another key of the CA does not work."""
import os
import shutil

import lab as place
from peer import Peer

package = "privoxy"

CONF = """
confdir %(run)s
logdir %(run)s
listen-address 127.0.0.1:%(listen)d
toggle 1
enable-remote-toggle 0
enable-edit-actions 0
max-client-connections 4096
keep-alive-timeout 300
tolerate-pipelining 1
default-server-timeout 300
connection-sharing 1
socket-timeout 300
ca-directory %(run)s/ca
ca-cert-file ca.pem
ca-key-file ca.key
ca-password
certificate-directory %(run)s/certs
trusted-cas-file %(root)s
actionsfile bench.action
"""


def start(lab, row):
    if row.relay:
        raise place.Failed("not asked")
    if row.speak != "h1":
        raise place.Failed("privoxy speaks only HTTP/1.1, without upgrades")
    port = place.free_port()
    run = lab.path("privoxy")
    shutil.rmtree(run, ignore_errors=True)
    os.makedirs(run + "/ca")
    os.mkdir(run + "/certs")
    key, ca = lab.openssl_ca("privoxy-ca", "Privoxy test CA", ["rsa:2048"])
    shutil.copy(key, run + "/ca/ca.key")
    shutil.copy(ca, run + "/ca/ca.pem")
    with open(run + "/bench.action", "w") as f:
        f.write("{+https-inspection}\n/\n")
    with open(run + "/config", "w") as f:
        f.write(CONF % {"run": run, "listen": port, "root": lab.root})
    child = lab.start(place.PEER_CORE, ["privoxy", "--no-daemon",
                                        run + "/config"], [port], [row.host])
    version = place.first_line(["privoxy", "--version"]).split()
    return Peer([child], "privoxy " + version[2], ca, [port],
                "%s:%d" % (row.host, row.port))
