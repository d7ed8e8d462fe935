/* The test device: the only way to end QEMU with a status. */
#include "drivers/testdev.h"

#include "abi/errno.h"
#include "base/power.h"
#include "drivers/mmio.h"
#include "mm/kmap.h"

#define TESTDEV_PASS	     0x5555u
#define TESTDEV_FAIL(status) (0x3333u | (status) << 16)

static volatile void *testdev;

static void testdev_exit(unsigned status)
{
	mmio_write32(testdev, 0, status == 0 ? TESTDEV_PASS : TESTDEV_FAIL(status & 0xff));
}

int testdev_init(const struct dt *dt)
{
	dt_node node = dt_next_compatible(dt, -1, "sifive,test0");
	uint64_t addr, size;

	if (node < 0 || !dt_available(dt, node))
		return -ENODEV;
	if (dt_reg(dt, node, 0, &addr, &size) != 0 || size < 4)
		return -EINVAL;
	testdev = kmap_device(addr, size);
	if (!testdev)
		return -ENOMEM;
	power_set_exit(testdev_exit);
	return 0;
}
