/* SPDX-License-Identifier: EUPL-1.2 */
/* contact - a server has been reached: does the agreement know who and where that
 * is? What it does not know becomes drift, once per name: names of parties and
 * countries, never an address. */
#ifndef PROXY_CONTACT_H
#define PROXY_CONTACT_H

#include "base/span.h"

struct conf;
struct stream;

/* host: lower case, of an active service; others are passed over. */
void contact_made(
    const struct conf *conf, struct span host, const struct stream *server);

#endif
