#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# A runner that cannot fail proves nothing: each of these cases is wrong, and
# must be told so in the words it names.
top=${top_srcdir:-.}
n=0
for f in "$top"/tests/unit/lib/bad/*.case; do
	n=$((n + 1))
	want=$(sed -n 's/^# fails with: //p' "$f")
	out=$("${builddir:-.}"/tests/lib/caserun --top "$top" "$f" 2>&1)
	if [ $? -ne 0 ] && printf '%s\n' "$out" | grep -qF -e "$want"; then
		echo "ok $n - ${f##*/}"
	else
		echo "not ok $n - ${f##*/}: expected: $want"
		printf '%s\n' "$out" | sed 's/^/# /'
	fi
done
echo "1..$n"
