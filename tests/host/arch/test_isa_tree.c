/* SPDX-License-Identifier: MIT */
/* Which extensions a device tree says that the harts have, by a string, a list of strings, or both. */
#include <libfdt.h>

#include "abi/hwprobe.h"
#include "arch/riscv/isa.h"
#include "lib/bits.h"
#include "lib/fdt.h"
#include "test.h"

#define ZBA	(1ul << RISCV_HWPROBE_EXT_ZBA)
#define ZBB	(1ul << RISCV_HWPROBE_EXT_ZBB)
#define ZICOND	(1ul << RISCV_HWPROBE_EXT_ZICOND)
#define RV64GC	(1ul << RISCV_HWPROBE_IMA_FD | 1ul << RISCV_HWPROBE_IMA_C)
#define COUNTED (ZBA | ZBB | ZICOND | ISA_SSTC)

static char blob[2048];

static void must(int r)
{
	if (r < 0)
		fail_msg("libfdt: %s", fdt_strerror(r));
}

struct cpu {
	const char *type;
	const char *isa;	/* NULL: no string */
	const char *extensions; /* a list, whose length is that of the property; NULL: none */
	int length;
};

#define LISTED(list) .extensions = (list), .length = (int)sizeof(list)

static void cpu_node(const struct cpu *cpu, unsigned number)
{
	char name[] = "cpu@0";

	name[4] = (char)('0' + number);
	must(fdt_begin_node(blob, name));
	must(fdt_property_string(blob, "device_type", cpu->type));
	if (cpu->isa)
		must(fdt_property_string(blob, "riscv,isa", cpu->isa));
	if (cpu->extensions)
		must(fdt_property(blob, "riscv,isa-extensions", cpu->extensions, cpu->length));
	must(fdt_end_node(blob));
}

/* What is read of a tree with these nodes below /cpus. rv64gc is always there. */
static uint64_t found(const struct cpu *cpu, unsigned n)
{
	struct dt dt;
	uint64_t extensions;

	must(fdt_create(blob, sizeof(blob)));
	must(fdt_finish_reservemap(blob));
	must(fdt_begin_node(blob, ""));
	must(fdt_begin_node(blob, "cpus"));
	for (unsigned i = 0; i < n; i++)
		cpu_node(&cpu[i], i);
	must(fdt_end_node(blob));
	must(fdt_end_node(blob));
	must(fdt_finish(blob));
	assert_int_equal(0, dt_init(&dt, blob, sizeof(blob), NULL));
	extensions = isa_extensions_in(&dt);
	assert_int_equal(RV64GC, extensions & RV64GC);
	return extensions & COUNTED;
}

static uint64_t found_one(const char *isa, const char *extensions, int length)
{
	const struct cpu cpu = { "cpu", isa, extensions, length };

	return found(&cpu, 1);
}

#define FOUND(isa, list) found_one(isa, list, (int)sizeof(list))

TEST(string)
{
	assert_int_equal(0, found_one(NULL, NULL, 0));
	assert_int_equal(0, found_one("rv64imafdc", NULL, 0));
	assert_int_equal(ZBA | ZBB | ISA_SSTC, found_one("rv64imafdc_zba_zbb_sstc", NULL, 0));
	assert_int_equal(ZBB, found_one("rv64imafdch_zbbx_zb_zbb_", NULL, 0));
	assert_int_equal(0, found_one("zba", NULL, 0)); /* what comes first is no extension */
}

TEST(list)
{
	assert_int_equal(ZBA | ISA_SSTC, FOUND(NULL, "i\0zba\0sstc"));
	assert_int_equal(0, FOUND(NULL, "zb\0zbbx\0"));
}

/* QEMU and firmware may name some in the one only. */
TEST(both)
{
	assert_int_equal(ZBA | ZBB | ISA_SSTC, FOUND("rv64imafdc_zba", "i\0zbb\0sstc"));
	assert_int_equal(ZBA | ZBB | ISA_SSTC, FOUND("rv64imafdc", "zba\0zbb\0sstc"));
	assert_int_equal(ZBA | ZBB | ISA_SSTC, FOUND("rv64imafdc_zba_zbb_sstc", "i\0m"));
	assert_int_equal(ZICOND, FOUND("rv64imafdc_zicond", "zicond"));
}

TEST(all_harts)
{
	const struct cpu cpu[] = {
		{ "cpu", .isa = "rv64imafdc_zba_zbb_sstc" },
		{ "cache", .isa = "rv64imac" },
		{ "cpu", .isa = "rv64imafdc_sstc", LISTED("zbb\0zicond") },
	};

	assert_int_equal(ZBB | ISA_SSTC, found(cpu, 3));
	assert_int_equal(ZBA | ZBB | ISA_SSTC, found(cpu, 2));
	assert_int_equal(0, found(NULL, 0));
}
