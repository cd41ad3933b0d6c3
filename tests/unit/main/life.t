#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# The life of the processes: start, check, replacement, reload, end. The daemon
# runs as whoever runs the test.
top=$(cd "${top_srcdir:-../../..}" && pwd)
bin=$(cd "${builddir:-.}" && pwd)
dir=$(mktemp -d /tmp/sparsam-life.XXXXXX) || exit 99
port=$((20000 + $$ % 20000))
n=0 failed=0 daemon=

cleanup() {
	[ -n "$daemon" ] && kill -9 "$daemon" 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT

result() { # status name
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		failed=1
		sed 's/^/# /' "$dir/log" | tail -n 20
	fi
}

ctl() {
	"$bin/sparsamctl" -c "$dir/sparsamd.conf" "$@"
}

# wait_for SECONDS*10 COMMAND...
wait_for() {
	left=$1
	shift
	while ! "$@" >/dev/null 2>&1; do
		left=$((left - 1))
		[ $left -le 0 ] && return 1
		sleep 0.1
	done
}

logged() {
	grep -q "\[$1\]" "$dir/log"
}

logged_often() { # id count: logged at least so often
	[ "$(grep -c "\[$1\]" "$dir/log")" -ge "$2" ]
}

pid_of() { # worker number, or "signer"; nothing while it is not there
	if [ "$1" = signer ]; then
		ctl status | sed -n 's/^signer pid=\([1-9][0-9]*\) .*/\1/p'
	else
		ctl status | sed -n "s/^worker number=$1 pid=\([1-9][0-9]*\) .*/\1/p"
	fi
}

ready() { # all workers and the signer
	[ "$(ctl status | grep -c 'state=ready')" -eq 3 ]
}

kill_both() {
	wait_for 50 ready
	for pid in $(pid_of 1) $(pid_of 2); do
		kill -9 "$pid"
	done
}

write_conf() { # [folder of the CA]
	users=
	if [ "$(id -u)" -eq 0 ]; then
		users='user = "nobody"; signer_user = "daemon";'
		chmod 755 "$dir"
	fi
	cat >"$dir/sparsamd.conf" <<-END
	listen = ( "127.0.0.1:$port" );
	workers = 2; $users
	policy_dir = "$top/tests/conf/policy";
	control_socket = "$dir/control";
	ca = { dir = "$dir/${1:-ca}"; };
	tls = { trust = "$dir/trust.pem"; };
	log = { group_min = 1; };
	timeouts = { drain = 5; };
	services = ( { id = "example"; mode = "enforce"; } );
	END
}

start() {
	: >"$dir/log"
	"$bin/sparsamd" -f -c "$dir/sparsamd.conf" 2>"$dir/log" &
	daemon=$!
	wait_for 100 logged S101
}

: >"$dir/log"
: >"$dir/trust.pem"
write_conf pki
ctl ca init >/dev/null && cp "$dir/pki/root.pem" "$dir/trust.pem"
result $? "a root that servers could be checked against"
write_conf
"$bin/sparsamd" -n -c "$dir/sparsamd.conf" >/dev/null
result $? "-n: a good configuration"
[ $failed -eq 0 ] || exit 1
echo 'nonsense = 1;' >>"$dir/sparsamd.conf"
"$bin/sparsamd" -n -c "$dir/sparsamd.conf" 2>"$dir/err"
[ $? -eq 1 ] && grep -q 'sparsamd.conf:[0-9]*: .*nonsense' "$dir/err"
result $? "-n: a bad one, with file and line"
write_conf
"$bin/sparsamd" -x 2>/dev/null
[ $? -eq 2 ]
result $? "an unknown option is a usage error"
"$bin/sparsamd" -v | grep -q '^sparsamd [0-9]'
result $? "-v"
ctl status >/dev/null 2>&1
[ $? -eq 3 ]
result $? "without a daemon: status 3"

start
result $? "starts without a CA"
logged S305
result $? "and says once that there is none"
ready
result $? "signer and two workers are ready"
[ "$(stat -c %a "$dir/control")" = 600 ]
result $? "the control socket is for its owner"
"$bin/sparsamd" -f -c "$dir/sparsamd.conf" 2>"$dir/err"
[ $? -eq 1 ] && grep -q S106 "$dir/err"
result $? "a second daemon does not start"
ready
result $? "and leaves the first alone"

for who in 1 2; do
	pid=$(pid_of $who)
	grep -q '^NoNewPrivs:.1$' "/proc/$pid/status"
	result $? "worker $who: no new privileges"
	grep -q '^Max core file size *0 *0 ' "/proc/$pid/limits"
	result $? "worker $who: no core dumps"
	if grep -q __asan_init "$bin/sparsamd"; then
		logged S206
	else
		grep -q '^Seccomp:.2$' "/proc/$pid/status"
	fi
	result $? "worker $who: system call filter, or it is said"
done
if [ "$(id -u)" -eq 0 ]; then
	[ "$(stat -c %U "/proc/$(pid_of 1)")" != root ] ||
	    grep -q '^Uid:.65534.65534.65534.65534$' "/proc/$(pid_of 1)/status"
	result $? "worker: not root"
	readlink "/proc/$(pid_of 1)/root" | grep -q deleted
	result $? "worker: an empty root folder that is gone"
	readlink "/proc/$(pid_of signer)/root" | grep -q deleted
	result $? "signer: the same"
fi

ctl ca init >/dev/null && ctl reload
result $? "ca init, reload"
wait_for 30 logged_often S204 2 && wait_for 30 ready
result $? "a new signer has read it"
ctl status | grep -q '^ca_days_left [1-9]'
result $? "and tells how long it lasts"

old=$(pid_of 1) other=$(pid_of 2)
kill -9 "$old"
wait_for 10 ready && [ "$(pid_of 1)" != "$old" ]
result $? "a killed worker is replaced within a second"
[ "$(pid_of 2)" = "$other" ]
result $? "the other one goes on"
kill -9 "$(pid_of signer)"
wait_for 20 ready
result $? "a killed signer is replaced"

echo 'nonsense = 1;' >>"$dir/sparsamd.conf"
"$bin/sparsamctl" -s "$dir/control" reload 2>"$dir/err"
[ $? -eq 1 ] && grep -q nonsense "$dir/err"
result $? "a bad file is refused, with the reason"
kill -HUP "$daemon"
wait_for 20 logged_often S105 2
result $? "by signal as well"
write_conf
before=$("$bin/sparsamctl" -c "$dir/sparsamd.conf" status | sed -n 's/^generation //p')
ctl reload && [ "$(ctl status | sed -n 's/^generation //p')" -gt "$before" ]
result $? "a good file is taken"
ctl status --json | grep -q '"state": "running"'
result $? "status as JSON"
ctl stats | grep -q '^total connections '
result $? "stats"

kill_both
kill_both
wait_for 20 logged S203
result $? "repeated deaths are an alarm"
wait_for 50 ready
result $? "and workers come back"

kill -TERM "$daemon"
wait "$daemon"
[ $? -eq 0 ] && logged S103
result $? "SIGTERM ends it"
[ ! -e "$dir/control" ]
result $? "the control socket is gone"
start
kids="$(pid_of 1) $(pid_of 2) $(pid_of signer)"
kill -9 "$daemon"
wait "$daemon" 2>/dev/null
sleep 0.3
alive=0
for pid in $kids; do
	case $(sed -n 's/^State:.//p' "/proc/$pid/status" 2>/dev/null) in
	"" | Z*) ;;
	*) alive=1 ;;
	esac
done
[ $alive -eq 0 ]
result $? "children do not outlive their parent"
start
result $? "starts again over the socket file of a dead daemon"
ctl drain
wait "$daemon"
[ $? -eq 0 ]
result $? "sparsamctl drain ends it"
daemon=
echo "1..$n"
exit $failed
