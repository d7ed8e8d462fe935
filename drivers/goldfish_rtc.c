/* SPDX-License-Identifier: MIT */
/* The real-time clock of QEMU's virt machine: it is read once, at boot. */
#include "drivers/goldfish_rtc.h"

#include "abi/errno.h"
#include "base/clock.h"
#include "drivers/mmio.h"
#include "mm/phys/kmap.h"

/* Nanoseconds since 1970. A read of the low half latches the high half for the next read. */
#define TIME_LOW  0x00
#define TIME_HIGH 0x04
#define REG_BYTES 0x08

int goldfish_rtc_init(const struct dt *dt)
{
	dt_node node = dt_next_compatible(dt, -1, "google,goldfish-rtc");
	const volatile void *regs;
	uint64_t addr, size, ns;

	if (node < 0 || !dt_available(dt, node))
		return -ENODEV;
	if (dt_reg(dt, node, 0, &addr, &size) != 0 || size < REG_BYTES)
		return -EINVAL;
	regs = kmap_device(addr, size);
	if (!regs)
		return -ENOMEM;
	ns = mmio_read32(regs, TIME_LOW);
	ns |= (uint64_t)mmio_read32(regs, TIME_HIGH) << 32;
	clock_set_wall(ns);
	return 0;
}
