/* SPDX-License-Identifier: EUPL-1.2 */
/* treat - apply one treatment to one value; and the surroundings a scrubber
 * needs: a keyed function for aliases and a listener for what was done. */
#ifndef ENGINE_TREAT_H
#define ENGINE_TREAT_H

#include "engine/plan.h"

struct buf;

/* One decision about one value, for counters (daemon) and for the before/after
 * table (replay). Spans are valid during the call only. */
struct finding {
	const struct line *line; /* NULL: no line names it (drift), see unnamed */
	enum carrier carrier;
	struct span name;   /* header, cookie, parameter, JSON key or index */
	struct span before; /* as it was, unwrapped */
	struct span after;  /* as it is now; empty when dropped */
	enum act effect;    /* ACT_KEEP when it stayed as it was */
	struct span path; /* JSON, XML, PROTO: where it stands, indexes folded:
	                   * "$.a[*].b", as a pack would write it; see unnamed.
	                   * Else empty */
};

struct env {
	/* Pseudo-random function keyed for service and epoch; 16 bytes out.
	 * Pure in tests, HMAC-SHA-256 in the daemon. */
	void (*prf)(void *arg, struct span in, unsigned char out[16]);
	/* Judge text that stands inside a header, cookie or parameter (JSON, a
	 * form) by plan and add the result to out: body/scrub.h:scrub_inner. 0;
	 * -EBADMSG when it is not readable; errors of out. NULL: there is no
	 * such reader here, the value is refused. */
	int (*inner)(void *arg, const struct plan *plan, const struct env *env,
	    struct span in, struct buf *out);
	/* Open and close the steps that need a library (gzip, deflate): add the
	 * result to out. 0; -EBADMSG (not of that form), -E2BIG (a limit of
	 * size or ratio), -ENOBUFS or -ENOMEM. NULL: -EBADMSG. */
	int (*unstep)(void *arg, enum step s, struct span in, struct buf *out);
	int (*restep)(void *arg, enum step s, struct span in, struct buf *out);
	/* A name of the same shape, and the way back: 0 with the new text added
	 * to out; restore may answer 1: the text is no pseudonym of ours. On
	 * anything else, or where NULL, pseudonym drops the value and restore
	 * leaves it. */
	int (*pseudonym)(void *arg, struct span in, struct buf *out);
	int (*restore)(void *arg, struct span in, struct buf *out);
	/* Report the values no line names, too, and give findings their path
	 * (else findings of catch-all lines have one, no others). Costs the
	 * short cuts through what no line speaks of: for the offline tools and
	 * for what is looked at once, not for every body. */
	bool unnamed;
	/* May be NULL. */
	void (*report)(void *arg, const struct finding *f);
	void *arg;
};

enum treated { TREAT_SAME, TREAT_DROP, TREAT_NEW };

/* Kind of the value that is treated: text (headers, parameters, JSON strings,
 * here without quotes and escapes) or a JSON number, true, false, null. */
enum value_kind { VALUE_TEXT, VALUE_NUMBER, VALUE_WORD };

/* Apply t to value. TREAT_NEW: the new text was added to out (text stays text,
 * a number stays a number: the caller quotes and escapes). A value a treatment
 * cannot read (coarsen on no time, round on no number) becomes TREAT_DROP:
 * nothing passes because it was not understood. -ENOBUFS or -ENOMEM from out.
 */
int treat_value(const struct treatment *t, const struct env *env,
    struct span value, enum value_kind kind, struct buf *out);

/* Unwrap value by n steps into out; -EBADMSG when it is not of that form, and
 * the errors of env->unstep. env may be NULL. */
int treat_unwrap(const struct env *env, const enum step *step, size_t n,
    struct span value, struct buf *out);
/* The way back; like tells which variant (padding) was there before. -EBADMSG
 * when there is none (jwt). */
int treat_wrap(const struct env *env, const enum step *step, size_t n,
    struct span value, struct span like, struct buf *out);

/* Tell env about one decision; env or its report may be NULL. */
void treat_report(const struct env *env, const struct finding *f);

#endif
