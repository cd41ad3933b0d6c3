#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# conf2mdoc - sparsamd.conf(5) from its hand-written parts and the table of
# scalars: usage: conf2mdoc.sh sparsamd.conf.5.in conf.tbl > sparsamd.conf.5
# The environment may give SYSCONFDIR, RUNDIR and POLICYDIR.
set -eu

scalars() {
	awk -v sysconfdir="${SYSCONFDIR:-/etc/sparsam}" \
	    -v rundir="${RUNDIR:-/run/sparsam}" \
	    -v policydir="${POLICYDIR:-/usr/share/sparsam/policy}" '
	# Split the arguments of a row: commas outside of quotes.
	function split_row(row,    i, c, quoted) {
		n = 1; part[1] = ""; quoted = 0
		for (i = 1; i <= length(row); i++) {
			c = substr(row, i, 1)
			if (c == "\"")
				quoted = !quoted
			if (c == "," && !quoted) {
				n++
				part[n] = ""
			} else {
				part[n] = part[n] c
			}
		}
		for (i = 1; i <= n; i++)
			gsub(/^ +| +$/, "", part[i])
	}
	function plain(s) {
		sub(/SYSCONFDIR */, sysconfdir, s)
		sub(/RUNDIR */, rundir, s)
		sub(/POLICYDIR */, policydir, s)
		gsub(/"/, "", s)
		return s
	}
	# A new line for each sentence, none of them long.
	function text(s,    n, i, word, line, out) {
		n = split(plain(s), word, " ")
		out = line = ""
		for (i = 1; i <= n; i++) {
			if (length(line) + length(word[i]) > 75) {
				out = out line "\n"
				line = ""
			}
			line = line (line == "" ? "" : " ") word[i]
			if (word[i] ~ /\.$/ && i < n) {
				out = out line "\n"
				line = ""
			}
		}
		return out line
	}
	/^CONF_(STRING|NUMBER|FLAG)\(/ {
		kind = $0
		sub(/^CONF_/, "", kind)
		sub(/\(.*/, "", kind)
		row = $0
		sub(/^[A-Z_]*\(/, "", row)
		sub(/\)$/, "", row)
		split_row(row)
		printf ".It Ic %s\n", plain(part[1])
		print text(part[n])
		if (kind == "NUMBER")
			printf "From %s to %s %s; default %s.\n", part[4], \
			    part[5], plain(part[6]), part[3]
		else if (kind == "FLAG")
			printf "Default\n.Cm %s .\n", part[3]
		else if (plain(part[3]) == "")
			print "Default: empty."
		else
			printf "Default\n.Qq %s .\n", plain(part[3])
	}' "$1"
}

while IFS= read -r line; do
	if [ "$line" = "@SCALARS@" ]; then
		scalars "$2"
	else
		printf '%s\n' "$line"
	fi
done <"$1"
