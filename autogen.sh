#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Make ./configure. Needs the Debian packages autoconf automake libtool pkg-config.
set -eu
cd "$(dirname "$0")"
for tool in autoreconf:autoconf automake:automake libtoolize:libtool pkg-config:pkg-config; do
	command -v "${tool%%:*}" >/dev/null ||
		{ echo "autogen.sh: ${tool%%:*} is missing: install the Debian package ${tool##*:}" >&2; exit 1; }
done
mkdir -p m4
exec autoreconf --install --force
