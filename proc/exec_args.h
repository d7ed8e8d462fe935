/* SPDX-License-Identifier: MIT */
/* The strings that a new image starts with, copied before the old image is destroyed. */
#pragma once

#include "arch/page.h"
#include "lib/types.h"

struct process;

/* A page of strings, private to the thread in exec. Chunks keep allocations small, and the strings are only read in order. */
struct exec_chunk {
	struct exec_chunk *next;
	uint32_t start, used; /* the strings are bytes[start] to bytes[used - 1] */
	char bytes[PAGE_SIZE - 16];
};

/* The strings of argv, followed by those of envp, each with its NUL. */
struct exec_args {
	struct process *owner; /* whose memory the strings count as; NULL: nobody's */
	const char *filename;  /* as passed to execve; for AT_EXECFN and comm; not owned */
	size_t filename_bytes; /* including its NUL */
	bool by_descriptor;    /* `filename` is that of a descriptor: comm is the file's own name */
	bool unreachable;      /* the new program cannot open `filename`: it is no script */
	unsigned argc, envc;
	int added;	   /* how many more argv has than were copied */
	size_t bytes;	   /* of all strings, including their NULs */
	size_t argv_bytes; /* of those of argv */
	size_t limit;	   /* for strings, file name and pointers together */
	struct exec_chunk *first, *last;
};

/* stack_limit is RLIMIT_STACK. The limit is a quarter of it, at least 128 KiB, at most 6 MiB. */
void exec_args_init(struct exec_args *args, const char *filename, uint64_t stack_limit);
void exec_args_destroy(struct exec_args *args);

/*
 * Copy the strings of the running process; argv first. A NULL array is empty. As on Linux, an empty
 * argv becomes one empty string. Return 0, -EFAULT, -E2BIG, -ENOMEM or -EINTR. Call with no
 * spinning lock held.
 */
int exec_args_copy_argv(struct exec_args *args, vaddr_t argv);
int exec_args_copy_envp(struct exec_args *args, vaddr_t envp);

/* Adds a kernel string. Add argv first, then envp with is_env. Returns 0, -E2BIG or -ENOMEM. */
int exec_args_add(struct exec_args *args, const char *string, bool is_env);

#define POINTER_BYTES sizeof(vaddr_t)

/* Whether strings of `bytes` bytes, with so many pointers to them, exceed the limit. */
static inline bool exec_args_exceed(const struct exec_args *args, size_t bytes, size_t npointers)
{
	return bytes + npointers * POINTER_BYTES + args->filename_bytes > args->limit;
}

/* Returns an empty chunk, which begins and ends at `at`. Returns NULL if out of memory. */
struct exec_chunk *exec_chunk_make(const struct exec_args *args, uint32_t at);
/* Frees the first chunk. */
void exec_chunk_drop(struct exec_args *args);
