/* SPDX-License-Identifier: MIT */
/* How much of the memory the files of the tree and their names may take: half, as Linux's tmpfs. */
#pragma once

#include "lib/types.h"

/* How many frames of theirs there can be at most, were there no names. */
uint64_t quota_most(void);

/*
 * Counts a frame more: false, and nothing is counted, where there is no room for it. (The boot
 * archive's own bytes are not counted.) Undone by quota_page_gone(). They take no lock.
 */
bool quota_page_made(void);
void quota_page_gone(void);

/*
 * Counts a name more, or an inode with its object: false, and nothing is counted, where there is no
 * room for it. Undone by quota_record_gone().
 */
bool quota_record_made(void);
void quota_record_gone(void);
