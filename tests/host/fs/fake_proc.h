/* SPDX-License-Identifier: MIT */
/* What fs asks of proc, for host tests with one thread: locks that are checked, waits that a test ends. */
#pragma once

#include "lib/types.h"
#include "linux/process/cred.h"

/*
 * What happens when the code under test would sleep: 0 as if woken, or -EINTR as if killed. NULL:
 * -EINTR.
 */
extern int (*fake_sleep)(void);
extern unsigned fake_sleeps;

/* The process's root; NULL: the tree's. */
struct inode;
extern struct inode *fake_root;

/* By what the thread acts: root's at the start of each test. */
extern struct cred fake_cred;

/* Waiting locks that are held now. */
extern unsigned fake_mutexes_held;
