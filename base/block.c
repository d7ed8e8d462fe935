/* SPDX-License-Identifier: MIT */
/* The list of disks that drivers have registered, and the check of each request to them. */
#include "base/block.h"

#include "abi/errno.h"
#include "lib/string.h"

/* Changed during boot on one hart, const afterwards. */
static struct block_device *devices[BLOCK_DEVICES_MAX];
static unsigned ndevices;

static bool is_valid(const struct block_device *dev, const struct block_request *request)
{
	uint64_t sectors = (uint64_t)request->npages * SECTORS_PER_PAGE;

	if (request->npages == 0 || request->npages > BLOCK_PAGES_MAX ||
	    request->sector % SECTORS_PER_PAGE != 0)
		return false;
	if (request->sector > dev->sectors || dev->sectors - request->sector < sectors)
		return false;
	return !request->write || !dev->read_only;
}

void block_submit(struct block_device *dev, struct block_request *request)
{
	request->started = request->inflight = 0;
	request->result = is_valid(dev, request) ? 0 : -EIO;
	if (request->result == 0) {
		counter_add(&dev->requests[request->write], 1);
		counter_add(&dev->moved[request->write],
			    (uint64_t)request->npages * SECTORS_PER_PAGE);
	}
	dev->ops->submit(dev, request);
}

int block_register(struct block_device *dev)
{
	if (ndevices == BLOCK_DEVICES_MAX)
		return -ENOSPC;
	devices[ndevices++] = dev;
	return 0;
}

struct block_device *block_find(const char *name)
{
	for (unsigned i = 0; i < ndevices; i++)
		if (strcmp(devices[i]->name, name) == 0)
			return devices[i];
	return NULL;
}

struct block_device *block_at(unsigned i)
{
	return i < ndevices ? devices[i] : NULL;
}

void block_unregister(struct block_device *dev)
{
	for (unsigned i = 0; i < ndevices; i++) {
		if (devices[i] != dev)
			continue;
		devices[i] = devices[--ndevices];
		return;
	}
}
