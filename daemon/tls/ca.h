/* SPDX-License-Identifier: EUPL-1.2 */
/* ca - the gateway's own certificate authority: an ECDSA P-256 root, a short-
 * lived intermediate that is name-constrained to the domains of the active
 * packs, and leafs. Only sparsamctl (init, renew) and the signer link the parts
 * that hold keys. Source: RFC 5280, 4.2.1. */
#ifndef TLS_CA_H
#define TLS_CA_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/span.h"

struct buf;

#define CA_ROOT_DAYS 3650
#define CA_INTERMEDIATE_DAYS 90
#define CA_LEAF_DAYS 7      /* at most; never beyond the intermediate */
#define CA_BACKDATE_S 3600  /* not before lies so far in the past */
#define CA_DOMAINS_MAX 512

/* Files in a CA directory: root.pem, root.key (may be taken away), ca.pem
 * (intermediate), ca.key, master.key (pseudonyms, see ratchet.h). Keys 0600. */

/* Make root and intermediate in dir (made 0700 when missing) for these domains
 * ("zoom.us": it and all below). name: the authority's name, may be "". Refuses
 * to overwrite: -EEXIST. -EINVAL (a domain), -EIO with a sentence in err. */
int ca_init(const char *dir, const char *name, const char *const *domain,
    unsigned n, int64_t now, char err[200]);
/* A new intermediate, with a new key, from root.key for these domains; the old
 * one stays until the new one is whole. -ENOENT: no root.key; -EINVAL, -EIO. */
int ca_renew(const char *dir, const char *const *domain, unsigned n,
    int64_t now, char err[200]);

struct ca;
/* Load what the signer needs (ca.pem, ca.key, root.pem). NULL with err set. */
struct ca *ca_open(const char *dir, char err[200]);
void ca_close(struct ca *ca);

/* May the intermediate sign for host? 0; -EACCES: outside its constraints;
 * -ETIME: it has expired (or ends within an hour). */
int ca_covers(const struct ca *ca, struct span host, int64_t now);
int64_t ca_expires(const struct ca *ca); /* of the intermediate */

/* Issue a leaf for host and this public key (DER SPKI): SAN only, random
 * 128-bit serial, AKI and SKI, serverAuth. chain: leaf and intermediate, DER one
 * after the other. 0, errors of ca_covers, -EINVAL (host or key), -EIO. */
int ca_issue(const struct ca *ca, struct span host, struct span spki,
    int64_t now, struct buf *ret_chain);

/* The root certificate for clients, PEM and DER. 0 or -ENOENT, -EIO. */
int ca_export(const char *dir, struct buf *ret_pem, struct buf *ret_der);

/* Text for people: subject, dates, domains, SHA-256 fingerprint of root and
 * intermediate; whether root.key is still there. */
int ca_show(const char *dir, struct buf *out);

#endif
