/* SPDX-License-Identifier: MIT */
/* The list of devices that a program may drive. */
#include "base/uio_device.h"

#include "abi/errno.h"

/* Changed during boot on one hart, const afterwards. */
static struct uio_device *devices[UIO_DEVICES_MAX];
static unsigned ndevices;

int uio_device_register(struct uio_device *dev)
{
	if (ndevices == UIO_DEVICES_MAX)
		return -ENOSPC;
	devices[ndevices++] = dev;
	return 0;
}

struct uio_device *uio_device_at(unsigned i)
{
	return i < ndevices ? devices[i] : NULL;
}
