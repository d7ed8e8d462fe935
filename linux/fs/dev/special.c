/* SPDX-License-Identifier: MIT */
/* The devices that programs may make files of, and the names of sockets. */
#include "linux/fs/dev/special.h"

#include "abi/errno.h"
#include "base/block.h"
#include "base/chardev.h"
#include "lib/assert.h"
#include "linux/fs/vfs/inode.h"

/* Disks, ports, and those that every machine has: null and its like, and the terminal. */
#define SPECIAL_MAX (BLOCK_DEVICES_MAX + CHARDEV_MAX + 8u)

/* Filled at boot, and const afterwards. */
static struct special specials[SPECIAL_MAX];
static unsigned nspecials;

void special_add(const struct special *special)
{
	assert(nspecials < SPECIAL_MAX);
	specials[nspecials++] = *special;
}

const struct special *special_find(uint32_t type, uint64_t rdev)
{
	for (unsigned i = 0; i < nspecials; i++)
		if (specials[i].type == type && specials[i].rdev == rdev)
			return &specials[i];
	return NULL;
}

static int socket_open(struct file *file)
{
	(void)file;
	return -ENXIO;
}

const struct file_ops special_socket_ops = {
	.name = "socket's name",
	.opened = socket_open,
};
