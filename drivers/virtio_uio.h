/* SPDX-License-Identifier: MIT */
/* Virtio devices that the kernel has no driver for: programs may drive them. */
#pragma once

#include "drivers/virtio.h"

/*
 * Resets a device that virtio_probe() has found and registers it for programs (base/uio_device.h).
 * `name` is that of its node in the device tree. Returns 0; -EINVAL if its registers are not whole
 * pages; -EIO if it does not answer the reset; -ENOMEM, -ENOSPC, or an error of
 * irq_register_masked() or phys_add_device(). Call at boot only.
 */
int virtio_uio_init(const struct virtio_device *dev, const char *name, paddr_t addr, size_t size);
