/* SPDX-License-Identifier: MIT */
/* The test device: the only way to end QEMU with an exit status. */
#include "drivers/testdev.h"

#include "abi/errno.h"
#include "arch/bootmap.h"
#include "arch/timer.h"
#include "arch/upcall.h"
#include "base/power.h"
#include "drivers/mmio.h"
#include "lib/bits.h"

#define TESTDEV_PASS	     0x5555u
#define TESTDEV_FAIL(status) (0x3333u | (status) << 16)

/*
 * How long to wait for the machine to end: 13 s of QEMU's clock. The unit is ticks, because the
 * clock's rate may not be known yet. Time between two checks counts at most STEP_TICKS, so that a
 * machine that was stopped meanwhile does not time out.
 */
#define WAIT_TICKS (1ul << 27)
#define STEP_TICKS (WAIT_TICKS >> 10)

static volatile void *testdev; /* const after boot */

/* A larger device tree is invalid. */
#define DTB_LIMIT (1ul << 20)

/*
 * Waits after the write, because QEMU ends some time later: a power-off by the firmware in the
 * meantime would change the status to 0.
 */
static void exit_by(volatile void *device, unsigned status)
{
	uint64_t last = arch_time(), left = WAIT_TICKS;

	mmio_write32(device, 0, status == 0 ? TESTDEV_PASS : TESTDEV_FAIL(status & 0xff));
	while (left > 0) {
		uint64_t now = arch_time();

		left -= MIN(left, MIN(now - last, STEP_TICKS));
		last = now;
	}
}

static void testdev_exit(unsigned status)
{
	exit_by(testdev, status);
}

/* Returns 0 and the address, -ENODEV, or -EINVAL if it has no usable register. */
static int testdev_find(const struct dt *dt, paddr_t *ret)
{
	dt_node node = dt_next_compatible(dt, -1, "sifive,test0");
	uint64_t addr, size;

	if (node < 0 || !dt_available(dt, node))
		return -ENODEV;
	if (dt_reg(dt, node, 0, &addr, &size) != 0 || size < 4 || addr % 4 != 0)
		return -EINVAL;
	*ret = addr;
	return 0;
}

int testdev_init(const struct dt *dt)
{
	paddr_t addr;
	int err = testdev_find(dt, &addr);

	if (err)
		return err;
	testdev = arch_map_early_device(addr);
	power_set_exit(testdev_exit);
	return 0;
}

void early_exit(paddr_t dtb, unsigned status)
{
	struct dt dt;
	paddr_t addr;

	if (dt_init(&dt, (const void *)dtb, DTB_LIMIT, NULL) == 0 && testdev_find(&dt, &addr) == 0)
		exit_by((volatile void *)addr, status);
}
