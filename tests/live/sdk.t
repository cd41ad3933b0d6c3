#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""Client SDKs from npm in headless Chromium, each story twice: straight to the
fake provider and through the gateway. With the gateway each gets as far; none
of its telemetry arrives, and it finds nothing to complain of; nothing planted
arrives. tests/sdk/README.md. sdk.t NAME... plays only these."""
import os
import re
import sys

from browser import missing
from gate import BUILD, HERE, TOP, Gate, Tap, data_of, skip_all

SDK = os.path.join(TOP, "tests/sdk")
sys.path[:0] = [SDK, os.path.join(HERE, "provider")]

import rules  # noqa: E402
import run  # noqa: E402
from npm import npm_install  # noqa: E402
from pages import HOST, Pages, bundle, provider_files  # noqa: E402

# story: seconds, does it send telemetry when nobody stops it, host of its page
STORIES = {
    "1ds": (20, True, HOST),
    "sentry": (20, True, HOST),
    "mixpanel": (20, True, HOST),
    "segment": (20, True, HOST),
    "launchdarkly": (20, True, HOST),
    "amplitude": (20, True, HOST),
    "zoom": (60, True, HOST),
    "webex": (90, True, HOST),
    "sip": (60, False, HOST),
    "matrix": (60, False, HOST),
    "acs-chat": (60, False, HOST),
    "jitsi": (60, True, HOST),
    "acs-calling": (90, True, HOST),
    "wire": (60, False, "app.wire.com"),
}
SERVICES = {  # and variables of their packs
    "zoom": "",
    "webex": "",
    "jitsi": "",
    "teams": "",
    "wire": "",
    "bigbluebutton": 'hosts = "bbb.example.org";',
    "generic": 'hosts = "matrix.example.org";',
}
PLACES = 'processing_places = ( "DE" );'


def files_of(folder):
    return [os.path.join(folder, f) for f in sorted(os.listdir(folder))
            if f.endswith(".json")]


# What a client complains of with the gateway, and nobody can help it: no answer
# that ends is calm for an event stream.
KNOWN = {"launchdarkly": ["[LaunchDarkly] Error on stream connection"]}


def edit(text):
    """sparsamd.conf with the variables of SERVICES."""
    for service, variables in SERVICES.items():
        if variables:
            text = re.sub(r'(id = "%s"; mode = "enforce"; variables = ){[^}]*}'
                          % service, r"\1{ %s }" % variables, text)
    # The pack does not know whose service it is: the agreement says where.
    return text if "processing_places" in text else re.sub(
        r'(id = "generic".*?)(staff = )', r"\1%s \2" % PLACES, text,
        flags=re.S)


def check(tap, name, without, with_, collectors, sends):
    tap.ok(without.failed is None, name + ": the story ends without the "
           "gateway", without.failed, without.steps, without.said)
    tap.ok(with_.failed is None, name + ": and with it", with_.failed,
           with_.steps, with_.said, [(r.get("host"), r.get("target"),
                                      r.get("met")) for r in with_.requests()])
    short = [s for s in without.steps if s not in with_.steps]
    tap.ok(without.steps and not short, "%s: %d steps, as far as without" % (
        name, len(with_.steps)), "missing:", short, with_.steps)
    tap.ok(with_.unmet() <= without.unmet(), name + ": the service gets what "
           "it needs", *(with_.unmet() - without.unmet()))
    if sends:
        tap.ok(without.telemetry(collectors), name + ": its telemetry arrives "
               "when nobody stops it", without.requests())
    tap.equal(with_.telemetry(collectors), [], name + ": none arrives")
    new = [s for s in with_.said if s not in without.said and
           not s.startswith(tuple(KNOWN.get(name, [])))]
    tap.ok(not new, name + ": the client has nothing new to complain of",
           *new)
    planted = run.PLANT + run.own_addresses()
    tap.ok(without.leaks(planted), name + ": planted texts arrive without the "
           "gateway")
    found = with_.leaks(planted)
    tap.ok(not found, name + ": and with it none", *found[:5])


def main():
    if missing():
        skip_all("the Debian package %s is not installed" % missing())
    names = sys.argv[1:] or list(STORIES)
    modules = os.path.join(npm_install(SDK), "node_modules")
    scripts = os.path.join(BUILD, "npm/sdk/bundles")
    bundle(names, modules, scripts)
    files = files_of(os.path.join(SDK, "provider"))
    files.append(provider_files(modules, scripts + "/files.json"))
    gate = Gate(services=SERVICES, rules=files)
    gate.write_conf(edit=edit)
    gate.start()
    straight = Gate(services=SERVICES, rules=files)
    pages = Pages(straight.path("pki"), scripts, modules)
    services = [rules.Service(f) for f in files]
    tap = Tap()
    for name in names:
        seconds, sends, host = STORIES[name]
        mine = "MAP %s 127.0.0.1:%d" % (host, pages.server_address[1])
        page = "https://%s/%s.html" % (host, name)
        without = run.Run(
            page, straight, [straight.path("pki/root.pem")],
            ["--no-proxy-server", "--host-resolver-rules=%s, MAP *:443 "
             "127.0.0.1:%d, MAP *:80 127.0.0.1:%d" % (
                 mine, straight.tls_port, straight.plain_port)])
        with_ = run.Run(
            page, gate, [straight.path("pki/root.pem"), gate.root],
            ["--proxy-server=http://127.0.0.1:%d" % gate.port,
             "--proxy-bypass-list=" + host, "--host-resolver-rules=%s, MAP * "
             "~NOTFOUND, EXCLUDE 127.0.0.1" % mine])
        run.both([without, with_], seconds)
        check(tap, name, without, with_, lambda host: any(
            s.is_telemetry(host) for s in services), sends)
    straight.stop()
    return tap.done(gate)


sys.exit(main())
