/* SPDX-License-Identifier: MIT */
/* Tables of descriptors: those that were never open, between others that are. */
#include "abi/fcntl.h"
#include "desc/fdtable.h"
#include "desc/file.h"
#include "mm/phys/kmalloc.h"
#include "tests/kernel/ktest.h"

static const struct file_ops plain_ops = { .name = "plain" };

/* Whether these alone are open, by each way to find out. */
static bool are_open(struct fdtable *table, unsigned low, unsigned high)
{
	for (unsigned fd = 0; fd < FD_CHUNK + 1; fd++) {
		bool open = fd == low || fd == high;
		struct file *got = fdtable_get(table, (int)fd);

		if (open != (got != NULL) || (fd < FD_CHUNK && got != fdtable_look(table, (int)fd)))
			return false;
		if (got)
			file_put(got);
	}
	return true;
}

/* The memory of a table is not cleared, so a descriptor below one that is open must not be taken for an old one (R140). */
KTEST(R140_descriptors_that_were_never_open)
{
	struct file *file = file_create(&plain_ops, O_RDWR, NULL);
	struct fdtable *table = fdtable_create(), *copy;

	ASSERT_TRUE(file && table);
	memset(table->first.file, 0x40, sizeof(table->first.file));
	EXPECT_TRUE(!fdtable_look(table, 0) && !fdtable_get(table, 0));
	file_get(file);
	EXPECT_EQ(7, fdtable_install_at(table, file, 7, false));
	EXPECT_TRUE(are_open(table, 7, 7));
	file_get(file);
	EXPECT_EQ(200, fdtable_install_at(table, file, 200, false));
	EXPECT_TRUE(are_open(table, 7, 200));
	copy = fdtable_copy(table);
	ASSERT_TRUE(copy);
	EXPECT_TRUE(are_open(copy, 7, 200));
	EXPECT_EQ(0, fdtable_close(copy, 200));
	EXPECT_TRUE(are_open(copy, 7, 7));
	EXPECT_EQ(0, fdtable_reserve(copy, 0, false)); /* open for nobody yet */
	EXPECT_TRUE(are_open(copy, 7, 7));
	fdtable_unreserve(copy, 0);
	fdtable_put(copy);
	fdtable_put(table);
	file_put(file);
}
