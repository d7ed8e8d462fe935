/* SPDX-License-Identifier: MIT */
/* Disks: virtio block devices (virtio 1.1, section 5.2). */
#pragma once

#include "base/block.h"
#include "drivers/virtio.h"

/*
 * Starts the driver of a device that virtio_probe() has found, and registers the disk as vda, vdb
 * and so on. Returns 0 and the disk, which a thread must serve from then on (struct block_ops); or
 * -ENOSPC, -ENOMEM, -EIO, -ENOENT, -EINVAL if its queue is too small, or an error of
 * irq_register(). Call at boot only.
 */
int virtio_blk_init(const struct virtio_device *dev, struct block_device **disk_ret);
