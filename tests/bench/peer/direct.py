# SPDX-License-Identifier: EUPL-1.2
"""No proxy: what load and origin take alone (CPU time of the origin)."""
from peer import Peer

package = None


def start(lab, row):
    port = lab.ports["h2"] if row.speak == "h2" else row.port
    return Peer([], "the origin alone", lab.root, [port])
