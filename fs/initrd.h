/* SPDX-License-Identifier: MIT */
/* The boot archive as the tree. */
#pragma once

#include "lib/types.h"

/*
 * Puts the files of a cpio archive (newc) under the root. Their pages are copied from it on demand:
 * it stays there, unchanged, for ever. 0; negative errno, and *why_ret says what is wrong (the tree
 * then holds what came before).
 * => after tmpfs_init(); data: by the direct map
 */
int initrd_mount(const void *data, size_t size, const char **why_ret);
