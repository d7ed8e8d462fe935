/* SPDX-License-Identifier: MIT */
/* /proc/PID/pagemap: a word for each page of the address space, with its frame if root has opened the file. */
#include "abi/errno.h"
#include "linux/fs/linux_file.h"
#include "linux/fs/proc/node.h"
#include "linux/fs/seek.h"
#include "mm/host.h"
#include "mm/verbs.h"

#define WORDS_AT_ONCE 32u

static ssize_t read_words(struct space *space, struct user_iter *to, uint64_t *pos, bool frames)
{
	uint64_t words[WORDS_AT_ONCE];
	ssize_t done = 0;
	int err = 0;

	while (err == 0 && to->left != 0 && *pos / sizeof(words[0]) < USER_TOP >> PAGE_SHIFT) {
		uint64_t first = *pos / sizeof(words[0]);
		size_t n = MIN(to->left / sizeof(words[0]), (size_t)WORDS_AT_ONCE), copied;

		n = MIN(n, (USER_TOP >> PAGE_SHIFT) - first);
		vm_pagemap(space, first << PAGE_SHIFT, words, n);
		for (size_t i = 0; !frames && i < n; i++)
			words[i] &= ~VM_PAGEMAP_FRAME;
		copied = user_iter_copy_out(to, words, n * sizeof(words[0]));
		*pos += copied;
		done += (ssize_t)copied;
		err = copied != n * sizeof(words[0]) ? -EFAULT : vm_pause();
	}
	return done ? done : err;
}

/* As on Linux, the opener's rights count: a program with more of them is not made to read what its user may not know. */
static int pagemap_opened(struct file *file)
{
	linux_file(file)->by_admin = capable(CAP_SYS_ADMIN);
	return proc_memory_opened(file);
}

static ssize_t pagemap_read(struct file *file, struct user_iter *to, uint64_t *pos)
{
	struct uspace *uspace;
	ssize_t done;

	if (*pos % sizeof(uint64_t) != 0 || to->left % sizeof(uint64_t) != 0)
		return -EINVAL;
	uspace = proc_memory_get(file);
	if (!uspace)
		return 0;
	done = read_words(&uspace->space, to, pos, linux_file(file)->by_admin);
	uspace_put(uspace);
	return done;
}

const struct file_ops proc_pagemap_file_ops = {
	.name = "frames of a process",
	.opened = pagemap_opened,
	.read = pagemap_read,
	.seek = file_seek_from_start,
	.release = proc_memory_release,
	PROCESS_FILE_SLOTS,
};
