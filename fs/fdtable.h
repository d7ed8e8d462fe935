/* SPDX-License-Identifier: MIT */
/* Descriptor tables: they map small numbers to open files. Each process has one; fork copies it. */
#pragma once

#include "fs/file.h"

struct fdtable;

/* Creates an empty table. Returns NULL if memory runs out. */
struct fdtable *fdtable_create(void);
/* Copies a table and takes a reference to each file. Returns NULL if memory runs out. */
struct fdtable *fdtable_copy(struct fdtable *table);
/* Closes every descriptor and frees the table. */
void fdtable_destroy(struct fdtable *table);
void fdtable_close_on_exec(struct fdtable *table);

/*
 * Opening a file takes two steps, so that everything that may fail happens before anything becomes
 * visible. fdtable_reserve() sets aside the lowest free descriptor >= min and returns it, or
 * -EMFILE; to all other calls it looks closed. fdtable_fill() then puts a file there and takes over
 * the caller's reference, or fdtable_unreserve() makes the descriptor free again.
 */
int fdtable_reserve(struct fdtable *table, unsigned min, bool cloexec);
void fdtable_fill(struct fdtable *table, int fd, struct file *file);
void fdtable_unreserve(struct fdtable *table, int fd);

/*
 * Installs the file at the lowest free descriptor >= min. Returns the descriptor and takes over the
 * caller's reference, or returns -EMFILE and leaves the reference with the caller.
 */
int fdtable_install(struct fdtable *table, struct file *file, unsigned min, bool cloexec);
/*
 * Installs the file at fd and closes what was open there, as dup3 does. Returns fd and takes over
 * the caller's reference. On failure the caller keeps it: -EBADF, or -EBUSY if fd is reserved.
 */
int fdtable_install_at(struct fdtable *table, struct file *file, unsigned fd, bool cloexec);
/* Returns the file at fd with a reference, or NULL if fd is not open or was opened by O_PATH. */
struct file *fdtable_get(struct fdtable *table, int fd);
/* The same, but O_PATH files too: for the few calls that do not access the file's contents. */
struct file *fdtable_get_path(struct fdtable *table, int fd);
/* Returns the lowest open descriptor >= min, O_PATH too, or -EBADF if there is none. */
int fdtable_next(struct fdtable *table, unsigned min);
int fdtable_close(struct fdtable *table, int fd);   /* 0 or -EBADF */
int fdtable_cloexec(struct fdtable *table, int fd); /* FD_CLOEXEC or 0, or -EBADF */
int fdtable_set_cloexec(struct fdtable *table, int fd, bool cloexec);
