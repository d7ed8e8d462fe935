/* SPDX-License-Identifier: MIT */
/* The machine under linux/fs/tty/: everything runs when the test says so. */
#include "machine.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "abi/errno.h"
#include "base/clock.h"
#include "linux/fs/dev/devtmpfs.h"
#include "desc/poll.h"
#include "linux/fs/tty/tty.h"
#include "mm/phys/kmalloc.h"
#include "lib/assert.h"
#include "mm/fault/user_copy.h"
#include "linux/process/cred.h"
#include "proc/kthread.h"
#include "proc/wait.h"

struct machine machine;

/* ---- the device ---- */

static size_t dev_read(struct chardev *dev, void *to, size_t n)
{
	(void)dev;
	n = MIN(n, machine.nkeys);
	memcpy(to, machine.keys, n);
	machine.nkeys -= n;
	memmove(machine.keys, machine.keys + n, machine.nkeys);
	return n;
}

static bool dev_ended(struct chardev *dev)
{
	(void)dev;
	return machine.ended && machine.nkeys == 0;
}

static size_t dev_write(struct chardev *dev, const void *from, size_t n)
{
	(void)dev;
	n = MIN(n, machine.room);
	machine.room -= n;
	on_output(from, n);
	return n;
}

static unsigned dev_ready(struct chardev *dev)
{
	(void)dev;
	return (machine.nkeys ? CHARDEV_READABLE : 0) | (machine.room ? CHARDEV_WRITABLE : 0);
}

static const struct chardev_ops dev_ops = {
	.read = dev_read,
	.ended = dev_ended,
	.write = dev_write,
	.ready = dev_ready,
};

/* ---- the input thread ---- */

static struct {
	jmp_buf asleep;
	struct waitq *queue; /* NULL: it has ended, or not started */
	uint64_t seq, deadline;
	bool ended;
} input;

void thread_sleep_always(struct waitq *queue, uint64_t seq, uint64_t deadline)
{
	check(queue == &machine.dev.readable, "the input thread waits for something else");
	lockorder_assert_none_spinning();
	if (waitq_sample(queue) != seq)
		return;
	input.queue = queue;
	input.seq = seq;
	input.deadline = deadline;
	longjmp(input.asleep, 1);
}

void thread_wait_always(struct waitq *queue, uint64_t seq)
{
	thread_sleep_always(queue, seq, UINT64_MAX);
}

bool machine_input_due(void)
{
	return !input.ended && (!input.queue || waitq_sample(input.queue) != input.seq ||
				fake_time >= input.deadline);
}

bool machine_input_ended(void)
{
	return input.ended;
}

/* Its loop keeps nothing across a wait, so that it may begin anew. */
void machine_run_input(void)
{
	if (setjmp(input.asleep) == 0) {
		tty_input_main(machine.tty);
		input.ended = true;
	}
}

struct thread *kthread_spawn(const char *name, void (*fn)(void *arg), void *arg)
{
	(void)name;
	check(fn == tty_input_main && arg == machine.tty, "another thread is made");
	return (struct thread *)&input;
}

/* ---- other threads ---- */

int thread_wait_interruptible_until(struct waitq *queue, uint64_t seq, uint64_t deadline)
{
	lockorder_assert_none_spinning();
	return on_wait(queue, seq, deadline);
}

int thread_wait_interruptible(struct waitq *queue, uint64_t seq)
{
	return thread_wait_interruptible_until(queue, seq, UINT64_MAX);
}

int thread_wait(struct waitq *queue, uint64_t seq)
{
	return thread_wait_interruptible(queue, seq);
}

/* One reader and one writer at a time. */
void turn_init(struct turn *turn)
{
	turn->taken = 0;
}

int turn_take(struct turn *turn, bool nonblock)
{
	check(!turn->taken, "a turn is taken twice");
	(void)nonblock;
	turn->taken = 1;
	return 0;
}

void turn_give(struct turn *turn)
{
	turn->taken = 0;
}

int turn_pause(void)
{
	return 0;
}

/* ---- poll ---- */

void poller_watch(struct poller *poller, struct waitq *queue)
{
	(void)poller;
	check(machine.nwatched < MACHINE_WATCH, "poll watches many queues");
	machine.seqs[machine.nwatched] = waitq_sample(queue);
	machine.watched[machine.nwatched++] = queue;
}

bool machine_poll_woken(void)
{
	for (size_t i = 0; i < machine.nwatched; i++)
		if (waitq_sample(machine.watched[i]) != machine.seqs[i])
			return true;
	return false;
}

unsigned machine_poll(bool watch)
{
	struct poll_entry all = { .ask.events = -1 };
	struct poller poller = { .entry = &all };

	if (watch)
		machine.nwatched = 0;
	return tty_ops.poll(&machine.file, watch ? &poller : NULL);
}

/* ---- job control, memory, names ---- */

int ctty_check(struct ctty *terminal, int sig)
{
	(void)terminal, (void)sig;
	return machine.background;
}

void ctty_signal(struct ctty *terminal, int sig)
{
	(void)terminal;
	lockorder_assert_none_spinning();
	check(machine.nsignals < MACHINE_SIGNAL, "too many signals");
	machine.signals[machine.nsignals++] = sig;
}

/* The model has no sessions. */
#define NO_SESSION(call, ...)     \
	int call(__VA_ARGS__)     \
	{                         \
		fail(#call "()"); \
		return 0;         \
	}

NO_SESSION(ctty_take, struct ctty *t, bool steal)
NO_SESSION(ctty_leave, struct ctty *t)
NO_SESSION(ctty_group, struct ctty *t, int *group)
NO_SESSION(ctty_session, struct ctty *t, int *session)
NO_SESSION(ctty_set_group, struct ctty *t, int group)
NO_SESSION(inode_file_stat, struct file *file, struct abi_stat *st)

bool capable(unsigned cap)
{
	(void)cap;
	return true;
}

struct ctty *ctty_get_own(void)
{
	return NULL;
}

void inode_file_release(struct file *file)
{
	(void)file;
}

int machine_ioctl(unsigned long request, void *arg)
{
	machine.user = arg;
	return (int)tty_ops.ioctl(&machine.file, request, USER_BASE);
}

size_t arch_copy_in(void *to, vaddr_t from, size_t n)
{
	memcpy(to, machine.user + (from - USER_BASE), n);
	return 0;
}

size_t arch_copy_out(vaddr_t to, const void *from, size_t n)
{
	memcpy(machine.user + (to - USER_BASE), from, n);
	return 0;
}

/* Reads and writes have kernel memory, which goes this way. */
size_t user_iter_copy_in_pieces(struct user_iter *iter, void *to, size_t n)
{
	n = MIN(n, iter->left);
	memcpy(to, iter->kernel, n);
	user_iter_advance_kernel(iter, n);
	return n;
}

size_t user_iter_copy_out_pieces(struct user_iter *iter, const void *from, size_t n)
{
	n = MIN(n, iter->left);
	memcpy(iter->kernel, from, n);
	user_iter_advance_kernel(iter, n);
	return n;
}

void *kzalloc_at(size_t size SITE_PARAM)
{
	(void)site;
	return calloc(1, size);
}

void kfree(void *p)
{
	free(p);
}

int devtmpfs_add(const char *path, const struct file_ops *ops, void *device, uint32_t mode,
		 uint64_t rdev)
{
	(void)path, (void)mode, (void)rdev;
	if (ops == &tty_ops)
		machine.tty = device;
	return 0;
}

void machine_boot(void)
{
	memset(&machine, 0, sizeof(machine));
	memset(&input, 0, sizeof(input));
	clock_init(MACHINE_HZ);
	machine.dev.ops = &dev_ops;
	waitq_init(&machine.dev.readable);
	waitq_init(&machine.dev.writable);
	machine.room = SIZE_MAX;
	check(tty_create("tty", &machine.dev, MACHINE_COLS, MACHINE_ROWS, false, 1) == 0,
	      "no terminal");
	machine.inode = calloc(1, sizeof(*machine.inode));
	machine.inode->device = machine.tty;
	machine.file.node = machine.inode;
	machine.file.ops = &tty_ops;
	machine_run_input();
}

void machine_free(void)
{
	free(machine.inode);
	free(machine.tty);
}

void panic(const char *fmt, ...)
{
	fail("the kernel panics: %s", fmt);
}

/* ---- O_ASYNC: no file here has it ---- */

void async_queue_init(struct async_queue *queue, const struct ctty *terminal)
{
	queue->terminal = terminal;
	list_init(&queue->files);
}

void async_tell_all(struct async_queue *queue, int reason)
{
	(void)queue, (void)reason;
}
