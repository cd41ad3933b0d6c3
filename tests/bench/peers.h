/* SPDX-License-Identifier: EUPL-1.2 */
/* peers - read a JSON text with another library and write it again. */
#ifndef TESTS_BENCH_PEERS_H
#define TESTS_BENCH_PEERS_H

#include "base/span.h"

/* How many bytes were written; 0: it failed. */
size_t peer_yajl(struct span in); /* events of the parser go to the generator */
size_t peer_jansson(struct span in); /* a tree, then its compact text */

#endif
