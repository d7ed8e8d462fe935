/* SPDX-License-Identifier: MIT */
/* What the device tree says of the harts' extensions. */
#include "abi/hwprobe.h"
#include "arch/riscv/isa.h"
#include "lib/bits.h"
#include "lib/fdt.h"
#include "lib/string.h"

#define BIT_OF(name) (1ul << RISCV_HWPROBE_##name)

/* rv64gc, and what it consists of. */
#define ALWAYS (BIT_OF(IMA_FD) | BIT_OF(IMA_C) | BIT_OF(EXT_ZCA) | BIT_OF(EXT_ZCD))

/* Those for programs have no state of their own, so that a switch of threads need not know of them. */
static const struct {
	const char *name;
	uint64_t bit;
} known[] = {
	{ "zba", BIT_OF(EXT_ZBA) },
	{ "zbb", BIT_OF(EXT_ZBB) },
	{ "zbs", BIT_OF(EXT_ZBS) },
	{ "zbc", BIT_OF(EXT_ZBC) },
	{ "zbkb", BIT_OF(EXT_ZBKB) },
	{ "zbkc", BIT_OF(EXT_ZBKC) },
	{ "zbkx", BIT_OF(EXT_ZBKX) },
	{ "zknd", BIT_OF(EXT_ZKND) },
	{ "zkne", BIT_OF(EXT_ZKNE) },
	{ "zknh", BIT_OF(EXT_ZKNH) },
	{ "zksed", BIT_OF(EXT_ZKSED) },
	{ "zksh", BIT_OF(EXT_ZKSH) },
	{ "zkt", BIT_OF(EXT_ZKT) },
	{ "zfh", BIT_OF(EXT_ZFH) },
	{ "zfhmin", BIT_OF(EXT_ZFHMIN) },
	{ "zihintntl", BIT_OF(EXT_ZIHINTNTL) },
	{ "zfa", BIT_OF(EXT_ZFA) },
	{ "zacas", BIT_OF(EXT_ZACAS) },
	{ "zicond", BIT_OF(EXT_ZICOND) },
	{ "zihintpause", BIT_OF(EXT_ZIHINTPAUSE) },
	{ "zimop", BIT_OF(EXT_ZIMOP) },
	{ "zcb", BIT_OF(EXT_ZCB) },
	{ "zcmop", BIT_OF(EXT_ZCMOP) },
	{ "zawrs", BIT_OF(EXT_ZAWRS) },
	{ "sstc", ISA_SSTC },
};

/* Returns the bit of the extension with that name of n characters, or 0. */
static uint64_t extension_bit(const char *name, size_t n)
{
	for (unsigned i = 0; i < ARRAY_SIZE(known); i++)
		if (strncmp(known[i].name, name, n) == 0 && known[i].name[n] == '\0')
			return known[i].bit;
	return 0;
}

/* Those of a string such as "rv64imafdc_zba_zbb". */
static uint64_t extensions_in(const char *isa)
{
	const char *at = strchr(isa, '_'), *end;
	uint64_t found = 0;

	for (; at; at = end) {
		end = strchr(++at, '_');
		found |= extension_bit(at, end ? (size_t)(end - at) : strlen(at));
	}
	return found;
}

/* Those of the list of strings that a newer tree has, too. Either may be shorter than the other. */
static uint64_t extensions_listed(const struct dt *dt, dt_node cpu)
{
	uint64_t found = 0;
	uint32_t left;
	const char *one = dt_strings(dt, cpu, "riscv,isa-extensions", &left);

	for (; one; one = dt_strings_next(one, &left))
		found |= extension_bit(one, strlen(one));
	return found;
}

uint64_t isa_extensions_in(const struct dt *dt)
{
	dt_node cpu, cpus = dt_path(dt, "/cpus");
	uint64_t all = UINT64_MAX;

	if (cpus < 0)
		return ALWAYS;
	dt_for_each_child(cpu, dt, cpus)
	{
		const char *type = dt_string(dt, cpu, "device_type"), *isa;

		if (!type || strcmp(type, "cpu") != 0)
			continue;
		isa = dt_string(dt, cpu, "riscv,isa");
		all &= extensions_listed(dt, cpu) | (isa ? extensions_in(isa) : 0);
	}
	return all == UINT64_MAX ? ALWAYS : ALWAYS | all;
}
