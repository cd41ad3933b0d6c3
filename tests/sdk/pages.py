# SPDX-License-Identifier: EUPL-1.2
"""The authority's own web server: a page for each story, its bundle, and the
files of npm packages as they come. Bundling is esbuild's work."""
import http.server
import json
import os
import re
import ssl
import subprocess
import threading

from certs import Certificates

HERE = os.path.dirname(os.path.abspath(__file__))
HOST = "besprechung.amt.example.de"
NODE_ONLY = ("fs-extra", "os", "path")
PAGE = """<!doctype html>
<html lang="de"><head><meta charset="utf-8"><title>Besprechung</title></head>
<body><div id="root"></div><video id="v" muted></video>
<script src="/%s.js"></script></body></html>
"""
KINDS = {".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript",
         ".json": "application/json", ".wasm": "application/wasm",
         ".css": "text/css", ".png": "image/png", ".jpg": "image/jpeg"}


def bundle(stories, modules, out):
    """One script of each story."""
    os.makedirs(out, exist_ok=True)
    esbuild = os.path.join(modules, ".bin/esbuild")
    done = subprocess.run(
        [esbuild, "--bundle", "--format=iife", "--platform=browser",
         "--log-level=error", "--outdir=" + out, "--define:global=window",
         "--define:process.env.NODE_ENV=\"production\"", "--loader:.wasm=file"] +
        ["--alias:%s=%s" % (name, os.path.join(HERE, "nothing.js"))
         for name in NODE_ONLY] +
        [os.path.join(HERE, s + ".js") for s in stories],
        env=dict(os.environ, NODE_PATH=modules), capture_output=True,
        text=True)
    if done.returncode != 0:
        raise SystemExit("esbuild:\n" + done.stderr)


def provider_files(modules, out):
    """A data file of the provider with what packages bring for its servers."""
    lib = os.path.join(modules, "@zoom/meetingsdk/dist/lib")
    found = []
    for folder, _, names in os.walk(lib):
        for name in sorted(names):
            whole = os.path.join(folder, name)
            kind = KINDS.get(os.path.splitext(name)[1],
                             "application/octet-stream")
            found.append({
                "name": name, "host": "source.zoom.us",
                "path": "/[0-9.]+/lib/" + re.escape(
                    os.path.relpath(whole, lib)),
                "answer": {"file": whole, "headers": [
                    ["Content-Type", kind],
                    ["Cross-Origin-Resource-Policy", "cross-origin"]]}})
    with open(out, "w") as f:
        json.dump({"service": "files", "hosts": ["source.zoom.us"],
                   "rules": found}, f)
    return out


class Pages(http.server.ThreadingHTTPServer):
    """A port of 127.0.0.1, any name, with certificates of the test PKI."""
    daemon_threads = True

    def __init__(self, pki, scripts, modules):
        super().__init__(("127.0.0.1", 0), Handler)
        self.scripts, self.modules = scripts, modules
        certificates = Certificates(pki)
        self.context = certificates.context(HOST)
        self.context.sni_callback = lambda tls, name, _: setattr(
            tls, "context", certificates.context(name))
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def finish_request(self, request, client_address):
        try:
            tls = self.context.wrap_socket(request, server_side=True)
            super().finish_request(tls, client_address)
        except (ssl.SSLError, OSError):
            pass


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        path = self.path.partition("?")[0]
        if path == "/favicon.ico":
            self.answer(b"", "image/png", 204)
            return
        m = re.fullmatch(r"/([\w-]+)\.html", path)
        if m:
            self.answer(PAGE.encode() % m[1].encode(),
                        "text/html; charset=utf-8")
            return
        root, name = self.server.scripts, path.lstrip("/")
        if path.startswith("/npm/"):
            root, name = self.server.modules, path[len("/npm/"):]
        whole = os.path.realpath(os.path.join(root, name))
        if not whole.startswith(os.path.realpath(root) + os.sep) or \
                not os.path.isfile(whole):
            self.answer(b"", "text/plain", 404)
            return
        with open(whole, "rb") as f:
            self.answer(f.read(), KINDS.get(os.path.splitext(whole)[1],
                                            "application/octet-stream"))

    def answer(self, body, kind, status=200):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        # Shared memory, which some clients want
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "credentialless")
        self.end_headers()
        self.wfile.write(body)
