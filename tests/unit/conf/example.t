#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# The example configuration that is installed must load, as it is and with its
# commented services switched on.
set -u
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
top=${top_srcdir:-.}
{
	cat "$top/contrib/sparsamd.conf.example"
	echo "policy_dir = \"$(cd "$top" && pwd)/policy\";"
} >"$dir/plain.conf"
sed 's,^//  ,  ,; s,^// connect_to,connect_to,; s/id = "";/id = "X-1";/g; s/sha256 = "";/sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";/' \
    "$dir/plain.conf" >"$dir/zoom.conf"
n=0 status=0
for f in plain zoom; do
	n=$((n + 1))
	if out=$(./sparsamctl -c "$dir/$f.conf" check 2>&1); then
		echo "ok $n - the example loads: $f"
	else
		echo "not ok $n - the example loads: $f"
		echo "$out" | sed 's/^/# /'
		status=1
	fi
done
n=$((n + 1))
if ./sparsamctl -c "$dir/zoom.conf" check 2>&1 |
    grep -q '^canary: enforce, active, inspected, up to level 3'; then
	echo "ok $n - the canary is ready"
else
	echo "not ok $n - the canary is ready"
	status=1
fi
echo "1..$n"
exit $status
