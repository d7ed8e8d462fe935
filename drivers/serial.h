/* SPDX-License-Identifier: MIT */
/* virtio-serial: named byte streams between host and guest. */
#pragma once

#include "drivers/virtio.h"

/*
 * Takes the device over: each of its ports named "faultline.X" becomes the chardev "X", but "faultline.log", to which the
 * kernel log moves. *promised: so many such ports the machine has; they are waited for (for seconds; 0: not known), and
 * those that came taken off. 0, or a negative errno with the device left alone.
 */
int serial_init(struct virtio_device *dev, unsigned *promised);
