# SPDX-License-Identifier: EUPL-1.2
"""A gateway on which every page for people can be reached, and where."""
from gate import Gate

PACK = """// SPDX-License-Identifier: EUPL-1.2
service = {
  id = "%(id)s";  name = "%(name)s";  version = 1;  reviewed = "2026-11-20";
  operator = { name = "Example"; seat = "DE"; };
  rating = ( { source = "BlnBDI 1.0"; date = "2020-07-03"; light = "red"; } );
  %(more)s
};
hosts = ( ( "%(id)s.example *.%(id)s.example", "inspect" )%(hosts)s );
%(rest)s
"""
MEET = """join = ( { when = "GET */j/*"; need = "query pwd"; } );
request = (
  { when = "* */*"; strip = (
      ( "header User-Agent", "set:Mozilla/5.0", "device" ),
      ( "query uname", "alias", "participant" ) ); },
  { when = "GET */rec*"; deny = ( "recording", "page" ); } );"""
# id of the pack, its name, what sparsamd.conf says of it (None: no entry)
SERVICES = (
    ("unsigned", "Unsigned Meetings", 'mode = "enforce";'),
    ("lapsed", "Lapsed Meetings", 'mode = "enforce"; %s' % "@lapsed"),
    ("rated", "Rated Meetings", 'mode = "enforce"; %s' % "@rated"),
    ("public", "Public Meetings", 'mode = "enforce"; %s' % "@public"),
    ("closed", "Closed Meetings", 'mode = "enforce"; %s' % "@closed"),
    ("meet", "Example Meet", 'mode = "enforce"; %s' % "@meet"),
    ("sleeping", "Sleeping Meetings", 'mode = "off";'),
    ("bygone", "Bygone Meetings", None),
)
AGREEMENT = """agreement = { kind = "avv"; id = "AVV-2026-17"; version = "3";
  date = "2020-03-01"; sha256 = "%(sha)s"; valid_until = "%(until)s";
  rating = { source = "BlnBDI 2.0"; date = "2021-02-18"; light = "red"; };
  %(deviation)s instructions_unrestricted = true; own_purposes = "none";
  max_case = %(level)d; dpia_id = "DSFA-12";
  staff = { council_ref = "PR-7"; notice_ref = "INFO-3"; }; }; """
INSPECTION = """inspection = { basis = "Art. 6(1)(e) GDPR"; dpia = "DSFA-12";
  council = "DV-2026-2"; notice = "INFO-3"; };"""
# Reason and address of each page that refuses something.
REFUSALS = (
    ("no-agreement", "http://unsigned.example/"),
    ("agreement-expired", "http://lapsed.example/"),
    ("no-deviation", "http://rated.example/"),
    ("level", "http://public.example/"),
    ("not-inspected", "http://closed.example/"),
    ("service-off", "http://sleeping.example/"),
    ("retired", "http://bygone.example/"),
    ("unlisted", "http://www.bank.example/"),
    ("no-passcode", "https://meet.example/j/4711"),
    ("recording", "https://meet.example/rec/1"),
    ("denied", "https://admin.meet.example/"),
    ("telemetry", "https://telemetry.meet.example/"),
    ("never-leaves", "https://meet.example/?q=nur-fuer-den-dienstgebrauch"),
    ("cert-expired", "https://expired.lab.example/"),
    ("cert-name", "https://wrongname.lab.example/"),
    ("cert-unknown", "https://unknown.lab.example/"),
    ("cert-weak", "https://weak.lab.example/"),
    ("connect", "https://nowhere.meet.example/"),
)


def agreement(kind):
    ok = {"sha": "0" * 64, "until": "2099-12-31", "level": 2,
          "deviation": 'deviation = { id = "ZV-2026-4"; };'}
    ok.update({"lapsed": {"until": "2024-12-31"}, "rated": {"deviation": ""},
               "public": {"level": 1}}.get(kind, {}))
    return AGREEMENT % ok + ("" if kind == "closed" else INSPECTION)


def write_packs(g):
    for name, title, _ in SERVICES:
        with open(g.path("policy", name + ".conf"), "w") as f:
            f.write(PACK % {
                "id": name, "name": title,
                "more": 'retired = { since = "2021-07-31"; successor = '
                        '"Example Meet"; };' if name == "bygone" else "",
                "hosts": """,
  ( "telemetry.meet.example", "deny", "telemetry", "page" ),
  ( "admin.meet.example", "deny", "security", "page" ),
  ( "media.meet.example", "tunnel", "media, encrypted end to end" )"""
                if name == "meet" else "",
                "rest": MEET if name == "meet" else ""})


def edit(text):
    """sparsamd.conf with all of these services, and a text of never."""
    entries = ""
    for name, _, entry in SERVICES:
        if entry is not None:
            entries += ',\n  { id = "%s"; %s }' % (
                name, entry.replace("@" + name, agreement(name)))
    head, _, tail = text.rpartition("\n);")
    text = head + entries + "\n);" + tail
    text = text.replace("connect_to = (", 'connect_to = (\n  { host = '
                        '"nowhere.meet.example"; port = 0; '
                        'to = "127.0.0.1:9"; },', 1)
    text = text.replace("page = {", 'page = { imprint = "https://amt.example/i'
                        'mpressum"; accessibility = "https://amt.example/b";',
                        1)
    return text + 'never = ( "nur-fuer-den-dienstgebrauch" );\n'


def start(**options):
    g = Gate(**options)
    write_packs(g)
    g.write_conf(edit=edit)
    return g.start()
