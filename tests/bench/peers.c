/* SPDX-License-Identifier: EUPL-1.2 */
#include "bench/peers.h"

#include <stdlib.h>
#include <jansson.h>
#include <yajl/yajl_gen.h>
#include <yajl/yajl_parse.h>

#define FEED_BYTES 16384

static int on_null(void *g)
{
	return yajl_gen_null(g) == yajl_gen_status_ok;
}

static int on_boolean(void *g, int v)
{
	return yajl_gen_bool(g, v) == yajl_gen_status_ok;
}

static int on_number(void *g, const char *p, size_t n)
{
	return yajl_gen_number(g, p, n) == yajl_gen_status_ok;
}

static int on_string(void *g, const unsigned char *p, size_t n)
{
	return yajl_gen_string(g, p, n) == yajl_gen_status_ok;
}

static int on_open_map(void *g)
{
	return yajl_gen_map_open(g) == yajl_gen_status_ok;
}

static int on_close_map(void *g)
{
	return yajl_gen_map_close(g) == yajl_gen_status_ok;
}

static int on_open_array(void *g)
{
	return yajl_gen_array_open(g) == yajl_gen_status_ok;
}

static int on_close_array(void *g)
{
	return yajl_gen_array_close(g) == yajl_gen_status_ok;
}

static const yajl_callbacks calls = {
	.yajl_null = on_null,
	.yajl_boolean = on_boolean,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_start_map = on_open_map,
	.yajl_map_key = on_string,
	.yajl_end_map = on_close_map,
	.yajl_start_array = on_open_array,
	.yajl_end_array = on_close_array,
};

/* What is there is taken at each piece, as a proxy would. */
size_t peer_yajl(struct span in)
{
	yajl_gen g = yajl_gen_alloc(NULL);
	yajl_handle h = yajl_alloc(&calls, NULL, g);
	const unsigned char *text;
	size_t n, part, total = 0;
	bool good = true;

	for (; good && in.n > 0; in = span_from(in, n)) {
		n = in.n < FEED_BYTES ? in.n : FEED_BYTES;
		good = yajl_parse(h, (const unsigned char *)in.p, n) ==
		       yajl_status_ok;
		yajl_gen_get_buf(g, &text, &part);
		total += part;
		yajl_gen_clear(g);
	}
	good = good && yajl_complete_parse(h) == yajl_status_ok;
	yajl_free(h);
	yajl_gen_free(g);
	return good ? total : 0;
}

size_t peer_jansson(struct span in)
{
	json_t *tree = json_loadb(in.p, in.n, JSON_DECODE_ANY, NULL);
	char *text = json_dumps(tree, JSON_COMPACT | JSON_ENCODE_ANY);
	size_t n = text != NULL ? strlen(text) : 0;

	free(text);
	json_decref(tree);
	return n;
}
