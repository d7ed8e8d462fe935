/* SPDX-License-Identifier: MIT */
/* Reads mkswap's header: version 1 of the format, little-endian. */
#include "mm/swap/swap_header.h"

#include "abi/errno.h"
#include "lib/string.h"

/* Offsets of fields; all are 32 bits wide. A UUID and a label stand between them. */
enum {
	AT_VERSION = 1024,
	AT_LAST_PAGE = 1028,
	AT_NR_BAD = 1032,
	AT_BAD = 1536,
	AT_MAGIC = 4086,
};

_Static_assert((AT_MAGIC - AT_BAD) / 4 == SWAP_BAD_MAX, "bad pages end before the magic");

static const char magic[10] __attribute__((nonstring)) = "SWAPSPACE2";
static const char old_magic[10] __attribute__((nonstring)) = "SWAP-SPACE";

static uint32_t word_at(const void *page, size_t offset)
{
	uint32_t word;

	memcpy(&word, (const char *)page + offset, sizeof(word));
	return word;
}

static bool has_magic(const void *page, const char *text)
{
	return memcmp((const char *)page + AT_MAGIC, text, sizeof(magic)) == 0;
}

static const char *check_version(const void *page)
{
	uint32_t version = word_at(page, AT_VERSION);

	if (has_magic(page, old_magic))
		return "its swap header has an old format (make a new one with mkswap)";
	if (!has_magic(page, magic))
		return "no swap header (make one with mkswap)";
	if (version == __builtin_bswap32(1))
		return "its swap header has another byte order (make a new one with mkswap)";
	return version == 1 ? NULL : "its swap header has an unknown version";
}

static bool is_known(const struct swap_header *header, uint32_t bad)
{
	for (size_t i = 0; i < header->nbad; i++)
		if (header->bad[i] == bad)
			return true;
	return false;
}

/* Returns what is wrong with the list, or NULL. */
static const char *read_bad(const void *page, struct swap_header *header)
{
	uint32_t count = word_at(page, AT_NR_BAD);

	header->nbad = 0;
	if (count > SWAP_BAD_MAX)
		return "its swap header lists too many bad pages";
	for (uint32_t i = 0; i < count; i++) {
		uint32_t bad = word_at(page, AT_BAD + 4 * i);

		if (bad == 0 || bad >= header->npages)
			return "its swap header lists a bad page that is not in the area";
		if (!is_known(header, bad))
			header->bad[header->nbad++] = bad;
	}
	header->usable = header->npages - 1 - header->nbad;
	return header->usable == 0 ? "its swap header says that all pages are bad" : NULL;
}

int swap_header_read(const void *page, uint64_t disk_pages, struct swap_header *header_ret,
		     const char **why_ret)
{
	const char *why = check_version(page);

	header_ret->npages = (size_t)word_at(page, AT_LAST_PAGE) + 1;
	if (!why && header_ret->npages > disk_pages)
		why = "its swap header names more pages than it has (make a new one with mkswap)";
	if (!why && header_ret->npages < SWAP_PAGES_LEAST)
		why = "fewer than 10 pages (40 KiB) are too little for swap";
	if (!why)
		why = read_bad(page, header_ret);
	if (!why)
		return 0;
	*why_ret = why;
	return -EINVAL;
}
