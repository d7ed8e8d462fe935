/* SPDX-License-Identifier: MIT */
/* Reads and seeks of files that have no size, such as those whose text is made when it is read. */
#include "linux/fs/file/text_file.h"

#include "abi/errno.h"
#include "desc/file.h"
#include "desc/seek.h"

ssize_t user_iter_copy_text(struct user_iter *to, uint64_t *pos, const char *text, size_t len)
{
	size_t n;

	if (*pos >= len)
		return 0;
	n = MIN(to->left, len - *pos);
	if (user_iter_copy_out(to, text + *pos, n) != n)
		return -EFAULT;
	*pos += n;
	return (ssize_t)n;
}

int64_t file_seek_in_nothing(struct file *file, int64_t offset, int whence)
{
	return file_seek_within(file, 0, offset, whence);
}

int64_t file_seek_from_start(struct file *file, int64_t offset, int whence)
{
	if (whence != SEEK_SET && whence != SEEK_CUR)
		return -EINVAL;
	if (whence == SEEK_CUR && __builtin_add_overflow(offset, (int64_t)file->pos, &offset))
		return -EINVAL;
	if (offset < 0)
		return -EINVAL;
	file->pos = (uint64_t)offset;
	return offset;
}
