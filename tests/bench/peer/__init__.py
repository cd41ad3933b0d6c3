# SPDX-License-Identifier: EUPL-1.2
"""One module per peer: package (Debian, or None) and start(lab, row), which runs
it for one row of the table and says how it is reached.

Each is made as good as we know; what that means stands in its configuration. All
get the row and read of it: speak (h1, h2, ws), host and port of the origin, relay
(TLS is not ended, TCP only) and workers (processes)."""


class Peer:
    def __init__(self, children, version, ca, dial, to=None, expect=None):
        self.children = children
        self.version = version
        self.ca = ca          # root of the certificates that clients see
        self.dial = dial      # ports
        self.to = to          # HOST:PORT of CONNECT, or None
        self.expect = expect  # an answer that is not the origin's
