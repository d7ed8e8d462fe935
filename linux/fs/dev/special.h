/* SPDX-License-Identifier: MIT */
/* Special files that programs may make with mknod in any directory of tmpfs: what they do when opened. */
#pragma once

#include "desc/file.h"

/* What a device file of that number refers to. const after boot. */
struct special {
	uint64_t rdev;
	const struct file_ops *ops;
	void *device; /* for inode->device */
};

/* A character device may be made under any name. Called at boot, for SPECIAL_MAX numbers at most; the last device of a
 * number counts. */
#define SPECIAL_MAX 8u
void special_add(uint64_t rdev, const struct file_ops *ops, void *device);

/* Returns the device, or NULL if programs may not make one of that number. */
const struct special *special_find(uint64_t rdev);

/* A socket's name: opening it is -ENXIO. */
extern const struct file_ops special_socket_ops;
