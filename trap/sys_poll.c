/* SPDX-License-Identifier: MIT */
/* ppoll: waits until something can be done with one of many descriptors. */
#include "abi/resource.h"
#include "abi/time.h"
#include "base/clock.h"
#include "fs/fdtable.h"
#include "fs/file.h"
#include "fs/poll.h"
#include "lib/bits.h"
#include "mm/phys/kmalloc.h"
#include "mm/user_copy.h"
#include "proc/mem_wait.h"
#include "proc/process.h"
#include "proc/signal/send.h"
#include "proc/signal/wait.h"
#include "proc/thread.h"
#include "proc/wait.h"
#include "trap/syscall.h"
#include "trap/timespec.h"

/*
 * The most descriptors of one call, whatever RLIMIT_NOFILE is. They are stored in single pages, so
 * that fragmented memory suffices.
 */
#define POLL_MAX 1024u
#define FEW	 2u /* entries that need no allocation */
#define IN_PAGE	 ((unsigned)(PAGE_SIZE / sizeof(struct poll_entry)))
#define PAGES	 ((POLL_MAX - FEW + IN_PAGE - 1) / IN_PAGE)

struct poll_set {
	unsigned n;
	struct poll_entry few[FEW];
	struct poll_entry *more[PAGES]; /* NULL from the first unused one on */
};

static struct poll_entry *entry_at(struct poll_set *set, unsigned i)
{
	return i < FEW ? &set->few[i] : &set->more[(i - FEW) / IN_PAGE][(i - FEW) % IN_PAGE];
}

/* Returns entry i and sets *n_ret to how many entries are contiguous from there on. */
static struct poll_entry *entries_from(struct poll_set *set, unsigned i, unsigned *n_ret)
{
	unsigned together = i < FEW ? FEW - i : IN_PAGE - (i - FEW) % IN_PAGE;

	*n_ret = MIN(together, set->n - i);
	return entry_at(set, i);
}

static void set_free(struct poll_set *set)
{
	for (unsigned i = 0; i < set->n; i++)
		if (entry_at(set, i)->file)
			file_put(entry_at(set, i)->file);
	for (unsigned i = 0; i < PAGES && set->more[i]; i++)
		kfree(set->more[i]);
}

/* Allocates room for n entries. Returns 0, and the caller then calls set_free(); or -ENOMEM. */
static int set_make(struct poll_set *set, unsigned n)
{
	unsigned pages = n > FEW ? (n - FEW + IN_PAGE - 1) / IN_PAGE : 0;

	set->n = 0;
	for (unsigned i = 0; i < PAGES; i++)
		set->more[i] = NULL;
	for (unsigned i = 0; i < pages; i++) {
		set->more[i] = mem_wait_kmalloc(PAGE_SIZE);
		if (!set->more[i]) {
			set_free(set);
			return -ENOMEM;
		}
	}
	return 0;
}

/*
 * Reads the entries from user memory and looks up their files. Returns 0 or -EFAULT. The caller
 * calls set_free() in any case.
 */
static int set_read(struct poll_set *set, vaddr_t from, unsigned n)
{
	struct fdtable *table = current_process()->fdtable;

	while (set->n < n) {
		struct poll_entry *entry = entry_at(set, set->n);

		if (user_copy_in(&entry->ask, from + set->n * sizeof(entry->ask),
				 sizeof(entry->ask)))
			return -EFAULT;
		entry->file = entry->ask.fd < 0 ? NULL : fdtable_get(table, entry->ask.fd);
		entry->nwaiters = 0;
		set->n++;
	}
	return 0;
}

/* Writes back only the revents of each entry. */
static int set_write(struct poll_set *set, vaddr_t to)
{
	for (unsigned i = 0; i < set->n; i++) {
		const struct abi_pollfd *ask = &entry_at(set, i)->ask;

		if (user_copy_out(to + i * sizeof(*ask) + offsetof(struct abi_pollfd, revents),
				  &ask->revents, sizeof(ask->revents)))
			return -EFAULT;
	}
	return 0;
}

/* Counts the entries with events. Until one is found, it watches the queues of the files. */
static int set_look(struct poll_set *set, struct poller *poller)
{
	unsigned together;
	int count = 0;

	for (unsigned i = 0; i < set->n; i += together) {
		struct poll_entry *entry = entries_from(set, i, &together);

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

static void set_forget(struct poll_set *set)
{
	for (unsigned i = 0; i < set->n; i++)
		poll_forget(entry_at(set, i));
}

/*
 * Waits until an entry has events or the tick `deadline` (UINT64_MAX: never). Returns how many
 * entries have events, or -EINTR.
 */
static int wait_for_some(struct poll_set *set, uint64_t deadline)
{
	struct poller poller;
	bool over = deadline == 0;
	int count;

	poller_init(&poller);
	for (;;) {
		uint64_t seq = waitq_sample(&poller.woken);
		int err = 0;

		count = set_look(set, over ? NULL : &poller);
		if (count == 0 && current_signalled())
			err = -EINTR;
		else if (count == 0 && !over && deadline == UINT64_MAX)
			err = thread_wait_interruptible(&poller.woken, seq);
		else if (count == 0 && !over)
			err = thread_wait_interruptible_until(&poller.woken, seq, deadline);
		set_forget(set);
		if (count != 0 || over)
			return count ? count : err;
		/* Events at the last moment take precedence over a signal or the timeout. */
		if (err == -EINTR) {
			count = set_look(set, NULL);
			return count ? count : err;
		}
		over = err == -ETIMEDOUT;
	}
}

static int poll_all(vaddr_t at, unsigned n, uint64_t deadline)
{
	struct poll_set set;
	int result = set_make(&set, n);

	if (result)
		return result;
	result = set_read(&set, at, n);
	if (!result)
		result = wait_for_some(&set, deadline);
	if (result != -EFAULT && set_write(&set, at))
		result = -EFAULT;
	set_free(&set);
	return result;
}

/*
 * Linux reports the time that was left. A call that a signal interrupts is restarted with that,
 * unless a handler ran. If the time cannot be stored, the call is not restarted.
 */
static int store_rest(vaddr_t at, uint64_t until_ns, int result)
{
	uint64_t now = clock_ns();
	struct abi_timespec rest = ns_to_timespec(now < until_ns ? until_ns - now : 0);

	if (user_copy_out(at, &rest, sizeof(rest)) && result == -EINTR)
		current_thread()->restart = RESTART_NONE;
	return result;
}

long sys_ppoll(struct trap_frame *frame)
{
	vaddr_t time_at = arg_user(frame, 2), mask_at = arg_user(frame, 3);
	uint64_t ns = 0, until_ns = UINT64_MAX, deadline = UINT64_MAX, mask;
	unsigned n = arg_uint(frame, 1);
	int result = 0;

	if (time_at) {
		result = timespec_read(time_at, &ns);
		if (result)
			return result;
		if (add_overflows(clock_ns(), ns, &until_ns))
			until_ns = UINT64_MAX;
		deadline = ns == 0 ? 0 : clock_deadline(until_ns);
	}
	if (mask_at && arg_u64(frame, 4) != ABI_SIGSET_BYTES)
		return -EINVAL;
	if (mask_at && user_copy_in(&mask, mask_at, sizeof(mask)))
		return -EFAULT;
	if (n > process_limit(current_process(), RLIMIT_NOFILE) || n > POLL_MAX)
		return -EINVAL;
	if (mask_at)
		signal_mask_for_call(mask);
	result = poll_all(arg_user(frame, 0), n, deadline);
	if (result == -EINTR)
		current_thread()->restart = RESTART_SILENT;
	else if (mask_at)
		signal_mask_back();
	return time_at && ns != 0 ? store_rest(time_at, until_ns, result) : result;
}
