/* SPDX-License-Identifier: EUPL-1.2 */
/* castamp - one number for the state of a CA directory: names, times and sizes
 * of its files; of master.key, which the signer itself writes each day, only
 * whether it is the same file. Another number: the signer must read it again. */
#ifndef MAIN_CASTAMP_H
#define MAIN_CASTAMP_H

#include <stdint.h>

uint64_t castamp(const char *dir);

#endif
