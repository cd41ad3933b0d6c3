/* SPDX-License-Identifier: EUPL-1.2 */
/* lex - one libconfig text of a bundle, and the questions asked of it. Whatever
 * is wrong is written as "FILE:LINE: what was found, what was expected".
 * All int results: 0; -EINVAL with that sentence in err; -ENOBUFS or -ENOMEM
 * of the arena, with a sentence too. Texts that come out live in the arena and
 * are NUL-terminated. */
#ifndef CONF_LEX_INT_H
#define CONF_LEX_INT_H

#include <libconfig.h>

#include "conf/bundle.h"
#include "engine/rule.h"

struct arena;

struct lex {
	config_t cfg;
	bool open;
	struct arena *arena; /* borrowed */
	const char *file;    /* in the arena */
	char *err;           /* CONF_ERR_BYTES, borrowed */
};

/* Parse name in b. @include and NUL bytes are refused: what is not in the
 * bundle does not exist. lex_close is needed after errors too. */
int lex_open(struct lex *l, const struct bundle *b, const char *name,
    struct arena *a, char *err);
void lex_close(struct lex *l); /* of a zeroed struct too */

struct place lex_place(const struct lex *l, const config_setting_t *s);

/* "FILE:LINE: ..." into err; -EINVAL. s: NULL for line 1. */
int lex_fail(const struct lex *l, const config_setting_t *s, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));
/* The error of a parser or of the arena, at s. */
int lex_error(const struct lex *l, const config_setting_t *s, int error,
    const char *sentence);

/* "a group { }", for "expected ..., found ..." */
const char *lex_kind(const config_setting_t *s);

/* s is a group and has no keys but those in valid ("when strip deny"). what:
 * "request entry". */
int lex_keys(const struct lex *l, const config_setting_t *s, const char *what,
    const char *valid);

/* The value s as a text. */
int lex_value(const struct lex *l, const config_setting_t *s,
    const char *what, struct span *ret_text);

/* Member key of group s. If it is not there: an error when must, else 0 and the
 * result is {NULL, 0} / unchanged / NULL. */
int lex_text(const struct lex *l, const config_setting_t *s, const char *key,
    bool must, struct span *ret_text);
int lex_flag(const struct lex *l, const config_setting_t *s, const char *key,
    bool must, bool *ret_flag);
int lex_number(const struct lex *l, const config_setting_t *s, const char *key,
    bool must, uint32_t least, uint32_t most, uint32_t *ret_number);
/* A date as a text, checked; days may be NULL. */
int lex_date(const struct lex *l, const config_setting_t *s, const char *key,
    bool must, struct span *ret_text, int32_t *ret_days);
/* One of the words in valid ("red yellow green"). */
int lex_word(const struct lex *l, const config_setting_t *s, const char *key,
    bool must, const char *valid, struct span *ret_word);
int lex_list(const struct lex *l, const config_setting_t *s, const char *key,
    const config_setting_t **ret_list);
int lex_group(const struct lex *l, const config_setting_t *s, const char *key,
    const config_setting_t **ret_group);

/* The two letters of a country (ISO 3166)? */
bool lex_is_country(struct span s);
/* Member key of group s must be there and be one. */
int lex_country(const struct lex *l, const config_setting_t *s,
    const char *key, struct span *ret_country);

/* Is word one of valid? */
bool lex_among(struct span word, const char *valid);

static inline unsigned lex_count(const config_setting_t *s)
{
	int n = s != NULL ? config_setting_length(s) : 0;

	return n > 0 ? (unsigned)n : 0;
}

static inline const config_setting_t *lex_member(const config_setting_t *s,
    const char *key)
{
	return config_setting_get_member(s, key);
}

static inline const config_setting_t *lex_root(const struct lex *l)
{
	return config_root_setting(&l->cfg);
}

#endif
