/* How much of the memory the files of the tree and their names may take: half, as Linux's tmpfs. */
#pragma once

#include "fs/inode.h"

/*
 * How many bytes of a regular file may be written from that position on: 0 where it would take
 * another frame. Pages that are there already may always. => inode->lock held
 */
uint64_t quota_room(struct inode *inode, uint64_t pos);

/*
 * Counts a name more, and the inode and object that it may be the only one to hold: false, and
 * nothing is counted, where there is no room for it. Undone by quota_name_gone().
 */
bool quota_name_made(void);
void quota_name_gone(void);

/* Counts anew what the file has, after a write or truncation. => inode->lock held, or the last user */
void quota_update(struct inode *inode, uint64_t npages);
