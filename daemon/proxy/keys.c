/* SPDX-License-Identifier: EUPL-1.2 */
#include "proxy/keys.h"

#include <errno.h>

#include "base/rnd.h"
#include "base/secret.h"
#include "tls/block.h"
#include "tls/derive.h"
#include "tls/pseudo.h"

#define WAYS 4
#define SETS (KEYS_SCOPES_MAX / WAYS)
#define TAG_BYTES BLOCK_BYTES
#define TEXT_MAX 320 /* service and meeting id; longer ids are hashed first */

/* The keys of one scope. */
struct slot {
	uint64_t used; /* when, in calls; 0: empty */
	unsigned char tag[TAG_BYTES];
	struct cmac alias;
	struct pseudo
	    *pseudo; /* owned; both kept when the slot changes its scope */
};

static struct {
	unsigned char epoch[DERIVE_KEY_BYTES];
	struct cmac scope; /* makes tags */
	uint32_t day;
	bool ready;
	uint64_t calls;
	struct slot slot[SETS][WAYS];
} keys;

static uint32_t epochs; /* that there have been; never the same again */

void keys_fini(void)
{
	for (unsigned i = 0; i < SETS; i++)
		for (unsigned k = 0; k < WAYS; k++) {
			pseudo_free(keys.slot[i][k].pseudo);
			cmac_fini(&keys.slot[i][k].alias);
		}
	cmac_fini(&keys.scope);
	secret_wipe(&keys, sizeof keys);
}

static int key_cmac(struct cmac *c, const unsigned char *key)
{
	int err = c->block.ctx != NULL ? 0 : cmac_init(c);

	return err == 0 ? cmac_key(c, key, DERIVE_KEY_BYTES) : err;
}

void keys_epoch(uint32_t day, const unsigned char key[32])
{
	unsigned char scope[DERIVE_KEY_BYTES];

	if (keys.ready && keys.day == day &&
	    secret_eq(keys.epoch, key, sizeof keys.epoch))
		return; /* a new signer, not a new day */
	keys_fini();
	memcpy(keys.epoch, key, sizeof keys.epoch);
	keys.day = day;
	keys.ready = derive_use(keys.epoch, "scope", SPAN_NONE, scope,
	                 sizeof scope) == 0 &&
	             key_cmac(&keys.scope, scope) == 0;
	secret_wipe(scope, sizeof scope);
	epochs++;
}

bool keys_ready(void)
{
	return keys.ready;
}

/* ---- scopes ---- */

void keys_scope(
    struct keys_scope *ret_scope, const struct service *s, struct span meeting)
{
	*ret_scope = (struct keys_scope){
		.service = s, .meeting = meeting, .began = epochs
	};
}

/* A name for the scope that says nothing without the key. */
static int make_tag(struct keys_scope *k)
{
	enum { WHOLE_SERVICE, MEETING, MEETING_HASHED } kind = WHOLE_SERVICE;
	struct span id = k->service->id, meeting = k->meeting;
	unsigned char hash[TAG_BYTES];
	char text[TEXT_MAX];
	int err = 0;

	if (meeting.n > 0)
		kind = MEETING;
	if (id.n > UINT8_MAX)
		return -EIO;
	if (2 + id.n + meeting.n > sizeof text) {
		kind = MEETING_HASHED;
		err = cmac_run(&keys.scope, meeting, hash);
		meeting = span_of((char *)hash, sizeof hash);
	}
	text[0] = (char)kind;
	text[1] = (char)id.n;
	if (id.n > 0)
		memcpy(text + 2, id.p, id.n);
	if (meeting.n > 0)
		memcpy(text + 2 + id.n, meeting.p, meeting.n);
	if (err == 0)
		err = cmac_run(
		    &keys.scope, span_of(text, 2 + id.n + meeting.n), k->tag);
	if (err == 0)
		k->epoch = epochs;
	return err;
}

/* HKDF: per service and, where there is one, per meeting. */
static int derive(const struct keys_scope *k, const char *label,
    unsigned char ret_key[DERIVE_KEY_BYTES])
{
	unsigned char service[DERIVE_KEY_BYTES];
	int err = derive_use(
	    keys.epoch, label, k->service->id, service, sizeof service);

	if (err == 0 && k->meeting.n > 0)
		err = derive_use(service, "meeting",
		    span_of((const char *)k->tag, sizeof k->tag), ret_key,
		    DERIVE_KEY_BYTES);
	else if (err == 0)
		memcpy(ret_key, service, sizeof service);
	secret_wipe(service, sizeof service);
	return err;
}

static int fill(struct slot *s, const struct keys_scope *k)
{
	unsigned char key[DERIVE_KEY_BYTES];
	int err;

	s->used = 0;
	if (s->pseudo == NULL)
		s->pseudo = pseudo_new();
	if (s->pseudo == NULL)
		return -ENOMEM;
	err = derive(k, "alias", key);
	if (err == 0)
		err = key_cmac(&s->alias, key);
	if (err == 0)
		err = derive(k, "pseudonym", key);
	if (err == 0)
		err = pseudo_key(s->pseudo, key); /* over the one before */
	secret_wipe(key, sizeof key);
	memcpy(s->tag, k->tag, sizeof s->tag);
	return err;
}

/* The keys of k, made ready where they are not. */
static int find(struct keys_scope *k, struct slot **ret_slot)
{
	struct slot *set, *oldest;
	int err = 0;

	if (!keys.ready)
		return -EIO;
	if (k->epoch != epochs && (err = make_tag(k)) < 0)
		return err;
	set = oldest = keys.slot[k->tag[0] % SETS];
	for (unsigned i = 0; i < WAYS; i++) {
		if (set[i].used > 0 &&
		    memcmp(set[i].tag, k->tag, sizeof k->tag) == 0) {
			oldest = &set[i];
			break;
		}
		if (set[i].used < oldest->used)
			oldest = &set[i];
	}
	if (oldest->used == 0 ||
	    memcmp(oldest->tag, k->tag, sizeof k->tag) != 0)
		err = fill(oldest, k);
	if (err < 0)
		return err;
	oldest->used = ++keys.calls;
	*ret_slot = oldest;
	return 0;
}

/* ---- what they are for ---- */

void keys_prf(struct keys_scope *k, struct span in, unsigned char out[16])
{
	struct slot *s;

	/* Should a key fail: unlinkable, never the same. */
	if (find(k, &s) < 0 || cmac_run(&s->alias, in, out) < 0)
		rnd_bytes(out, 16);
}

int keys_pseudonym(
    struct keys_scope *k, struct span domain, struct span in, struct buf *out)
{
	struct slot *s;
	int err = find(k, &s);

	return err < 0 ? err : pseudo_make(s->pseudo, domain, in, out);
}

int keys_restore(
    struct keys_scope *k, struct span domain, struct span in, struct buf *out)
{
	struct slot *s;
	int err = k->began == epochs ? find(k, &s) : 1;

	return err != 0 ? err : pseudo_undo(s->pseudo, domain, in, out);
}
