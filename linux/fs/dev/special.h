/* SPDX-License-Identifier: MIT */
/* Special files that programs may make with mknod in any directory of tmpfs: what they do when opened. */
#pragma once

#include "desc/file.h"

/* What a device file of that type and number refers to. const after boot. */
struct special {
	uint32_t type; /* S_IFCHR or S_IFBLK */
	uint64_t rdev;
	const struct file_ops *ops;
	void *device; /* for inode->device */
};

/* From now on such a device may be made under any name. Called at boot, once for a type and number. */
void special_add(const struct special *special);

/* Returns the device, or NULL if there is none of that type and number. */
const struct special *special_find(uint32_t type, uint64_t rdev);

/* A socket's name: opening it is -ENXIO. */
extern const struct file_ops special_socket_ops;
