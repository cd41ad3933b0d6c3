/* SPDX-License-Identifier: EUPL-1.2 */
/* pseudo_int - the two halves of pseudo: rows of digits (FF1) and sealed names
 * (SIV). */
#ifndef TLS_PSEUDO_INT_H
#define TLS_PSEUDO_INT_H

#include "tls/ff1.h"
#include "tls/pseudo.h"
#include "tls/siv.h"

struct pseudo {
	struct block ff1;
	struct siv siv;
	bool ready;
};

/* Everything that is no row: mail, URL, text. As pseudo_make. */
int pseudo_seal(const struct pseudo *p, struct span domain, struct span in,
    struct buf *out);
/* As pseudo_undo. out may be NULL: only whether it is one of ours. */
int pseudo_unseal(const struct pseudo *p, struct span domain, struct span in,
    struct buf *out);

#endif
