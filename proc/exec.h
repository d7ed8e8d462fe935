/* SPDX-License-Identifier: MIT */
/* Replaces the image of the running process by another. */
#pragma once

#include "lib/types.h"
#include "proc/exec_args.h"

struct object;

/*
 * Makes the running process run the ELF image in `image`, started with the strings in args. path is
 * the absolute path for /proc/self/exe; AT_EXECFN gets args->filename.
 *
 * Returns 0 if the thread's frame is the new image's and nothing of the old image is left. Returns
 * -ENOEXEC, -ENOENT, -EINVAL, -ENOMEM, -E2BIG, -ETXTBSY, -EIO or -EINTR if the old image is
 * unchanged. If Linux would find the error only past its point of no return, returns -ENOEXEC after
 * the process was sent SIGSEGV, which kills it. Call in a process with no spinning lock held.
 */
int exec_image(struct object *image, const char *path, const struct exec_args *args);
