/* SPDX-License-Identifier: MIT */
/* The device-tree reader on broken trees: refused, or harmless. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fdt_blobs.h"
#include "lib/bits.h"
#include "lib/fdt.h"
#include "test.h"

/* Asks everything of every node: must not crash, loop or read outside, whatever the blob. */
static void ask_everything(const struct dt *dt)
{
	unsigned nodes = 0;
	uint64_t a, b;
	uint32_t c, left;
	const char *one;

	for (dt_node node = dt_root(dt); node >= 0; node = dt_next(dt, node)) {
		struct dt_prop prop;

		assert_true(++nodes < dt->size);
		assert_true(strlen(dt_name(dt, node)) < dt->size);
		for (unsigned i = 0; dt_prop_at(dt, node, i, &prop); i++) {
			assert_true(strlen(prop.name) < dt->size);
			dt_string(dt, node, prop.name);
			one = dt_strings(dt, node, prop.name, &left);
			while (one)
				one = dt_strings_next(one, &left);
			dt_number(dt, node, prop.name, &a);
			dt_cell(dt, node, prop.name, 0, &c);
		}
		dt_reg(dt, node, 0, &a, &b);
		dt_available(dt, node);
		dt_compatible(dt, node, "virtio,mmio");
		assert_int_equal(node == dt_root(dt), dt_parent(dt, node) < 0);
	}
	dt_path(dt, "/soc/serial");
	dt_path(dt, "serial0");
	for (unsigned i = 0; dt_reserved(dt, i, &a, &b) == 0; i++)
		assert_true(i < dt->size);
}

/* Tries a blob at the end of its memory. Returns whether it was accepted. */
static bool try_blob(const char *blob, size_t size)
{
	const char *why = NULL;
	char *copy = malloc(size);
	struct dt dt;
	int r;

	memcpy(copy, blob, size);
	r = dt_init(&dt, copy, size, &why);
	if (r == 0) {
		ask_everything(&dt);
		if (fdt_check_full(copy, size) == 0)
			compare_all(copy, size);
	} else {
		assert_int_equal(-EINVAL, r);
		assert_non_null(why);
	}
	free(copy);
	return r == 0;
}

static void mutate(char *blob, size_t size)
{
	size_t at = test_below(4) ? test_below(size) : test_below(MIN(size, (size_t)64));

	switch (test_below(4)) {
	case 0:
		blob[at] ^= (char)(1 << test_below(8));
		break;
	case 1: /* a small number where a token or a length may be */
		at &= ~(size_t)3;
		memcpy(blob + at, (const char[]){ 0, 0, 0, (char)test_below(12) },
		       MIN(size - at, (size_t)4));
		break;
	case 2: /* a huge one */
		at &= ~(size_t)3;
		memset(blob + at, 0xff, MIN(size - at, (size_t)4));
		break;
	default:
		blob[at] = (char)test_random();
		break;
	}
}

static void mutate_many(const char *blob, size_t size, unsigned steps)
{
	char *copy = malloc(size);
	unsigned accepted = 0;

	for (unsigned step = 0; step < steps; step++) {
		unsigned n = 1 + (unsigned)test_below(3);

		memcpy(copy, blob, size);
		while (n-- > 0)
			mutate(copy, size);
		accepted += try_blob(copy, size);
	}
	free(copy);
	/* Else the mutations would test the first check only. */
	assert_in_range(accepted, steps / 20, steps - steps / 20);
}

void test_setup(void)
{
	fdt_blobs_init(test_argument);
}

TEST(mutations)
{
	mutate_many(qemu_blob, qemu_size, test_steps(1500));
	mutate_many(made_blob, made_size, test_steps(15000));
}

TEST(truncated)
{
	struct dt dt;

	for (size_t n = 0; n < made_size; n++)
		assert_false(try_blob(made_blob, n));
	assert_int_equal(-EINVAL, dt_init(&dt, made_blob, made_size - 1, NULL));
}

TEST(too_deep)
{
	static char blob[4096];

	for (unsigned depth = DT_DEPTH_MAX; depth <= DT_DEPTH_MAX + 1; depth++) {
		must(fdt_create(blob, sizeof(blob)));
		must(fdt_finish_reservemap(blob));
		for (unsigned i = 0; i < depth; i++)
			must(fdt_begin_node(blob, i == 0 ? "" : "x"));
		for (unsigned i = 0; i < depth; i++)
			must(fdt_end_node(blob));
		must(fdt_finish(blob));
		assert_int_equal(depth <= DT_DEPTH_MAX, try_blob(blob, fdt_totalsize(blob)));
	}
}

/* Big-endian, as the blob has it. */
static void set_word(char *blob, size_t at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		blob[at + i] = (char)(value >> (24 - 8 * i));
}

TEST(bad_headers)
{
	static const struct {
		unsigned field;
		uint32_t value;
	} bad[] = {
		{ 0, 0 },  { 1, 0 },	      { 1, 39 },	 { 1, UINT32_MAX }, { 2, 58 },
		{ 2, 1 },  { 2, UINT32_MAX }, { 3, UINT32_MAX }, { 4, UINT32_MAX }, { 5, 16 },
		{ 6, 18 }, { 8, UINT32_MAX }, { 9, UINT32_MAX }, { 9, 0 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		char copy[sizeof(made_blob)];

		memcpy(copy, made_blob, made_size);
		set_word(copy, bad[i].field * 4, bad[i].value);
		assert_false(try_blob(copy, made_size));
	}
}
