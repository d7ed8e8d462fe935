/* SPDX-License-Identifier: MIT */
/* The page that signal handlers return to. */
#pragma once

#include "lib/types.h"

struct object;
struct uspace;

/* Creates the page. Returns 0 or -ENOMEM. Called once, during boot. */
int sigreturn_init(void);

/*
 * Maps the page into the running process's space unless it is mapped already. uspace->sigreturn is
 * then its address. Returns 0 or -ENOMEM. Call with no lock held.
 */
int sigreturn_map(struct uspace *uspace);

void sigreturn_find_held(void); /* for the ledger */

/* Tells whether a mapping of this object is the page. object may be NULL. Call with any locks. */
bool sigreturn_is_page(const struct object *object);
