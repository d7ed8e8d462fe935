/* SPDX-License-Identifier: MIT */
/* Replacing the running process's image by another. */
#pragma once

#include "lib/types.h"
#include "proc/exec_args.h"

struct object;

/*
 * Makes the ELF image in `image` what the running process runs, started with the strings. path:
 * absolute, for /proc/self/exe and AT_EXECFN's sake `args->filename`.
 * 0: the thread's frame is the new image's, nothing of the old one is left. Negative errno: the old
 * image goes on as if nothing had happened: -ENOEXEC, -EINVAL, -ENOMEM, -E2BIG, -ETXTBSY, -EIO,
 * -EINTR. Past the point of no return (nothing can fail there that a program could cause) the
 * process is killed.
 * => in a process; no spinning lock held
 */
int exec_image(struct object *image, const char *path, const struct exec_args *args);
