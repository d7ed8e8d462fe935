/* SPDX-License-Identifier: MIT */
/* Finds the devices that the device tree names and starts their drivers. */
#include "drivers/probe.h"

#include "abi/errno.h"
#include "base/chardev.h"
#include "base/log.h"
#include "drivers/goldfish_rtc.h"
#include "drivers/plic.h"
#include "drivers/serial.h"
#include "drivers/testdev.h"
#include "drivers/uart.h"
#include "drivers/virtio.h"
#include "drivers/virtio_blk.h"
#include "drivers/virtio_uio.h"

static void report(const char *what, int err)
{
	if (err == -ENODEV)
		log_info("probe", "%s: none", what);
	else if (err)
		log_error("probe", "%s: not used: error %d", what, err);
}

void probe_power(const struct dt *dt)
{
	report("test device", testdev_init(dt));
}

void probe_early(const struct dt *dt)
{
	report("serial console", uart_init(dt));
	report("real-time clock", goldfish_rtc_init(dt));
}

static const char *layout_name(const struct virtio_device *dev)
{
	return dev->version == 1 ? "legacy" : "modern";
}

static int probe_disk(const struct virtio_device *dev, unsigned long addr)
{
	struct block_device *disk;
	int err = virtio_blk_init(dev, &disk);

	if (err)
		return err;
	log_info("probe", "virtio-blk at %#lx, %s, interrupt %u: %s, %lu MiB%s", addr,
		 layout_name(dev), dev->irq, disk->name,
		 (unsigned long)(disk->sectors / ((1u << 20) / SECTOR_SIZE)),
		 disk->read_only ? ", read-only" : "");
	return 0;
}

static void probe_virtio(const struct dt *dt, dt_node bus, dt_node node, unsigned *ports)
{
	struct virtio_device dev;
	uint64_t addr, size;
	uint32_t irq;
	int err;

	if (dt_reg_in(dt, bus, node, 0, &addr, &size) != 0 ||
	    dt_cell(dt, node, "interrupts", 0, &irq) != 0) {
		report(dt_name(dt, node), -EINVAL);
		return;
	}
	err = virtio_probe(&dev, addr, size, irq);
	if (err == -ENODEV)
		return; /* an empty slot */
	if (err == 0 && dev.id == VIRTIO_ID_CONSOLE) {
		log_info("probe", "virtio-serial at %#lx, %s, interrupt %u", (unsigned long)addr,
			 layout_name(&dev), irq);
		err = serial_init(&dev, ports);
	} else if (err == 0 && dev.id == VIRTIO_ID_BLOCK) {
		err = probe_disk(&dev, (unsigned long)addr);
	} else if (err == 0) {
		log_info("probe", "virtio device %u at %#lx, %s, interrupt %u: left to programs",
			 dev.id, (unsigned long)addr, layout_name(&dev), irq);
		err = virtio_uio_init(&dev, dt_name(dt, node), addr, size);
	}
	if (err)
		report(dt_name(dt, node), err);
}

/* Is there a device whose driver needs interrupts? */
static bool needs_interrupts(const struct dt *dt)
{
	return (chardev_find("uart") && !uart_is_polled()) ||
	       dt_next_compatible(dt, -1, "virtio,mmio") >= 0;
}

bool probe_devices(const struct dt *dt, unsigned long hart_id, unsigned ports,
		   unsigned *missing_ret)
{
	dt_node bus, node;
	int err = plic_init(dt, hart_id);

	report("interrupt controller", err);
	if (err && needs_interrupts(dt)) {
		log_error(
			"probe",
			"this machine's devices need an interrupt controller, and it has none that the kernel knows (a PLIC)");
		return false;
	}
	report("console input", uart_listen());
	for (bus = dt_root(dt); bus >= 0; bus = dt_next(dt, bus))
		dt_for_each_child(node, dt, bus)
		{
			if (dt_compatible(dt, node, "virtio,mmio") && dt_available(dt, node))
				probe_virtio(dt, bus, node, &ports);
		}
	*missing_ret = ports;
	return true;
}
