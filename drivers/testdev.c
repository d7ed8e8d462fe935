/* SPDX-License-Identifier: MIT */
/* The test device: the only way to end QEMU with a status. */
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
 * How long the machine may go on after that: 13 s by QEMU's clock. In ticks, for the clock's rate may not be known yet.
 * Between two looks no more than the step counts: who was stopped meanwhile has not waited.
 */
#define WAIT_TICKS (1ul << 27)
#define STEP_TICKS (WAIT_TICKS >> 10)

static volatile void *testdev;

/* A device tree larger than this is not one. */
#define DTB_LIMIT (1ul << 20)

/* QEMU goes off a while after the write: whoever asked the firmware meanwhile would change the status to 0. */
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

/* => 0; -ENODEV; -EINVAL: it has no register that can be used */
static int find(const struct dt *dt, paddr_t *ret)
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
	int err = find(dt, &addr);

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

	if (dt_init(&dt, (const void *)dtb, DTB_LIMIT, NULL) == 0 && find(&dt, &addr) == 0)
		exit_by((volatile void *)addr, status);
}
