/* SPDX-License-Identifier: EUPL-1.2 */
/* show - how sparsamctl prints a verdict and its notes: as text for people, as
 * JSON for programs. */
#ifndef CTL_SHOW_H
#define CTL_SHOW_H

#include <stdio.h>

#include <jansson.h>

#include "ctl/offline.h"

/* One line: what happens to the message and why. */
void show_verdict(const struct offline *o, FILE *out);
/* A line for each value that was changed. direction: "up" or "down". all: also
 * those that stay, and those that no line names. */
void show_notes(
    const struct offline *o, const char *direction, bool all, FILE *out);

/* Adds verdict, why, service, rule, sink to object. */
void show_verdict_json(const struct offline *o, json_t *object);
/* Appends one object per note to list. */
void show_notes_json(
    const struct offline *o, const char *direction, json_t *list);

#endif
