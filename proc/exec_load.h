/* SPDX-License-Identifier: MIT */
/* Lays an ELF image out in a new address space. */
#pragma once

#include "lib/elf.h"
#include "lib/types.h"

struct object;
struct uspace;

/* The headers of an image. */
struct exec_headers {
	struct elf_image image;
	void *phdrs; /* from kmalloc() */
	/* Linux finds the error only past its point of no return, so the process gets SIGSEGV. */
	bool late;
};

/*
 * Reads and checks the headers. Call exec_headers_free() afterwards in any case. Returns 0,
 * -ENOEXEC, -ENOMEM, -EIO or -EINTR. If it returns 0 with headers->late set, the image must not be
 * loaded.
 */
int exec_headers_read(struct exec_headers *headers, struct object *object);
/* Reads and checks the headers of a program's interpreter. Returns -ELIBBAD where exec_headers_read() returns -ENOEXEC. */
int exec_interp_read(struct exec_headers *headers, struct object *object);
void exec_headers_free(struct exec_headers *headers);

/*
 * Reads the name of the interpreter that a program has (headers->image.has_interp). *name_ret comes
 * from kmalloc(). Returns 0, -ENOEXEC (no NUL at its end), -EINVAL (it lies beyond the largest
 * offset), -EIO (the file ends before it does, or cannot be read), -ENOMEM or -EINTR.
 */
int exec_interp_name(const struct exec_headers *headers, struct object *object, char **name_ret);

/*
 * Maps the segments, the heap and the stack into the empty space, whose limits are set already.
 * args_bytes is how much of the stack will be written. *bias_ret is what was added to the image's
 * addresses. Returns 0, -ENOMEM, -EINTR or -EINVAL.
 */
int exec_load(struct uspace *uspace, struct object *object, const struct exec_headers *headers,
	      size_t args_bytes, vaddr_t *bias_ret);

/*
 * Maps the segments of the interpreter after exec_load() has mapped the program: where mmap would,
 * unless they have fixed addresses. `prefer`: at the addresses that its file names if they are free.
 * Returns as exec_load().
 */
int exec_load_interp(struct uspace *uspace, struct object *object,
		     const struct exec_headers *headers, bool prefer, vaddr_t *bias_ret);
