/* SPDX-License-Identifier: EUPL-1.2 */
/* drift - names that no pack line speaks of: hosts below the domains of a
 * service, paths of WebSockets that no entry names, and headers, parameters, cookies,
 * paths of content that met the last line of a closed list or none, or in which a
 * detect line found something; and third parties, countries and networks of
 * contacted hosts that the agreement does not know.
 * Each is kept once per service and version of its pack, in a page that a
 * worker shares with the parent. Only its worker writes a page; readers copy
 * and check what they read.
 *
 * Names only, never values. But a name can be one: a table of persons by their
 * number, a host with a tenant's id. So names are folded before they are kept,
 * each part of a path, label of a host and other name on its own:
 * - indexes of arrays are [*];
 * - a part with anything but letters, digits and - _ . : ~ $ ! # / ; becomes *
 *   (mail addresses, names with spaces, percent-coded and other text);
 * - from the first word in a part on that looks like an identifier, the rest of
 *   the part becomes *: three digits and nothing else; four digits; eight hex
 *   digits; over 48 characters; sixteen with two digits; capitals and digits
 *   mixed as no word is; six consonants in a row. A part with four digits in
 *   all ends at its first digit. "_ga_4F5K8" is "_ga_*";
 * - in JSON and XML a part with a star in it is a star, so that what is kept
 * can stand in a pack;
 * - UUIDs and hardware addresses become *, as do parts of over 64 bytes;
 * - a cookie, parameter or field without a value is *: it may be one, as in
 *   "/join?abc-defg-hij".
 * Words of letters cannot be told from names of persons: a service that uses
 * those as keys shows them here. */
#ifndef PROXY_DRIFT_H
#define PROXY_DRIFT_H

#include "base/stat.h"
#include "engine/rule.h"

#define DRIFT_NAMES_MAX 512 /* per service; further ones are counted */
#define DRIFT_NAME_BYTES 128

struct buf;
struct conf;
struct finding;

struct drift_name {
	uint8_t carrier; /* enum carrier; _HOST, _SOCKET: see below */
	uint8_t down;    /* in answers */
	uint8_t n;
	char text[DRIFT_NAME_BYTES];
	int32_t day; /* UTC day of the first time, since 1970 */
	uint64_t seen;
};

struct drift_service {
	char id[41]; /* "": not used */
	uint32_t version;
	uint32_t n;
	uint64_t lost; /* sightings of names that found no room */
	struct drift_name name[DRIFT_NAMES_MAX];
};

struct drift_page {
	struct drift_service service[STAT_SERVICES_MAX];
};

/* ---- the worker's side ---- */

/* The page this process writes into; a private one until this is called. It
 * must be clear. */
void drift_use(struct drift_page *page);

/* Services and versions from now on: what was kept of others is forgotten. */
void drift_rules(const struct conf *conf);

/* One sighting. Nothing happens when s is not of the present rules. */
void drift_field(const struct service *s, bool down, const struct finding *f);
/* host: lower case; base: the domain it is below, the end of host. */
void drift_host(const struct service *s, struct span host, struct span base);
/* A WebSocket that no entry names; path: of its request, without query. */
void drift_socket(const struct service *s, struct span path);

/* Something that the agreement does not know: CARRIER_PARTY, _PLACE or _NET. name:
 * of the pack or the agreement, kept as it is but for blanks, which become _. */
void drift_party(const struct service *s, enum carrier c, struct span name);

/* ---- the reader's side ---- */

/* The names of s in page; NULL: none. */
const struct drift_service *drift_of(
    const struct drift_page *page, const struct service *s);

/* Add what from has to what sum has; both may be NULL. Only sum is trusted. */
void drift_merge(struct drift_page *sum, const struct drift_page *from);
/* Forget all, or all that is not of these rules. */
void drift_clear(struct drift_page *page);
void drift_keep(struct drift_page *page, const struct conf *conf);

/* ---- names (drift_name.c) ---- */

/* The folded name, at most DRIFT_NAME_BYTES; how many bytes were written. */
size_t drift_fold(enum carrier c, struct span name, char *out);
size_t drift_fold_host(struct span host, struct span base, char *out);

#endif
