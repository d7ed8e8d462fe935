/* SPDX-License-Identifier: MIT */
/* /proc/PID/pagemap: a word for each page of the address space, with its frame if root has opened the file. */
#include "abi/errno.h"
#include "linux/fs/file/linux_file.h"
#include "linux/fs/file/text_file.h"
#include "linux/fs/proc/node.h"
#include "mm/host.h"
#include "mm/phys/large_page.h"
#include "mm/space/large_entry.h"

#define WORDS_AT_ONCE 32u

/* The words, as Linux has them. */
#define PAGEMAP_FRAME	  ((1ull << 55) - 1) /* the frame; of a page in swap its slot, from bit 5 on */
#define PAGEMAP_EXCLUSIVE (1ull << 56)	     /* one entry maps it */
#define PAGEMAP_UFFD_WP	  (1ull << 57)	     /* a program has write-protected it */
#define PAGEMAP_FILE	  (1ull << 61)	     /* it is no private memory */
#define PAGEMAP_SWAP	  (1ull << 62)
#define PAGEMAP_PRESENT	  (1ull << 63)

static uint64_t pagemap_word(struct mmu_entry entry)
{
	const struct page *page;
	uint64_t word;

	if (entry_state(entry) == ENTRY_SWAP)
		return PAGEMAP_SWAP | entry_swap_slot(entry) << 5;
	if (entry_state(entry) == ENTRY_POISONED) /* as on Linux */
		return PAGEMAP_SWAP;
	if (!entry_has_page(entry))
		return 0;
	word = PAGEMAP_PRESENT | (entry_pfn(entry) & PAGEMAP_FRAME);
	page = pfn_to_page(entry_pfn(entry));
	if (!page)
		return word;
	if (page_kind(page) == PAGE_OBJECT)
		word |= PAGEMAP_FILE;
	if (page_kind(page) != PAGE_ZERO && page_map_count(page) == 1)
		word |= PAGEMAP_EXCLUSIVE;
	return word;
}

/* Does the entry's mark count? */
static bool is_protected(struct space *space, vaddr_t va)
{
	const struct vma *vma = vma_find(space, va);

	return vma && vma->flags & VMA_UF_WP;
}

/* Writes a word for each of n pages from va on, which are below USER_TOP. */
static void pagemap_words(struct space *space, vaddr_t va, uint64_t *words, size_t n)
{
	space_lock(space);
	for (size_t i = 0; i < n; i++, va += PAGE_SIZE) {
		struct mmu_entry entry = entry_at(space, va);

		words[i] = pagemap_word(entry);
		if (entry_is_wp(entry) && is_protected(space, va))
			words[i] |= PAGEMAP_UFFD_WP | (entry_has_page(entry) ? 0 : PAGEMAP_SWAP);
	}
	space_unlock(space);
}

static ssize_t read_words(struct space *space, struct user_iter *to, uint64_t *pos, bool frames)
{
	uint64_t words[WORDS_AT_ONCE];
	ssize_t done = 0;
	int err = 0;

	while (err == 0 && to->left != 0 && *pos / sizeof(words[0]) < USER_TOP >> PAGE_SHIFT) {
		uint64_t first = *pos / sizeof(words[0]);
		size_t n = MIN(to->left / sizeof(words[0]), (size_t)WORDS_AT_ONCE), copied;

		n = MIN(n, (USER_TOP >> PAGE_SHIFT) - first);
		pagemap_words(space, first << PAGE_SHIFT, words, n);
		for (size_t i = 0; !frames && i < n; i++)
			words[i] &= ~PAGEMAP_FRAME;
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
	.ioctl = proc_pagemap_ioctl,
	.seek = file_seek_from_start,
	.release = proc_memory_release,
	PROCESS_FILE_SLOTS,
};
