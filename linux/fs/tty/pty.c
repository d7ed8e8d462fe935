/* SPDX-License-Identifier: MIT */
/* Pseudo-terminals as files: their ends are opened and closed here, and wait here. */
/*
 * The kernel asks the server of /srv/tty for bytes and modes (abi/served.h). It does not ask when an end is opened or closed, when
 * somebody waits, and for job control. So these go on while that server is started again, and a hang-up needs nobody.
 *
 *	open of /dev/ptmx	a struct pty, two served files, a name in /dev/pts
 *	close of the master	the name goes; the slave is cut off: reads are 0, writes EIO; the session's leader gets SIGHUP
 *	last close of the slave	reads of the master are EIO after the bytes that are there; its session may open it again
 *	last close of both	the served files are closed, and the number is free
 */
#include "linux/fs/tty/pty.h"

#include "abi/errno.h"
#include "abi/ioctl.h"
#include "abi/served.h"
#include "abi/signal.h"
#include "base/clock.h"
#include "desc/fdtable.h"
#include "desc/poll.h"
#include "ipc/endpoint.h"
#include "ipc/served.h"
#include "lib/bits.h"
#include "linux/fs/dev/served.h"
#include "linux/fs/file/file_more.h"
#include "linux/process/cred.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"
#include "proc/pid.h"
#include "proc/process.h"
#include "proc/wait.h"

#define SERVER "tty"

#define PTYS_MOST 1024u

/* What a pty counts as memory of open files, beside its files: itself, and its name. */
#define PTY_BYTES 1024

static struct spinlock indices_lock = SPINLOCK_INIT(LOCK_FS);
static uint64_t indices[PTYS_MOST / 64]; /* those in use; guarded by indices_lock */

/* ---- a pty ---- */

static int index_take(unsigned *index_ret)
{
	int err = -ENOSPC;

	spin_lock(&indices_lock);
	for (unsigned i = 0; i < ARRAY_SIZE(indices) && err; i++)
		if (~indices[i]) {
			unsigned bit = bit_lowest(~indices[i]);

			indices[i] |= 1ul << bit;
			*index_ret = i * 64 + bit;
			err = 0;
		}
	spin_unlock(&indices_lock);
	return err;
}

static void index_give(unsigned index)
{
	spin_lock(&indices_lock);
	indices[index / 64] &= ~(1ul << index % 64);
	spin_unlock(&indices_lock);
}

static bool pty_get_own(struct ctty *terminal)
{
	refcount_get(&container_of(terminal, struct pty, jobs)->refs);
	return true;
}

static int own_pty_open(struct ctty *terminal, struct file *file);

/* No process refers to a pty that has no open file, so a process's own one is there. */
static const struct ctty_ops pty_jobs = { .get = pty_get_own, .reopen = own_pty_open };

/* As Linux has it: 8 bits of the minor number are below the major one. */
static uint32_t slave_rdev(unsigned index)
{
	return (uint32_t)ABI_MAKEDEV(DEV_MAJOR_PTS, index & 0xff) | (index & ~0xffu) << 12;
}

static int pty_create(struct pty **pty_ret)
{
	struct pty *pty = mem_wait_kzalloc(sizeof(*pty));
	int err;

	if (!pty)
		return -ENOMEM;
	err = index_take(&pty->index);
	if (err) {
		kfree(pty);
		return err;
	}
	refcount_init(&pty->refs, 1);
	pty->nfiles = 1;
	pty->locked = true;
	pty->jobs.ops = &pty_jobs;
	pty->jobs.rdev = slave_rdev(pty->index);
	for (unsigned i = 0; i < PTY_ENDS; i++) {
		turn_init(&pty->input[i]);
		turn_init(&pty->output[i]);
		async_queue_init(&pty->async[i], i == PTY_SLAVE ? &pty->jobs : NULL);
	}
	file_memory_add(PTY_BYTES);
	*pty_ret = pty;
	return 0;
}

void pty_put(struct pty *pty)
{
	if (!refcount_put(&pty->refs))
		return;
	file_memory_add(-PTY_BYTES);
	kfree(pty);
}

static void pty_put_sides(struct pty *pty)
{
	for (unsigned i = 0; i < PTY_ENDS; i++)
		if (pty->side[i])
			file_put(pty->side[i]);
}

/* An open file of it is closed. */
static void pty_file_ends(struct pty *pty)
{
	bool last;

	pty_put_sides(pty);
	spin_lock(&process_tree_lock);
	last = --pty->nfiles == 0;
	if (last)
		ctty_free(&pty->jobs); /* there may be one, if it took it by the master */
	spin_unlock(&process_tree_lock);
	if (last)
		index_give(pty->index);
	pty_put(pty);
}

static void pty_holds(struct file *file)
{
	struct pty *pty = file->data;

	for (unsigned i = 0; i < PTY_ENDS; i++)
		counted_found(&pty->side[i]->counted);
}

static bool pty_slave_is_closed(const struct pty *pty)
{
	return atomic_load(&pty->was_open) && atomic_load(&pty->nslaves) == 0;
}

static bool pty_is_cut_off(const struct pty *pty, enum pty_end end)
{
	return end == PTY_SLAVE && atomic_load(&pty->cut_off);
}

/* ---- opening the master ---- */

/* What ttyd knows an end by. No program has it open. */
static const struct file_ops side_ops = {
	.name = "end of a terminal",
	.release = served_release,
	.holds = served_holds,
};

static int pty_create_sides(struct pty *pty)
{
	for (unsigned i = 0; i < PTY_ENDS; i++) {
		pty->side[i] = file_create(&side_ops, O_RDWR, NULL);
		if (!pty->side[i])
			return -ENOMEM;
	}
	return 0;
}

static int pty_open_sides(struct pty *pty)
{
	const struct cred *cred = current_cred();
	struct served_opener opener = {
		.pid = (uint32_t)current_process()->pid,
		.id = (uint64_t)cred->egid << 32 | cred->euid,
		.what = SERVED_TTY(pty->index),
	};
	struct file *server = served_in_srv(SERVER, sizeof(SERVER) - 1);
	int err = server ? pty_create_sides(pty) : -ENXIO;

	if (err == 0)
		err = served_open_pair(pty->side, server, &opener);
	if (server)
		file_put(server);
	/* The path is not looked up again because of what a server says. */
	return err == -ESTALE ? -EIO : err == -EAGAIN ? -ENFILE : err;
}

static int ptmx_opened(struct file *file)
{
	struct pty *pty;
	int err = file_memory_charge(PTY_ENDS * FILE_BYTES + PTY_BYTES);

	if (err)
		return err;
	err = pty_create(&pty);
	if (err == 0) {
		err = pty_open_sides(pty);
		if (err == 0)
			err = devpts_add(pty, &pty->name);
		if (err)
			pty_file_ends(pty);
		else
			file->data = pty;
	}
	file_memory_add(-(ssize_t)(PTY_ENDS * FILE_BYTES + PTY_BYTES));
	return err;
}

static void pty_master_release(struct file *file)
{
	struct pty *pty = file->data;

	devpts_remove(pty);
	spin_lock(&process_tree_lock);
	atomic_store(&pty->cut_off, true);
	ctty_cut_off(&pty->jobs);
	spin_unlock(&process_tree_lock);
	served_wake(pty->side[PTY_SLAVE]);
	path_put(pty->name);
	pty_file_ends(pty);
	inode_file_release(file);
}

static void pty_master_holds(struct file *file)
{
	const struct pty *pty = file->data;

	pty_holds(file);
	path_found(pty->name);
}

/* ---- opening the slave ---- */

/* Counts an open file of the slave. Returns 0, or an errno of open(). Call with process_tree_lock held. */
static int pty_slave_begin_locked(struct pty *pty)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	if (pty->cut_off || pty->locked)
		return -EIO;
	if (pty->exclusive[PTY_SLAVE] && !capable(CAP_SYS_ADMIN))
		return -EBUSY;
	refcount_get(&pty->refs);
	pty->nfiles++;
	atomic_store(&pty->nslaves, pty->nslaves + 1);
	atomic_store(&pty->was_open, true);
	for (unsigned i = 0; i < PTY_ENDS; i++)
		file_get(pty->side[i]);
	return 0;
}

static int pty_slave_begin(struct pty *pty, struct file *file)
{
	int err;

	spin_lock(&process_tree_lock);
	err = pty_slave_begin_locked(pty);
	spin_unlock(&process_tree_lock);
	if (err == 0)
		file->data = pty;
	return err;
}

/* A session's leader that has no terminal gets the first one that it opens. */
static int pty_slave_opened(struct file *file)
{
	struct pty *pty = device_of(file);
	int err = pty_slave_begin(pty, file);

	if (err == 0 && !(file->flags & O_NOCTTY) && file_readable(file))
		(void)ctty_take(&pty->jobs, false);
	return err;
}

static int own_pty_open(struct ctty *terminal, struct file *file)
{
	struct pty *pty = container_of(terminal, struct pty, jobs);
	int err = pty_slave_begin(pty, file);

	if (err == 0)
		file->ops = &pty_slave_ops;
	pty_put(pty);
	return err;
}

static void pty_slave_release(struct file *file)
{
	struct pty *pty = file->data;

	spin_lock(&process_tree_lock);
	atomic_store(&pty->nslaves, pty->nslaves - 1);
	spin_unlock(&process_tree_lock);
	served_wake(pty->side[PTY_MASTER]);
	pty_file_ends(pty);
	inode_file_release(file);
}

/* The other flags of open(2) do nothing here. */
#define PEER_FLAGS (O_ACCMODE | O_NONBLOCK | O_APPEND | O_SYNC | O_DIRECTORY | O_NOFOLLOW)

/* With O_PATH it is not opened. */
static int pty_make_peer(struct pty *pty, unsigned flags, struct file **file_ret)
{
	bool is_path = (flags & O_PATH) != 0;
	struct file *file =
		is_path ? file_create(&path_file_ops, O_PATH | FILE_NO_ACCESS, pty->name)
			: file_create(&pty_slave_ops, (flags & PEER_FLAGS) | O_LARGEFILE,
				      pty->name);
	int err = !file ? -ENOMEM : is_path ? 0 : pty_slave_begin(pty, file);

	if (err) {
		file_discard(file);
		return err;
	}
	path_get(pty->name);
	if (!(flags & O_NOCTTY) && file_readable(file))
		(void)ctty_take(&pty->jobs, false);
	*file_ret = file;
	return 0;
}

int pty_open_peer(struct pty *pty, unsigned flags)
{
	int err = file_memory_charge(FILE_BYTES), fd;
	struct file *file;

	if (err)
		return err;
	err = pty_make_peer(pty, flags, &file);
	file_memory_add(-FILE_BYTES);
	if (err)
		return err;
	fd = fdtable_install(current_thread()->fdtable, file, 0, (flags & O_CLOEXEC) != 0);
	if (fd < 0)
		file_put(file);
	return fd;
}

/* ---- reading ---- */

/* How long a read waits, and for how many bytes: as long as the modes do not say otherwise, for one byte or line. */
struct read_wait {
	bool timed;
	size_t min;    /* bytes to wait for */
	size_t least;  /* without so many it does not end with a line: it has begun in raw mode */
	uint64_t time; /* ticks to wait for the next byte; 0: for ever */
};

static int pty_read_wait_of(struct file *side, size_t n, struct read_wait *wait)
{
	struct ipc_words words = { { 0, SERVED_TTY_WAITS } };
	int64_t err;

	*wait = (struct read_wait){ .timed = served_mask(side) & SERVED_TIMED, .min = 1 };
	if (!wait->timed)
		return 0;
	err = served_call(side, &words, NULL);
	if (err < 0)
		return (int)err;
	wait->min = MIN(words.word[2] & 0xff, n);
	wait->least = MAX(wait->min, 1ul);
	/* VTIME is in tenths of a second. */
	wait->time = clock_ns_to_ticks((words.word[2] >> 8 & 0xff) * (NSEC_PER_SEC / 10));
	return 0;
}

/*
 * Waits for more input after `done` bytes. VTIME counts from `since`. Returns 0 to look again, 1 if the read ends with what it has, or
 * a negative errno.
 */
static int pty_wait_for_input(struct file *side, bool nonblock, const struct read_wait *wait,
			      size_t done, uint64_t since, uint64_t seq)
{
	int err;

	if (done != 0 && done >= wait->min)
		return 1;
	if (wait->min == 0 && wait->time == 0)
		return 1;
	if (nonblock)
		return -EAGAIN;
	/* With both VMIN and VTIME set, the time counts from the first byte. */
	if (wait->time == 0 || (wait->min != 0 && done == 0))
		return served_await(side, seq, UINT64_MAX);
	err = served_await(side, seq, since + wait->time);
	if (err == -EINTR) /* as on Linux, its time begins anew */
		err = thread_mark_restart(err);
	return err == -ETIMEDOUT ? 1 : err;
}

/* The bytes that are there; -EAGAIN: none. The master's end is reached when nobody has the slave open any more. */
static int64_t pty_read_once(struct pty *pty, enum pty_end end, struct user_iter *to, bool timed)
{
	static const unsigned ready = POLLIN | POLLERR | POLLHUP;
	struct file *side = pty->side[end];
	bool is_closed = end == PTY_MASTER && pty_slave_is_closed(pty);
	struct ipc_words words;
	int64_t done = -EAGAIN;

	/* Before the slave was closed, its bytes were written, whatever of the state has come here. */
	if (timed || is_closed || (served_mask(side) & ready))
		done = served_once(side, to, false, &words);
	if (done == -EAGAIN && (is_closed || served_is_broken(side)))
		return -EIO;
	return done;
}

/* The caller has taken the turn. */
static ssize_t pty_read_input(struct file *file, struct pty *pty, enum pty_end end,
			      struct user_iter *to)
{
	struct file *side = pty->side[end];
	uint64_t since = arch_time(); /* the start, or the last byte */
	struct read_wait wait;	      /* as on Linux, by the modes at its beginning */
	bool waited = false; /* then the modes, and what they call readable, may be others by now */
	ssize_t done = 0;
	int err = pty_read_wait_of(side, to->left, &wait);

	while (to->left && err == 0) {
		uint64_t seq = served_sample(side);
		int64_t n;

		if (pty_is_cut_off(pty, end)) {
			err = -EIO; /* to who waits, as on Linux; a later read is at the end of the file */
			break;
		}
		n = pty_read_once(pty, end, to, wait.timed || waited);
		if (n == -EAGAIN) {
			err = pty_wait_for_input(side, file_nonblock(file, to), &wait, (size_t)done,
						 since, seq);
			waited = true;
			continue;
		}
		if (n < 0 || (n == 0 && (size_t)done >= wait.least)) {
			err = (int)n;
			break;
		}
		/* A line may be empty below `least`; a server that answers with such lines only must not keep the thread. */
		if (n == 0 && current_signalled()) {
			err = thread_mark_restart(-EINTR);
			break;
		}
		done += n;
		since = arch_time();
		if (!wait.timed)
			break;
	}
	return done != 0 || err > 0 ? done : err;
}

static ssize_t pty_read(struct file *file, enum pty_end end, struct user_iter *to)
{
	struct pty *pty = file->data;
	ssize_t done;
	int err;

	if (pty_is_cut_off(pty, end))
		return 0;
	err = end == PTY_SLAVE ? ctty_check(&pty->jobs, SIGTTIN) : 0;
	err = err ?: turn_take(&pty->input[end], file_nonblock(file, to));
	if (err)
		return err;
	done = pty_read_input(file, pty, end, to);
	turn_give(&pty->input[end]);
	return done;
}

static ssize_t pty_master_read(struct file *file, struct user_iter *to, uint64_t *pos)
{
	(void)pos;
	return pty_read(file, PTY_MASTER, to);
}

static ssize_t pty_slave_read(struct file *file, struct user_iter *to, uint64_t *pos)
{
	(void)pos;
	return pty_read(file, PTY_SLAVE, to);
}

/* ---- writing ---- */

void pty_act(struct pty *pty, uint64_t events)
{
	if (events & SERVED_TTY_INTERRUPT)
		ctty_signal(&pty->jobs, SIGINT);
	if (events & SERVED_TTY_QUIT)
		ctty_signal(&pty->jobs, SIGQUIT);
	if (events & SERVED_TTY_SUSPEND)
		ctty_signal(&pty->jobs, SIGTSTP);
	if (events & SERVED_TTY_RESIZED)
		ctty_signal(&pty->jobs, SIGWINCH);
	if (events & SERVED_TTY_TYPED)
		async_tell(&pty->async[PTY_SLAVE], POLL_IN);
	if (events & SERVED_TTY_SHOWN)
		async_tell(&pty->async[PTY_MASTER], POLL_IN);
	if ((events & SERVED_TTY_RESUMED) && atomic_load(&pty->tells_room)) {
		atomic_store(&pty->tells_room, false);
		async_tell(&pty->async[PTY_SLAVE], POLL_OUT);
	}
}

/* Waits until ttyd takes some bytes. Returns how many, or an errno. */
static int64_t pty_write_some(struct file *file, enum pty_end end, struct user_iter *from)
{
	struct pty *pty = file->data;
	static const unsigned ready = POLLOUT | POLLERR | POLLHUP;
	struct file *side = pty->side[end];

	for (;;) {
		uint64_t seq = served_sample(side);
		struct ipc_words words;
		int64_t done = -EAGAIN;

		if (pty_is_cut_off(pty, end))
			return -EIO;
		if (served_mask(side) & ready)
			done = served_once(side, from, true, &words);
		if (done > 0)
			pty_act(pty, words.word[2]);
		if (done != -EAGAIN)
			return done;
		if (served_is_broken(side))
			return -EIO;
		if (file_nonblock(file, from)) /* as on Linux, also what was set meanwhile */
			return -EAGAIN;
		done = served_await(side, seq, UINT64_MAX);
		if (done)
			return done;
	}
}

/* With TOSTOP only the foreground may write. Returns 0, or -EINTR or -EIO as ctty_check(). */
static int pty_check_write(struct pty *pty, enum pty_end end)
{
	return end == PTY_SLAVE && (served_mask(pty->side[end]) & SERVED_TOSTOP)
		       ? ctty_check(&pty->jobs, SIGTTOU)
		       : 0;
}

static ssize_t pty_write(struct file *file, enum pty_end end, struct user_iter *from)
{
	struct pty *pty = file->data;
	ssize_t done = 0;
	int64_t n;
	int err;

	if (pty_is_cut_off(pty, end))
		return -EIO;
	err = turn_take(&pty->output[end], file_nonblock(file, from));
	if (err)
		return err;
	n = pty_check_write(pty, end);
	while (from->left && n >= 0) {
		n = pty_write_some(file, end, from);
		done += MAX(n, 0);
		if (n > 0 && from->left && current_signalled())
			break;
	}
	if (from->left && end == PTY_SLAVE && async_is_watched(&pty->async[end]))
		atomic_store(&pty->tells_room, true);
	turn_give(&pty->output[end]);
	return done ?: n;
}

static ssize_t pty_master_write(struct file *file, struct user_iter *from, uint64_t *pos)
{
	(void)pos;
	return pty_write(file, PTY_MASTER, from);
}

static ssize_t pty_slave_write(struct file *file, struct user_iter *from, uint64_t *pos)
{
	(void)pos;
	return pty_write(file, PTY_SLAVE, from);
}

/* ---- the rest ---- */

#define POLL_BITS (POLL_ALWAYS | POLLPRI | POLLERR | POLLHUP)

static unsigned pty_master_poll(struct file *file, struct poller *poller)
{
	const struct pty *pty = file->data;
	unsigned can = served_poll(pty->side[PTY_MASTER], poller) & POLL_BITS;

	return can | (pty_slave_is_closed(pty) ? (unsigned)POLLHUP : 0);
}

static unsigned pty_slave_poll(struct file *file, struct poller *poller)
{
	const struct pty *pty = file->data;
	unsigned can = served_poll(pty->side[PTY_SLAVE], poller) & POLL_BITS;

	return pty_is_cut_off(pty, PTY_SLAVE) ? POLL_ALWAYS | POLLERR | POLLHUP : can;
}

static int pty_master_ioctl(struct file *file, unsigned long request, vaddr_t arg)
{
	return pty_ioctl_request(file, file->data, PTY_MASTER, request, arg);
}

static int pty_slave_ioctl(struct file *file, unsigned long request, vaddr_t arg)
{
	struct pty *pty = file->data;

	if (pty_is_cut_off(pty, PTY_SLAVE))
		return request == TIOCSPGRP ? -ENOTTY : -EIO;
	return pty_ioctl_request(file, pty, PTY_SLAVE, request, arg);
}

static struct async_queue *pty_master_async(struct file *file)
{
	struct pty *pty = file->data;

	return &pty->async[PTY_MASTER];
}

static struct async_queue *pty_slave_async(struct file *file)
{
	struct pty *pty = file->data;

	return &pty->async[PTY_SLAVE];
}

static const struct file_more master_more = { .async = pty_master_async };
static const struct file_more slave_more = { .async = pty_slave_async };

const struct file_ops ptmx_ops = {
	.name = "master of a terminal",
	.opened = ptmx_opened,
	.read = pty_master_read,
	.write = pty_master_write,
	.nowait = true,
	.poll = pty_master_poll,
	.ioctl = pty_master_ioctl,
	.stat = inode_file_stat,
	.release = pty_master_release,
	.holds = pty_master_holds,
	.more = &master_more,
	.has_inode = true,
};

const struct file_ops pty_slave_ops = {
	.name = "pseudo-terminal",
	.opened = pty_slave_opened,
	.read = pty_slave_read,
	.write = pty_slave_write,
	.nowait = true,
	.poll = pty_slave_poll,
	.ioctl = pty_slave_ioctl,
	.stat = inode_file_stat,
	.release = pty_slave_release,
	.holds = pty_holds,
	.more = &slave_more,
	.has_inode = true,
};
