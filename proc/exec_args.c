/* SPDX-License-Identifier: MIT */
/* Copies argv and envp from user memory into kernel pages, within Linux's limits. */
#include "proc/exec_args.h"

#include "abi/errno.h"
#include "abi/limits.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "mm/fault/user_copy.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"
#include "proc/process.h"
#include "proc/thread.h"

/* Every image may have this much, however small its stack limit. This was once Linux's ARG_MAX. */
#define LIMIT_LEAST 131072ul

void exec_args_init(struct exec_args *args, const char *filename, uint64_t stack_limit)
{
	uint64_t limit = MIN(stack_limit / 4, (uint64_t)ABI_ARG_TOTAL_MAX);

	limit = MAX(limit, LIMIT_LEAST);
	*args = (struct exec_args){ .owner = current_process(),
				    .filename = filename,
				    .filename_bytes = strlen(filename) + 1,
				    .limit = limit };
}

static void count_kept(const struct exec_args *args, size_t pages)
{
	if (args->owner)
		counter_add(&args->owner->kept, pages);
}

struct exec_chunk *exec_chunk_make(const struct exec_args *args, uint32_t at)
{
	struct exec_chunk *chunk = mem_wait_kmalloc(sizeof(*chunk));

	if (chunk) {
		chunk->next = NULL;
		chunk->start = chunk->used = at;
		count_kept(args, 1);
	}
	return chunk;
}

void exec_chunk_drop(struct exec_args *args)
{
	struct exec_chunk *chunk = args->first;

	args->first = chunk->next;
	kfree(chunk);
	count_kept(args, -1ul);
}

void exec_args_destroy(struct exec_args *args)
{
	while (args->first)
		exec_chunk_drop(args);
	args->last = NULL;
}

/* Whether strings of `bytes` bytes, with pointers to them and to one more, exceed the limit. */
static bool too_big(const struct exec_args *args, size_t bytes)
{
	return exec_args_exceed(args, bytes, args->argc + args->envc + 1);
}

/* Returns the last chunk, with room for at least one byte. Returns NULL if out of memory. */
static struct exec_chunk *chunk_with_room(struct exec_args *args)
{
	struct exec_chunk *chunk = args->last;

	if (chunk && chunk->used < sizeof(chunk->bytes))
		return chunk;
	chunk = exec_chunk_make(args, 0);
	if (!chunk)
		return NULL;
	if (args->last)
		args->last->next = chunk;
	else
		args->first = chunk;
	args->last = chunk;
	return chunk;
}

static void count_string(struct exec_args *args, bool is_env)
{
	if (is_env) {
		args->envc++;
	} else {
		args->argc++;
		args->argv_bytes = args->bytes;
	}
}

int exec_args_add(struct exec_args *args, const char *string, bool is_env)
{
	size_t left = strlen(string) + 1;

	if (left > ABI_ARG_STRLEN_MAX || too_big(args, args->bytes + left))
		return -E2BIG;
	args->bytes += left;
	while (left) {
		struct exec_chunk *chunk = chunk_with_room(args);
		size_t n;

		if (!chunk)
			return -ENOMEM;
		n = MIN(left, sizeof(chunk->bytes) - chunk->used);
		memcpy(chunk->bytes + chunk->used, string, n);
		chunk->used += n;
		string += n;
		left -= n;
	}
	count_string(args, is_env);
	return 0;
}

/*
 * Copies a piece of the string at `from`: as much as fits into the chunk, or up to the string's
 * end, and then sets *end_ret. *len is the length copied so far.
 */
static int exec_args_copy_piece(struct exec_args *args, vaddr_t from, size_t *len, bool *end_ret)
{
	struct exec_chunk *chunk = chunk_with_room(args);
	size_t room, n;
	ssize_t got;

	if (!chunk)
		return -ENOMEM;
	room = MIN(sizeof(chunk->bytes) - chunk->used, ABI_ARG_STRLEN_MAX - *len);
	if (room == 0)
		return -E2BIG;
	got = user_copy_string(chunk->bytes + chunk->used, from + *len, room);
	if (got < 0 && got != -ENAMETOOLONG)
		return (int)got;
	*end_ret = got >= 0;
	n = *end_ret ? (size_t)got + 1 : room;
	chunk->used += n;
	args->bytes += n;
	*len += n;
	return too_big(args, args->bytes) ? -E2BIG : 0;
}

static int exec_args_copy_string(struct exec_args *args, vaddr_t from)
{
	size_t len = 0;
	bool end = false;
	int err = 0;

	while (!end && !err)
		err = exec_args_copy_piece(args, from, &len, &end);
	return err;
}

static int copy_array(struct exec_args *args, vaddr_t array, bool is_env)
{
	for (; array; array += POINTER_BYTES) {
		vaddr_t string;
		int err = user_copy_in(&string, array, sizeof(string));

		if (!err && !string)
			return 0;
		if (!err)
			err = exec_args_copy_string(args, string);
		if (err)
			return current_killed() ? -EINTR : err;
		count_string(args, is_env);
	}
	return 0;
}

int exec_args_copy_argv(struct exec_args *args, vaddr_t argv)
{
	int err = copy_array(args, argv, false);

	if (!err && args->argc == 0)
		err = exec_args_add(args, "", false);
	return err;
}

int exec_args_copy_envp(struct exec_args *args, vaddr_t envp)
{
	return copy_array(args, envp, true);
}
