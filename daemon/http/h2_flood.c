/* SPDX-License-Identifier: EUPL-1.2 */
/* The budget against floods (RFC 9113, 10.5). Without a clock a limit can only
 * compare what a peer makes us do with what comes of it: every frame that
 * carries nothing costs, every exchange pays back. The sums are such that an
 * idle connection which is kept alive by a PING every ten seconds lasts a day.
 * What the peer does not read is limited apart: libnghttp2 ends a connection
 * with 1000 answers to PING and SETTINGS queued. */
#include "http/h2_int.h"

void h2_flood_note(int *budget, enum h2_deed deed)
{
	static const int worth[] = {
		[H2_DEED_PING] = -1,
		[H2_DEED_PRIORITY] = -5,
		[H2_DEED_SETTINGS] = -10,
		[H2_DEED_RESET] = -20,
		[H2_DEED_DATA] = 2,
		[H2_DEED_SERVED] = 100,
	};

	*budget += worth[deed];
	if (*budget > H2_BUDGET)
		*budget = H2_BUDGET;
	if (*budget < 0)
		*budget = -1; /* and stays: see h2_session.c */
}
