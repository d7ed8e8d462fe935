/* SPDX-License-Identifier: MIT */
/* ppoll and pselect6: wait until something can be done with one of many descriptors. */
#include "abi/prctl.h"
#include "abi/resource.h"
#include "abi/time.h"
#include "base/clock.h"
#include "desc/fdtable.h"
#include "desc/file.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "linux/process/limits.h"
#include "linux/process/task.h"
#include "linux/signal/send.h"
#include "linux/signal/wait.h"
#include "linux/sys/calls.h"
#include "linux/sys/timespec.h"
#include "mm/fault/user_copy.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"
#include "proc/process.h"
#include "proc/thread.h"
#include "trap/poll_set.h"
#include "linux/fs/file/descriptors.h"

/*
 * Linux reports the time that was left. A call that a signal interrupts is restarted with that,
 * unless a handler ran. If the time cannot be stored, or by STICKY_TIMEOUTS must stay, the call is not restarted.
 */
static int store_rest(vaddr_t at, uint64_t until_ns, int result)
{
	uint64_t now = clock_ns();
	struct abi_timespec rest = ns_to_timespec(now < until_ns ? until_ns - now : 0);
	bool stays = current_task()->personality & STICKY_TIMEOUTS;

	if ((stays || user_copy_out(at, &rest, sizeof(rest))) && result == -EINTR)
		current_thread()->restart = RESTART_NONE;
	return result;
}

/* How long a call waits, and with which signals blocked. */
struct wait_how {
	vaddr_t time_at; /* 0: for ever */
	vaddr_t mask_at; /* 0: as before */
	uint64_t ns;
	uint64_t until_ns;
	uint64_t deadline; /* in ticks */
	uint64_t mask;
};

/* Reads time and mask. Returns 0, -EFAULT or -EINVAL. */
static int how_read(struct wait_how *how, vaddr_t time_at, vaddr_t mask_at, uint64_t mask_size)
{
	*how = (struct wait_how){ .time_at = time_at,
				  .mask_at = mask_at,
				  .until_ns = UINT64_MAX,
				  .deadline = UINT64_MAX };
	if (time_at) {
		int err = timespec_read(time_at, &how->ns);

		if (err)
			return err;
		if (add_overflows(clock_ns(), how->ns, &how->until_ns))
			how->until_ns = UINT64_MAX;
		how->deadline = how->ns == 0 ? 0 : clock_deadline(how->until_ns);
	}
	if (mask_at && mask_size != ABI_SIGSET_BYTES)
		return -EINVAL;
	return mask_at ? user_copy_in(&how->mask, mask_at, sizeof(how->mask)) : 0;
}

static void how_begin(const struct wait_how *how)
{
	if (how->mask_at)
		signal_mask_for_call(how->mask);
}

static int how_end(const struct wait_how *how, int result)
{
	if (result == -EINTR)
		current_thread()->restart = RESTART_SILENT;
	else if (how->mask_at)
		signal_mask_back();
	return how->time_at && how->ns != 0 ? store_rest(how->time_at, how->until_ns, result)
					    : result;
}

long sys_ppoll(struct trap_frame *frame)
{
	unsigned n = arg_uint(frame, 1);
	struct wait_how how;
	int err = how_read(&how, arg_user(frame, 2), arg_user(frame, 3), arg_u64(frame, 4));

	if (err)
		return err;
	if (n > process_limit(current_process(), RLIMIT_NOFILE) || n > POLL_MAX)
		return -EINVAL;
	how_begin(&how);
	return how_end(&how, poll_all(arg_user(frame, 0), n, how.deadline));
}

/* ---- pselect6: sets of descriptors instead of an array ---- */

enum select_kind { SELECT_READ, SELECT_WRITE, SELECT_EXCEPT, SELECT_KINDS };

/* The events that make a descriptor a member of the result, as on Linux. */
static const uint16_t select_events[SELECT_KINDS] = {
	[SELECT_READ] = POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR | POLLNVAL,
	[SELECT_WRITE] = POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR | POLLNVAL,
	[SELECT_EXCEPT] = POLLPRI | POLLNVAL,
};

#define FEW_WORDS 4u

struct select_sets {
	unsigned nwords; /* of each set */
	uint64_t *word[SELECT_KINDS];
	uint64_t *found[SELECT_KINDS];		    /* what has come */
	uint64_t few[2 * SELECT_KINDS * FEW_WORDS]; /* for sets that are so short */
	uint64_t *many;				    /* for others; NULL: there are none */
};

/* The members of any of the sets, of one word. */
static uint64_t select_any(const struct select_sets *sets, unsigned i)
{
	return sets->word[SELECT_READ][i] | sets->word[SELECT_WRITE][i] |
	       sets->word[SELECT_EXCEPT][i];
}

static unsigned select_count(const struct select_sets *sets)
{
	unsigned count = 0;

	for (unsigned i = 0; i < sets->nwords; i++)
		for (uint64_t any = select_any(sets, i); any != 0; any &= any - 1)
			count++;
	return count;
}

/* Makes an entry for each member of one word. Returns 0 or -EBADF. */
static int select_word(struct poll_set *set, const struct select_sets *sets, unsigned i)
{
	struct fdtable *table = current_thread()->fdtable;
	uint64_t in = sets->word[SELECT_READ][i], out = sets->word[SELECT_WRITE][i];
	uint64_t except = sets->word[SELECT_EXCEPT][i];
	int fd = (int)(i * 64);

	for (; (in | out | except) != 0; in >>= 1, out >>= 1, except >>= 1, fd++) {
		unsigned events = (in & 1 ? select_events[SELECT_READ] : 0) |
				  (out & 1 ? select_events[SELECT_WRITE] : 0) |
				  (except & 1 ? select_events[SELECT_EXCEPT] : 0);
		struct poll_entry *entry;

		if (events == 0)
			continue;
		entry = poll_set_next(set);
		poll_find(set, entry, table,
			  (struct abi_pollfd){ .fd = fd, .events = (int16_t)events }, 0);
		if (unlikely(!entry->file && fdtable_next(table, (unsigned)fd) != fd))
			return -EBADF;
	}
	return 0;
}

/*
 * Makes an entry for each descriptor that the sets ask for. Returns 0, and the
 * caller calls poll_set_free(); or -EBADF, -EINVAL (more than POLL_MAX) or -ENOMEM.
 */
static int select_entries(struct poll_set *set, const struct select_sets *sets)
{
	unsigned count = select_count(sets);
	int err = count > POLL_MAX ? -EINVAL : poll_set_make(set, count);

	if (err)
		return err;
	for (unsigned i = 0; i < sets->nwords && !err; i++)
		err = select_word(set, sets, i);
	if (err)
		poll_set_free(set);
	return err;
}

/* Notes what has come to a descriptor; returns of how many sets it is a member. */
static int select_found(struct select_sets *sets, const struct abi_pollfd *ask)
{
	unsigned fd = (unsigned)ask->fd;
	uint64_t bit = 1ull << (fd % 64);
	int count = 0;

	for (unsigned kind = 0; kind < SELECT_KINDS; kind++)
		if ((sets->word[kind][fd / 64] & bit) &&
		    ((uint16_t)ask->revents & select_events[kind])) {
			sets->found[kind][fd / 64] |= bit;
			count++;
		}
	return count;
}

/* Returns how many members the sets of what has come have in all. */
static int select_result(struct poll_set *set, struct select_sets *sets)
{
	unsigned together;
	int count = 0;

	memset(sets->found[0], 0, SELECT_KINDS * sets->nwords * sizeof(uint64_t));
	for (unsigned i = 0; i < set->n; i += together) {
		const struct poll_entry *entry = poll_set_entries(set, i, set->n - i, &together);

		for (unsigned j = 0; j < together; j++)
			if (entry[j].ask.revents)
				count += select_found(sets, &entry[j].ask);
	}
	return count;
}

/* Makes room for sets of n descriptors and copies those that the program gives. Returns 0, -ENOMEM or -EFAULT. */
static int select_read(struct select_sets *sets, struct trap_frame *frame, unsigned n)
{
	size_t bytes;

	sets->nwords = (n + 63) / 64;
	bytes = sets->nwords * sizeof(uint64_t);
	if (unlikely(sets->nwords > FEW_WORDS)) {
		sets->many = mem_wait_kmalloc(2 * SELECT_KINDS * bytes);
		if (!sets->many)
			return -ENOMEM;
	}
	for (unsigned kind = 0; kind < SELECT_KINDS; kind++) {
		vaddr_t at = arg_user(frame, 1 + kind);
		uint64_t *words = (sets->many ?: sets->few) + kind * sets->nwords;

		sets->word[kind] = words;
		sets->found[kind] = words + SELECT_KINDS * sets->nwords;
		if (!at)
			memset(words, 0, bytes);
		else if (user_copy_in(words, at, bytes))
			return -EFAULT;
		if (n % 64 != 0)
			words[n / 64] &= (1ull << n % 64) - 1;
	}
	return 0;
}

static int select_write(const struct select_sets *sets, struct trap_frame *frame)
{
	for (unsigned kind = 0; kind < SELECT_KINDS; kind++) {
		vaddr_t at = arg_user(frame, 1 + kind);

		if (at && user_copy_out(at, sets->found[kind], sets->nwords * sizeof(uint64_t)))
			return -EFAULT;
	}
	return 0;
}

static int select_those(struct select_sets *sets, uint64_t deadline)
{
	struct poll_set set;
	int result = select_entries(&set, sets);

	if (result)
		return result;
	result = poll_set_wait(&set, deadline);
	if (result >= 0)
		result = select_result(&set, sets);
	poll_set_free(&set);
	return result;
}

/* As on Linux, the members of a set that the table has no room for are not looked at. */
static int select_all(struct trap_frame *frame, int asked, uint64_t deadline)
{
	unsigned n = MIN((unsigned)asked, fdtable_size(current_thread()->fdtable));
	struct select_sets sets = { .many = NULL };
	int result = select_read(&sets, frame, n), err;

	if (!result)
		result = select_those(&sets, deadline);
	if (result >= 0) {
		err = select_write(&sets, frame);
		/* cppcheck-suppress selfAssignment ; it keeps its value only if the first is 0 */
		result = err ?: result;
	}
	kfree(sets.many);
	return result;
}

long sys_pselect6(struct trap_frame *frame)
{
	struct {
		uint64_t mask_at;
		uint64_t mask_size;
	} pack = { 0, 0 };
	vaddr_t pack_at = arg_user(frame, 5);
	int n = arg_int(frame, 0), err;
	struct wait_how how;

	if (pack_at && user_copy_in(&pack, pack_at, sizeof(pack)))
		return -EFAULT;
	err = how_read(&how, arg_user(frame, 4), pack.mask_at, pack.mask_size);
	if (err)
		return err;
	how_begin(&how);
	return how_end(&how, n < 0 ? -EINVAL : select_all(frame, n, how.deadline));
}
