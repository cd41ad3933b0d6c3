/* SPDX-License-Identifier: EUPL-1.2 */
/* multipart_int - between multipart.c (boundaries, content) and
 * multipart_head.c (the head of a part). */
#ifndef BODY_MULTIPART_INT_H
#define BODY_MULTIPART_INT_H

#include "base/buf.h"
#include "body/multipart.h"
#include "engine/value.h"

enum multipart_state {
	MULTIPART_FIRST,   /* before the first boundary */
	MULTIPART_AFTER,   /* behind a boundary: more parts? */
	MULTIPART_HEAD,    /* in the head of a part */
	MULTIPART_CONTENT, /* in its content; the LF in front is not yet taken
	                    */
	MULTIPART_END      /* behind the last boundary */
};

/* What is done with the content of the part. */
enum multipart_mode {
	MULTIPART_PASS,
	MULTIPART_COLLECT, /* whole */
	MULTIPART_LOOK,    /* whole, or as far as it goes: then it passes */
	MULTIPART_BLIND    /* its first bytes, for the report */
};

struct multipart {
	const struct plan *plan; /* borrowed */
	const struct env *env;   /* borrowed */
	bool speaks;             /* lines name parts, or somebody looks */
	bool watched;
	bool finds; /* detect lines look */
	enum multipart_state state;
	enum multipart_mode mode;
	bool lead; /* CONTENT: the LF in front is still there */
	unsigned parts;
	const struct action *action; /* of the content; NULL: none */
	int err;                     /* sticky */
	struct buf mark;             /* LF "--" boundary */
	struct buf held;             /* not yet taken */
	struct buf name;             /* of the field */
	struct buf asked;            /* a name that is looked up ... */
	int unasked;                 /* ... and why one could not be: sticky */
	struct buf head;             /* of the part, rewritten */
	struct buf value;            /* content, collected */
	struct buf fresh;            /* new text of a value */
};

/* Read the head of a part, without its empty line, as it came: fills in name,
 * head, action and mode. 0 or an error. */
int multipart_head(struct multipart *m, struct span head);

#endif
