/* SPDX-License-Identifier: MIT */
/* The list of byte-stream devices that drivers have registered. */
#include "base/chardev.h"

#include "abi/errno.h"
#include "lib/string.h"

/* Filled during boot on one hart, const afterwards. */
static struct chardev *devices[CHARDEV_MAX];
static unsigned ndevices;

int chardev_register(struct chardev *dev)
{
	if (ndevices == CHARDEV_MAX)
		return -ENOSPC;
	devices[ndevices++] = dev;
	return 0;
}

struct chardev *chardev_find(const char *name)
{
	for (unsigned i = 0; i < ndevices; i++)
		if (strcmp(devices[i]->name, name) == 0)
			return devices[i];
	return NULL;
}

struct chardev *chardev_at(unsigned i)
{
	return i < ndevices ? devices[i] : NULL;
}

void chardev_drain_all(void)
{
	for (unsigned i = 0; i < ndevices; i++)
		devices[i]->ops->drain(devices[i]);
}
