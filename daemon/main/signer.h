/* SPDX-License-Identifier: EUPL-1.2 */
/* signer - the process that holds the CA key and the master key of pseudonyms.
 * It has no network and answers nothing but the typed messages of imsg.tbl.
 * Keys are read before the sandbox closes; a changed CA means a new signer. */
#ifndef MAIN_SIGNER_H
#define MAIN_SIGNER_H

struct child_start;

/* The whole life of the signer; the exit status. */
int signer_main(const struct child_start *s);

#endif
