/* SPDX-License-Identifier: MIT */
/* The hart's one deadline: by Sstc if the hart has it, else by the firmware. */
#include "arch/timer.h"

#include "arch/page.h"
#include "arch/riscv/csr.h"
#include "arch/riscv/sbi.h"
#include "arch/riscv/start.h"
#include "arch/riscv/trap.h"
#include "lib/bits.h"
#include "lib/fdt.h"
#include "lib/string.h"

/* A larger device tree is not accepted. */
#define DTB_LIMIT (1ul << 20)

/*
 * QEMU turns a deadline into nanoseconds and, with -icount, adds them to a clock of its own. For a
 * later deadline than this that overflows, and QEMU's main loop never sleeps while the hart does.
 * It is 14 years with a timebase of 10 MHz.
 */
#define FAR_TICKS (1ul << 52)

static bool sstc;

/* Is `name` one of the _-separated extensions of an isa string? */
static bool isa_string_has(const char *isa, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = strchr(isa, '_'); at; at = strchr(at, '_')) {
		at++;
		if (strncmp(at, name, n) == 0 && (at[n] == '_' || at[n] == '\0'))
			return true;
	}
	return false;
}

static bool cpu_has(const struct dt *dt, dt_node cpu, const char *name)
{
	const char *isa = dt_string(dt, cpu, "riscv,isa");
	const char *one;

	for (unsigned i = 0; (one = dt_string_at(dt, cpu, "riscv,isa-extensions", i)); i++)
		if (strcmp(one, name) == 0)
			return true;
	return isa && isa_string_has(isa, name);
}

/* Does every processor of the device tree have that extension? */
static bool cpus_have(const struct dt *dt, const char *name)
{
	dt_node cpus = dt_path(dt, "/cpus");
	unsigned n = 0;
	dt_node cpu;

	if (cpus < 0)
		return false;
	dt_for_each_child(cpu, dt, cpus)
	{
		const char *type = dt_string(dt, cpu, "device_type");

		if (!type || strcmp(type, "cpu") != 0)
			continue;
		if (!cpu_has(dt, cpu, name))
			return false;
		n++;
	}
	return n > 0;
}

void arch_timer_init(void)
{
	struct dt dt;

	if (dt_init(&dt, arch_phys_to_virt(boot_dtb), DTB_LIMIT, NULL) == 0)
		/* The tree may name it though the firmware does not enable it (QEMU's spike). */
		sstc = cpus_have(&dt, "sstc") && trap_try(timer_try_sstc);
	arch_timer_set(UINT64_MAX);
}

void arch_timer_set(uint64_t deadline_ticks)
{
	if (deadline_ticks > FAR_TICKS)
		deadline_ticks = MIN(deadline_ticks, arch_time() + FAR_TICKS);
	if (sstc)
		csr_write(stimecmp, deadline_ticks);
	else
		sbi_call(SBI_EXT_TIME, SBI_TIME_SET, deadline_ticks, 0, 0, 0);
}
