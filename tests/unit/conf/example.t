#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# The example configuration that is installed loads as it is; and each of its
# commented services, uncommented and filled in, is active, but not before it was
# filled in. Every pack has its entry.
set -u
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
top=${top_srcdir:-.}
example=$top/contrib/sparsamd.conf.example
n=0 status=0

result() { # good name
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		sed 's/^/# /' "$dir/out" | head -20
		status=1
	fi
}

# The example with the entry of a service uncommented; fill 1: and filled in.
uncomment() { # id fill
	awk -v id="$1" -v fill="$2" '
	index($0, "//  , { id = \"" id "\"") == 1 { on = 1 }
	on { last = $0 == "//  }"; sub(/^\/\//, "") }
	on && fill {
		gsub(/ date = ""/, " date = \"2026-01-31\"")
		gsub(/valid_until = ""/, "valid_until = \"2999-12-31\"")
		gsub(/review_by = ""/, "review_by = \"2999-06-30\"")
		gsub(/sha256 = ""/, "sha256 = \"" \
		    "0123456789abcdef0123456789abcdef" \
		    "0123456789abcdef0123456789abcdef\"")
		gsub(/turn_hosts = ""/, "turn_hosts = \"turn.amt.example\"")
		gsub(/edge = ""/, "edge = \"sip.amt.example\"")
		gsub(/hosts = ""/, "hosts = \"meet.amt.example\"")
		gsub(/sites = ""/, "sites = \"amt.webex.com\"")
		gsub(/sharepoint = ""/, "sharepoint = \"amt.sharepoint.com\"")
		gsub(/\( "" \)/, "( \"DE\" )")
		gsub(/ = ""/, " = \"X-1\"")
	}
	{ print }
	on && last { on = 0 }
	END { print "policy_dir = \"'"$(cd "$top" && pwd)"'/policy\";" }
	' "$example" >"$dir/conf"
}

check() {
	./sparsamctl -c "$dir/conf" check >"$dir/out" 2>&1
}

uncomment none 0
check
result $? "the example loads"
for pack in "$top"/policy/*.conf; do
	id=${pack##*/} id=${id%.conf}
	if grep -q '^ *retired *=' "$pack"; then
		grep -q "^//  //   $id: " "$example"
		result $? "$id: the example says that it is discontinued"
		continue
	fi
	uncomment "$id" 0
	check && grep -q "^$id: enforce, active" "$dir/out"
	good=$?
	if [ "$id" != canary ]; then
		[ $good != 0 ]
		result $? "$id: without its references it is not active"
		uncomment "$id" 1
		check && grep -q "^$id: enforce, active, inspected, up to level" \
		    "$dir/out"
		good=$?
	fi
	result $good "$id: active"
done
echo "1..$n"
exit $status
