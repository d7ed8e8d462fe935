/* SPDX-License-Identifier: MIT */
/* How the stack of a new image looks: arithmetic only, tested on the host. */
#pragma once

#include "abi/auxv.h"
#include "lib/types.h"

#define EXEC_RANDOM_BYTES 16
#define EXEC_AUXV_COUNT	  17

/*
 * From `top` downwards, as Linux has it:
 *	8 zero bytes
 *	the file name, with its NUL
 *	the strings of envp, below them those of argv
 *	16 random bytes
 *	(alignment)
 *	auxv, NULL, envp, NULL, argv, argc: at sp, which is a multiple of 16
 */
struct exec_stack {
	vaddr_t top;
	vaddr_t filename;
	vaddr_t strings; /* argv's first */
	vaddr_t random;
	vaddr_t sp;
	unsigned argc, envc;
};

/* What the image tells of itself. */
struct exec_aux {
	vaddr_t entry, phdr;
	unsigned phnum;
};

/* 0, or -E2BIG where that does not fit below top (and above 0). Sizes in bytes, with NULs. */
int exec_stack_layout(struct exec_stack *stack, vaddr_t top, size_t filename_bytes,
		      size_t string_bytes, unsigned argc, unsigned envc);

/* The auxiliary vector, AT_NULL included. */
void exec_stack_auxv(const struct exec_stack *stack, const struct exec_aux *aux,
		     struct abi_auxv auxv[EXEC_AUXV_COUNT]);
