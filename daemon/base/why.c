/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/why.h"

static const struct {
	const char *word, *en, *de;
	int status;
	bool error;
} row[] = {
#define WHY_ROW(name, word, status, error, en, de) { word, en, de, status, error },
#include "base/why.tbl"
#undef WHY_ROW
};

const char *why_word(enum why w)
{
	return row[w].word;
}

int why_status(enum why w)
{
	return row[w].status;
}

bool why_is_error(enum why w)
{
	return row[w].error;
}

const char *why_text_en(enum why w)
{
	return row[w].en;
}

const char *why_text_de(enum why w)
{
	return row[w].de;
}
