/* SPDX-License-Identifier: MIT */
/* What a list of files shows for an inode. */
#pragma once

#include "lib/types.h"

struct inode;

/*
 * Writes the name of a file into buf, terminated, and cut off if it does not fit: its absolute path,
 * or "(deleted)", alone or after what is known of its name, if no directory has it any more. NULL:
 * an inode that is gone. Returns the length of what was written. The caller has a path_get() of the
 * inode, and holds no spinning lock.
 */
size_t inode_name(struct inode *inode, char *buf, size_t size);
