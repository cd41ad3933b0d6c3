/* SPDX-License-Identifier: EUPL-1.2 */
/* Each allocation fails in turn: the answer is an error or the right output,
 * never a value that was to go. Linked with --wrap=malloc,--wrap=calloc. */
#include <errno.h>

#include "body/scrub.h"
#include "unit/body/torture.h"

static const struct {
	enum body_form form;
	const char *lines, *in, *want;
} row[] = {
	{ BODY_JSON, "json $.a -> drop\njson $..c -> mask\njson $.d -> keep",
	    "{\"b\":1,\"\\u0061\":[\"Erika\"],\"c\":[\"Erik\\u0061\",7],\"d\":"
	    "2}",
	    "{\"b\":1,\"c\":[\"xxxxx\",0],\"d\":2}" },
	{ BODY_JSON,
	    "json $.a > json $.b > base64 > json $.c -> drop\n"
	    "json $.e -> set:{}\njson $.f > form a -> set:1",
	    "{\"a\":\"{\\\"b\\\":\\\"eyJjIjoiRXJpa2EiLCJkIjoyfQ==\\\"}\","
	    "\"e\":[\"Erika\"],\"f\":\"a=Erika\"}",
	    "{\"a\":\"{\\\"b\\\":\\\"eyJkIjoyfQ==\\\"}\",\"e\":{},"
	    "\"f\":\"a=1\"}" },
	{ BODY_FORM,
	    "form %61 -> drop\nform uname -> alias:X\n"
	    "form b > json $.n -> drop\nform a -> set:1",
	    "una%6De=&a=Erika&b={\"n\":\"Erika\"}&c=1",
	    "una%6De=&a=1&b=%7B%7D&c=1" },
	{ BODY_EVENTS, "json $.a -> drop\nxml //n -> set:x",
	    "id: 1\ndata: {\"a\":\"Erika\",\ndata: \"b\":1}\n\n"
	    "data: <n>Erika</n>\n\n",
	    "id: 1\ndata: {\ndata: \"b\":1}\n\ndata: <n>x</n>\n\n" },
};

static enum body_form form; /* of the row */

static struct scrub *make(const struct plan *plan, const struct env *env)
{
	int err = 0;
	struct scrub *s = scrub_new(form, plan, env, SPAN_NONE, SPAN(""), &err);

	if (s == NULL && err != -ENOMEM)
		tap_int(err, -ENOMEM, "no scrubber");
	return s;
}

FEED_BY(feed, scrub, make(plan, env));

int main(void)
{
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		form = row[i].form;
		torture(i,
		    &(struct torture){ feed, row[i].lines, span_str(row[i].in),
		        span_str(row[i].want), -EBADMSG });
	}
	return tap_done();
}
