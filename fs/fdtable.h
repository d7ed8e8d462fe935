/* SPDX-License-Identifier: MIT */
/* Descriptor tables: small numbers for open files. One a process, copied by fork. */
#pragma once

#include "fs/file.h"

struct fdtable;

struct fdtable *fdtable_create(void);		     /* NULL: out of memory */
struct fdtable *fdtable_copy(struct fdtable *table); /* each file referenced once more; NULL */
void fdtable_destroy(struct fdtable *table);	     /* closes all */
void fdtable_close_on_exec(struct fdtable *table);

/*
 * A descriptor in two steps, so that what may fail comes before what shows: the lowest free one >=
 * min is set aside (it, or -EMFILE), as closed to all others, and then gets its file (reference
 * taken over) or is free again.
 */
int fdtable_reserve(struct fdtable *table, unsigned min, bool cloexec);
void fdtable_fill(struct fdtable *table, int fd, struct file *file);
void fdtable_unreserve(struct fdtable *table, int fd);

/*
 * The lowest free descriptor >= min for the file (reference taken over): it, or -EMFILE (reference
 * kept by the caller).
 */
int fdtable_install(struct fdtable *table, struct file *file, unsigned min, bool cloexec);
/*
 * Puts the file at fd (reference taken over), closing what was there (dup3): fd; -EBADF, -EBUSY
 * where fd is set aside (reference kept).
 */
int fdtable_install_at(struct fdtable *table, struct file *file, unsigned fd, bool cloexec);
/* The file of fd, referenced; NULL: not open, or by O_PATH only. */
struct file *fdtable_get(struct fdtable *table, int fd);
/* The same, O_PATH or not: for the few calls that need no access to what is in the file. */
struct file *fdtable_get_path(struct fdtable *table, int fd);
int fdtable_close(struct fdtable *table, int fd);   /* 0 or -EBADF */
int fdtable_cloexec(struct fdtable *table, int fd); /* FD_CLOEXEC or 0, or -EBADF */
int fdtable_set_cloexec(struct fdtable *table, int fd, bool cloexec);
