# SPDX-License-Identifier: EUPL-1.2
# A manual page from its .in file: the line @LOG_TABLE@ becomes the catalogue of
# messages (base/log.tbl), @CMD_TABLE@ the commands (ctl/cmd.tbl),
# @STAT_TABLE@ the counters (base/stat.tbl), @NAME@ a folder. Usage:
#   awk -v log_file=... -v cmd_file=... -v stat_file=... -v sysconfdir=... \
#       -v pkgdatadir=... -f page.awk page.in

# The arguments of a row, quotes taken off, in arg[1..]; their number.
function split_row(line,    n, c, i, inside, text) {
	sub(/^[A-Z_]+\(/, "", line)
	sub(/\)[ \t]*$/, "", line)
	n = 1
	text = ""
	for (i = 1; i <= length(line); i++) {
		c = substr(line, i, 1)
		if (c == "\"")
			inside = !inside
		else if (c == "," && !inside) {
			arg[n++] = text
			text = ""
			if (substr(line, i + 1, 1) == " ")
				i++
		} else
			text = text c
	}
	arg[n] = text
	return n
}

# Text for mdoc: no line begins with a control character.
function plain(s) {
	gsub(/\\/, "\\e", s)
	gsub(/-/, "\\-", s)
	sub(/^['.]/, "\\\\\\&&", s)
	return s
}

# A paragraph: a new line for each sentence, none longer than 76 bytes.
function paragraph(s,    word, n, i, out) {
	n = split(s, word, " ")
	out = ""
	for (i = 1; i <= n; i++) {
		if (out != "" && length(out " " word[i]) > 76) {
			print plain(out)
			out = ""
		}
		out = out == "" ? word[i] : out " " word[i]
		if (word[i] ~ /[.?!]$/) {
			print plain(out)
			out = ""
		}
	}
	if (out != "")
		print plain(out)
}

function log_table(    line) {
	print ".Bl -column \"S000\" \"warning\" \"text of the message\""
	print ".It Sy Id Ta Sy Severity Ta Sy Text"
	while ((getline line < log_file) > 0)
		if (line ~ /^LOG_ROW\(/) {
			split_row(line)
			printf ".It S%03d Ta %s Ta %s\n", arg[2],
			    tolower(arg[3]), plain(arg[4])
		}
	print ".El"
}

function cmd_table(    line) {
	print ".Bl -tag -width Ds"
	while ((getline line < cmd_file) > 0)
		if (line ~ /^CMD_ROW\(/) {
			split_row(line)
			printf ".It Cm %s%s\n", arg[2],
			    arg[4] == "" ? "" : " Ar " plain(arg[4])
			paragraph(arg[5])
			print ".Pp"
			print ".Dl $ " plain(arg[6])
		}
	print ".El"
}

function stat_table(    line) {
	print ".Bl -tag -width handshakes-resumed -compact"
	while ((getline line < stat_file) > 0)
		if (line ~ /^STAT_(SERVICE_)?ROW\(/) {
			split_row(line)
			printf ".It Cm %s\n", arg[2]
			paragraph((line ~ /SERVICE/ ? "(per service) " : "") \
			    arg[3] ".")
		}
	print ".El"
}

$0 == "@LOG_TABLE@" { log_table(); next }
$0 == "@CMD_TABLE@" { cmd_table(); next }
$0 == "@STAT_TABLE@" { stat_table(); next }
{
	gsub(/@sysconfdir@/, sysconfdir)
	gsub(/@pkgdatadir@/, pkgdatadir)
	print
}
