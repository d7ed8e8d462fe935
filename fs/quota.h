/* How much of the memory the files of the tree may take: half, as Linux's tmpfs. */
#pragma once

#include "fs/inode.h"

/*
 * How many bytes of a regular file may be written from that position on: 0 where it would take
 * another frame. Pages that are there already may always. => inode->lock held
 */
uint64_t quota_room(struct inode *inode, uint64_t pos);

/* Counts anew what the file has, after a write or truncation. => inode->lock held, or the last user */
void quota_update(struct inode *inode, uint64_t npages);
