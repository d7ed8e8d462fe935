/* SPDX-License-Identifier: MIT */
/* Laying an ELF image out in a new address space. */
#pragma once

#include "lib/elf.h"
#include "lib/types.h"

struct object;
struct uspace;

/* An image's headers. */
struct exec_headers {
	struct elf_image image;
	void *phdrs; /* kmalloc() */
	bool late; /* Linux finds out only past the point of no return: the process gets SIGSEGV */
};

/*
 * Reads and checks them; exec_headers_free() is due in any case. 0, -ENOEXEC, -ENOENT (an interpreter
 * is wanted), -ENOMEM, -EIO, -EINTR.
 */
int exec_headers_read(struct exec_headers *headers, struct object *object);
void exec_headers_free(struct exec_headers *headers);

/*
 * Maps segments, heap and stack (args_bytes of it will be written) into the empty space, with the
 * limits in it. What is added to the image's addresses in *bias_ret. 0, -ENOMEM, -EINTR, -EINVAL.
 */
int exec_load(struct uspace *uspace, struct object *object, const struct exec_headers *headers,
	      size_t args_bytes, vaddr_t *bias_ret);
