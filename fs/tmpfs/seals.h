/* SPDX-License-Identifier: MIT */
/* Seals of memfds: what may no longer be done to their bytes. */
#pragma once

#include "fs/inode.h"

/* F_ADD_SEALS and F_GET_SEALS: 0 or the seals; -EPERM, -EINVAL, -EBUSY. => no lock held */
int seals_add(struct file *file, unsigned seals);
int seals_get(struct file *file);

/* May the size become this one? 0 or -EPERM. => inode->lock held */
int seals_check_size(const struct inode *inode, uint64_t size);

/*
 * How many of n bytes may be written at a position. -EPERM: none. => inode->lock held
 */
ssize_t seals_check_write(const struct inode *inode, uint64_t at, size_t n);

/* May a hole be made? 0 or -EPERM. => inode->lock held */
int seals_check_punch(const struct inode *inode);

/*
 * A shared mapping with those permissions is about to be made: lowers what mprotect may give, and keeps
 * seals from being added until seals_map_end(). 0 or -EPERM, and then nothing is kept. => no lock
 * held
 */
int seals_map_begin(struct file *file, unsigned prot, unsigned *max_prot);
void seals_map_end(struct file *file);
