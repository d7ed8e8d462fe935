/* SPDX-License-Identifier: MIT */
/* virtio-serial: named byte streams between host and guest. */
#pragma once

#include "drivers/virtio.h"

/*
 * Takes the device over. Each port named "faultline.X" becomes the chardev "X", except
 * "faultline.log", to which the kernel log moves. On entry, *promised is how many such ports the
 * machine has (0: not known), and the call waits some seconds for them. On return, those that came
 * have been subtracted. Returns 0, or a negative errno and does not use the device.
 */
int serial_init(struct virtio_device *dev, unsigned *promised);
