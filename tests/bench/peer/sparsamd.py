# SPDX-License-Identifier: EUPL-1.2
"""sparsamd with the pack policy/bench.conf: all content is scrubbed."""
import json
import os
import shutil
import subprocess
import time

import lab as place
from peer import Peer

package = None
LINES = 20  # of JSON that meet a value of each request

CONF = """
workers = %(workers)d;
user = "%(user)s";
signer_user = "%(user)s";
listen = ( "127.0.0.1:%(listen)d" );
clients = ( { net = "127.0.0.0/8"; level = 2; } );
policy_dir = "%(run)s/policy";
control_socket = "%(run)s/control";
ca = { dir = "%(run)s/ca"; name = "Bench"; };
tls = { profile = "wide"; trust = "%(root)s"; };
limits = { connections = %(conns)d; per_client = %(conns)d; pool = 1024; };
connect_to = ( { host = "%(host)s"; port = 443; to = "127.0.0.1:%(port)d"; } );
services = ( { id = "bench"; mode = "enforce";
  agreement = { kind = "avv"; id = "AVV-1"; version = "1";
    date = "2026-03-01"; sha256 = "%(sha)s"; valid_until = "2099-12-31";
    rating = { source = "none"; version = "1"; date = "2026-03-01";
      light = "green"; };
    instructions_unrestricted = true; own_purposes = "none"; max_case = 4;
    dpia_id = "DSFA-1"; staff = { council_ref = "PR-1"; notice_ref = "I-1"; };
  };
  inspection = { basis = "test"; dpia = "DSFA-1"; council = "PR-1";
    notice = "I-1"; };
} );
"""


def check_lines(lab, ctl, host):
    """Do as many lines meet as the table says?"""
    out = subprocess.run(ctl + ["explain", "--json", "--content",
                                "application/json", "--body", lab.path("up"),
                                "https://%s/v1/join" % host],
                         check=True, capture_output=True, text=True).stdout
    met = {v["rule"] for v in json.loads(out)["fields"]
           if v["carrier"] == "json" and v.get("rule")}
    if len(met) != LINES:
        raise SystemExit("bench: %d JSON lines meet, not %d" % (len(met),
                                                                LINES))


def start(lab, row):
    sparsamd = os.path.join(lab.build, "sparsamd")
    port = place.free_port()
    run = lab.path("sparsam")
    shutil.rmtree(run, ignore_errors=True)
    os.makedirs(run + "/policy")
    shutil.copy(os.path.join(place.HERE, "policy/bench.conf"), run + "/policy")
    shutil.copytree(os.path.join(place.TOP, "policy/common"),
                    run + "/policy/common")
    conf = lab.write("sparsam/sparsamd.conf", CONF % {
        "workers": row.workers, "listen": port, "run": run, "root": lab.root,
        "host": row.host, "port": row.port, "sha": "0" * 64,
        "conns": place.FILES // 2,
        "user": "nobody" if os.geteuid() == 0 else ""})
    ctl = [os.path.join(lab.build, "sparsamctl"), "-c", conf]
    subprocess.run(ctl + ["ca", "init"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(ctl + ["ca", "export", run + "/root.pem"], check=True,
                   stdout=subprocess.DEVNULL)
    if not row.relay:
        check_lines(lab, ctl, row.host)
    child = lab.start(place.PEER_CORE, [sparsamd, "-f", "-c", conf], [port])
    while len(place.descendants(child.pid)) < 2 + row.workers:
        time.sleep(0.05)  # it listens before its workers and the signer run
        if child.poll() is not None:
            raise place.Failed("ended at once")
    return Peer([child], place.first_line([sparsamd, "-v"]),
                lab.root if row.relay else run + "/root.pem", [port],
                row.host + ":443")
