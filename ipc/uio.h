/* SPDX-License-Identifier: MIT */
/* Devices that programs drive: the descriptors that process 1 has of them, and the sessions that are made of these. */
#pragma once

#include "ipc/uio_session.h"

/* Sets up each device that base/uio_device.h has. Call once at boot, after the drivers have found their devices. */
void uio_init(void);

/*
 * Gives the running process, which is process 1, a descriptor of each device: UIO_FIRST_FD and those
 * that follow, in the order of base/uio_device.h, to be closed on exec. Returns 0, -ENOMEM or -EMFILE.
 */
int uio_give_devices(void);

/* Sets up a device that no program drives. */
void uio_set_up(struct uio *uio, struct uio_device *dev);
