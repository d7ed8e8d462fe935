/* SPDX-License-Identifier: MIT */
/* The devices that programs may make files of, and the names of sockets. */
#include "linux/fs/dev/special.h"

#include "abi/errno.h"
#include "lib/assert.h"
#include "lib/bits.h"
#include "linux/fs/vfs/inode.h"

/* Filled at boot, and const afterwards. */
static struct special specials[SPECIAL_MAX];
static unsigned nspecials;

void special_add(uint64_t rdev, const struct file_ops *ops, void *device)
{
	unsigned at = 0;

	while (at < nspecials && specials[at].rdev != rdev)
		at++;
	assert(at < SPECIAL_MAX);
	specials[at] = (struct special){ .rdev = rdev, .ops = ops, .device = device };
	nspecials = MAX(nspecials, at + 1);
}

const struct special *special_find(uint64_t rdev)
{
	for (unsigned i = 0; i < nspecials; i++)
		if (specials[i].rdev == rdev)
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
