/* SPDX-License-Identifier: MIT */
/* The layout of a new image's stack: arithmetic only, so that it can be tested on the host. */
#pragma once

#include "abi/auxv.h"
#include "lib/types.h"

#define EXEC_RANDOM_BYTES 16
#define EXEC_AUXV_COUNT	  19

/*
 * From `top` downwards, as on Linux:
 *	8 zero bytes
 *	the file name, with its NUL
 *	the strings of envp, and below them those of argv
 *	16 random bytes
 *	(alignment)
 *	auxv, NULL, envp, NULL, argv, argc: at sp, which is a multiple of 16
 */
struct exec_stack {
	vaddr_t top;
	vaddr_t filename;
	vaddr_t strings; /* the first of argv */
	vaddr_t random;
	vaddr_t sp;
	vaddr_t auxv;
	unsigned argc, envc;
};

/* What the auxiliary vector says of the image. */
struct exec_aux {
	vaddr_t entry, phdr;
	unsigned phnum;
	vaddr_t base; /* what was added to the addresses of the interpreter; 0 without one */
	uint32_t uid, euid, gid, egid;
	bool secure;
};

/* Sizes are in bytes and include NULs. Returns 0, or -E2BIG if they do not fit below top. */
int exec_stack_layout(struct exec_stack *stack, vaddr_t top, size_t filename_bytes,
		      size_t string_bytes, unsigned argc, unsigned envc);

/* Fills in the auxiliary vector, including AT_NULL. */
void exec_stack_auxv(const struct exec_stack *stack, const struct exec_aux *aux,
		     struct abi_auxv auxv[EXEC_AUXV_COUNT]);
