/* SPDX-License-Identifier: MIT */
/* argv and envp on their way to a new image (R26): limits as Linux has them, strings of every length kept. */
#include "abi/errno.h"
#include "abi/limits.h"
#include "base/random.h"
#include "mm/phys/kmalloc.h"
#include "proc/exec_args.h"
#include "tests/kernel/ktest.h"

/* A string of n characters; NULL: no memory. */
static char *make(size_t n)
{
	char *s = kmalloc(n + 1);

	if (s) {
		memset(s, 'x', n);
		s[n] = '\0';
	}
	return s;
}

KTEST(proc_exec_args_keep_strings_of_every_length)
{
	struct exec_args args;
	size_t total = 0, found = 0, zeros = 0;

	exec_args_init(&args, "/f", 8ul << 20);
	for (size_t n = 0; n < 600; n += 7) {
		char *s = make(n);

		ASSERT_TRUE(s);
		EXPECT_EQ(0, exec_args_add(&args, s, n > 300));
		total += n + 1;
		kfree(s);
	}
	EXPECT_EQ(total, args.bytes);
	for (const struct exec_chunk *chunk = args.first; chunk; chunk = chunk->next) {
		found += chunk->used;
		for (size_t i = 0; i < chunk->used; i++)
			zeros += chunk->bytes[i] == '\0';
	}
	EXPECT_EQ(total, found);
	EXPECT_EQ(args.argc + args.envc, zeros);
	EXPECT_EQ(43, args.argc);
	exec_args_destroy(&args);
}

KTEST(proc_exec_args_have_linux_limits)
{
	struct exec_args args;
	char *longest = make(ABI_ARG_STRLEN_MAX - 1), *too_long = make(ABI_ARG_STRLEN_MAX);
	unsigned n = 0;

	ASSERT_TRUE(longest && too_long);
	exec_args_init(&args, "/f", 8ul << 20);
	EXPECT_EQ(-E2BIG, exec_args_add(&args, too_long, false));
	while (exec_args_add(&args, longest, false) == 0)
		n++;
	EXPECT_EQ((2ul << 20) / ABI_ARG_STRLEN_MAX - 1,
		  n); /* the pointers and the name take from the last */
	exec_args_destroy(&args);

	/* However small the stack, 128 KiB may be had. */
	exec_args_init(&args, "/f", 4096);
	EXPECT_EQ(-E2BIG, exec_args_add(&args, longest, false));
	longest[120000] = '\0';
	EXPECT_EQ(0, exec_args_add(&args, longest, false));
	exec_args_destroy(&args);
	kfree(longest);
	kfree(too_long);
}

/* A generator that stands still would give these bytes twice. */
KTEST(proc_random_bytes_differ)
{
	uint8_t a[100], b[100];
	unsigned same = 0;

	random_bytes(a, sizeof(a));
	random_bytes(b, sizeof(b));
	for (unsigned i = 0; i < sizeof(a); i++)
		same += a[i] == b[i];
	EXPECT_TRUE(same < 20);
	for (unsigned i = 0; i < 40; i++) {
		random_bytes(a, 16);
		EXPECT_TRUE(memcmp(a, b, 16) != 0);
		memcpy(b, a, 16);
	}
}
