# SPDX-License-Identifier: EUPL-1.2
"""mitmdump without scripts; flows are neither printed nor kept."""
import lab as place
from peer import Peer

package = "mitmproxy"


def start(lab, row):
    if row.relay:
        raise place.Failed("not asked")
    port = place.free_port()
    run = lab.path("mitmproxy")
    child = lab.start(place.PEER_CORE, [
        "mitmdump", "--quiet", "--listen-host", "127.0.0.1", "--listen-port",
        str(port), "--set", "confdir=" + run, "--set", "flow_detail=0", "--set",
        "ssl_verify_upstream_trusted_ca=" + lab.root, "--set",
        "connection_strategy=lazy", "--set", "stream_large_bodies=1m"],
        [port], [row.host])
    version = place.first_line(["mitmdump", "--version"])
    return Peer([child], version.lower().replace(":", ""),
                run + "/mitmproxy-ca-cert.pem", [port],
                "%s:%d" % (row.host, row.port))
