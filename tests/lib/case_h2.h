/* SPDX-License-Identifier: EUPL-1.2 */
/* case_h2 - the other end of an HTTP/2 connection, client or server, that is
 * spoken to in the HTTP/1.1 of the cases: what a case sends becomes frames, what
 * comes as frames becomes text again. Uses libnghttp2 by itself, apart from
 * daemon/http/h2.c, and is as strict as that library can be.
 *
 * A lane is what a connection of HTTP/1.1 would be: one request after the
 * other. A client has one; of requests that come at once the next is held back
 * until the one before is answered. A server gets as many as requests are under
 * way at the same time, and the one that was free last is used first, as the
 * gateway does with pooled connections: so servers of a case have the same
 * numbers whatever is spoken to them. */
#ifndef TESTS_CASE_H2_H
#define TESTS_CASE_H2_H

#include "lib/fake.h"

#define CASE_LANES_MAX 64

struct case_h2;
struct case_lane;

struct case_h2 *case_h2_new(bool server);
void case_h2_free(struct case_h2 *h); /* NULL is fine */

/* Lanes in the order they were opened; one is there from the beginning. */
unsigned case_h2_lanes(const struct case_h2 *h);
struct case_lane *case_h2_lane(struct case_h2 *h, unsigned i);

/* What came, as text of HTTP/1.1: only got, taken, got_fin (the answer, or the
 * request, is whole or cut) and closed (its stream was reset, by either side)
 * are used, host, port and tls for whoever sets them. */
struct wire *case_lane_wire(struct case_lane *l);
/* Is a request under way, or held back? */
bool case_lane_busy(const struct case_lane *l);

/* Bytes as a case has them. What cannot be said over HTTP/2 is told by
 * case_h2_unsaid. */
void case_h2_say(struct case_h2 *h, struct case_lane *l, struct span text);
/* This side sends no more: ends content that has no other end. False: there is
 * none; the connection, or the stream, must end instead. */
bool case_h2_finish(struct case_h2 *h, struct case_lane *l);
void case_h2_reset(struct case_h2 *h, struct case_lane *l);
/* No more requests on this lane: its connection of HTTP/1.1 has ended. */
void case_lane_close(struct case_lane *l);

/* Bytes of the gateway. */
void case_h2_hear(struct case_h2 *h, struct span bytes);
/* Frames that are to be sent, appended to out. */
void case_h2_speak(struct case_h2 *h, struct buf *out);

/* Why a text cannot be said in HTTP/2; NULL: everything was. */
const char *case_h2_unsaid(const struct case_h2 *h);
/* What the gateway did against RFC 9113; "": nothing. */
const char *case_h2_fault(const struct case_h2 *h);

/* A block without what differs between the versions and says nothing of the
 * message: no framing, no Connection, no reason, Host and then all cookies first,
 * names in small letters. A line "*" stays. Up to the first empty line. */
void case_h2_neutral(struct span block, struct buf *out);

#endif
