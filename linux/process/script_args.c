/* SPDX-License-Identifier: MIT */
/* The strings of a script: its interpreter comes before what the program was called with. */
#include "linux/process/script_args.h"

#include "abi/errno.h"
#include "lib/bits.h"
#include "lib/string.h"

void exec_args_drop_first(struct exec_args *args)
{
	struct exec_chunk *chunk = args->first;
	bool end = false;

	while (!end) {
		if (chunk->start == chunk->used) { /* the string goes on in the next one */
			exec_chunk_drop(args);
			chunk = args->first;
		}
		end = chunk->bytes[chunk->start++] == '\0';
		args->bytes--;
		args->argv_bytes--;
	}
	args->argc--;
	args->added--;
}

int exec_args_push(struct exec_args *args, const char *string)
{
	size_t left = strlen(string) + 1;

	args->bytes += left;
	args->argv_bytes += left;
	args->argc++;
	args->added++;
	while (left) {
		struct exec_chunk *chunk = args->first;
		size_t n;

		if (chunk->start == 0) {
			chunk = exec_chunk_make(args, sizeof(chunk->bytes));
			if (!chunk)
				return -ENOMEM;
			chunk->next = args->first;
			args->first = chunk;
		}
		n = MIN(left, (size_t)chunk->start);
		left -= n;
		chunk->start -= (uint32_t)n;
		memcpy(chunk->bytes + chunk->start, string + left, n);
	}
	return 0;
}

int exec_args_check(const struct exec_args *args)
{
	size_t npointers = args->argc + args->envc - (unsigned)args->added;

	return exec_args_exceed(args, args->bytes, npointers) ? -E2BIG : 0;
}
