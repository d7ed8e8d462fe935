/* How much of the memory the files of the tree and their names may take: half, as Linux's tmpfs. */
#pragma once

#include "lib/types.h"

/*
 * Counts a frame more: false, and nothing is counted, where there is no room for it. (The boot
 * archive's own bytes are not counted.) Undone by quota_page_gone(). They take no lock.
 */
bool quota_page_made(void);
void quota_page_gone(void);

/*
 * Counts a name more, and the inode and object that it may be the only one to hold: false, and
 * nothing is counted, where there is no room for it. Undone by quota_name_gone().
 */
bool quota_name_made(void);
void quota_name_gone(void);
