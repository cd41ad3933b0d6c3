/* SPDX-License-Identifier: EUPL-1.2 */
/* bench/sdp - MB/s of sdp_feed on the SDP of browsers, one core; a scrubber for
 * each, as a message has it; the median of several runs of CPU time. Built by
 * "make bench-sdp" only. Argument: the folder of the texts. */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "body/sdp.h"
#include "bench/median.h"
#include "unit/body/rules.h"

#define RUN_BYTES (16u << 20)
#define RUNS 9
#define TEXT_MAX_BYTES 65536

static const char hygiene[] =
    "sdp candidate:host -> drop\n"
    "sdp candidate:raddr -> drop\nsdp candidate:rport -> drop\n"
    "sdp candidate:network-id -> drop\nsdp candidate:network-cost -> drop\n"
    "sdp candidate:foundation -> mask\n"
    "sdp o -> set:- 1 1 IN IP4 0.0.0.0\nsdp s -> set:-\n"
    "sdp i -> drop\nsdp u -> drop\nsdp e -> drop\nsdp p -> drop\n"
    "sdp c:address -> drop\nsdp m:port -> set:9\n"
    "sdp rtcp:address -> drop\nsdp rtcp:port -> drop\n"
    "sdp ssrc:cname -> set:c\nsdp extmap:urn:3gpp:video-orientation -> drop";

static const char globs[] =
    "sdp candidate:host -> drop\nsdp candidate:network-* -> drop\n"
    "sdp extmap:*experiments* -> drop\nsdp x-* -> drop\nsdp ssrc:* -> drop\n"
    "sdp fmtp -> keep\nsdp rtpmap -> keep\nsdp rtcp-fb -> keep\n"
    "sdp candidate -> keep\nsdp extmap -> keep\nsdp m -> keep\n"
    "sdp c -> keep\nsdp ice-* -> keep\nsdp fingerprint -> keep\n"
    "sdp setup -> keep\nsdp mid -> keep\nsdp o -> keep\nsdp * -> drop";

static double one_run(const struct plan *plan, struct span in, struct buf *out)
{
	struct env env = rules_env(NULL);
	double start = cpu_s();

	for (size_t done = 0; done < RUN_BYTES; done += in.n) {
		struct sdp *s = sdp_new(plan, &env);

		buf_reset(out);
		if (s == NULL || sdp_feed(s, in, true, out) != 0)
			exit(1);
		sdp_free(s);
	}
	return (cpu_s() - start) / (double)(RUN_BYTES / in.n + 1);
}

static void measure(const char *name, const char *lines, struct span in)
{
	struct rules *rules = rules_new(lines, false);
	double run[RUNS], middle;
	struct buf out;

	buf_init(&out, 1u << 20);
	for (size_t i = 0; i < RUNS; i++)
		run[i] = one_run(rules_plan(rules), in, &out);
	middle = median(run, RUNS);
	printf("  %-24s %7.0f MB/s (best %.0f), %zu bytes left\n", name,
	    (double)in.n / middle / 1e6, (double)in.n / run[0] / 1e6,
	    buf_len(&out));
	buf_fini(&out);
	rules_free(rules);
}

static void measure_file(const char *folder, const char *name)
{
	static char text[TEXT_MAX_BYTES];
	char path[4096];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof path, "%s/%s.sdp", folder, name);
	if ((f = fopen(path, "rb")) != NULL) {
		n = fread(text, 1, sizeof text, f);
		fclose(f);
	}
	if (n == 0) {
		fprintf(stderr, "%s cannot be read\n", path);
		exit(1);
	}
	printf("%s, %zu bytes\n", name, n);
	measure("no lines (check only)", "", span_of(text, n));
	measure("18 lines", hygiene, span_of(text, n));
	measure("18 lines, globs", globs, span_of(text, n));
}

int main(int argc, char **argv)
{
	const char *folder = argc > 1 ? argv[1] : "tests/data/sdp";

	measure_file(folder, "chromium-full-offer");
	measure_file(folder, "chromium-mdns-offer");
	measure_file(folder, "firefox-full-offer");
	return 0;
}
