/* SPDX-License-Identifier: MIT */
/* The files of the boot archive, for the core without a layer: their pages are copied from it as they are touched. */
#pragma once

#include "lib/types.h"

struct object;

/*
 * Reads the names of an archive that stays in memory. Returns 0; -EINVAL or -ENOMEM, and why in words. Called once, at the
 * boot. Of the files with several names, and of those that are not regular, only the first ones count.
 */
int archive_read(const void *data, size_t size, const char **why_ret);

/* Finds a file by its name, with or without "/" before it. Returns its object, which stays, or NULL. */
struct object *archive_find(const char *name);

/* The name of such an object; NULL: the object is none of the archive's. */
const char *archive_name(const struct object *object);

/* For the ledger: the archive's references to its objects. */
void archive_holds(void);
