/* SPDX-License-Identifier: MIT */
/* What Linux asks of a table of descriptors. */
#pragma once

#include "desc/fdtable.h"

/* Returns the lowest open descriptor >= min, O_PATH too, or -EBADF if there is none. */
int fdtable_next(struct fdtable *table, unsigned min);
/* Is the file, which the caller has a reference to, still at fd? */
bool fdtable_has(struct fdtable *table, int fd, const struct file *file);
/* How many descriptors there is room for now. */
unsigned fdtable_size(struct fdtable *table);
/*
 * Returns how many pages the table and its files have (their `held`). A file counts for each of its descriptors. In a table of
 * several chunks one of them is looked at, and the sum is estimated from it: callers hold process_tree_lock.
 */
size_t fdtable_held(struct fdtable *table);
/* Has any of the files FILE_DRIVES? */
bool fdtable_drives(struct fdtable *table);
int fdtable_cloexec(struct fdtable *table, int fd); /* FD_CLOEXEC or 0, or -EBADF */
int fdtable_set_cloexec(struct fdtable *table, int fd, bool cloexec);

/*
 * Gives the running process a descriptor of the file, and takes over the reference. Returns the
 * descriptor, or -EMFILE after it has dropped the reference.
 */
int anon_file_install(struct file *file, bool cloexec);
