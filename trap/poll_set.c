/* SPDX-License-Identifier: MIT */
/* Waits for files of one call. */
#include "trap/poll_set.h"

#include "abi/errno.h"
#include "desc/file.h"
#include "mm/fault/user_copy.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"
#include "proc/process.h"
#include "proc/thread.h"
#include "proc/wait.h"

void poll_set_free(struct poll_set *set)
{
	for (unsigned i = 0; set->references && i < set->n; i++)
		if (poll_set_entry(set, i)->referenced)
			file_put(poll_set_entry(set, i)->file);
	for (unsigned i = 0; i < set->npages; i++)
		kfree(set->more[i]);
	if (unlikely(set->npages > 0))
		counter_add(&current_process()->kept, -(size_t)set->npages);
	kfree(set->more);
}

int poll_set_make(struct poll_set *set, unsigned n)
{
	unsigned pages = n > POLL_FEW ? (n - POLL_FEW + POLL_IN_PAGE - 1) / POLL_IN_PAGE : 0;

	set->n = set->npages = 0;
	set->references = false;
	set->room = 0;
	set->more = NULL;
	if (likely(pages == 0))
		return 0;
	set->more = mem_wait_kmalloc(pages * sizeof(*set->more));
	while (set->more && set->npages < pages) {
		struct poll_entry *page = mem_wait_kmalloc(PAGE_SIZE);

		if (!page)
			break;
		set->more[set->npages++] = page;
		counter_add(&current_process()->kept, 1);
	}
	if (set->npages == pages)
		return 0;
	poll_set_free(set);
	return -ENOMEM;
}

/*
 * Reads the entries from user memory and looks up their files. Returns 0 or -EFAULT. The caller
 * calls poll_set_free() in any case.
 */
static int poll_set_read(struct poll_set *set, vaddr_t from, unsigned n)
{
	struct fdtable *table = current_thread()->fdtable;
	struct abi_pollfd asked[POLL_IN_PAGE];

	while (set->n < n) {
		unsigned together;
		struct poll_entry *entry = poll_set_entries(set, set->n, n - set->n, &together);

		if (user_copy_in(asked, from + set->n * sizeof(asked[0]),
				 together * sizeof(asked[0])))
			return -EFAULT;
		for (unsigned i = 0; i < together; i++)
			poll_find(set, &entry[i], table, asked[i], POLLERR | POLLHUP);
		set->n += together;
	}
	return 0;
}

static vaddr_t revents_at(vaddr_t to, unsigned i)
{
	return to + i * sizeof(struct abi_pollfd) + offsetof(struct abi_pollfd, revents);
}

/*
 * Writes back only the revents of each entry; of these, those that are not what the program has there already. Without a change
 * it must be possible to write them, too: so the first and the last word of a run are touched.
 */
static int poll_set_write(struct poll_set *set, vaddr_t to)
{
	unsigned together;

	for (unsigned i = 0; i < set->n; i += together) {
		const struct poll_entry *entry = poll_set_entries(set, i, set->n - i, &together);

		if (user_touch_word(ALIGN_DOWN(revents_at(to, i), 4)) ||
		    user_touch_word(ALIGN_DOWN(revents_at(to, i + together - 1), 4)))
			return -EFAULT;
		for (unsigned j = 0; j < together; j++)
			if (entry[j].ask.revents != entry[j].before &&
			    user_copy_out(revents_at(to, i + j), &entry[j].ask.revents,
					  sizeof(entry[j].ask.revents)))
				return -EFAULT;
	}
	return 0;
}

/* Counts the entries with events. Until one is found, it watches the queues of the files. */
static int poll_set_look(struct poll_set *set, struct poller *poller)
{
	unsigned together;
	int count = 0;

	for (unsigned i = 0; i < set->n; i += together) {
		struct poll_entry *entry = poll_set_entries(set, i, set->n - i, &together);

		for (unsigned j = 0; j < together; j++) {
			poll_look(poller, &entry[j]);
			if (entry[j].ask.revents) {
				count++;
				poller = NULL;
			}
		}
	}
	return count;
}

static void poll_set_forget(struct poll_set *set)
{
	for (unsigned i = 0; i < set->n; i++)
		poll_forget(poll_set_entry(set, i));
}

int poll_set_wait(struct poll_set *set, uint64_t deadline)
{
	struct poller poller;
	bool over = deadline == 0;
	int count;

	poller_init(&poller);
	for (;;) {
		uint64_t seq = waitq_sample(&poller.woken);
		int err = 0;

		count = poll_set_look(set, over ? NULL : &poller);
		if (count == 0 && current_signalled())
			err = -EINTR;
		else if (count == 0 && !over && deadline == UINT64_MAX)
			err = thread_wait_interruptible(&poller.woken, seq);
		else if (count == 0 && !over)
			err = thread_wait_interruptible_until(&poller.woken, seq, deadline);
		if (!over)
			poll_set_forget(set);
		if (count != 0 || over)
			return count ? count : err;
		/* Events at the last moment take precedence over a signal or the timeout. */
		if (err == -EINTR) {
			count = poll_set_look(set, NULL);
			return count ? count : err;
		}
		over = err == -ETIMEDOUT;
	}
}

int poll_all(vaddr_t at, unsigned n, uint64_t deadline)
{
	struct poll_set set;
	int result = poll_set_make(&set, n);

	if (result)
		return result;
	result = poll_set_read(&set, at, n);
	if (!result)
		result = poll_set_wait(&set, deadline);
	if (result != -EFAULT && poll_set_write(&set, at))
		result = -EFAULT;
	poll_set_free(&set);
	return result;
}
