/* SPDX-License-Identifier: MIT */
/* The tree of files in a cpio archive, as its names and sizes say; the archive need not be honest. */
#pragma once

#include "file_server.h"

struct cpiofs;

/*
 * Reads the `size` bytes at `data`, which must stay there. Returns 0; -EINVAL if they are no archive, or
 * one that says impossible things (*why_ret and *at_ret say what, and where); or -ENOMEM. `version`
 * becomes that of all files.
 */
int cpiofs_create(const void *data, size_t size, uint32_t version, struct cpiofs **ret,
		  const char **why_ret, size_t *at_ret);

void cpiofs_destroy(struct cpiofs *fs);

/* How many members are neither files, directories nor symbolic links: they are left out. */
unsigned cpiofs_left_out(const struct cpiofs *fs);

extern const struct file_ops cpiofs_ops;
