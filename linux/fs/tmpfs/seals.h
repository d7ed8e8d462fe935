/* SPDX-License-Identifier: MIT */
/* Seals of memfds: they permanently forbid some changes to a file. */
#pragma once

#include "linux/fs/tmpfs/node.h"

/* F_ADD_SEALS and F_GET_SEALS. Return 0 or the seals, -EPERM, -EINVAL or -EBUSY; no lock held. */
int seals_add(struct file *file, unsigned seals);
int seals_get(struct file *file);

/* May the file get this size? Returns 0 or -EPERM. The caller holds the node's lock. */
int seals_check_size(struct inode *inode, uint64_t size);

/* How many of n bytes may be written? Returns -EPERM if none. The caller holds the node's lock. */
ssize_t seals_check_write(struct inode *inode, uint64_t at, size_t n);

/* May a hole be punched? Returns 0 or -EPERM. The caller holds the node's lock. */
int seals_check_punch(struct inode *inode);

/* May the permissions become these? Returns 0 or -EPERM. The caller holds the node's lock. */
int seals_check_mode(struct inode *inode, uint32_t mode);

/*
 * Called before a shared mapping with these permissions is made. Removes VM_PROT_WRITE from
 * *max_prot if a seal forbids writing. Returns 0 with the node's lock held until seals_map_end(),
 * so that no seal is added in between; or -EPERM with no lock held. The caller holds no lock.
 */
int seals_map_begin(struct file *file, unsigned prot, unsigned *max_prot);
void seals_map_end(struct file *file);
