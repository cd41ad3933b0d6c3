# SPDX-License-Identifier: EUPL-1.2
"""Certificates of the fake provider by the name that a client asks for: those
of tests/live/pki, and for every other name one made from its root on the way.
Needs openssl."""
import os
import re
import ssl
import subprocess
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
# lab.example: a certificate of each kind that must be refused
BAD = ("expired", "notyet", "unknown", "weak", "sha1", "selfsigned",
       "wrongname", "rsa")
NAME = re.compile(r"[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9])?")


class Certificates:
    def __init__(self, pki):
        self.pki = pki
        self.lock = threading.Lock()
        self.contexts = {}

    def context(self, name):
        """The context for this name; one certificate for all odd names."""
        name = name or ""
        first, _, rest = name.partition(".")
        if rest == "lab.example" and first in BAD:
            name = first
        elif name == "lab.example" or name.endswith(".lab.example"):
            name = "lab"
        elif not NAME.fullmatch(name):
            name = "nobody.invalid"
        with self.lock:
            if name not in self.contexts:
                self.contexts[name] = self.load(name)
            return self.contexts[name]

    def load(self, name):
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if name in ("weak", "sha1"):
            c.set_ciphers("DEFAULT:@SECLEVEL=0")
        whole = os.path.join(self.pki, name + ".pem")
        if not os.path.exists(whole):
            subprocess.run([os.path.join(HERE, "../pki"), self.pki, name],
                           check=True)
        c.load_cert_chain(whole)
        c.set_alpn_protocols(["http/1.1"])
        return c
