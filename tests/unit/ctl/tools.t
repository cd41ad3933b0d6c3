#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# sparsamctl as people and programs call it: what is printed, and the exit status.
top=$(cd "${top_srcdir:-.}" && pwd)
build=$(cd "${builddir:-.}" && pwd)
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
n=0 failed=0
SPARSAM_CASERUN=$build/tests/lib/caserun
export SPARSAM_CASERUN

# the configuration of the cases, with the paths of this place
conf() { # file
	sed -e "s,policy_dir = \"policy\",policy_dir = \"$top/policy\"," \
	    -e "s,policy_dir = \"pack\",policy_dir = \"$top/tests/case/pack\"," \
	    -e "s,dir = \"ca\",dir = \"$dir/ca\"," \
	    -e "s,trust.pem,$top/tests/case/root.pem," "$top/tests/case/$1" \
	    >"$dir/etc/$1"
}
mkdir "$dir/etc"
conf zoom.conf

result() { # good name
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
	else
		failed=$((failed + 1))
		echo "not ok $n - $2"
		sed 's/^/# /' "$dir/out" "$dir/err" | head -40
	fi
}

# run STATUS NAME WORDS...: the exit status; output stays for `says`
run() {
	want=$1 name=$2
	shift 2
	"$build/sparsamctl" "$@" >"$dir/out" 2>"$dir/err" <"$dir/in"
	got=$?
	[ "$got" = "$want" ]
	result $? "$name: exit status $got"
}
says() { # text: somewhere in the output
	grep -qF -e "$1" "$dir/out" "$dir/err"
	result $? "  says: $1"
}
hides() {
	! grep -qF -e "$1" "$dir/out" "$dir/err"
	result $? "  does not say: $1"
}

zoom="-c $dir/etc/zoom.conf"
: >"$dir/in"

# --- explain ---
printf 'userName=Erika+Mustermann&meetingNumber=1&foo=1' >"$dir/in"
run 0 "explain with content" $zoom explain --body - \
    --content application/x-www-form-urlencoded \
    --header 'User-Agent: Amt/1 (AMT-NB-0815)' 'https://zoom.us/api/v1/wc/info'
says 'passed (zoom)'
says 'agreement AVV-2026-17, until 2027-12-31, enforce, up to level 2'
says 'entry    * */*wc/info*'
says '"Amt/1 (AMT-NB-0815)" -> "Mozilla/5.0'
says '"Erika Mustermann" -> "Teilnehmer '
says '"1" -> dropped  [participant, drift]'
says '&meetingNumber=1'
cp "$dir/in" "$dir/body"
: >"$dir/in"
run 0 "explain as JSON" $zoom explain --json --body "$dir/body" \
    --content application/x-www-form-urlencoded 'https://zoom.us/api/v1/wc/info'
says '"method": "POST"'
says '"content": "userName=Teilnehmer+'
says '"max_case": 2'
run 5 "explain: telemetry" $zoom explain https://log.zoom.us/x
says 'denied (zoom, telemetry, answered with 204)'
run 5 "explain: no passcode" $zoom explain https://zoom.us/j/1
run 5 "explain: a host of nobody" $zoom explain https://other.example/
run 0 "explain: a tunnel" $zoom explain https://x.cloud.zoom.us/
run 5 "explain: a service that was discontinued" $zoom explain https://join.skype.com/x
says 'refused (skype, retired)'
says 'why      this service has been discontinued'
run 5 "explain: a port" $zoom explain https://zoom.us:8443/
says 'why       this port is not allowed'
printf 'userName=%%zz' >"$dir/half"
run 5 "explain: content that cannot be read" $zoom explain --body "$dir/half" \
    --content application/x-www-form-urlencoded https://zoom.us/api/v1/wc/info
says 'why       the body could not be read'
run 1 "explain: no URL" $zoom explain zoom.us
run 1 "explain: no such content" $zoom explain --body "$dir/none" https://zoom.us/
run 2 "explain: unknown option" $zoom explain --bdoy x https://zoom.us/
run 2 "explain: option without value" $zoom explain --method

printf '{"evt":4109,"body":{"dn2":"RXJpa2E"}}' >"$dir/message"
rwg='wss://zoomfra124rwg.zoom.us/wc/api/1'
run 0 "explain: a message" $zoom explain --message "$dir/message" "$rwg"
says '"Erika" -> "Teilnehmer '
says 'content that leaves: '
run 0 "explain: a message as JSON" $zoom explain --json \
    --message "$dir/message" "$rwg"
says '"unread": false'
printf '{"evt":4167,"body":{"data":"Jabra"}}' >"$dir/message"
run 5 "explain: a message that is dropped" $zoom explain \
    --message "$dir/message" "$rwg"
says 'denied (zoom, telemetry'

# --- services, without a daemon ---
sed "s,^services,control_socket = \"$dir/none\";\n&," "$dir/etc/zoom.conf" \
    >"$dir/etc/alone.conf"
run 0 "services" -c "$dir/etc/alone.conf" services
says 'this is what the configuration says'
says 'SERVICE '
says 'zoom  '
says '2020-07 red, 2021-02 red  '
says '2027-12-31       inspected'
says 'denied (service-off)'
run 0 "services as JSON" -c "$dir/etc/alone.conf" services --json
says '"agreement_until": "2027-12-31"'
says '"light": "red"'
says '"why": "service-off"'
run 2 "services: a word too many" -c "$dir/etc/alone.conf" services zoom
run 1 "services: no configuration" -c "$dir/none" -s "$dir/none" services

# --- replay ---
har=$top/tests/data/zoom-meetingsdk.har
printf '# planted\n\nErika Mustermann\r\nAMT-NB-0815\n' >"$dir/never"
run 0 "replay" $zoom replay --summary --never-file "$dir/never" "$har"
says '2 texts that must not leave: none found'
run 0 "replay: messages of sockets" $zoom replay --summary \
    --never 'Jabra Evolve2 65' "$har"
says 'none found'
says 'WebSocket messages: 17 up, 4 down; 13 denied, 0 not readable, 4 pass unread'
# The same on a socket where no line reads.
sed 's,/wc/api/,/wc/media/,' "$har" >"$dir/framed.har"
run 4 "replay: unread" $zoom replay --summary --never 'Jabra Evolve2 65' "$dir/framed.har"
says 'FOUND in what passes unread'
run 1 "replay: a text that leaves" $zoom replay --summary --never meetingNumber \
    --never 'Jabra Evolve2 65' "$har"
says 'FOUND'
run 1 "replay: no such file" $zoom replay "$dir/none.har"
run 1 "replay: no such service" $zoom replay --service other "$har"
run 2 "replay: no such list" $zoom replay --never-file "$dir/none" "$har"

# --- a pack of one's own, without a configuration ---
mkdir "$dir/policy" "$dir/case"
cat >"$dir/policy/mine.conf" <<EOF
service = { id = "mine"; name = "Mine"; version = 1; reviewed = "2026-11-20";
  operator = { name = "Example"; seat = "DE"; }; e2ee = false; stance = "none"; };
hosts = ( ( "mine.example", "inspect" ) );
request = ( { when = "* */*"; strip = (
  ( "header User-Agent", "set:x", "device" ),
  ( "query uname", "drop", "participant" ) ); } );
EOF
cat >"$dir/case/a.case" <<EOF
case    the browser is not named

client connects mine.example
client sends
  |GET /?a=1 HTTP/1.1
  |Host: mine.example
  |User-Agent: Amt/1
  |
server gets field User-Agent x
never up Amt/1
EOF
cat >"$dir/my.har" <<EOF
{"log":{"entries":[{"request":{"method":"GET",
 "url":"https://mine.example/?uname=Erika&who=Beispiel","headers":[]}}]}}
EOF
own="--pack-dir $dir/policy"
run 0 "explain without a configuration" explain $own https://mine.example/?uname=E
says '-> dropped  [participant]  policy/mine.conf:6'
run 0 "replay without a configuration" replay $own --never Erika "$dir/my.har"
run 0 "test" test $own "$dir/case"
says 'ok 1 - '
run 1 "coverage: a line is missing" coverage $own "$dir/case"
says 'policy/mine.conf                      3         2            0      1'
says 'policy/mine.conf:6  query uname'
run 1 "coverage as JSON" coverage --json $own "$dir/case"
says '"text": "query uname"'
run 0 "coverage: a recording reaches it" coverage $own "$dir/case" "$dir/my.har"
hides 'never reached:'
says 'mine  up   query who  at mine.example  (1)'
hides 'Beispiel'
run 0 "coverage as JSON: what is never judged" coverage --json $own "$dir/case" \
    "$dir/my.har"
says '"name": "who"'
run 0 "replay: what no line names" replay --all $own "$dir/my.har"
says '"Beispiel"  [no line names it]'
run 1 "coverage: a broken recording" coverage $own "$dir/case" "$dir/case/a.case.har"
sed -i 's/^never up.*/never up mine.example/' "$dir/case/a.case"
run 1 "test: a case that fails" test $own "$dir/case"
says 'not ok 1 - '
run 1 "coverage: a case that fails" coverage $own "$dir/case" "$dir/my.har"
says 'not ok: '
echo 'hosts = (' >"$dir/policy/mine.conf"
run 1 "coverage: a broken pack" coverage $own "$dir/case"
says 'policy/mine.conf:'
run 0 "explain: a pack for any operator, and hosts of a variable" \
    explain --pack-dir "$top/policy" https://hosts.generic.invalid/
says 'passed (generic)'
run 1 "explain: no such folder" explain --pack-dir "$dir/none" https://mine.example/
run 2 "test: unknown option" test --vv
SPARSAM_CASERUN=$dir/none
run 3 "test: no runner" test $own "$dir/case"
SPARSAM_CASERUN=$build/tests/lib/caserun

# --- help, and words in any order ---
run 0 "help" --help
says '  replay [--pack-dir DIR]'
run 0 "help of a command" help replay
says 'Run a recording'
says '$ sparsamctl replay'
run 0 "help of two words" help ca init
says 'usage: sparsamctl [-c file] ca init'
run 0 "the same behind the command" replay --help
says 'Run a recording'
run 2 "help of nothing" help reply
says 'there is no command "reply"'
run 2 "no such command" reply
says 'there is no command "reply"'
run 2 "replay: two files" $zoom replay "$har" "$har"
run 2 "explain: two URLs" $zoom explain https://zoom.us/ https://zoom.us/
run 5 "explain: options behind the URL" $zoom explain https://log.zoom.us/x --json
run 0 "replay: options behind the file" $zoom replay "$har" --summary
says 'source.zoom.us'
says 'log-gateway.zoom.us'

# --- what authors of packs get wrong most often ---
cat >"$dir/policy/mine.conf" <<EOF
service = { id = "mine"; name = "Mine"; version = 1; reviewed = "2026-11-20";
  operator = { name = "Example"; seat = "DE"; }; };
hosts = ( ( "mine.example", "inspect" )
  ( "log.mine.example", "deny", "telemetry" ) );
EOF
run 1 "a comma is missing between lines" explain $own https://mine.example/
says 'policy/mine.conf:4: syntax error (often a comma'
sed -i 's/"inspect" )/"inspect" ),/; s/"deny", /"deny" /' "$dir/policy/mine.conf"
run 1 "a comma is missing within a line" explain $own https://mine.example/
SPARSAM_CASERUN=$dir/none
run 3 "coverage: no runner" coverage --pack-dir "$top/policy" "$dir/case"
hides 'Input/output error'
SPARSAM_CASERUN=$build/tests/lib/caserun

# --- check ---
sed '1inever = ( "zoom.us", "amt.example.de" );' "$dir/etc/zoom.conf" \
    >"$dir/etc/never.conf"
run 0 "check: a text of never in the name of a host" \
    -c "$dir/etc/never.conf" check
says 'zoom: warning: a text of never is in the names of 2'
says 'the first is zoom.us ('
run 0 "check" $zoom check
hides 'warning'
{
	sed '/^services = (/,$d' "$dir/etc/zoom.conf"
	echo 'services = ( { id = "zoom"; mode = "enforce"; } );'
} >"$dir/etc/none.conf"
run 0 "check: no agreement" -c "$dir/etc/none.conf" check
says 'is recorded; missing: an agreement block'
sed 's/council_ref = "[^"]*"/council_ref = ""/' "$dir/etc/zoom.conf" \
    >"$dir/etc/closed.conf"
run 0 "check: a reference that opening needs" -c "$dir/etc/closed.conf" check
says 'never decrypted (missing: agreement.staff.council_ref), up to level 2'
sed 's/valid_until = "[^"]*"/valid_until = "2026-03-31"/' \
    "$dir/etc/zoom.conf" >"$dir/etc/over.conf"
run 0 "check: expired" -c "$dir/etc/over.conf" check
says 'agreement has expired; its last day was 2026-03-31'
sed '/^clients/s/level = 2/level = 4/' "$dir/etc/zoom.conf" \
    >"$dir/etc/four.conf"
run 0 "check: a network that may use nothing" -c "$dir/etc/four.conf" check
says 'warning: network 1 of clients is of level 4, no service in use serves more'
entries=$(sed -e '1,/^services = (/d' -e '/^);/,$d' "$dir/etc/zoom.conf")
{
	sed '/^services = (/q' "$dir/etc/zoom.conf"
	echo "$entries" | sed 's/id = "zoom"/id = "google-meet"/'
	echo ","
	echo "$entries" | sed 's/id = "zoom"/id = "google-meet-workspace"/'
	echo ");"
} >"$dir/etc/two.conf"
run 0 "check: two editions of one product" -c "$dir/etc/two.conf" check
says 'google-meet-workspace: hosts that go by the rules of google-meet, which'
says 'the first is meet.google.com'
# A service that opens nothing leaves hosts to be opened to one that does.
google=https://www.google.com/recaptcha/api.js
{
	sed '/^services = (/q' "$dir/etc/zoom.conf"
	echo "$entries" | sed -e 's/id = "zoom"/id = "google-meet"/' \
	    -e 's/basis = "[^"]*"/basis = ""/'
	echo ", $entries );"
} >"$dir/etc/closed.conf"
run 0 "explain: shared by one that may be opened and one that may not" \
    -c "$dir/etc/closed.conf" explain "$google"
says 'passed (zoom)'

run 0 "ca init" $zoom ca init
run 0 "check: an authority for all" $zoom check
hides 'warning'
cp -R "$top/policy" "$dir/packs"
cat >"$dir/packs/late.conf" <<EOF
service = { id = "late"; name = "Late"; version = 1; reviewed = "2026-11-20";
  operator = { name = "Example"; seat = "DE"; }; };
hosts = ( ( "late.example", "inspect" ) );
EOF
sed -e "s,policy_dir = .*,policy_dir = \"$dir/packs\";," \
    -e 's/id = "zoom"; mode/id = "late"; mode/' "$dir/etc/zoom.conf" \
    >"$dir/etc/late.conf"
run 0 "check: a pack that came later" -c "$dir/etc/late.conf" check
says 'does not cover 1 domains of the packs, or has expired; the first is late.example'

# --- every line of the shipped packs is reached by a case ---
run 0 "coverage of the shipped packs" coverage --pack-dir "$top/policy" \
    --case-dir "$top/tests/case" "$top/tests/case" "$har"
hides 'never reached:'

echo "1..$n"
[ "$failed" = 0 ]
