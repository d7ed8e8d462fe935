/* SPDX-License-Identifier: MIT */
/* Terminals as files: reads of lines or raw bytes, and writes through the line discipline. */
#include "linux/fs/tty/tty.h"

#include "abi/errno.h"
#include "abi/signal.h"
#include "base/clock.h"
#include "linux/fs/dev/devtmpfs.h"
#include "linux/fs/file/file_more.h"
#include "desc/poll.h"
#include "linux/fs/tty/tty_private.h"
#include "linux/fs/vfs/inode.h"
#include "lib/bits.h"
#include "mm/phys/kmalloc.h"
#include "linux/process/cred.h"
#include "linux/job/ctty.h"
#include "proc/kthread.h"
#include "proc/sched.h"
#include "proc/wait.h"

#define OWN_PATH "tty"
#define OWN_RDEV ABI_MAKEDEV(5, 0)
#define PIECE	 256u /* bytes copied by way of the kernel stack at a time */

/* How long a read waits, and for how many bytes. */
struct read_wait {
	size_t min;   /* bytes to wait for */
	size_t least; /* without so many it does not end with a line: it may have begun in raw mode */
	uint64_t time; /* ticks to wait for the next byte; 0: forever */
};

/* It may change while a read or a write sleeps: as on Linux, who is woken by something else sees that. */
static bool nonblock(const struct file *file)
{
	return (atomic_load_relaxed(&file->flags) & O_NONBLOCK) != 0;
}

static struct read_wait read_wait_of(struct tty *tty, size_t n)
{
	struct read_wait wait = { .min = 1 };

	spin_lock(&tty->lock);
	if (!ldisc_canonical(&tty->ldisc)) {
		wait.min = MIN((size_t)tty->ldisc.termios.c_cc[VMIN], n);
		wait.least = MAX(wait.min, 1ul);
		/* VTIME is in tenths of a second. */
		wait.time = clock_ns_to_ticks(tty->ldisc.termios.c_cc[VTIME] * (NSEC_PER_SEC / 10));
	}
	spin_unlock(&tty->lock);
	return wait;
}

enum piece { NO_INPUT, MORE, THE_LAST };

/* Takes available input, *got_ret bytes, of a read that has `done` already. The mark of an end of file has none. */
static enum piece take_piece(struct tty *tty, const struct read_wait *wait, size_t done,
			     uint8_t *to, size_t n, size_t *got_ret, uint64_t *seq_ret)
{
	bool end = false;
	bool any;

	spin_lock(&tty->lock);
	*seq_ret = waitq_sample(&tty->readable);
	any = ldisc_available(&tty->ldisc) != 0;
	*got_ret = any ? ldisc_read(&tty->ldisc, to, n, &end) : 0;
	if (!any)
		end = tty->hung_up;
	else if (!ldisc_canonical(&tty->ldisc) || done + *got_ret < wait->least)
		end = false;
	spin_unlock(&tty->lock);
	if (any)
		tty_input_resume(tty);
	return end ? THE_LAST : any ? MORE : NO_INPUT;
}

/*
 * Waits for more input after `done` bytes. VTIME counts from `since`, however often the thread is
 * woken without input. Returns 0 to look again, 1 if the read ends with what it has, or a negative
 * errno.
 */
static int wait_for_input(struct file *file, const struct read_wait *wait, size_t done,
			  uint64_t since, uint64_t seq)
{
	struct tty *tty = device_of(file);
	int err;

	if (done != 0 && done >= wait->min)
		return 1;
	if (wait->min == 0 && wait->time == 0)
		return 1;
	if (nonblock(file))
		return -EAGAIN;
	/* With both VMIN and VTIME set, the time counts from the first byte. */
	if (wait->time == 0 || (wait->min != 0 && done == 0))
		return thread_wait_interruptible(&tty->readable, seq);
	err = thread_wait_interruptible_until(&tty->readable, seq, since + wait->time);
	return err == -ETIMEDOUT ? 1 : err;
}

/* The caller has taken tty->input. */
static ssize_t read_input(struct file *file, struct user_iter *to)
{
	struct tty *tty = device_of(file);
	const struct read_wait wait = read_wait_of(tty, to->left);
	uint8_t piece[PIECE];
	uint64_t since = arch_time(); /* the start, or the last byte */
	size_t done = 0;
	enum piece what = MORE;
	int err = 0;

	while (to->left != 0 && what != THE_LAST && err == 0) {
		uint64_t seq;
		size_t got;

		what = take_piece(tty, &wait, done, piece, MIN(to->left, sizeof(piece)), &got,
				  &seq);
		if (got != 0 && user_iter_copy_out(to, piece, got) != got)
			err = -EFAULT;
		else if (what == NO_INPUT)
			err = wait_for_input(file, &wait, done, since, seq);
		done += err == 0 ? got : 0;
		since = got != 0 ? arch_time() : since;
	}
	return done != 0 || err > 0 ? (ssize_t)done : err;
}

static ssize_t tty_read(struct file *file, struct user_iter *to, uint64_t *pos)
{
	struct tty *tty = device_of(file);
	int err = ctty_check(&tty->jobs, SIGTTIN);
	ssize_t result;

	(void)pos;
	err = err ?: turn_take(&tty->input, nonblock(file));
	if (err)
		return err;
	result = read_input(file, to);
	turn_give(&tty->input);
	return result;
}

/*
 * Sends all bytes, however long it takes: the caller could not report a partly sent piece. The echo
 * of what has been typed goes first, or a prompt would overtake the line that it follows. Returns 0,
 * or -EINTR if the thread is killed.
 */
static int tty_put_bytes(struct tty *tty, const uint8_t *from, size_t n)
{
	struct chardev *dev = tty->dev;
	size_t sent = 0;
	int err = 0;

	while (sent < n && err == 0) {
		uint64_t seq = waitq_sample(&dev->writable);
		size_t took = 0;

		if (tty_send_echoes(tty))
			took = dev->ops->write(dev, from + sent, n - sent);
		sent += took;
		if (took == 0)
			err = thread_wait(&dev->writable, seq);
	}
	return err;
}

/* Waits while ^S or TCXONC stops the output. Returns the number of bytes to send, -EAGAIN or -EINTR. */
static ssize_t process(struct file *file, const uint8_t *from, size_t n, uint8_t *to)
{
	struct tty *tty = device_of(file);

	for (;;) {
		uint64_t seq;
		size_t len = 0;
		bool stopped;
		int err;

		spin_lock(&tty->lock);
		seq = waitq_sample(&tty->resumed);
		stopped = tty_output_is_stopped(tty);
		for (size_t i = 0; i < n && !stopped; i++)
			len += ldisc_output(&tty->ldisc, from[i], to + len);
		spin_unlock(&tty->lock);
		if (!stopped)
			return (ssize_t)len;
		if (nonblock(file))
			return -EAGAIN;
		err = thread_wait_interruptible(&tty->resumed, seq);
		if (err)
			return err;
	}
}

static int tty_write_piece(struct file *file, struct user_iter *from, size_t *done)
{
	uint8_t piece[PIECE];
	uint8_t processed[PIECE * LDISC_EXPAND_MAX];
	size_t copied = user_iter_copy_in(from, piece, sizeof(piece));
	ssize_t len;
	int err;

	if (copied == 0)
		return -EFAULT;
	len = process(file, piece, copied, processed);
	if (len < 0)
		return (int)len;
	err = tty_put_bytes(device_of(file), processed, (size_t)len);
	if (err == 0)
		*done += copied;
	return err;
}

/* With TOSTOP only the foreground may write. Returns 0, or -EINTR or -EIO as ctty_check(). */
static int check_write(struct tty *tty)
{
	bool tostop;

	spin_lock(&tty->lock);
	tostop = ldisc_stops_background(&tty->ldisc);
	spin_unlock(&tty->lock);
	return tostop ? ctty_check(&tty->jobs, SIGTTOU) : 0;
}

void tty_resumed(struct tty *tty)
{
	waitq_wake_all(&tty->resumed);
	if (atomic_load(&tty->tells_room)) {
		atomic_store(&tty->tells_room, false);
		async_tell(&tty->async, POLL_OUT);
	}
}

static ssize_t tty_write(struct file *file, struct user_iter *from, uint64_t *pos)
{
	struct tty *tty = device_of(file);
	size_t done = 0;
	int err;

	(void)pos;
	err = turn_take(&tty->output, nonblock(file));
	if (err)
		return err;
	err = check_write(tty);
	while (from->left != 0 && err == 0)
		err = tty_write_piece(file, from, &done) ?: turn_pause();
	if (from->left != 0 && async_is_watched(&tty->async))
		atomic_store(&tty->tells_room, true);
	turn_give(&tty->output);
	return done != 0 ? (ssize_t)done : err;
}

/* How much input poll needs: VMIN bytes in raw mode without a timeout, else a byte or a line. */
static size_t least_input(const struct ldisc *ldisc)
{
	const struct abi_termios *termios = &ldisc->termios;

	if (ldisc_canonical(ldisc) || termios->c_cc[VTIME] != 0 || termios->c_cc[VMIN] == 0)
		return 1;
	return termios->c_cc[VMIN];
}

unsigned tty_poll_ready(struct tty *tty, struct poller *poller)
{
	unsigned can = 0;
	bool stopped;

	poll_watch_for(poller, &tty->readable, POLLIN | POLLRDNORM);
	poll_watch(poller, &tty->resumed);
	poll_watch_for(poller, &tty->dev->writable, POLLOUT | POLLWRNORM);
	spin_lock(&tty->lock);
	if (ldisc_available(&tty->ldisc) >= least_input(&tty->ldisc))
		can |= POLLIN | POLLRDNORM;
	if (tty->hung_up)
		can |= POLLIN | POLLRDNORM | POLLHUP;
	stopped = tty_output_is_stopped(tty);
	spin_unlock(&tty->lock);
	if (!stopped && (tty->dev->ops->ready(tty->dev) & CHARDEV_WRITABLE))
		can |= POLLOUT | POLLWRNORM;
	return can;
}

static unsigned tty_poll(struct file *file, struct poller *poller)
{
	return tty_poll_ready(device_of(file), poller);
}

static int tty_ioctl(struct file *file, unsigned long request, vaddr_t arg)
{
	return tty_ioctl_request(device_of(file), request, arg);
}

static struct async_queue *tty_async(struct file *file)
{
	struct tty *tty = device_of(file);

	return &tty->async;
}

static const struct file_more tty_more = { .async = tty_async };

static int tty_opened(struct file *file)
{
	struct tty *tty = device_of(file);
	int err = 0;

	spin_lock(&tty->lock);
	if (tty->exclusive && !capable(CAP_SYS_ADMIN))
		err = -EBUSY;
	else
		tty->nopen++;
	spin_unlock(&tty->lock);
	return err;
}

/* As on Linux, a terminal that is not open belongs to no process. */
static void tty_release(struct file *file)
{
	struct tty *tty = device_of(file);

	spin_lock(&tty->lock);
	if (--tty->nopen == 0)
		tty->exclusive = false;
	spin_unlock(&tty->lock);
	inode_file_release(file);
}

#define TTY_SLOTS                                                                        \
	.read = tty_read, .write = tty_write, .poll = tty_poll, .stat = inode_file_stat, \
	.ioctl = tty_ioctl, .more = &tty_more, .release = tty_release, .has_inode = true

const struct file_ops tty_ops = {
	.name = "terminal",
	.opened = tty_opened,
	TTY_SLOTS,
};

static int own_tty_open(struct file *file)
{
	struct ctty *terminal = ctty_get_own();

	return terminal ? terminal->ops->reopen(terminal, file) : -ENXIO;
}

static int console_open(struct ctty *terminal, struct file *file)
{
	(void)terminal; /* it is device_of(file) */
	return tty_opened(file);
}

static const struct ctty_ops console_jobs = { .reopen = console_open };

/* /dev/tty: the controlling terminal of the process. If that is not this terminal, its `reopen` gives the file other slots. */
static const struct file_ops own_tty_ops = {
	.name = "own terminal",
	.opened = own_tty_open,
	TTY_SLOTS,
};

int tty_create(const char *path, struct chardev *dev, unsigned cols, unsigned rows, bool plain,
	       uint64_t rdev)
{
	struct tty *tty = kzalloc(sizeof(*tty));
	int err;

	if (!tty)
		return -ENOMEM;
	tty->dev = dev;
	tty->jobs.ops = &console_jobs;
	tty->jobs.rdev = (uint32_t)rdev;
	tty->plain = plain;
	tty->winsize.cols = (uint16_t)cols;
	tty->winsize.rows = (uint16_t)rows;
	turn_init(&tty->input);
	turn_init(&tty->output);
	spin_init(&tty->lock, LOCK_FS);
	ldisc_init(&tty->ldisc, plain);
	waitq_init(&tty->readable);
	waitq_init(&tty->resumed);
	async_queue_init(&tty->async, &tty->jobs);
	err = devtmpfs_add(path, &tty_ops, tty, S_IFCHR | 0600, rdev);
	if (err) {
		kfree(tty);
		return err;
	}
	err = devtmpfs_add(OWN_PATH, &own_tty_ops, tty, S_IFCHR | 0666, OWN_RDEV);
	if (err)
		return err;
	return kthread_spawn("tty", tty_input_main, tty) ? 0 : -ENOMEM;
}
