/* SPDX-License-Identifier: MIT */
/* The page that signal handlers return to. */
#pragma once

struct uspace;

/* Makes it. 0 or -ENOMEM. => boot, once */
int sigreturn_init(void);

/*
 * Maps it into the running process's space, where it is not there yet: uspace->sigreturn is its
 * address then. 0 or -ENOMEM. => no lock held
 */
int sigreturn_map(struct uspace *uspace);
