# SPDX-License-Identifier: EUPL-1.2
"""sslsplit, a fixed origin. As "ssl", which passes the bytes of both sides: as
"https" it closes each connection after one request and removes Upgrade. It does
not check the certificate of the origin. Its threads share one core."""
import subprocess

import lab as place
from peer import Peer

package = "sslsplit"


def start(lab, row):
    if row.relay:
        raise place.Failed("not asked")
    if row.speak == "h2":
        raise place.Failed("sslsplit does not offer HTTP/2")
    ca_key, ca = lab.openssl_ca("sslsplit-ca", "sslsplit test CA")
    leaf = lab.path("sslsplit-leaf.key")
    subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-out", leaf], check=True,
                   stderr=subprocess.DEVNULL)
    children, ports = [], []
    for _ in range(row.workers):
        port = place.free_port()
        children.append(lab.start(place.PEER_CORE, [
            "sslsplit", "-u", "root", "-c", ca, "-k", ca_key, "-K", leaf, "-Z",
            "ssl", "127.0.0.1", str(port), "127.0.0.1", str(row.port)],
            [port]))
        ports.append(port)
    version = place.first_line(["sslsplit", "-V"])
    return Peer(children, " ".join(version.split()[:2]).replace(
        "SSLsplit", "sslsplit"), ca, ports)
