/* SPDX-License-Identifier: MIT */
/* Replaces the image of the running process by another. */
#pragma once

#include "lib/types.h"
#include "proc/exec_args.h"

/* Entries of a program's auxiliary vector. */
#define LINUX_AUXV_COUNT 20

struct object;

/*
 * Makes the running process run the ELF image or script in `image`, started with the strings in
 * args. path is the absolute path for /proc/self/exe; AT_EXECFN gets args->filename. A script's
 * interpreter runs in place of it, with an argv that is made of the line, and args is changed. A
 * program's interpreter (PT_INTERP) is mapped beside it, and runs first.
 *
 * Returns 0 when the thread's frame is the new image's and nothing of the old image is left. On
 * failure returns -ENOEXEC, -EINVAL, -ENOMEM, -E2BIG, -ETXTBSY, -EIO, -EINTR, -ELOOP (scripts),
 * -ELIBBAD (the interpreter is no program), or the error of opening an interpreter, and the old
 * image is unchanged. If Linux finds the error only past its point of no return, returns -ENOEXEC
 * and also kills the process with SIGSEGV. Call in a process with no spinning lock held.
 */
int exec_image(struct object *image, const char *path, struct exec_args *args);
