/* SPDX-License-Identifier: MIT */
/* What boot believes of a device tree: boot/info's ranges against libfdt and arithmetic that can't overflow. */
#include <libfdt.h>

#include "abi/errno.h"
#include "arch/page.h"
#include "boot/device_tree.h"
#include "fuzz.h"
#include "lib/string.h"

#define TREE_AT	   (FAKE_PHYS_BASE + 0x02200000ul)
#define IMAGE_AT   (FAKE_PHYS_BASE + 0x00200000ul)
#define IMAGE_SIZE 0x100000ul
#define TREE_ROOM  (2u << 20)

typedef unsigned __int128 wide;

/* As much as the kernel may look at; zeros behind the tree. */
static uint8_t room[TREE_ROOM] __attribute__((aligned(8)));

void *fake_phys_to_virt(paddr_t pa)
{
	fuzz_check(pa == TREE_AT);
	return room;
}

struct phys_range arch_image(void)
{
	return (struct phys_range){ IMAGE_AT, IMAGE_AT + IMAGE_SIZE };
}

/* The part of [start, end) that is in no piece of the memory, byte by byte of its ends. */
static bool covered(const struct boot_info *info, struct phys_range range)
{
	for (unsigned round = 0; round <= info->nram; round++)
		for (unsigned i = 0; i < info->nram && range.start < range.end; i++)
			if (info->ram[i].start <= range.start && range.start < info->ram[i].end)
				range.start = info->ram[i].end;
	return range.start >= range.end;
}

static bool overlap(struct phys_range a, struct phys_range b)
{
	return a.start < b.end && b.start < a.end;
}

static uint64_t cells(const uint8_t *p, int n)
{
	uint64_t value = 0;

	for (int i = 0; i < 4 * n; i++)
		value = value << 8 | p[i];
	return value;
}

static int cell_count(int parent, const char *name, int fallback)
{
	int len;
	const uint8_t *p = fdt_getprop(room, parent, name, &len);

	return p && len >= 4 ? (int)cells(p, 1) : fallback;
}

static bool is_memory_node(int node)
{
	int len;
	const char *type = fdt_getprop(room, node, "device_type", &len);

	if (!type || len != 7 || memcmp(type, "memory", 7) != 0)
		return false;
	type = fdt_getprop(room, node, "status", &len);
	return !type || (len == 5 && memcmp(type, "okay", 5) == 0) ||
	       (len == 3 && memcmp(type, "ok", 3) == 0);
}

/* Is [start, end) memory by some node of the tree? */
static bool is_in_tree(struct phys_range range)
{
	int a = cell_count(0, "#address-cells", 2), s = cell_count(0, "#size-cells", 1), node, len;

	fdt_for_each_subnode(node, room, 0)
	{
		const uint8_t *reg = fdt_getprop(room, node, "reg", &len);

		for (; is_memory_node(node) && reg && len >= 4 * (a + s); len -= 4 * (a + s)) {
			wide start = cells(reg, a), end = start + cells(reg + 4 * a, s);

			reg += 4 * (a + s);
			if (start == range.start && (end < PHYS_TOP ? end : PHYS_TOP) == range.end)
				return true;
		}
	}
	return false;
}

static void check_ranges(const struct phys_range *ranges, unsigned n)
{
	fuzz_check(n <= BOOT_RANGES);
	for (unsigned i = 0; i < n; i++)
		fuzz_check(ranges[i].start < ranges[i].end);
}

static void check_initrd(const struct boot_info *info)
{
	bool found = false;

	if (info->initrd.end == 0)
		return;
	fuzz_check(info->initrd.start < info->initrd.end);
	fuzz_check(covered(info, info->initrd));
	fuzz_check(!overlap(info->initrd, arch_image()));
	fuzz_check(!overlap(info->initrd, (struct phys_range){ TREE_AT, TREE_AT + info->dt.size }));
	for (unsigned i = 0; i < info->nreserved; i++)
		found |= info->reserved[i].start <= info->initrd.start &&
			 info->initrd.end <= info->reserved[i].end;
	fuzz_check(found);
}

/* Every range that the tree reserves is one of ours. */
static void check_reservations(const struct boot_info *info)
{
	uint64_t start, size;

	for (unsigned k = 0; dt_reserved(&info->dt, k, &start, &size) == 0; k++) {
		bool found = size == 0;

		for (unsigned i = 0; i < info->nreserved; i++)
			found |= info->reserved[i].start == start &&
				 info->reserved[i].end == start + size;
		fuzz_check(found);
	}
}

static void check_strings(const struct boot_info *info)
{
	const char *end = (const char *)room + info->dt.size;

	fuzz_check(info->cmdline[0] == '\0' ||
		   (info->cmdline < end && info->cmdline + strlen(info->cmdline) < end));
	fuzz_check(!info->model || info->model + strlen(info->model) < end);
	fuzz_check(!info->rng_seed || (const char *)info->rng_seed + info->rng_seed_len <= end);
}

static void check(const struct boot_info *info)
{
	check_ranges(info->ram, info->nram);
	check_ranges(info->reserved, info->nreserved);
	fuzz_check(info->nram > 0 && info->timebase > 0);
	for (unsigned i = 0; i < info->nram; i++) {
		fuzz_check(info->ram[i].end <= PHYS_TOP);
		if (fdt_check_full(room, info->dt.size) == 0)
			fuzz_check(is_in_tree(info->ram[i]));
	}
	fuzz_check(covered(info, arch_image()));
	fuzz_check(covered(info, (struct phys_range){ TREE_AT, TREE_AT + info->dt.size }));
	check_initrd(info);
	check_reservations(info);
	check_strings(info);
}

bool fuzz_one(const uint8_t *data, size_t size)
{
	const char *why = NULL;
	int err;

	size = size < TREE_ROOM ? size : TREE_ROOM;
	memcpy(room, data, size);
	memset(&boot_info, 0, sizeof(boot_info));
	err = boot_info_read(TREE_AT, 3, &why);
	if (err == 0)
		check(&boot_info);
	else
		fuzz_check(err == -EINVAL && why && why[0]);
	fuzz_equal(boot_info.hart_id, 3);
	memset(room, 0, size);
	return err == 0;
}
