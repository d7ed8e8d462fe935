/* SPDX-License-Identifier: MIT */
/* /dev/uio0 and so on: the files by which programs drive devices. */
#pragma once

#include "ipc/uio_session.h"

/*
 * Creates /dev/uioN for each device that base/uio_device.h has. Returns 0 or a negative errno. Call
 * once at boot, after the drivers have found their devices.
 */
int uio_init(void);

/* Sets up a device that nobody drives. */
void uio_set_up(struct uio *uio, struct uio_device *dev);
