/* SPDX-License-Identifier: EUPL-1.2 */
/* member - JSON as APIs send it, to be measured. */
#ifndef TESTS_BENCH_MEMBER_H
#define TESTS_BENCH_MEMBER_H

#include "base/buf.h"

/* One participant of a list, as meeting services send them. */
static void add_member(struct buf *b, unsigned i)
{
	buf_addf(b,
	    "{\"id\":%u,\"userId\":\"u-%08x\",\"displayName\":\"Guest %u\","
	    "\"email\":\"guest%u@example.org\",\"audio\":{\"muted\":%s,"
	    "\"codec\":\"opus\",\"level\":0.%u},\"video\":{\"on\":true,"
	    "\"width\":1280,\"height\":720},\"joined\":%u,\"client\":"
	    "{\"version\":\"5.17.%u\",\"platform\":\"web\",\"timezone\":"
	    "\"Europe/Berlin\",\"features\":[\"chat\",\"share\",\"poll\"],"
	    "\"note\":\"Synthetic text so that the strings have some "
	    "length, as messages and titles do.\"},\"role\":null}",
	    i, i * 2654435761u, i, i, i % 2 ? "true" : "false", i % 100,
	    1900000000 + i, i % 9);
}

#endif
