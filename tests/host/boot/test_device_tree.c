/* SPDX-License-Identifier: MIT */
/* What the boot reads of a machine: memory in pieces, what is reserved in it, the archive. */
#include <libfdt.h>

#include "abi/errno.h"
#include "arch/page.h"
#include "boot/device_tree.h"
#include "lib/bits.h"
#include "test.h"

#define MIB	 (1ul << 20)
#define RAM	 (1ul << 31)
#define IMAGE	 (RAM + 2 * MIB)
#define DTB	 (RAM + 16 * MIB)
#define ARCHIVE	 (RAM + 24 * MIB)
#define FAR	 (1ul << 36) /* a second piece of memory */
#define TIMEBASE 10000000

static char blob[4096];

struct phys_range arch_image(void)
{
	return (struct phys_range){ IMAGE, IMAGE + MIB };
}

void *fake_phys_to_virt(paddr_t pa)
{
	assert_int_equal(DTB, pa);
	return blob;
}

static void must(int r)
{
	if (r < 0)
		fail_msg("libfdt: %s", fdt_strerror(r));
}

/* A range of a reg property, two cells each. */
static void range(uint64_t *reg, uint64_t start, uint64_t size)
{
	reg[0] = cpu_to_fdt64(start);
	reg[1] = cpu_to_fdt64(size);
}

static void memory_node(const char *name, const uint64_t *reg, unsigned nranges)
{
	must(fdt_begin_node(blob, name));
	must(fdt_property_string(blob, "device_type", "memory"));
	must(fdt_property(blob, "reg", reg, (int)(nranges * 2 * sizeof(*reg))));
	must(fdt_end_node(blob));
}

static void begin_with_archive(uint64_t archive)
{
	must(fdt_create(blob, sizeof(blob)));
	must(fdt_add_reservemap_entry(blob, RAM, MIB));
	must(fdt_finish_reservemap(blob));
	must(fdt_begin_node(blob, ""));
	must(fdt_property_u32(blob, "#address-cells", 2));
	must(fdt_property_u32(blob, "#size-cells", 2));
	must(fdt_begin_node(blob, "cpus"));
	must(fdt_property_u32(blob, "timebase-frequency", TIMEBASE));
	must(fdt_begin_node(blob, "cpu@0"));
	must(fdt_property_string(blob, "device_type", "cpu"));
	must(fdt_end_node(blob));
	must(fdt_end_node(blob));
	must(fdt_begin_node(blob, "chosen"));
	must(fdt_property_u64(blob, "linux,initrd-start", archive));
	must(fdt_property_u64(blob, "linux,initrd-end", archive + 4096));
	must(fdt_end_node(blob));
}

static void begin(void)
{
	begin_with_archive(ARCHIVE);
}

static void reserving_node(uint64_t first, uint64_t second)
{
	uint64_t reg[4];

	must(fdt_begin_node(blob, "reserved-memory"));
	must(fdt_property_u32(blob, "#address-cells", 2));
	must(fdt_property_u32(blob, "#size-cells", 2));
	must(fdt_begin_node(blob, "firmware"));
	range(reg, first, MIB);
	range(reg + 2, second, MIB);
	must(fdt_property(blob, "reg", reg, sizeof(reg)));
	must(fdt_end_node(blob));
	must(fdt_end_node(blob));
}

/* Returns NULL, or why the tree cannot be used. */
static const char *end(void)
{
	const char *why = NULL;

	must(fdt_end_node(blob));
	must(fdt_finish(blob));
	boot_info = (struct boot_info){ 0 };
	return boot_info_read(DTB, 0, &why) ? why : NULL;
}

static void assert_range(struct phys_range range, uint64_t start, uint64_t size)
{
	assert_int_equal(start, range.start);
	assert_int_equal(start + size, range.end);
}

TEST(memory_in_pieces)
{
	uint64_t reg[6];

	begin();
	range(reg, RAM, 64 * MIB);
	range(reg + 2, RAM + 128 * MIB, 0); /* empty: none */
	range(reg + 4, RAM + 256 * MIB, 8 * MIB);
	memory_node("memory@0", reg, 3);
	range(reg, FAR, 32 * MIB);
	memory_node("memory@1", reg, 1);
	assert_null(end());
	assert_int_equal(3, boot_info.nram);
	assert_range(boot_info.ram[0], RAM, 64 * MIB);
	assert_range(boot_info.ram[1], RAM + 256 * MIB, 8 * MIB);
	assert_range(boot_info.ram[2], FAR, 32 * MIB);
	assert_int_equal(1, boot_info.ncpus);
	assert_int_equal(TIMEBASE, boot_info.timebase);
}

TEST(memory_that_cannot_be_shown)
{
	uint64_t reg[4];

	begin();
	range(reg, RAM, PHYS_TOP); /* reaches beyond */
	range(reg + 2, PHYS_TOP, MIB);
	memory_node("memory@0", reg, 2);
	assert_null(end());
	assert_int_equal(1, boot_info.nram);
	assert_range(boot_info.ram[0], RAM, PHYS_TOP - RAM);
}

TEST(reserved_and_archive)
{
	uint64_t reg[2];

	begin();
	range(reg, RAM, 64 * MIB);
	memory_node("memory@0", reg, 1);
	reserving_node(RAM + 40 * MIB, RAM + 50 * MIB);
	assert_null(end());
	assert_int_equal(6, boot_info.nreserved);
	assert_range(boot_info.reserved[0], IMAGE, MIB);
	assert_range(boot_info.reserved[1], DTB, fdt_totalsize(blob));
	assert_range(boot_info.reserved[2], RAM, MIB); /* the header's */
	assert_int_equal(3, boot_info.first_node);
	assert_range(boot_info.reserved[3], RAM + 40 * MIB, MIB);
	assert_range(boot_info.reserved[4], RAM + 50 * MIB, MIB);
	assert_range(boot_info.reserved[5], ARCHIVE, 4096);
	assert_range(boot_info.initrd, ARCHIVE, 4096);
}

/* May the archive be there? */
static bool takes_archive_at(uint64_t archive)
{
	uint64_t reg[2];

	begin_with_archive(archive);
	range(reg, RAM, 64 * MIB);
	memory_node("memory@0", reg, 1);
	reserving_node(RAM + 40 * MIB, RAM + 50 * MIB);
	return end() == NULL;
}

TEST(an_archive_outside_memory_is_refused)
{
	assert_true(takes_archive_at(RAM + 64 * MIB - 4096));
	assert_false(takes_archive_at(RAM + 64 * MIB - 4095));
	assert_false(takes_archive_at(RAM + 64 * MIB));
	assert_false(takes_archive_at(RAM - 4096));
	assert_false(takes_archive_at(RAM - 1));
}

TEST(an_archive_over_what_is_reserved_is_refused)
{
	const uint64_t taken[] = { IMAGE, DTB, RAM + 40 * MIB, RAM + 50 * MIB };

	for (unsigned i = 0; i < ARRAY_SIZE(taken); i++) {
		assert_false(takes_archive_at(taken[i]));
		assert_false(takes_archive_at(taken[i] - 1));
		assert_true(takes_archive_at(taken[i] - 4096));
	}
	assert_false(takes_archive_at(IMAGE + MIB - 1));
	assert_true(takes_archive_at(IMAGE + MIB));
	assert_true(takes_archive_at(RAM)); /* the header may reserve the archive itself */
}
