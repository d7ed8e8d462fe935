/* SPDX-License-Identifier: MIT */
/* The PLIC, the machine's interrupt controller: enable, claim and complete for one context. */
#include "drivers/plic.h"

#include "abi/errno.h"
#include "drivers/irq.h"
#include "drivers/mmio.h"
#include "mm/phys/kmap.h"

/* RISC-V PLIC specification 1.0.0, memory map. All accesses are 32 bits wide. */
#define PLIC_PRIORITY(irq)	(4 * (irq))
#define PLIC_ENABLE(context)	(0x2000 + 0x80 * (context))
#define PLIC_THRESHOLD(context) (0x200000 + 0x1000 * (context))
#define PLIC_CLAIM(context)	(PLIC_THRESHOLD(context) + 4)
#define PLIC_CONTEXT_MAX	15872

/* The number of the supervisor external interrupt at a hart's local interrupt controller. */
#define LOCAL_SUPERVISOR_EXTERNAL 9

/* const after boot: */
static volatile void *plic;
static unsigned context;

/*
 * Priority 0 masks. The enable bit stays set, because the PLIC ignores the completion of an
 * interrupt that is not enabled, and would never deliver it again.
 */
static void plic_mask(unsigned irq)
{
	mmio_write32(plic, PLIC_PRIORITY(irq), 0);
}

static void plic_unmask(unsigned irq)
{
	mmio_write32(plic, PLIC_PRIORITY(irq), 1);
}

/* The bit before the priority: QEMU 7.2 checks for pending interrupts only when that is written. */
static void plic_enable(unsigned irq)
{
	size_t word = PLIC_ENABLE(context) + 4 * (irq / 32);

	plic_mask(irq);
	mmio_write32(plic, word, mmio_read32(plic, word) | 1u << irq % 32);
}

static unsigned plic_claim(void)
{
	return mmio_read32(plic, PLIC_CLAIM(context));
}

static void plic_complete(unsigned irq)
{
	mmio_write32(plic, PLIC_CLAIM(context), irq);
}

static const struct irq_chip plic_chip = {
	.enable = plic_enable,
	.mask = plic_mask,
	.unmask = plic_unmask,
	.claim = plic_claim,
	.complete = plic_complete,
};

/* Returns the phandle of the hart's local interrupt controller, or 0 if it is not found. */
static uint32_t local_controller(const struct dt *dt, unsigned long hart_id)
{
	dt_node cpu, child;

	dt_for_each_child(cpu, dt, dt_path(dt, "/cpus"))
	{
		uint64_t id, unused;
		uint32_t phandle;

		if (dt_reg(dt, cpu, 0, &id, &unused) != 0 || id != hart_id)
			continue;
		dt_for_each_child(child, dt, cpu) if (dt_compatible(dt, child, "riscv,cpu-intc") &&
						      dt_cell(dt, child, "phandle", 0, &phandle) ==
							      0) return phandle;
	}
	return 0;
}

/* The number of a context is the index of its pair in interrupts-extended. */
static int find_context(const struct dt *dt, dt_node node, uint32_t local, unsigned *context_ret)
{
	uint32_t phandle, number;

	for (unsigned i = 0; dt_cell(dt, node, "interrupts-extended", 2 * i, &phandle) == 0 &&
			     dt_cell(dt, node, "interrupts-extended", 2 * i + 1, &number) == 0;
	     i++) {
		if (phandle == local && number == LOCAL_SUPERVISOR_EXTERNAL &&
		    i < PLIC_CONTEXT_MAX) {
			*context_ret = i;
			return 0;
		}
	}
	return -EINVAL;
}

int plic_init(const struct dt *dt, unsigned long hart_id)
{
	dt_node node = dt_next_compatible(dt, -1, "sifive,plic-1.0.0");
	uint32_t local = local_controller(dt, hart_id);
	uint64_t addr, size;

	if (node < 0)
		node = dt_next_compatible(dt, -1, "riscv,plic0");
	if (node < 0)
		return -ENODEV;
	if (local == 0 || dt_reg(dt, node, 0, &addr, &size) != 0 ||
	    find_context(dt, node, local, &context) != 0)
		return -EINVAL;
	if (size < PLIC_CLAIM(context) + 4)
		return -EINVAL;
	plic = kmap_device(addr, size);
	if (!plic)
		return -ENOMEM;
	mmio_write32(plic, PLIC_THRESHOLD(context), 0);
	irq_set_chip(&plic_chip);
	return 0;
}
