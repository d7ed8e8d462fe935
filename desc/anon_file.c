/* SPDX-License-Identifier: MIT */
/* Open files without an inode: how they look to fstat and in /proc. */
#include "desc/anon_file.h"

#include "lib/format.h"

int anon_file_stat(struct file *file, struct abi_stat *st)
{
	(void)file;
	*st = (struct abi_stat){
		.dev = DEV_ANON,
		.ino = 1, /* as on Linux, where all share one inode */
		.mode = 0600,
		.nlink = 1,
		.blksize = PAGE_SIZE,
	};
	return 0;
}

ssize_t anon_file_label(struct file *file, char *buf, size_t size)
{
	return ksnprintf(buf, size, "anon_inode:[%s]", file->ops->name);
}
