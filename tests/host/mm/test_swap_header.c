/* SPDX-License-Identifier: MIT */
/* mkswap's header: a real one, each way in which one can be wrong, and any bytes at all. */
#include <stdlib.h>
#include <string.h>

#include "abi/errno.h"
#include "mm/swap/swap_header.h"
#include "tests/host/lib/test.h"

/* Bytes 1024 to 1075 of what mkswap 2.38 wrote for 1 MiB, with a label; then zeros, and the magic. */
static const uint8_t made_by_mkswap[] = {
	0x01, 0x00, 0x00, 0x00, 0xff, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x12,
	0x34, 0x56, 0x78, 0x9a, 0xbc, 0x4d, 0xef, 0x81, 0x23, 0x45, 0x67, 0x89, 0xab,
	0xcd, 0xef, 0x66, 0x61, 0x75, 0x6c, 0x74, 0x6c, 0x69, 0x6e, 0x65, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
};

static uint8_t page[SWAP_HEADER_BYTES];
static struct swap_header header;
static const char *why;

static void make_page(void)
{
	memset(page, 0, sizeof(page));
	memcpy(page + 1024, made_by_mkswap, sizeof(made_by_mkswap));
	memcpy(page + 4086, "SWAPSPACE2", 10);
	why = NULL;
}

static void put(size_t at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		page[at + i] = (uint8_t)(value >> 8 * i);
}

static uint32_t get(const uint8_t *bytes, size_t at)
{
	return bytes[at] | (uint32_t)bytes[at + 1] << 8 | (uint32_t)bytes[at + 2] << 16 |
	       (uint32_t)bytes[at + 3] << 24;
}

static void expect_refused(uint64_t disk_pages, const char *reason)
{
	why = NULL;
	assert_int_equal(-EINVAL, swap_header_read(page, disk_pages, &header, &why));
	assert_non_null(strstr(why, reason));
}

TEST(what_mkswap_writes_is_taken)
{
	make_page();
	assert_int_equal(0, swap_header_read(page, 256, &header, &why));
	assert_int_equal(256, header.npages);
	assert_int_equal(255, header.usable);
	assert_int_equal(0, header.nbad);
	/* A disk may be larger than its area. */
	assert_int_equal(0, swap_header_read(page, 1000, &header, &why));
	assert_int_equal(256, header.npages);
}

TEST(no_header)
{
	for (size_t i = 0; i < 10; i++) {
		make_page();
		page[4086 + i] ^= 1;
		expect_refused(256, "no swap header");
	}
	make_page();
	memcpy(page + 4086, "SWAP-SPACE", 10);
	expect_refused(256, "old format");
}

TEST(other_versions)
{
	make_page();
	put(1024, 0x01000000);
	expect_refused(256, "byte order");
	put(1024, 2);
	expect_refused(256, "version");
	put(1024, 0);
	expect_refused(256, "version");
}

TEST(sizes)
{
	make_page();
	expect_refused(255, "more pages than it has");
	put(1028, UINT32_MAX);
	expect_refused(UINT32_MAX, "more pages than it has");
	assert_int_equal(0, swap_header_read(page, 1ull << 32, &header, &why));
	assert_int_equal(1ul << 32, header.npages);
	for (uint32_t last = 0; last < 9; last++) {
		put(1028, last);
		expect_refused(256, "too little");
	}
	put(1028, 9);
	assert_int_equal(0, swap_header_read(page, 10, &header, &why));
	assert_int_equal(9, header.usable);
}

TEST(bad_pages)
{
	make_page();
	put(1032, 4);
	put(1536, 7);
	put(1540, 255);
	put(1544, 7); /* twice */
	put(1548, 1);
	assert_int_equal(0, swap_header_read(page, 256, &header, &why));
	assert_int_equal(3, header.nbad);
	assert_int_equal(252, header.usable);
	assert_int_equal(7, header.bad[0]);
	assert_int_equal(255, header.bad[1]);
	assert_int_equal(1, header.bad[2]);
	put(1544, 0);
	expect_refused(256, "not in the area");
	put(1544, 256);
	expect_refused(256, "not in the area");
	put(1032, 2);
	assert_int_equal(0, swap_header_read(page, 256, &header, &why));
}

TEST(too_many_bad_pages)
{
	make_page();
	put(1028, 999);
	for (uint32_t i = 0; i < SWAP_BAD_MAX; i++)
		put(1536 + 4 * i, 1 + i);
	put(1032, SWAP_BAD_MAX);
	assert_int_equal(0, memcmp(page + 4086, "SW", 2));
	assert_int_equal(0, swap_header_read(page, 1000, &header, &why));
	assert_int_equal(SWAP_BAD_MAX, header.nbad);
	put(1032, SWAP_BAD_MAX + 1);
	expect_refused(1000, "too many");
	put(1032, UINT32_MAX);
	expect_refused(1000, "too many");
	put(1028, 9);
	put(1032, 9);
	expect_refused(1000, "all pages are bad");
}

/* The rules once more, byte by byte, with an array of all pages: how many are usable; 0: refused. */
static size_t naive(const uint8_t *bytes, uint64_t disk_pages)
{
	static bool is_bad[4096];
	size_t last = get(bytes, 1028), usable = 0;

	if (memcmp(bytes + 4086, "SWAPSPACE2", 10) != 0 || get(bytes, 1024) != 1)
		return 0;
	if (last + 1 < 10 || last >= disk_pages || get(bytes, 1032) > 637)
		return 0;
	memset(is_bad, 0, sizeof(is_bad));
	for (uint32_t i = 0; i < get(bytes, 1032); i++) {
		uint32_t bad = get(bytes, 1536 + 4 * i);

		if (bad == 0 || bad > last)
			return 0;
		is_bad[bad] = true;
	}
	for (size_t i = 1; i <= last; i++)
		usable += !is_bad[i];
	return usable;
}

/* Headers that are nearly right, in memory of exactly their size. */
TEST(any_bytes)
{
	uint8_t *bytes = malloc(SWAP_HEADER_BYTES);
	unsigned taken = 0;

	for (unsigned n = 0; n < test_steps(20000); n++) {
		uint64_t disk_pages = test_below(2000);
		size_t expected;
		int err;

		make_page();
		if (test_below(4) != 0)
			put(1028,
			    (uint32_t)(test_below(4) ? test_below(disk_pages + 1) : test_random()));
		put(1032, (uint32_t)(test_below(8) ? test_below(20) : test_below(660)));
		for (unsigned i = 0; i < 640; i++)
			put(1536 + 4 * i, (uint32_t)(1 + test_below(test_below(4) ? 9 : 1000)));
		memcpy(page + 4086, "SWAPSPACE2", 10);
		for (uint64_t flips = test_below(3); flips > 0; flips--)
			page[test_below(2) ? 1024 + test_below(12) : test_below(4096)] ^=
				(uint8_t)(1 << test_below(8));
		memcpy(bytes, page, SWAP_HEADER_BYTES);
		expected = naive(bytes, disk_pages);
		err = swap_header_read(bytes, disk_pages, &header, &why);
		assert_int_equal(expected ? 0 : -EINVAL, err);
		if (err == 0) {
			assert_int_equal(expected, header.usable);
			assert_int_equal(get(bytes, 1028) + 1ul, header.npages);
			assert_int_equal(header.npages, header.usable + header.nbad + 1);
			taken++;
		}
	}
	assert_true(taken > test_steps(20000) / 20);
	free(bytes);
}
