/* SPDX-License-Identifier: MIT */
/* The table of fids against an array that is searched from its beginning. */
#include <errno.h>
#include <string.h>

#include "fid_table.h"
#include "test.h"

static struct fid_table table;
static struct {
	uint32_t number;
	uint64_t file;
} model[FIDS_MAX];
static unsigned count;

static unsigned model_find(uint32_t number)
{
	unsigned i = 0;

	while (i < count && model[i].number != number)
		i++;
	return i;
}

static void try_set(uint32_t number, uint64_t file)
{
	unsigned i = model_find(number);

	assert_int_equal(i == FIDS_MAX ? -EMFILE : 0, fid_set(&table, number, file));
	if (i == FIDS_MAX)
		return;
	model[i].number = number;
	model[i].file = file;
	count += i == count;
	assert_false(fid_get(&table, number)->open);
}

static void try_drop(uint32_t number)
{
	unsigned i = model_find(number);

	assert_int_equal(i < count, fid_drop(&table, number));
	if (i < count)
		model[i] = model[--count];
}

static void compare(void)
{
	assert_int_equal(count, table.count);
	for (unsigned i = 0; i < count; i++) {
		const struct fid *fid = fid_get(&table, model[i].number);

		assert_non_null(fid);
		assert_int_equal(model[i].file, fid->file);
	}
}

/* Numbers that share their slots with many, across the end of the table too. */
static uint32_t crowded_number(void)
{
	return (uint32_t)((FID_SLOTS - 8 + test_below(16)) % FID_SLOTS + FID_SLOTS * test_below(8));
}

TEST(crowded_numbers_are_found_again)
{
	for (unsigned i = 0; i < test_steps(20000); i++) {
		uint32_t number = crowded_number();

		if (test_below(2))
			try_set(number, test_random());
		else
			try_drop(number);
		if (i % 16 == 0)
			compare();
		number = crowded_number();
		assert_int_equal(model_find(number) < count, fid_get(&table, number) != NULL);
	}
	compare();
}

TEST(a_full_table_takes_no_more)
{
	for (uint32_t i = 0; i < FIDS_MAX; i++)
		try_set(i * 77 + 5, i);
	try_set(1, 1);
	try_set(5, 99); /* one that is there */
	compare();
	try_drop(82);
	try_set(1, 1);
	compare();
	fid_drop_all(&table);
	count = 0;
	compare();
	assert_null(fid_get(&table, 1));
}
