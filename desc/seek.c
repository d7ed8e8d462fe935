/* SPDX-License-Identifier: MIT */
/* lseek for the kinds of files that have a position. */
#include "desc/seek.h"

#include "abi/errno.h"
#include "desc/file.h"

static int64_t seek_base(const struct file *file, int64_t size, int64_t offset, int whence)
{
	switch (whence) {
	case SEEK_SET:
		return 0;
	case SEEK_CUR:
		return (int64_t)file->pos;
	case SEEK_END:
		return size;
	case SEEK_DATA:
		return offset >= 0 && offset < size ? 0 : -ENXIO;
	case SEEK_HOLE:
		return offset >= 0 && offset < size ? size - offset : -ENXIO;
	default:
		return -EINVAL;
	}
}

int64_t file_seek_within(struct file *file, uint64_t size, int64_t offset, int whence)
{
	int64_t base = seek_base(file, (int64_t)size, offset, whence);
	int64_t pos;

	if (base < 0)
		return base;
	if (__builtin_add_overflow(base, offset, &pos) || pos < 0)
		return -EINVAL;
	file->pos = (uint64_t)pos;
	return pos;
}
