/* SPDX-License-Identifier: EUPL-1.2 */
/* What policy_*.c share: a pack while it is read, with its includes. */
#ifndef CONF_POLICY_INT_H
#define CONF_POLICY_INT_H

#include "conf/lex_int.h"
#include "conf/policy_file.h"

#define POLICY_INCLUDES_MAX 16
#define POLICY_VARS_MAX 64
#define POLICY_TEXT_MAX (64u << 10) /* a text after ${name} was filled in */

struct pack {
	struct lex file[1 + POLICY_INCLUDES_MAX]; /* the pack, its includes */
	unsigned nfile;
	struct policy_var var[POLICY_VARS_MAX]; /* value NULL: none */
	unsigned nvar;
	const struct bundle *bundle;
	const char *dir; /* of the packs */
	bool idle;       /* the service is off */
	struct ruleset *rules;
	struct arena *arena; /* of rules */
	struct service *service;
	char *err;
};

/* Fill ${name} in. s: the setting the text stands in, for errors. */
int policy_expand(const struct pack *p, const struct lex *l,
    const config_setting_t *s, struct span text, struct span *ret_text);

/* The value of a variable, or NULL: there is none of this name. */
const char *policy_value(const struct pack *p, struct span name);

/* The file name below the folder of the packs. what: names it in errors, its like
 * in example. */
int policy_find(const struct pack *p, const struct lex *l,
    const config_setting_t *s, const char *what, const char *example,
    struct span name, const char **ret_path, struct span *ret_text);

/* "file:NAME" in hosts: the names in that file, one a line, checked. */
int policy_host_list(const struct pack *p, const struct lex *l,
    const config_setting_t *s, struct span name, struct host_line *h);

/* service.parties: who else stands behind hosts of the pack. s: the service block. */
int policy_parties(const struct lex *l, const config_setting_t *s,
    struct service *out);

/* The tables of all files, into p->service. */
int policy_hosts(struct pack *p);
int policy_requests(struct pack *p);
int policy_responses(struct pack *p);
int policy_joins(struct pack *p);
int policy_websockets(struct pack *p);
int policy_detect(struct pack *p);

/* ( "where", "treatment", "category" ) */
int policy_line(const struct pack *p, const struct lex *l,
    const config_setting_t *s, struct line *ret_line);
/* ( "category", ... ) of at most 2 columns; *ret_second is the other one, {NULL,
 * 0} without. form: what is expected. */
int policy_refusal(const struct lex *l, const config_setting_t *s,
    const char *form, struct entry *e, struct span *ret_second);
/* A sink, with its variables filled in. */
int policy_sink(const struct pack *p, const struct lex *l,
    const config_setting_t *s, struct span text, struct sink *ret_sink);
/* The rows of add, then all lines of the strip table s, those of named tables in
 * place. Both may be NULL: none. */
int policy_strip(const struct pack *p, const struct lex *l,
    const config_setting_t *add, const config_setting_t *s,
    struct line **ret_line, uint32_t *ret_n);
/* Keys that entries of several blocks have: when and query and content; unread;
 * form. */
int policy_when(const struct pack *p, const struct lex *l,
    const config_setting_t *s, struct entry *e);
int policy_unread(
    const struct lex *l, const config_setting_t *s, struct entry *e);
int policy_form(
    const struct lex *l, const config_setting_t *s, struct entry *e);
/* The entries of one block of all files, one after the other. */
typedef int policy_entry_f(const struct pack *p, const struct lex *l,
    const config_setting_t *s, const char *block, struct entry *e);
int policy_block(const struct pack *p, const char *block, policy_entry_f *take,
    struct list_of_entries *out);
/* The named tables of all files are well-formed, used or not. */
int policy_tables(const struct pack *p);
/* A list of least to most columns. */
int policy_row(const struct lex *l, const config_setting_t *s, unsigned least,
    unsigned most, const char *form);
/* Column i is a category. */
int policy_category(const struct lex *l, const config_setting_t *s, unsigned i,
    enum category *ret_category);
/* Text number i of the list s: what names it in errors. */
int policy_column(const struct lex *l, const config_setting_t *s, unsigned i,
    const char *what, struct span *ret_text);

/* media and sip of all files: checked, without effect. */
int policy_later(struct pack *p);

#endif
