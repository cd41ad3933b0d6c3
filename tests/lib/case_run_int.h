/* SPDX-License-Identifier: EUPL-1.2 */
/* case_run_int - between case_run.c (the order of things), case_actor.c (what
 * is done), case_check.c and case_never.c (what is expected). */
#ifndef TESTS_CASE_RUN_INT_H
#define TESTS_CASE_RUN_INT_H

#include "base/stat.h"
#include "lib/case_h2.h"
#include "lib/case_http.h"
#include "lib/case_run.h"
#include "lib/case_ws.h"
#include "lib/fake.h"

#define CLIENTS_MAX 32
#define METHODS_MAX 64
#define CAPTURES_MAX 16
#define LEAVES_MAX 16
#define LOG_MAX_BYTES (1u << 20)

/* What one end of a WebSocket sends and gets. */
struct case_end {
	bool open;
	struct case_writer out;
	struct case_reader in;
};

struct client {
	bool open;
	struct wire *wire;
	uint64_t id;     /* of its connection in the proxy; 0: none was made */
	bool gone, told; /* closed by the gateway; and the case said so */
	char why[48];
	bool short_; /* WAY_SHORT: says nothing more */
	struct case_msg msg;
	char method[METHODS_MAX]; /* first letters of the requests under way */
	unsigned nmethods;
	struct case_h2 *h2;     /* NULL: HTTP/1.1 */
	struct case_lane *lane; /* its only one */
	size_t heard;           /* of wire->got */
	bool leaves;            /* closes when it has been answered */
	struct span host; /* of the last CONNECT */
	struct case_end end;
};

/* A connection to a server. */
struct dialled {
	struct wire *wire;
	struct case_h2 *h2; /* NULL: HTTP/1.1 */
	size_t heard;       /* of wire->got */
	unsigned numbered;  /* lanes that are servers of the case */
};

struct run {
	const struct case_file *c;
	const struct case_step *step; /* the present one */
	struct conf *conf;
	struct case_way way;
	bool failed;
	char unsaid[200]; /* why this cannot be said over HTTP/2 */
	bool h2;          /* somebody speaks it */
	bool delivering;  /* some bytes are under way */
	struct buf text;

	struct client client[CLIENTS_MAX];
	/* In the order of their numbers: what they got, message by message. */
	struct wire *server[FAKE_SERVERS_MAX];
	struct dialled *server_on[FAKE_SERVERS_MAX];
	struct case_lane *server_lane[FAKE_SERVERS_MAX]; /* NULL: HTTP/1.1 */
	unsigned nservers;
	struct dialled dialled[FAKE_SERVERS_MAX];
	unsigned ndialled;
	struct case_msg server_msg[FAKE_SERVERS_MAX];
	struct case_end server_end[FAKE_SERVERS_MAX];
	struct buf log;
	struct buf hello; /* the last one a client sent */
	struct stat_page stat;
	size_t sent, sent_client;

	enum {
		SIGNER_ANSWERS,
		SIGNER_REFUSES,
		SIGNER_HANGS,
		SIGNER_LOST
	} signer;
	unsigned day; /* how often the key of the day has changed */
	struct {
		uint64_t id;
		char host[256];
	} leaf[LEAVES_MAX];
	unsigned nleaves;

	struct {
		struct span name;
		struct span value; /* in the arena of the case */
	} capture[CAPTURES_MAX];
	unsigned ncaptures;
};

/* The run has failed at the present step. */
void run_fail(struct run *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Lines of bytes, readable, below the failure. */
void run_show(struct run *r, const char *label, struct span s);

static inline bool run_damaged(const struct run *r)
{
	return r->way.way == WAY_DAMAGE || r->way.way == WAY_SHORT;
}

/* case_run.c: until nothing moves, with the signer's answers. */
void run_settle(struct run *r);

/* case_actor.c: the present step of a client or server. */
void actor_client(struct run *r);
void actor_server(struct run *r);
/* The client of the present step; the server's wire, NULL: never dialled. */
struct client *run_client(struct run *r);
struct wire *run_server(struct run *r, struct case_msg **ret_msg);

/* Bytes in the way of the run: of client k, or of a server (NULL), on w. */
void run_deliver(
    struct run *r, struct client *k, struct wire *w, struct span s);

/* case_socket.c: WebSockets. The first two do nothing and return false when the
 * present step does not speak of one. */
bool socket_sends(struct run *r);
bool socket_gets(struct run *r);
void socket_upgrades(struct run *r);
/* The present server sends this: a socket when it is the right 101. */
void socket_server_answers(struct run *r, struct span block);
/* NULL: no 101 came. */
struct case_end *socket_client_end(struct client *k);
void socket_end_fini(struct case_end *e);
/* Add all messages and control frames in what this end got to out. False: they
 * cannot be read. */
bool socket_read_all(const struct case_end *end, struct span in,
    struct buf *out, const char **ret_why);

/* case_over.c: who speaks HTTP/2. Those that return false have done nothing:
 * this end does not. */
/* What has come is told to them; what they say to that is delivered: did they
 * say anything? */
void over_hear(struct run *r);
bool over_speak(struct run *r);
void over_fini(struct run *r);
/* Where what this client got stands. */
struct wire *over_client(const struct client *k);
bool over_client_sends(struct run *r, struct client *k, struct span block);
bool over_client_ends(struct run *r, struct client *k, int err);
bool over_client_gone(struct run *r, struct client *k);
/* Does the client of the present step offer HTTP/2? */
bool over_offers_h2(const struct run *r);
bool over_server_sends(struct run *r, struct wire *w, struct span block);
bool over_server_ends(struct run *r, struct wire *w, int err);
bool over_server_stalls(struct run *r, struct wire *w, bool stalled);
/* Does w get these bytes next, whatever their framing is? Takes them. */
bool over_bytes(struct wire *w, struct span want);
/* Versions or framing may differ from what the case has. */
static inline bool run_neutral(const struct run *r)
{
	return r->way.client_h2 || r->way.server_h2;
}

/* case_check.c */
/* Text with @{name}, which stands for what fits there. */
bool run_fits(struct run *r, struct span pattern, struct span text);
/* "client gets ...", "server gets ...", "server is ...". */
void check_gets(struct run *r);
void check_server_is(struct run *r);
void check_count(struct run *r);
/* "drift SERVICE up header x-new", "drift SERVICE none". */
void check_drift(struct run *r);
void check_drift_begin(void); /* of a run */
/* At the end: `never`, nothing left that the case does not name, and that all
 * messages can be read in one way. */
void check_end(struct run *r);

#endif
