/* SPDX-License-Identifier: MIT */
/* Builds the initial file tree from the boot archive. */
#pragma once

#include "lib/types.h"

struct mount;

/*
 * Adds the files of a cpio archive (newc) to a tmpfs. File pages are copied from the archive on
 * demand, so the archive stays mapped and unchanged forever.
 *
 * Returns 0, or a negative errno with a message in *why_ret; the entries before the bad one stay in
 * the tree. `data` is an address in the direct map.
 */
int initrd_unpack(struct mount *mount, const void *data, size_t size, const char **why_ret);
