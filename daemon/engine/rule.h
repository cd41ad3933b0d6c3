/* SPDX-License-Identifier: EUPL-1.2 */
/* rule - the model of a pack: what conf/policy_file fills in, what build turns
 * into lookup tables, and what match and the scrubbers read. Plain data. All
 * spans and pointers live in the arena of the ruleset they belong to. */
#ifndef ENGINE_RULE_H
#define ENGINE_RULE_H

#include "base/span.h"
#include "base/why.h"

/* Limits of a pack. */
#define RULE_CHAIN_MAX 4      /* nested carriers in one line */
#define RULE_ENTRIES_MAX 512  /* when-entries of one block of one service */
#define RULE_LINES_MAX 4096   /* strip lines of one service */
#define RULE_HOSTS_MAX 1024   /* host patterns of one service */
#define RULE_PARTIES_MAX 64   /* third parties of one service */
#define RULE_DETECT_MAX 64    /* detect lines of one service */
#define SOCKET_ANSWER_MAX_BYTES 4096
#define SOCKET_ENVELOPE_MAX_BYTES 64 /* and of a word in front of JSON */
#define RULE_SERVICES_MAX 64  /* = STAT_SERVICES_MAX */

/* Why a value is treated: a closed list. */
enum category {
	CATEGORY_NONE, /* only keep lines may have none */
	CATEGORY_PARTICIPANT,
	CATEGORY_DEVICE,
	CATEGORY_TIME,
	CATEGORY_LOCATION,
	CATEGORY_TELEMETRY,
	CATEGORY_RECORDING,
	CATEGORY_SECURITY,
	CATEGORY_COUNT
};

enum verdict { VERDICT_DENY, VERDICT_TUNNEL, VERDICT_INSPECT };

/* Where a value stands. */
enum carrier {
	CARRIER_HEADER,    /* name or glob, case-insensitive */
	CARRIER_COOKIE,    /* name or glob; Set-Cookie in response tables */
	CARRIER_QUERY,     /* parameter name or glob, after percent-decoding */
	CARRIER_PATH,      /* "3": third segment; "after:NAME": the one after */
	CARRIER_FORM,      /* application/x-www-form-urlencoded */
	CARRIER_MULTIPART, /* "field", "field;filename", "field;HEADER"; globs */
	CARRIER_JSON,      /* $ path */
	CARRIER_XML,       /* path of elements, see jpath.h */
	CARRIER_SDP,       /* line or part of one, "o:user"; globs */
	CARRIER_PROTO,     /* path of field numbers, see jpath.h */
	CARRIER_TEXT,      /* a glob over a whole line of text */
	CARRIER_HOST,      /* no line has it: drift names hosts with it */
	CARRIER_SOCKET,    /* the same for the paths of WebSockets */
	CARRIER_PARTY,     /* and for third parties behind hosts, */
	CARRIER_PLACE,     /* the countries they are in, */
	CARRIER_NET,       /* and sub-contractors with other addresses */
	CARRIER_COUNT
};

/* How a value is unwrapped before the next carrier of a chain looks into it,
 * and wrapped again: "json $.blob > base64 > json $.name". */
enum step {
	STEP_BASE64,
	STEP_BASE64URL,
	STEP_PERCENT,
	STEP_GZIP,    /* RFC 1952; through env->unstep and env->restep */
	STEP_DEFLATE, /* RFC 1950; the same */
	STEP_JWT,     /* the payload of a signed token: read only */
	STEP_COUNT
};

enum act {
	ACT_KEEP,
	ACT_DROP,
	ACT_SET,       /* text */
	ACT_ALIAS,     /* text: the word in front, "Teilnehmer" by default */
	ACT_PSEUDONYM, /* by env->pseudonym */
	ACT_COARSEN,   /* seconds */
	ACT_ROUND,     /* digits after the point */
	ACT_MASK,
	ACT_RESTORE,   /* by env->restore; response tables only */
	ACT_COUNT
};

/* A place in a file, for errors, explain and coverage. */
struct place {
	const char *file; /* as shown to people: "policy/zoom.conf" */
	unsigned line;
};

struct treatment {
	enum act act;
	struct span text;
	uint32_t seconds;
	uint8_t digits;
};

/* One link of a chain: unwrap by step[], then look with carrier and name. A
 * chain may end in steps without a carrier ("query dn2 > base64url"): then the
 * unwrapped value itself is treated; carrier is CARRIER_COUNT in that link. */
struct where {
	enum step step[RULE_CHAIN_MAX];
	uint8_t nsteps;
	enum carrier carrier;
	struct span name;         /* name, glob or path as written */
	uint32_t marks;           /* text: see where_mark */
	const struct where *next; /* NULL: here stands the value */
};

/* Stars of a text name that stand for the values ("{*}", "{%}") among those that
 * only fit: two bits each, the first star in the lowest. */
#define WHERE_STARS_MAX 16u
enum mark { MARK_NONE, MARK_PLAIN, MARK_PERCENT };
static inline enum mark where_mark(uint32_t marks, unsigned star)
{
	return (enum mark)(marks >> 2 * star & 3);
}

/* One strip line: one decision. */
struct line {
	struct where where;
	struct span text; /* the first column as written, for explain */
	struct treatment treat;
	enum category category;
	bool adds; /* a header field: set, and added where it is missing */
	struct place place;
	uint32_t id; /* number within the ruleset, for coverage */
};

enum sink_kind {
	SINK_NONE,   /* the deny page for navigations, empty status otherwise */
	SINK_STATUS, /* "sink:204": status, no body */
	SINK_JSON,   /* "sink:json:TEXT": 200 application/json */
	SINK_GIF,    /* a transparent 1x1 picture */
	SINK_JS,     /* an empty script */
	SINK_PAGE,   /* "page": a page for a person */
	SINK_RESET   /* close without a word */
};

struct sink {
	enum sink_kind kind;
	uint16_t status;  /* SINK_STATUS */
	struct span text; /* SINK_JSON */
};

/* METHOD host/path: globs. '*' in the host: see match.h; '*' in the path is any
 * run of characters, '/' and '?' are ordinary. */
struct when {
	struct span method; /* "*" or a method */
	struct span host;   /* lower case */
	struct span path;   /* starts with '/', without query */
	struct span query;  /* "", or NAME or NAME=GLOB that must be there */
	struct span content;/* "" or a glob over the media type */
};

/* What the bodies of an entry are read as, whatever their media type says. */
enum entry_form {
	ENTRY_AUTO, /* by media type and first bytes */
	ENTRY_JSON,
	ENTRY_FORM, /* urlencoded */
	ENTRY_XML,
	ENTRY_SDP,
	ENTRY_PROTO,
	ENTRY_MULTIPART,
	ENTRY_TEXT,
	ENTRY_FORM_COUNT
};

/* What happens to a message that a deny entry of websocket names. */
enum message_fate {
	MESSAGE_SOCKET, /* nothing: the entry denies the socket, at its handshake */
	MESSAGE_DROP,
	MESSAGE_ANSWER, /* dropped; the sender gets a text in the other way */
	MESSAGE_CLOSE   /* the socket is closed both ways, code 1008 */
};

/* What stands in front of the content of binary messages: some bytes, among them a
 * big-endian number that counts the bytes behind it, or of the content, or of the
 * whole message. */
struct envelope {
	uint8_t bytes;     /* 0: nothing */
	uint8_t at, width; /* of the number */
};

/* What an entry of websocket says beyond others. */
struct socket_rule {
	struct span protocol; /* "" or a glob over the subprotocol */
	bool up, down;        /* messages of which way */
	bool plain;           /* deflate = false: compression is not negotiated */
	bool prefix;          /* a short word may stand in front of JSON in a text */
	struct envelope envelope;
	/* message: only those in which this value fits glob; NULL: all. */
	const struct where *where;
	struct span glob;
	enum message_fate fate; /* with denies */
	struct span answer;     /* MESSAGE_ANSWER */
};

/* One when-entry of request, response, websocket (and join). */
struct entry {
	struct when when;
	struct line *strip; /* nstrip lines, in file order */
	uint32_t nstrip;
	bool denies;        /* deny = ( "category", "sink" ) */
	bool allows;        /* allow: the deny entries below are not asked */
	enum category category;
	struct sink sink;
	bool pass_unread;   /* unread = "pass": a body no line can read goes on */
	enum entry_form form;
	const struct where *meeting; /* request: names the meeting id; or NULL */
	struct span need;   /* join: "query pwd", "form passWord" ... */
	struct span append; /* response: stands behind the end of a text body */
	const struct socket_rule *socket; /* websocket; or NULL */
	struct place place;
	uint32_t id;
};

struct host_line {
	struct span pattern; /* one host or glob, lower case; "file:NAME" */
	struct span list;    /* "file:": names, one a line, until ruleset_build */
	uint32_t listed;     /* "file:": how many names, else 0 */
	enum verdict verdict;
	enum category category; /* deny only */
	struct sink sink;       /* deny only */
	struct span text;       /* tunnel: the reason */
	struct place place;
	uint32_t id;
};

/* A file of names instead of a pattern? */
static inline bool host_line_is_list(const struct host_line *l)
{
	return span_starts(l->pattern, SPAN("file:"));
}

/* What a value looks like, whatever its field is called: bits, to be joined. */
enum shape_bit {
	SHAPE_MAIL = 1 << 0,
	SHAPE_IPV4 = 1 << 1,
	SHAPE_IPV6 = 1 << 2,
	SHAPE_MAC = 1 << 3,
	SHAPE_PHONE = 1 << 4,
	SHAPE_TIMEZONE = 1 << 5,
	SHAPE_GEO = 1 << 6,
	SHAPE_UUID = 1 << 7,
	SHAPE_TIMESTAMP = 1 << 8
};
#define SHAPE_COUNT 9u

/* One detect line: what of these shapes is found in a value of a request that no
 * strip line names is treated, or only reported. The first line with a shape
 * decides. line is as in a strip table, for actions and findings; its where names
 * nothing. */
struct detect_line {
	uint32_t shapes; /* SHAPE_* */
	bool report;     /* then the treatment is keep */
	struct line line;
};

/* A rating of the past, shown as history, never as a current verdict. */
struct rating {
	struct span source, date, light;
};

/* A third party whose hosts the pack names. */
struct party {
	struct span name, country; /* as written; ISO 3166 */
	const struct span *host;   /* patterns */
	uint32_t nhost;
	struct place place;
};

struct list_of_entries {
	struct entry *p;
	uint32_t n;
};

/* What a pack denies unless its variable allow_recording, allow_transcription or
 * allow_ai is "yes". */
enum extra {
	EXTRA_RECORDING,
	EXTRA_TRANSCRIPTION,
	EXTRA_AI,
	EXTRA_COUNT
};

struct service {
	struct span id, name, reviewed, operator_name, operator_seat, stance;
	struct span asks; /* variables without a default, with spaces between */
	uint32_t version;
	bool e2ee, retired;
	struct span retired_since, successor; /* with retired: a date, a name */
	uint8_t extras, allowed; /* bits 1 << EXTRA_*: has the variable; says yes */
	const struct rating *rating;
	uint32_t nrating;
	const struct party *party;
	uint32_t nparty;
	const struct host_line *host;
	uint32_t nhost;
	struct list_of_entries request, response, join, websocket;
	struct detect_line *detect; /* ndetect lines, in file order */
	uint32_t ndetect;

	/* From sparsamd.conf. */
	unsigned index;      /* for counters */
	enum why refused;    /* WHY_DONE: active. Else why everything is denied */
	bool inspect;        /* inspection references complete: may be decrypted */
	uint8_t max_case;    /* 1 to 4: highest level it may serve */

	/* Compiled tables of requests and of answers, see plan.h; owned by the
	 * ruleset. */
	struct plans *up, *down;
	struct messages *messages_up, *messages_down; /* message.h; the same */
};

const char *category_word(enum category c); /* "participant" */
const char *carrier_word(enum carrier c);   /* "header" */
const char *act_word(enum act a);           /* "drop" */
const char *step_word(enum step s);         /* "base64" */
const char *verdict_word(enum verdict v);
const char *entry_form_word(enum entry_form f); /* "auto" */
const char *shape_word(unsigned i); /* i below SHAPE_COUNT; 0: "mail" */

/* Does the last link of the line name whatever no line before it names ("*",
 * "$.*", "$..*", "**.*" and the like), and not keep it? What it finds is
 * drift. */
bool line_is_catch_all(const struct line *l);

#endif
