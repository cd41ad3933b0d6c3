/* SPDX-License-Identifier: EUPL-1.2 */
/* ratchet - the chain of keys that pseudonyms come from, and its file. The file
 * (master.key in the CA directory) holds a day and the chain key of that day;
 * the key of the next day follows from it by HKDF, the key of the day before
 * does not. So all gateways that were given the same file, or one of an older
 * day, come to the same key of today without talking, and who gets hold of the
 * file cannot go back.
 *
 * The file has two slots of one sector each. A new key goes to the free slot;
 * when it is safe on disk, the old slot is filled with zeros in place. That
 * needs no right on the directory (the signer has none any more when the day
 * changes) and leaves no old key in blocks that a rename would set free. */
#ifndef TLS_RATCHET_H
#define TLS_RATCHET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/secret.h"

#define RATCHET_SLOT_BYTES 512
#define RATCHET_FILE_BYTES (2 * RATCHET_SLOT_BYTES)
#define RATCHET_STEPS_MAX 7305 /* days: 20 years */
/* A file of 32 bytes, as ca init made before there was a chain, is the key of
 * this day (2025-01-01), whenever it is first used. */
#define RATCHET_FIRST_DAY 20089

struct ratchet {
	int fd;            /* owned; -1: not open */
	int no_write;      /* 0, or the negative errno of opening for writing */
	uint32_t day;      /* of key */
	struct secret key; /* chain key */
};

/* What a new file holds: a random key of this day. 0 or -EIO. */
int ratchet_image(uint32_t day, unsigned char ret_file[RATCHET_FILE_BYTES]);

/* Open and read dir/master.key, for writing when that is allowed. 0; -ENOENT,
 * -EIO, -ENOMEM with a sentence in err. r is closed then. */
int ratchet_open(struct ratchet *r, const char *dir, char err[200]);
void ratchet_close(struct ratchet *r); /* wipes; not before ratchet_open */

/* Go to day, from what the file holds now (another gateway or an administrator
 * may have written it) or, if that cannot be read, from memory. 0; -ETIME: the
 * key is of a later day, and stays; -ERANGE: more than RATCHET_STEPS_MAX days
 * ahead, and -EIO: the key stays. */
int ratchet_turn(struct ratchet *r, uint32_t day);

/* Make the file hold the key of r->day and no older one. 0 or negative errno.
 */
int ratchet_save(struct ratchet *r);

#endif
