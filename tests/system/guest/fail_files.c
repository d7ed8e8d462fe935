/* SPDX-License-Identifier: MIT */
/* fail_nth: pipes, files, names, descriptors and devices. */
#include "fail_nth.h"

#include <poll.h>
#include <pthread.h>

#include "abi/mount.h"
#include "abi/uio_device.h"
#include "lib/ipc.h"

static int file = -1;
static char bytes[3 * PAGE];
static int ends[2];

static long open_path(const char *path, int flags)
{
	return CALL(SYS_openat, AT_FDCWD, path, flags, 0644);
}

static long close_fd(long fd)
{
	return CALL(SYS_close, fd, 0, 0, 0);
}

/* All of it: 0, or what stopped it. */
static long put(long fd, const char *from, long n)
{
	while (n > 0) {
		long done = CALL(SYS_write, fd, from, n, 0);

		if (done <= 0)
			return done ? done : -EIO;
		from += done;
		n -= done;
	}
	return 0;
}

static void need(long result)
{
	if (result < 0)
		_exit(BAD);
}

static long make_pipe(void)
{
	long err = CALL(SYS_pipe2, ends, O_CLOEXEC, 0, 0);

	if (err)
		return err;
	close_fd(ends[0]);
	return close_fd(ends[1]);
}

static void open_pipe(void)
{
	need(CALL(SYS_pipe2, ends, 0, 0, 0));
}

static long fill_pipe(void)
{
	long n = CALL(SYS_write, ends[1], bytes, sizeof(bytes), 0);

	if (n > 0)
		CALL(SYS_read, ends[0], bytes, sizeof(bytes), 0);
	return n < 0 ? n : n < (long)sizeof(bytes) ? -ENOMEM : 0;
}

static long create(void)
{
	long fd = open_path("/made", O_CREAT | O_EXCL | O_RDWR);

	return fd < 0 ? fd : close_fd(fd);
}

static void remove_made(void)
{
	CALL(SYS_unlinkat, AT_FDCWD, "/made", 0, 0);
	CALL(SYS_unlinkat, AT_FDCWD, "/made too", 0, 0);
	CALL(SYS_unlinkat, AT_FDCWD, "/made folder", AT_REMOVEDIR, 0);
}

static void open_made(void)
{
	need(file = (int)open_path("/made", O_CREAT | O_RDWR));
}

static long write_file(void)
{
	CALL(SYS_lseek, file, 0, SEEK_SET, 0);
	return put(file, bytes, sizeof(bytes));
}

/* Far from the rest: the index gets another level. */
static long write_far(void)
{
	long n = CALL(SYS_pwrite64, file, bytes, PAGE, 64l << 20);

	return n < 0 ? n : n < (long)PAGE ? -ENOSPC : 0;
}

static long grow_and_shrink(void)
{
	long err = CALL(SYS_ftruncate, file, 1l << 30, 0, 0) ?: write_far();

	return err ?: CALL(SYS_ftruncate, file, 100, 0, 0);
}

static void fill_made(void)
{
	open_made();
	need(write_file());
}

static long truncate_at_open(void)
{
	long fd = open_path("/made", O_RDWR | O_TRUNC);

	return fd < 0 ? fd : close_fd(fd);
}

static long from;

static long read_file(void)
{
	long n = CALL(SYS_pread64, file, bytes, sizeof(bytes), from);

	return n < 0 ? n : n < (long)sizeof(bytes) ? -ENOMEM : 0;
}

/* Its end, which nobody has read yet: the pages are copied from the archive. */
static void open_program(void)
{
	need(file = (int)open_path(self_path, O_RDONLY));
	need(from = CALL(SYS_lseek, file, -(long)sizeof(bytes) - 100, SEEK_END, 0));
}

static long link_file(void)
{
	return call6(SYS_linkat, AT_FDCWD, (long)"/made", AT_FDCWD, (long)"/made too", 0, 0);
}

static long make_folder(void)
{
	return CALL(SYS_mkdirat, AT_FDCWD, "/made folder", 0755, 0);
}

static long symlink_file(void)
{
	return CALL(SYS_symlinkat, "made", AT_FDCWD, "/made too", 0);
}

static long rename_file(void)
{
	return call6(SYS_renameat2, AT_FDCWD, (long)"/made", AT_FDCWD, (long)"/made too", 0, 0);
}

static long ask_names(void)
{
	static struct stat st;
	long err = CALL(SYS_newfstatat, AT_FDCWD, "/dev/null", &st, 0);

	if (!err)
		err = CALL(SYS_getcwd, bytes, sizeof(bytes), 0, 0);
	if (err >= 0)
		err = CALL(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", bytes, sizeof(bytes));
	return err < 0 ? err : CALL(SYS_chdir, ".", 0, 0, 0);
}

static long list_folder(void)
{
	long fd = open_path("/dev", O_RDONLY | O_DIRECTORY), n;

	if (fd < 0)
		return fd;
	n = CALL(SYS_getdents64, fd, bytes, sizeof(bytes), 0);
	close_fd(fd);
	return n;
}

/* Each kind of file of /proc, and what links lead to. */
static long read_proc(void)
{
	static const char *const paths[] = { "/proc/self/maps",	   "/proc/self/status",
					     "/proc/self/cmdline", "/proc/1/stat",
					     "/proc/mounts",	   "/proc/self/exe" };
	long fd = open_path("/proc/self/fd", O_RDONLY | O_DIRECTORY), n;

	if (fd < 0)
		return fd;
	n = CALL(SYS_getdents64, fd, bytes, sizeof(bytes), 0);
	if (n >= 0)
		n = CALL(SYS_readlinkat, fd, "0", bytes, sizeof(bytes));
	close_fd(fd);
	for (unsigned i = 0; n >= 0 && i < sizeof(paths) / sizeof(paths[0]); i++) {
		n = fd = open_path(paths[i], O_RDONLY);
		if (fd < 0)
			break;
		n = CALL(SYS_read, fd, bytes, sizeof(bytes), 0);
		close_fd(fd);
	}
	return n;
}

static long make_memfd(void)
{
	long fd = CALL(SYS_memfd_create, "nameless", 0, 0, 0), err;

	if (fd < 0)
		return fd;
	err = put(fd, bytes, sizeof(bytes));
	close_fd(fd);
	return err;
}

/* Descriptors from one end of the table to the other. */
static long duplicate(void)
{
	long fd = CALL(SYS_dup, 0, 0, 0, 0), high;

	if (fd < 0)
		return fd;
	high = CALL(SYS_dup3, fd, 255, O_CLOEXEC, 0);
	close_fd(fd);
	return high < 0 ? high : close_fd(high);
}

static long write_parts(void)
{
	static struct iovec_like {
		const void *base;
		size_t len;
	} parts[12];
	long n;

	for (unsigned i = 0; i < 12; i++)
		parts[i].base = bytes, parts[i].len = 1;
	CALL(SYS_lseek, file, 0, SEEK_SET, 0);
	n = CALL(SYS_writev, file, parts, 12, 0);
	return n < 0 ? n : n < 12 ? -ENOSPC : 0;
}

static long use_terminal(void)
{
	static char modes[64];
	long fd = open_path("/dev/console", O_RDWR | O_NOCTTY), err;

	if (fd < 0)
		return fd;
	err = CALL(SYS_ioctl, fd, 0x5401 /* TCGETS */, modes, 0);
	close_fd(fd);
	return err;
}

static long use_port(void)
{
	long fd = open_path("/dev/port/stdout", O_WRONLY), err;

	if (fd < 0)
		return fd;
	err = put(fd, "\n", 1);
	close_fd(fd);
	return err;
}

static struct pollfd_like {
	int fd;
	short events, revents;
} wanted[100];

static void open_many(void)
{
	open_pipe();
	for (int i = 0; i < 100; i++)
		wanted[i] = (struct pollfd_like){ .fd = ends[0], .events = 1 };
}

static long wait_for_input(void)
{
	static const struct timespec soon;

	return call6(SYS_ppoll, (long)wanted, 100, (long)&soon, 0, 0, 0);
}

/* The end of a pipe gets an owner, and a signal for what comes. */
static long tell_by_signal(void)
{
	static const unsigned long sigio = 1ul << 28;
	long err = CALL(SYS_fcntl, ends[0], F_SETOWN, CALL(SYS_getpid, 0, 0, 0, 0), 0);

	if (!err)
		err = CALL(SYS_fcntl, ends[0], F_SETFL, O_ASYNC, 0);
	if (!err)
		err = CALL(SYS_rt_sigprocmask, 0 /* SIG_BLOCK */, &sigio, 0, 8);
	if (!err)
		err = put(ends[1], "x", 1);
	if (!err && CALL(SYS_rt_sigtimedwait, &sigio, 0, &(struct timespec){ 0 }, 8) != 29)
		err = -1;
	return err;
}

static long make_eventfd(void)
{
	long fd = CALL(SYS_eventfd2, 1, 0, 0, 0);

	return fd < 0 ? fd : close_fd(fd);
}

static long make_timer(void)
{
	static const struct {
		struct timespec each, first;
	} soon = { { 0, 1000000 }, { 0, 1 } };
	long fd = CALL(SYS_timerfd_create, 1, 0, 0, 0), err, n;

	if (fd < 0)
		return fd;
	err = CALL(SYS_timerfd_settime, fd, 0, &soon, 0);
	if (!err)
		err = CALL(SYS_read, fd, &n, sizeof(n), 0);
	close_fd(fd);
	return err < 0 ? err : 0;
}

static long make_signalfd(void)
{
	static const unsigned long mask = 0x800;
	long fd = CALL(SYS_signalfd4, -1, &mask, 8, 0);

	return fd < 0 ? fd : close_fd(fd);
}

/* An event without memory is the overflow event. */
static long watch_files(void)
{
	static char events[200];
	long fd = CALL(SYS_inotify_init1, 0, 0, 0, 0), err = fd, wd;

	if (fd < 0)
		return fd;
	wd = CALL(SYS_inotify_add_watch, fd, "/", 0xfff, 0);
	err = wd < 0 ? wd : open_path("/", O_DIRECTORY);
	if (err > 0)
		err = close_fd(err);
	if (!err && CALL(SYS_read, fd, events, sizeof(events), 0) < 16)
		err = -1;
	close_fd(fd);
	return err;
}

static long make_pidfd(void)
{
	long fd = CALL(SYS_pidfd_open, CALL(SYS_getpid, 0, 0, 0, 0), 0, 0, 0);

	return fd < 0 ? fd : close_fd(fd);
}

/* A set that watches a pipe, an event counter and another set, and takes an event. */
static long watch_some(void)
{
	struct {
		unsigned events;
		unsigned long data;
	} event = { 1 | 4, 7 };
	long fds[3] = { -1, -1, -1 }, set = CALL(SYS_epoll_create1, 0, 0, 0, 0);
	long err = set < 0 ? set : 0;

	if (!err)
		err = fds[0] = CALL(SYS_eventfd2, 1, 0, 0, 0);
	if (err >= 0)
		err = fds[1] = CALL(SYS_epoll_create1, 0, 0, 0, 0);
	fds[2] = ends[0];
	for (int i = 0; err >= 0 && i < 3; i++)
		err = CALL(SYS_epoll_ctl, set, 1, fds[i], &event);
	if (err >= 0)
		err = call6(SYS_epoll_pwait, set, (long)&event, 1, 0, 0, 0);
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close_fd(fds[i]);
	if (set >= 0)
		close_fd(set);
	return err < 0 ? err : err == 1 ? 0 : -1;
}

static long lock_range(int command, int type, long start, long len)
{
	struct flock lock = { .l_type = (short)type, .l_start = start, .l_len = len };

	return CALL(SYS_fcntl, file, command, &lock, 0);
}

/* A range that is cut in the middle; a lock of the open file; one of the whole file. */
static long lock_file(void)
{
	long err = lock_range(F_SETLK, F_WRLCK, 0, 100);

	if (!err)
		err = lock_range(F_SETLK, F_RDLCK, 20, 10);
	if (!err)
		err = lock_range(F_SETLKW, F_UNLCK, 50, 10);
	if (!err)
		err = lock_range(F_OFD_SETLK, F_WRLCK, 200, 0);
	if (!err)
		err = CALL(SYS_flock, file, 1, 0, 0);
	if (!err)
		err = CALL(SYS_flock, file, 2, 0, 0);
	CALL(SYS_flock, file, 8, 0, 0);
	lock_range(F_OFD_SETLK, F_UNLCK, 0, 0);
	lock_range(F_SETLK, F_UNLCK, 0, 0);
	return err;
}

/* R145: the device that the program was given; what fails here leaves it to the next one. */
static long drive_device(void)
{
	struct uio_dma dma = { .size = 5 * PAGE };
	long fd = CALL(SYS_ioctl, UIO_FIRST_FD, UIO_SESSION, 0, 0), err, at;

	if (fd < 0)
		return fd;
	err = CALL(SYS_ioctl, fd, UIO_DMA_ALLOC, &dma, 0);
	if (!err) {
		at = call6(SYS_mmap, 0, 5 * PAGE, 3, 1 | 0x8000, fd, (long)dma.offset);
		err = at < 0 && at > -4096 ? at : 0;
		if (!err)
			CALL(SYS_munmap, at, 5 * PAGE, 0, 0);
	}
	close_fd(fd);
	return err;
}

/* The program's own pages are there then. */
static void drive_once(void)
{
	need(drive_device());
}

/* With an endpoint whose server has ended: the mount has its memory before it asks that server, and fails. */
static char served_by[24];
static long send_end;

static long mount_ended(void)
{
	long err = call6(SYS_mount, (long)"ended", (long)"/tmp", (long)"9p", 0, (long)served_by, 0);

	return err == -EIO ? 0 : err ?: -EINVAL;
}

static void open_endpoint(void)
{
	long receive = CALL(SYS_ipc_create, 0, 0, 0, 0);

	send_end = CALL(SYS_ipc_badge, receive, 0, 0, 0);
	need(receive);
	need(send_end);
	close_fd(receive);
	snprintf(served_by, sizeof(served_by), "fd=%ld", send_end);
	/* The kernel's thread that tends all such mounts is there then. */
	need(mount_ended());
}

static long make_object(void)
{
	long fd = CALL(SYS_ipc_object, send_end, 4096, 0, 0);

	if (fd >= 0)
		close_fd(fd);
	return fd;
}

static long name_end(void)
{
	long err = CALL(SYS_ipc_name, AT_FDCWD, "/named", 0600, send_end);

	if (err == 0)
		CALL(SYS_unlinkat, AT_FDCWD, "/named", 0, 0);
	return err;
}

static void open_kept_endpoint(void)
{
	long receive = CALL(SYS_ipc_create, 0, 0, 0, 0);

	send_end = CALL(SYS_ipc_badge, receive, 0, IPC_KEEPS, 0);
	need(receive);
	need(send_end);
	close_fd(receive);
}

static long make_receive_end(void)
{
	long fd = CALL(SYS_ipc_reopen, send_end, 0, 0, 0);

	if (fd >= 0)
		close_fd(fd);
	return fd;
}

/* A thread of the process that uses the file. */
static void *serve_a_file(void *end)
{
	struct ipc_message m = { 0 };
	int receive = (int)(long)end;
	long rcvid = 0;

	for (;;) {
		rcvid = ipc_reply_receive(receive, rcvid > 0 ? rcvid : 0, &m, IPC_NEVER);
		if (rcvid > 0 && SERVED_OP(m.word[0]) == SERVED_READ)
			m.word[0] = (uint64_t)ipc_write(receive, rcvid, self_path, m.word[1], 0);
		else if (rcvid > 0)
			m.word[0] = SERVED_OP(m.word[0]) == SERVED_WRITE ? m.word[1] : 0;
		m.word[1] = SERVED_STATE(1, POLLIN | POLLOUT);
	}
	return NULL;
}

static void start_file_server(void)
{
	long receive = CALL(SYS_ipc_create, 0, 0, 0, 0);
	pthread_t server;

	send_end = CALL(SYS_ipc_badge, receive, 0, 0, 0);
	need(CALL(SYS_ipc_name, AT_FDCWD, "/named", 0600, send_end));
	need(-pthread_create(&server, NULL, serve_a_file, (void *)receive));
}

static long use_served_file(void)
{
	long fd = CALL(SYS_openat, AT_FDCWD, "/named", O_RDWR, 0), err;
	char bytes[40] = "";

	if (fd < 0)
		return fd;
	err = CALL(SYS_write, fd, bytes, 4, 0);
	if (err >= 0)
		err = CALL(SYS_read, fd, bytes, sizeof(bytes), 0);
	if (err >= 0)
		err = CALL(SYS_ioctl, fd, 0xc0204600, bytes, 0);
	close_fd(fd);
	return err;
}

static void remove_name(void)
{
	CALL(SYS_unlinkat, AT_FDCWD, "/named", 0, 0);
}

/* With limits, which change. */
static long mount_limited(void)
{
	long err = call6(SYS_mount, (long)"none", (long)"/limited", (long)"tmpfs", 0,
			 (long)"size=64k,nr_inodes=9", 0);

	return err
		       ?: call6(SYS_mount, (long)"none", (long)"/limited", 0, MS_REMOUNT,
				(long)"size=32k", 0);
}

static void make_mount_point(void)
{
	need(CALL(SYS_mkdirat, AT_FDCWD, "/limited", 0755, 0));
}

/* A trial that was refused the second call has mounted it twice. */
static void remove_mount_point(void)
{
	while (CALL(SYS_umount2, "/limited", 0, 0, 0) == 0)
		;
	CALL(SYS_unlinkat, AT_FDCWD, "/limited", AT_REMOVEDIR, 0);
}

const struct scenario file_scenarios[] = {
	{ "pipe", make_pipe, NULL, NULL, 0 },
	{ "pipe_write", fill_pipe, open_pipe, NULL, 0 },
	{ "create", create, NULL, remove_made, MAY_ENOSPC },
	{ "write", write_file, open_made, remove_made, MAY_ENOSPC },
	{ "write_far", write_far, open_made, remove_made, MAY_ENOSPC },
	{ "grow", grow_and_shrink, open_made, remove_made, MAY_ENOSPC },
	{ "writev", write_parts, open_made, remove_made, MAY_ENOSPC },
	{ "open_truncate", truncate_at_open, fill_made, remove_made, 0 },
	{ "read_file", read_file, open_program, NULL, 0 },
	{ "link", link_file, open_made, remove_made, MAY_ENOSPC },
	{ "mkdir", make_folder, NULL, remove_made, MAY_ENOSPC },
	{ "symlink", symlink_file, open_made, remove_made, MAY_ENOSPC },
	{ "rename", rename_file, open_made, remove_made, MAY_ENOSPC },
	{ "names", ask_names, NULL, NULL, 0 },
	{ "getdents", list_folder, NULL, NULL, 0 },
	{ "proc", read_proc, NULL, NULL, 0 },
	{ "memfd", make_memfd, NULL, NULL, MAY_ENOSPC },
	{ "dup", duplicate, NULL, NULL, 0 },
	{ "lock", lock_file, open_made, remove_made, MAY_ENOLCK },
	{ "terminal", use_terminal, NULL, NULL, 0 },
	{ "port", use_port, NULL, NULL, 0 },
	{ "poll", wait_for_input, open_many, NULL, 0 },
	{ "eventfd", make_eventfd, NULL, NULL, 0 },
	{ "sigio", tell_by_signal, open_pipe, NULL, 0 },
	{ "timerfd", make_timer, NULL, NULL, 0 },
	{ "signalfd", make_signalfd, NULL, NULL, 0 },
	{ "name", name_end, open_endpoint, remove_name, MAY_ENOSPC },
	{ "receive_end", make_receive_end, open_kept_endpoint, NULL, 0 },
	{ "served_file", use_served_file, start_file_server, remove_name, 0 },
	{ "inotify", watch_files, NULL, NULL, MAY_ENOSPC },
	{ "pidfd", make_pidfd, NULL, NULL, 0 },
	{ "epoll", watch_some, open_pipe, NULL, MAY_ENOSPC },
	{ "mount", mount_ended, open_endpoint, NULL, 0 },
	{ "object", make_object, open_endpoint, NULL, 0 },
	{ "mount_limited", mount_limited, make_mount_point, remove_mount_point, 0 },
	{ "device", drive_device, drive_once, NULL, 0 },
	{ NULL },
};
