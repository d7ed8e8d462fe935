/* SPDX-License-Identifier: MIT */
/* Event counters: 64 bits, which are changed by compare-and-swap, and a queue for each direction. */
#include "linux/fs/file/eventfd.h"

#include "abi/errno.h"
#include "abi/eventfd.h"
#include "desc/anon_file.h"
#include "desc/poll.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"
#include "proc/wait.h"

#define COUNT_MAX (UINT64_MAX - 1)

struct eventfd {
	uint64_t count;	       /* atomic; at most COUNT_MAX */
	bool semaphore;	       /* const: a read takes 1 */
	struct waitq readable; /* woken by each write */
	struct waitq writable; /* woken by each read */
};

/* Takes what a read gets. Returns 0 if there is nothing. */
static uint64_t count_take(struct eventfd *event)
{
	uint64_t before = atomic_load(&event->count), taken;

	do {
		taken = event->semaphore && before != 0 ? 1 : before;
		if (taken == 0)
			return 0;
	} while (!__atomic_compare_exchange_n(&event->count, &before, before - taken, false,
					      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	return taken;
}

/* Adds to the count. Returns false if the sum would be too large. */
static bool count_add(struct eventfd *event, uint64_t n)
{
	uint64_t before = atomic_load(&event->count);

	do {
		if (n > COUNT_MAX - before)
			return false;
	} while (!__atomic_compare_exchange_n(&event->count, &before, before + n, false,
					      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	return true;
}

static int event_wait(bool nonblock, struct waitq *queue, uint64_t seq)
{
	return nonblock ? -EAGAIN : thread_wait_interruptible(queue, seq);
}

/* Takes the count once there is any. Returns 0 or a negative errno. */
static __attribute__((noinline)) int await_count(struct eventfd *event, bool nonblock,
						 uint64_t *taken_ret)
{
	for (;;) {
		uint64_t seq = waitq_sample(&event->readable);
		int err;

		*taken_ret = count_take(event);
		if (*taken_ret != 0)
			return 0;
		err = event_wait(nonblock, &event->readable, seq);
		if (err)
			return err;
	}
}

/* As on Linux, the count is taken although it may not be possible to copy it out. */
static ssize_t eventfd_read(struct file *file, struct user_iter *to, uint64_t *pos)
{
	struct eventfd *event = file->node;
	uint64_t taken;

	(void)pos;
	if (to->left < sizeof(taken))
		return -EINVAL;
	taken = count_take(event);
	if (taken == 0) {
		int err = await_count(event, file_nonblock(file, to), &taken);

		if (err)
			return err;
	}
	waitq_wake_all(&event->writable);
	if (user_iter_copy_out(to, &taken, sizeof(taken)) != sizeof(taken))
		return -EFAULT;
	return sizeof(taken);
}

/* Adds to the count once there is room. Returns 0 or a negative errno. */
static __attribute__((noinline)) int await_room(struct eventfd *event, bool nonblock, uint64_t n)
{
	for (;;) {
		uint64_t seq = waitq_sample(&event->writable);
		int err;

		if (count_add(event, n))
			return 0;
		err = event_wait(nonblock, &event->writable, seq);
		if (err)
			return err;
	}
}

/* The bytes of the next segment. As on Linux, an empty one is passed over if it is not the first. */
static size_t segment_length(struct user_iter *from, bool first)
{
	if (from->kernel)
		return from->left;
	if (first && from->len == 0 && from->nnext != 0)
		return from->next->len;
	return user_iter_span(from);
}

static int write_segment(struct file *file, struct user_iter *from, bool first)
{
	struct eventfd *event = file->node;
	uint64_t n;

	if ((from->kernel || from->len != sizeof(n)) && segment_length(from, first) != sizeof(n))
		return -EINVAL;
	if (user_iter_copy_in(from, &n, sizeof(n)) != sizeof(n))
		return -EFAULT;
	if (n > COUNT_MAX)
		return -EINVAL;
	if (!count_add(event, n)) {
		int err = await_room(event, file_nonblock(file, from), n);

		if (err)
			return err;
	}
	waitq_wake_all(&event->readable);
	return 0;
}

/* As on Linux, each segment is a write of its own, of 8 bytes and no more. */
static ssize_t eventfd_write(struct file *file, struct user_iter *from, uint64_t *pos)
{
	ssize_t done = 0;
	int err;

	(void)pos;
	do {
		err = write_segment(file, from, done == 0);
		if (err)
			return done ?: err;
		done += (ssize_t)sizeof(uint64_t);
	} while (from->left != 0);
	return done;
}

static unsigned eventfd_can(const struct eventfd *event)
{
	uint64_t count = atomic_load(&event->count);

	return (count != 0 ? POLLIN : 0) | (count < COUNT_MAX ? POLLOUT : 0);
}

static __attribute__((noinline)) unsigned eventfd_watch(struct eventfd *event,
							struct poller *poller)
{
	unsigned wants = poller_wants(poller);

	if (wants & POLLIN)
		poller_watch(poller, &event->readable);
	if (wants & POLLOUT)
		poller_watch(poller, &event->writable);
	return eventfd_can(event);
}

static unsigned eventfd_poll(struct file *file, struct poller *poller)
{
	struct eventfd *event = file->node;

	return poller ? eventfd_watch(event, poller) : eventfd_can(event);
}

static void eventfd_release(struct file *file)
{
	kfree(file->node);
}

static const struct file_ops eventfd_ops = {
	.name = "eventfd",
	.read = eventfd_read,
	.write = eventfd_write,
	.empty_writes = true,
	.nowait = true,
	.poll = eventfd_poll,
	.seek_is_0 = true,
	.stat = anon_file_stat,
	.label = anon_file_label,
	.release = eventfd_release,
};

bool file_is_eventfd(const struct file *file)
{
	return file->ops == &eventfd_ops;
}

struct eventfd_state eventfd_look(const struct file *file)
{
	const struct eventfd *event = file->node;

	return (struct eventfd_state){ .count = atomic_load_relaxed(&event->count),
				       .semaphore = event->semaphore };
}

static struct file *event_create(uint64_t count, unsigned flags)
{
	struct eventfd *event = mem_wait_kzalloc(sizeof(*event));
	struct file *file;

	if (!event)
		return NULL;
	event->count = count;
	event->semaphore = (flags & EFD_SEMAPHORE) != 0;
	waitq_init(&event->readable);
	waitq_init(&event->writable);
	file = file_create(&eventfd_ops, O_RDWR | (flags & EFD_NONBLOCK), event);
	if (!file)
		kfree(event);
	return file;
}

int eventfd_create(uint64_t count, unsigned flags, struct file **file_ret)
{
	int err = file_memory_charge(FILE_BYTES);

	if (err)
		return err;
	*file_ret = event_create(count, flags);
	file_memory_add(-FILE_BYTES);
	return *file_ret ? 0 : -ENOMEM;
}
