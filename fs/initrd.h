/* SPDX-License-Identifier: MIT */
/* Builds the initial file tree from the boot archive. */
#pragma once

#include "lib/types.h"

/*
 * Adds the files of a cpio archive (newc) to the tree. File pages are copied from the archive on
 * demand, so the archive stays mapped and unchanged forever.
 *
 * Returns 0, or a negative errno with a message in *why_ret; the entries before the bad one stay in
 * the tree. `data` is an address in the direct map. Call after tmpfs_init().
 */
int initrd_mount(const void *data, size_t size, const char **why_ret);
