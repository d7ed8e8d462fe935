/* SPDX-License-Identifier: MIT */
/* The layout of a new image's stack: arithmetic only, so that it can be tested on the host. */
#pragma once

#include "abi/auxv.h"
#include "lib/types.h"

#define EXEC_RANDOM_BYTES 16
/* Entries of the auxiliary vector that every program finds, with AT_NULL; and the most with a layer's. */
#define EXEC_AUXV_OWN	  12
#define EXEC_AUXV_MOST	  20

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
	unsigned nauxv; /* entries of auxv, with AT_NULL */
};

/* What the auxiliary vector says of the image, and the layer's own entries: the first, those before AT_RANDOM, and those at the end. */
struct exec_aux {
	vaddr_t entry, phdr;
	unsigned phnum;
	vaddr_t base; /* what was added to the addresses of the interpreter; 0 without one */
	const struct abi_auxv *first, *before, *behind;
	unsigned nfirst, nbefore, nbehind;
};

/*
 * Sizes are in bytes and include NULs. nmore: how many entries of the auxiliary vector the layer adds, up to
 * EXEC_AUXV_MOST in all. Returns 0, or -E2BIG if they do not fit below top.
 */
int exec_stack_layout(struct exec_stack *stack, vaddr_t top, size_t filename_bytes,
		      size_t string_bytes, unsigned argc, unsigned envc, unsigned nmore);

/* Fills in the stack->nauxv entries of the auxiliary vector. */
void exec_stack_auxv(const struct exec_stack *stack, const struct exec_aux *aux,
		     struct abi_auxv auxv[EXEC_AUXV_MOST]);
