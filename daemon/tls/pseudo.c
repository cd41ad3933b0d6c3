/* SPDX-License-Identifier: EUPL-1.2 */
#include "tls/pseudo.h"

#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/secret.h"
#include "tls/derive.h"
#include "tls/pseudo_int.h"

#define DIGITS_MIN 6
#define HEX_MIN 8
#define UUID_CHARS 36
#define UUID_VERSION 14 /* where these stand in the text */
#define UUID_VARIANT 19
#define SIV_KEY_BYTES 64
#define WALK_MAX 10000 /* expected: at most 13 */

_Static_assert(PSEUDO_TEXT_MAX <= FF1_DIGITS_MAX, "every row fits");

/* ---- keys ---- */

struct pseudo *pseudo_new(void)
{
	struct pseudo *p = calloc(1, sizeof *p);

	if (p == NULL)
		return NULL;
	if (block_init(&p->ff1) < 0 || siv_init(&p->siv) < 0) {
		pseudo_free(p);
		return NULL;
	}
	return p;
}

void pseudo_free(struct pseudo *p)
{
	if (p == NULL)
		return;
	block_fini(&p->ff1);
	siv_fini(&p->siv);
	free(p);
}

int pseudo_key(struct pseudo *p, const unsigned char key[PSEUDO_KEY_BYTES])
{
	unsigned char part[SIV_KEY_BYTES];
	int err = derive_use(key, "ff1", SPAN_NONE, part, DERIVE_KEY_BYTES);

	if (err == 0)
		err = block_key(&p->ff1, part, DERIVE_KEY_BYTES);
	if (err == 0)
		err = derive_use(key, "siv", SPAN_NONE, part, sizeof part);
	if (err == 0)
		err = siv_key(&p->siv, part, sizeof part);
	secret_wipe(part, sizeof part);
	p->ready = err == 0;
	return err == 0 ? 0 : -EIO;
}

/* ---- rows of digits ---- */

enum row_kind { NO_ROW, UUID, DIGITS, HEX };
enum letter_case { NO_LETTER, LOWER, UPPER, MIXED };

/* Which characters of a text are permuted, and what must stay as it is. */
struct row {
	enum row_kind kind;
	enum letter_case letters; /* of the whole text */
	bool fixed_letter;        /* one that is not permuted */
	unsigned char digit[PSEUDO_TEXT_MAX];
	size_t n;
};

static bool is_moved(const struct row *r, size_t at, char c)
{
	return r->kind != UUID ||
	       (c != '-' && at != UUID_VERSION && at != UUID_VARIANT);
}

static bool has_dashes(struct span in)
{
	return in.n == UUID_CHARS && in.p[8] == '-' && in.p[13] == '-' &&
	       in.p[18] == '-' && in.p[23] == '-';
}

static void see_case(struct row *r, char c)
{
	enum letter_case one = c >= 'a' ? LOWER : UPPER;

	if (ascii_digit(c) || c == '-')
		return;
	r->letters = r->letters == NO_LETTER || r->letters == one ? one : MIXED;
}

/* What row in is, if it is one. */
static void read_row(struct row *r, struct span in)
{
	size_t dashes = 0;

	r->kind = has_dashes(in) ? UUID : HEX;
	r->letters = NO_LETTER;
	r->fixed_letter = false;
	r->n = 0;
	for (size_t i = 0; i < in.n; i++) {
		char c = in.p[i];
		int v = ascii_hex(c);

		dashes += c == '-';
		if (v < 0 && (c != '-' || r->kind != UUID)) {
			r->kind = NO_ROW;
			return;
		}
		see_case(r, c);
		if (is_moved(r, i, c))
			r->digit[r->n++] = (unsigned char)v;
		else if (v > 9)
			r->fixed_letter = true;
	}
	if (r->kind == HEX && r->letters == NO_LETTER)
		r->kind = DIGITS;
	if (r->letters == MIXED || (r->kind == UUID && dashes != 4) ||
	    (r->kind == DIGITS && in.n < DIGITS_MIN) ||
	    (r->kind == HEX && (in.n < HEX_MIN || in.n % 2 != 0)))
		r->kind = NO_ROW;
}

/* How many of these a number of the same length is above; programs keep
 * numbers in 32, 53 or 64 bits, and what fitted must still fit. */
static unsigned size_class(const struct row *r)
{
	static const struct span most[] = {
		SPAN("2147483647"),           /* 2^31 - 1 */
		SPAN("4294967295"),           /* 2^32 - 1 */
		SPAN("9007199254740991"),     /* 2^53 - 1 */
		SPAN("9223372036854775807"),  /* 2^63 - 1 */
		SPAN("18446744073709551615"), /* 2^64 - 1 */
	};
	unsigned above = 0;

	for (size_t i = 0; i < sizeof most / sizeof *most; i++) {
		size_t k = 0;

		if (most[i].n != r->n)
			continue;
		while (k < r->n && r->digit[k] == most[i].p[k] - '0')
			k++;
		above += k < r->n && r->digit[k] > most[i].p[k] - '0';
	}
	return above;
}

static bool has_letter(const struct row *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->digit[i] > 9)
			return true;
	return false;
}

/* Rows of the same class look alike and are permuted among themselves; so the
 * way back sees the same class. */
static unsigned class_of(const struct row *r)
{
	switch (r->kind) {
	case NO_ROW:
		break;
	case DIGITS: /* a number has no zero in front */
		return (r->digit[0] == 0) + 2 * size_class(r);
	case HEX: /* without a letter it would be digits */
		return has_letter(r);
	case UUID: /* without a letter it would be lower case */
		return r->letters != UPPER || r->fixed_letter || has_letter(r);
	}
	return 0;
}

/* Permute until the class is the same again: a permutation of the class. */
static int permute(const struct pseudo *p, struct row *r, bool back)
{
	static const struct span tweak[] = { [UUID] = SPAN("uuid"),
		[DIGITS] = SPAN("digits"),
		[HEX] = SPAN("hex") };
	unsigned radix = r->kind == DIGITS ? 10 : 16, want = class_of(r);

	for (unsigned i = 0; i < WALK_MAX; i++) {
		int err = back ? ff1_decrypt(&p->ff1, radix, tweak[r->kind],
		                     r->digit, r->n)
		               : ff1_encrypt(&p->ff1, radix, tweak[r->kind],
		                     r->digit, r->n);

		if (err < 0)
			return -EIO;
		if (class_of(r) == want)
			return 0;
	}
	return -EIO;
}

static int add_row(const struct row *r, struct span in, struct buf *out)
{
	const char *letter =
	    r->letters == UPPER ? "0123456789ABCDEF" : "0123456789abcdef";
	char *at = buf_reserve(out, in.n);
	size_t k = 0;

	if (at == NULL)
		return buf_error(out);
	for (size_t i = 0; i < in.n; i++)
		at[i] =
		    is_moved(r, i, in.p[i]) ? letter[r->digit[k++]] : in.p[i];
	buf_commit(out, in.n);
	return 0;
}

/* ---- the face ---- */

static int turn(const struct pseudo *p, struct span domain, struct span in,
    struct buf *out, bool back)
{
	struct row r;
	int err;

	if (in.n <= PSEUDO_TEXT_MAX) {
		read_row(&r, in);
		if (r.kind != NO_ROW) {
			err = permute(p, &r, back);
			return err == 0 ? add_row(&r, in, out) : err;
		}
	}
	return back ? pseudo_unseal(p, domain, in, out)
	            : pseudo_seal(p, domain, in, out);
}

int pseudo_make(
    const struct pseudo *p, struct span domain, struct span in, struct buf *out)
{
	if (in.n == 0)
		return 0;
	if (!p->ready || domain.n > PSEUDO_DOMAIN_MAX)
		return -EIO;
	return turn(p, domain, in, out, false);
}

int pseudo_undo(
    const struct pseudo *p, struct span domain, struct span in, struct buf *out)
{
	if (in.n == 0)
		return 1;
	if (!p->ready || domain.n > PSEUDO_DOMAIN_MAX)
		return -EIO;
	return turn(p, domain, in, out, true);
}
