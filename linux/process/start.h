/* SPDX-License-Identifier: MIT */
/* Makes process 1, and starts its program. */
#pragma once

struct object;

/*
 * Creates process 1 from the image and starts it. Takes over no reference to the image. argv and
 * envp are NULL-terminated arrays of kernel strings. `endow` runs as process 1 when all else is
 * ready, and may give it descriptors; NULL: nothing to give. Returns 0, its error, or a negative
 * errno as exec_image() does. Called once, during boot, in a kernel thread.
 */
int process_start_init(struct object *image, const char *path, const char *const *argv,
		       const char *const *envp, int (*endow)(void));
