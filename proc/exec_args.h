/* SPDX-License-Identifier: MIT */
/* The strings that a new image starts with, gathered before the old one goes. */
#pragma once

#include "arch/page.h"
#include "lib/types.h"

/* A frame full of them: no allocation is large, and they are only read in order. */
struct exec_chunk {
	struct exec_chunk *next;
	size_t used;
	char bytes[PAGE_SIZE - 16];
};

/* argv's strings, then envp's, each with its NUL. */
struct exec_args {
	const char *filename;  /* as execve was given it, for AT_EXECFN and comm; not owned */
	size_t filename_bytes; /* with its NUL */
	unsigned argc, envc;
	size_t bytes; /* of all strings, NULs included */
	size_t limit; /* of strings, file name and pointers together */
	struct exec_chunk *first, *last;
};

/* stack_limit: RLIMIT_STACK; a quarter of it may be used, but 128 KiB always and 6 MiB at most. */
void exec_args_init(struct exec_args *args, const char *filename, uint64_t stack_limit);
void exec_args_destroy(struct exec_args *args);

/*
 * The strings of the running process; argv first. A NULL array is empty; an empty argv becomes one
 * empty string, as on Linux. 0, -EFAULT, -E2BIG, -ENOMEM, -EINTR. => no spinning lock held
 */
int exec_args_copy_argv(struct exec_args *args, vaddr_t argv);
int exec_args_copy_envp(struct exec_args *args, vaddr_t envp);

/* One kernel string more; is_env once all of argv is in. 0, -E2BIG, -ENOMEM. */
int exec_args_add(struct exec_args *args, const char *string, bool is_env);
