/* SPDX-License-Identifier: MIT */
/* Programs that fill the kernel's memory, a kind of it each, beside a neighbour that must live. */
#define _GNU_SOURCE
#include "lib/ipc.h"
#include "machine.h"
#include "servers/file_server.h"
#include "servers/serve.h"
#include "until.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <linux/futex.h>
#include <linux/nsfs.h>

#ifndef MSG_COPY
#define MSG_COPY 040000
#endif

#define PAGE 4096ul
#define MIB  (1ul << 20)

/* ---- who must live ---- */

#define NEIGHBOUR_PAGES (4 * MIB / PAGE)

/* Writes its memory and checks it, until nobody has the other end of the pipe. */
static int live_on(int end)
{
	const size_t words = PAGE / sizeof(uint64_t);
	uint64_t *own = mmap(NULL, NEIGHBOUR_PAGES * PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct pollfd asked = { .fd = end, .events = POLLIN };

	if (own == MAP_FAILED)
		return 1;
	for (uint64_t turn = 0; poll(&asked, 1, turn ? 1 : 0) == 0; turn++) {
		for (size_t i = 0; i < NEIGHBOUR_PAGES; i++) {
			if (own[i * words] != (turn ? turn + i : 0))
				return 2;
			own[i * words] = turn + 1 + i;
		}
	}
	return 0;
}

/* Returns the end of the pipe that keeps it alive. */
static int neighbour_start(pid_t *pid_ret)
{
	int ends[2];

	if (pipe(ends) != 0)
		exit(81);
	*pid_ret = fork();
	if (*pid_ret == 0) {
		close(ends[1]);
		_exit(live_on(ends[0]));
	}
	close(ends[0]);
	return ends[1];
}

/* Is there still memory for somebody else? */
static int use_some(void)
{
	const size_t size = 8 * MIB;
	volatile char *p =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (size_t at = 0; p != MAP_FAILED && at < size; at += PAGE)
		p[at] = 1;
	return p == MAP_FAILED;
}

static bool another_finds_memory(void)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(use_some());
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* ---- hogs: return the errno of what was refused, or 0 ---- */

#define TARGET 4095u

/* Symbolic links with the longest targets. They outlive the program. */
static int hog_links(void)
{
	char target[TARGET + 1], name[32];

	/* What is not found is no open file: it takes nothing of their limit. */
	for (unsigned i = 0; i < 10000; i++)
		if (open("/missing", O_RDONLY) != -1 || errno != ENOENT)
			return errno;
	memset(target, 'x', TARGET);
	target[TARGET] = '\0';
	if (mkdir("/links", 0700) != 0)
		return errno;
	for (unsigned i = 0;; i++) {
		snprintf(name, sizeof(name), "/links/%u", i);
		if (symlink(target, name) != 0)
			return errno;
	}
}

static void end_links(void)
{
	char name[32];

	snprintf(name, sizeof(name), "/links/0");
	for (unsigned i = 1; unlink(name) == 0; i++)
		snprintf(name, sizeof(name), "/links/%u", i);
	rmdir("/links");
}

/* Send ends that are closed, of which the endpoint is told. Nobody receives. */
static int hog_pulses(void)
{
	int receive = ipc_create(0);

	for (;;) {
		int send = ipc_badge(receive, 1, IPC_TELL_CLOSE);

		if (send < 0)
			return -send;
		close(send);
	}
}

/* A server's directories: each has a few files, and is read as far as the first. */
#define DIRS	     2000u
#define FILES	     40u
#define DIRS_AT_ONCE 240u
#define READERS	     6u

static int dirs_walk(void *tree, uint64_t dir, struct p9_string name, uint64_t *ret)
{
	uint64_t n = 0;

	(void)tree;
	if (dir != 0 || p9_string_is(name, "..")) {
		*ret = p9_string_is(name, "..") ? 0 : DIRS + 1;
		return 0;
	}
	for (size_t i = 0; i < name.len; i++) {
		if (name.data[i] < '0' || name.data[i] > '9')
			return -ENOENT;
		n = n * 10 + (uint64_t)(name.data[i] - '0');
	}
	*ret = 1 + n;
	return n < DIRS ? 0 : -ENOENT;
}

static int dirs_getattr(void *tree, uint64_t file, struct file_attr *ret)
{
	(void)tree;
	ret->mode = file <= DIRS ? S_IFDIR | 0755 : S_IFREG | 0644;
	ret->nlink = 1;
	ret->size = file <= DIRS ? 0 : PAGE;
	return 0;
}

static ssize_t dirs_read(void *tree, uint64_t file, uint64_t offset, void *buf, size_t n,
			 const void **data)
{
	(void)tree, (void)file, (void)data;
	if (offset >= PAGE)
		return 0;
	n = n < PAGE - offset ? n : PAGE - offset;
	memset(buf, 'x', n);
	return (ssize_t)n;
}

static int dirs_readdir(void *tree, uint64_t dir, uint64_t at, struct file_entry *ret)
{
	static const char names[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN";

	(void)tree;
	if (dir == 0 || at >= FILES)
		return 0;
	*ret = (struct file_entry){ DIRS + 1, { names + at, 1 }, at + 1 };
	return 1;
}

static int serve(char *const words[])
{
	static const struct file_ops ops = { .walk = dirs_walk,
					     .getattr = dirs_getattr,
					     .read = dirs_read,
					     .readdir = dirs_readdir };

	return file_server_main(&ops, NULL, words);
}

/* Returns the server, whose directories are in /dirs then. */
static pid_t dirs_begin(void)
{
	char *server[] = { "/proc/self/exe", "serve", NULL };
	pid_t pid = -1;

	if (mkdir("/dirs", 0755) || serve_and_mount(server, "/dirs", MS_RDONLY, NULL, &pid) != 0)
		exit(82);
	return pid;
}

static void dirs_end(pid_t server)
{
	umount("/dirs");
	waitpid(server, NULL, 0);
	rmdir("/dirs");
}

/* Returns how many directories it has open then. */
static unsigned open_dirs(unsigned first)
{
	char entries[64], name[32];

	for (unsigned i = 0; i < DIRS_AT_ONCE; i++) {
		int fd;

		snprintf(name, sizeof(name), "/dirs/%u", first + i);
		fd = open(name, O_RDONLY | O_DIRECTORY);
		if (fd < 0 || syscall(SYS_getdents64, fd, entries, sizeof(entries)) <= 0)
			return i;
	}
	return DIRS_AT_ONCE;
}

/* Does a directory that is read beside all these have all its names? */
static bool is_whole(const char *path)
{
	DIR *dir = opendir(path);
	unsigned n = 0;

	while (dir && readdir(dir))
		n++;
	return dir && closedir(dir) == 0 && n == 2 + FILES;
}

static int hog_dirs(void)
{
	int done[2], hold[2];
	unsigned all = 0, n;
	pid_t server = dirs_begin();

	if (pipe(done) || pipe(hold))
		return errno;
	for (unsigned i = 0; i < READERS; i++) {
		if (fork() != 0)
			continue;
		close(hold[1]);
		n = open_dirs(i * DIRS_AT_ONCE);
		if (write(done[1], &n, sizeof(n)) == sizeof(n) && read(hold[0], &n, 1) == 0)
			_exit(0);
		_exit(1);
	}
	close(done[1]);
	while (read(done[0], &n, sizeof(n)) == sizeof(n) && (all += n) < READERS * DIRS_AT_ONCE)
		;
	n = another_finds_memory() && is_whole("/dirs/1999");
	close(hold[1]);
	for (unsigned i = 0; i < READERS; i++)
		wait(NULL);
	dirs_end(server);
	return n == 1 && all == READERS * DIRS_AT_ONCE ? 0 : ENOMEM;
}

/* A page of a memfd after the other, none of which is mapped. */
static int hog_memfd(void)
{
	int fd = memfd_create("hog", 0);

	for (off_t at = 0;; at += (off_t)PAGE)
		if (pwrite(fd, "x", 1, at) != 1)
			return errno;
}

/* Memfds that are mapped and closed. */
static int hog_memfds(void)
{
	for (;;) {
		int fd = memfd_create("hog", 0);

		if (fd < 0)
			return errno;
		if (ftruncate(fd, PAGE) != 0 ||
		    mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED)
			return errno;
		close(fd);
	}
}

/* Shared memory without a name. No page stays mapped. */
static int hog_unmapped(void)
{
	char *p = mmap(NULL, 1024 * MIB, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return errno;
	for (size_t at = 0; at < 1024 * MIB; at += PAGE) {
		p[at] = 1;
		if (madvise(p + at, PAGE, MADV_DONTNEED) != 0)
			return errno;
	}
	return 0;
}

/* Memfds without a descriptor, of which one page is mapped, which is read-only. */
static int hog_written(void)
{
	static const char bytes[MIB] = { 1 };

	for (;;) {
		int fd = memfd_create("hog", 0);

		if (fd < 0 || write(fd, bytes, sizeof(bytes)) != sizeof(bytes) ||
		    mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED)
			return errno;
		close(fd);
	}
}

/* Superpages, each with a child that has it too, and pages of its own in the one before. */
static int hog_blocks(void)
{
	const size_t all = 1024 * MIB, block = 2 * MIB;
	char *p = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || madvise(p, all, MADV_HUGEPAGE) != 0)
		return errno;
	for (size_t at = block - (uintptr_t)p % block; at + block <= all; at += block) {
		p[at + block / 2] = 1;
		if (fork() == 0) {
			for (size_t own = at; own > 0 && own > at - block; own -= 32 * PAGE)
				p[own] = 2;
			for (;;)
				pause();
		}
		if (p[at + block / 2] != 1)
			return EILSEQ;
		p[at + block - 1] = 3; /* splits it here */
	}
	return 0;
}

/* The pages of a file are as far from each other as can be, so that each has an index of its own. */
static int write_sparsely(int fd)
{
	const uint64_t far = 1ul << 49;

	for (uint64_t i = 0;; i++) {
		uint64_t at =
			i * far % (INT64_MAX / 2) + i * far / (INT64_MAX / 2) * (64 * 64 * PAGE);

		if (pwrite(fd, "x", 1, (off_t)at) != 1)
			return errno;
	}
}

static int hog_index(void)
{
	return write_sparsely(open("/sparse", O_CREAT | O_RDWR, 0600));
}

static void end_index(void)
{
	unlink("/sparse");
}

/*
 * Real-time signals that are blocked, for as many processes as it takes. No process has as many as it may, so that only
 * the limit of all together can refuse one: a signal for two frames.
 */
static int hog_signals(void)
{
	const uint64_t most = (uint64_t)sysconf(_SC_PHYS_PAGES) / 2;
	const struct rlimit any = { RLIM_INFINITY, RLIM_INFINITY };
	uint64_t nsent = 0;
	sigset_t all;
	int end[2];

	setrlimit(RLIMIT_SIGPENDING, &any); /* that of the user */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	if (pipe(end) != 0)
		return 0;
	for (;;) {
		pid_t pid = fork();
		char byte;

		if (pid == 0) {
			close(end[1]);
			_exit(read(end[0], &byte, 1) == 0 ? 0 : 1);
		}
		if (pid < 0)
			return EPROTO;
		for (unsigned i = 0; i < 1000; i++, nsent++)
			if (sigqueue(pid, SIGRTMIN, (union sigval){ 0 }) != 0)
				return nsent <= most ? errno : EOVERFLOW;
	}
}

/* So many processes more are made although one was refused a lock. */
static unsigned nrefused_more;

/* Many processes that have as many descriptors each as they can. */
static int in_processes(int (*fill)(void))
{
	int done[2], hold[2], err = 0;
	char byte;

	if (pipe(done) != 0 || pipe(hold) != 0)
		return 0;
	while (err == 0 || err == EMFILE || (err == ENOLCK && nrefused_more-- > 0)) {
		pid_t pid = fork();

		if (pid == 0) {
			close(hold[1]);
			close(done[0]);
			byte = (char)fill();
			_exit(write(done[1], &byte, 1) == 1 && read(hold[0], &byte, 1) == 0 ? 0
											    : 1);
		}
		if (pid < 0)
			return errno;
		err = read(done[0], &byte, 1) == 1 ? byte : EIO;
	}
	return err;
}

/* Is a child refused that would come with a pidfd? */
static int is_clone_refused(void)
{
	uint64_t fd = 0, args[8] = { CLONE_PIDFD, (uintptr_t)&fd, [4] = SIGCHLD };

	return syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, &fd, 0, 0) == -1 && errno == ENFILE &&
	       syscall(SYS_clone3, args, sizeof(args)) == -1 && errno == ENFILE;
}

/* A socket that could connect but for that, and the address where. */
static struct {
	struct sockaddr_un name;
	int listener, client;
} sockets = { .name = { .sun_family = AF_UNIX, .sun_path = "\0hogs" } };

static void open_sockets(void)
{
	sockets.listener = socket(AF_UNIX, SOCK_STREAM, 0);
	sockets.client = socket(AF_UNIX, SOCK_STREAM, 0);
	bind(sockets.listener, (struct sockaddr *)&sockets.name, sizeof(sockets.name));
	listen(sockets.listener, 1);
}

static int are_sockets_refused(void)
{
	int ends[2];

	return socket(AF_UNIX, SOCK_STREAM, 0) == -1 && errno == ENFILE &&
	       socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == -1 && errno == ENFILE &&
	       connect(sockets.client, (struct sockaddr *)&sockets.name, sizeof(sockets.name)) ==
		       -1 &&
	       errno == ENFILE;
}

/* Is each call refused that would open a file? The working directory is no such file. */
static int is_refused_all(int receive, int ns)
{
	static const sigset_t none;
	int ends[2];

	return open("/", O_RDONLY) == -1 && errno == ENFILE && pipe(ends) == -1 &&
	       errno == ENFILE && memfd_create("more", 0) == -1 && errno == ENFILE &&
	       eventfd(0, 0) == -1 && errno == ENFILE && epoll_create1(0) == -1 &&
	       errno == ENFILE && timerfd_create(0, 0) == -1 && errno == ENFILE &&
	       signalfd(-1, &none, 0) == -1 && errno == ENFILE && inotify_init1(0) == -1 &&
	       errno == ENFILE && syscall(SYS_pidfd_open, getpid(), 0) == -1 && errno == ENFILE &&
	       mq_open("/more", O_RDWR | O_CREAT, 0600, NULL) == -1 && errno == ENFILE &&
	       is_clone_refused() && ipc_create(0) == -ENFILE &&
	       ipc_badge(receive, 1, 0) == -ENFILE && ipc_join(receive, 1, 2) == -ENFILE &&
	       are_sockets_refused() && ioctl(ns, NS_GET_USERNS) == -1 && errno == ENFILE &&
	       chdir("/") == 0;
}

static int make_endpoints(void)
{
	int fd;

	do
		fd = ipc_create(0);
	while (fd >= 0);
	return -fd;
}

static int hog_endpoints(void)
{
	int receive = ipc_create(0), ns = open("/proc/self/ns/mnt", O_RDONLY);
	int err;

	open_sockets();
	err = in_processes(make_endpoints);
	return err != ENFILE || is_refused_all(receive, ns) ? err : EPROTO;
}

static int make_pipes(void)
{
	int ends[2];

	while (pipe(ends) == 0)
		if (write(ends[1], "x", 1) != 1)
			break;
	return errno;
}

static int hog_pipes(void)
{
	return in_processes(make_pipes);
}

static int read_texts(void)
{
	char byte;
	int fd;

	while ((fd = open("/proc/self/maps", O_RDONLY)) >= 0)
		if (read(fd, &byte, 1) != 1)
			break;
	return errno;
}

static int hog_texts(void)
{
	return in_processes(read_texts);
}

/* Arguments of execve, which waits for the last of them: its bytes are a file's whose server has stopped. */
#define ARG_BYTES (128u << 10)
#define NARGS	  47u
#define EXECS	  12u

static void exec_for_ever(const char *never)
{
	static char arg[ARG_BYTES];
	char *argv[NARGS + 1] = { NULL }, *envp[] = { (char *)(uintptr_t)never, NULL };
	const struct rlimit limit = { 64 * MIB, 64 * MIB };

	memset(arg, 'x', sizeof(arg) - 1);
	for (unsigned i = 0; i < NARGS; i++)
		argv[i] = arg;
	if (setrlimit(RLIMIT_STACK, &limit) == 0)
		execve("/proc/self/exe", argv, envp);
	_exit(1);
}

static int hog_args(void)
{
	pid_t pids[EXECS], server = dirs_begin();
	int fd = open("/dirs/0/a", O_RDONLY), status = 0;
	const char *never = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);

	if (never == MAP_FAILED || kill(server, SIGSTOP) != 0)
		return errno;
	for (unsigned i = 0; i < EXECS; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			exec_for_ever(never);
	}
	wait(&status);
	for (unsigned i = 0; i < EXECS; i++)
		kill(pids[i], SIGKILL);
	for (unsigned i = 1; i < EXECS; i++)
		wait(NULL);
	kill(server, SIGCONT);
	munmap((void *)(uintptr_t)never, PAGE);
	close(fd);
	dirs_end(server);
	return WIFSIGNALED(status) ? ENOMEM : 0;
}

/* Page tables: of each only one entry is used, by the zero page. */
#define TABLE_SPAN (512 * PAGE)

static int hog_tables(void)
{
	const size_t size = 64ul << 30;
	volatile char *p = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return errno;
	for (size_t at = 0; at < size; at += TABLE_SPAN)
		(void)p[at];
	return 0;
}

static void kill_all(const pid_t *pids, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		kill(pids[i], SIGKILL);
	for (unsigned i = 0; i < n; i++)
		waitpid(pids[i], NULL, 0);
}

/* As many mappings as a process can have, in more processes than there is room for. None has a page. */
#define MAPPINGS_MAX 65530u
#define FEWER	     400u /* has the process that makes the others, which is not the one to go */
#define MAPPERS	     5u

/* Makes every other page readable, from the n-th on, as far as it can. Returns the number of the first that it cannot. */
static unsigned split_mapping(char *p, unsigned n, unsigned end)
{
	while (n < end && mprotect(p + 2 * n * PAGE, PAGE, PROT_READ) == 0)
		n++;
	return n;
}

static int hog_mappings(void)
{
	const unsigned most = MAPPINGS_MAX / 2, first = most - FEWER;
	char *p =
		mmap(NULL, 2 * MAPPINGS_MAX * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t pids[MAPPERS];

	if (p == MAP_FAILED || split_mapping(p, 0, first) != first)
		return errno;
	for (unsigned i = 0; i < MAPPERS; i++) {
		int done[2];
		bool refused;

		if (pipe(done) != 0 || (pids[i] = fork()) < 0)
			return errno;
		if (pids[i] == 0) {
			unsigned n = split_mapping(p, first, MAPPINGS_MAX);

			refused = errno == ENOMEM && n < most && n + 100 > most;
			if (write(done[1], &refused, sizeof(refused)) == sizeof(refused))
				pause();
			_exit(0);
		}
		close(done[1]);
		if (read(done[0], &refused, sizeof(refused)) == sizeof(refused) && !refused)
			return EPROTO;
		close(done[0]);
	}
	kill_all(pids, MAPPERS);
	return 0;
}

/* Each second byte of a file is locked, by as many processes as it takes. */
static int lock_bytes(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
	int fd = open("/locked", O_CREAT | O_RDWR, 0600);

	lock.l_start = (off_t)getpid() << 32;
	while (fcntl(fd, F_SETLK, &lock) == 0)
		lock.l_start += 2;
	return errno;
}

/* The limit of a process has the same error as that of all: there are as many processes as these would take, and more. */
static int hog_locks(void)
{
	int fd = open("/locked", O_CREAT | O_RDWR, 0600), err;
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };

	nrefused_more = 63;
	err = in_processes(lock_bytes);
	/* None is left for somebody else. */
	return fcntl(fd, F_SETLK, &lock) == -1 && errno == ENOLCK ? err : EPROTO;
}

static void end_locks(void)
{
	unlink("/locked");
}

/* Mounts. They outlive the program. */
static int hog_mounts(void)
{
	char name[32];

	if (mkdir("/mounts", 0700) != 0)
		return errno;
	for (unsigned i = 0;; i++) {
		snprintf(name, sizeof(name), "/mounts/%u", i);
		if (mkdir(name, 0700) != 0 || mount("none", name, "tmpfs", 0, NULL) != 0)
			return errno;
	}
}

static void end_mounts(void)
{
	char name[32];

	for (unsigned i = 0;; i++) {
		snprintf(name, sizeof(name), "/mounts/%u", i);
		umount(name);
		if (rmdir(name) != 0)
			break;
	}
	rmdir("/mounts");
}

/*
 * Processes with all timers of a process, of which every other waits for a futex, and every other calls an endpoint, whose
 * server receives the call and does not answer. Of each a process has one at most. One that is killed before it calls
 * closes its send end, of which the server is told.
 */
#define WAITING 400u

static void wait_for_ever(bool calls, int send)
{
	const struct itimerval ages = { { 0, 0 }, { 1000000, 0 } };
	struct ipc_message message = { { 0 }, 0 };
	static int word;

	for (int which = ITIMER_REAL; which <= ITIMER_PROF; which++)
		if (setitimer(which, &ages, NULL) != 0)
			_exit(1);
	if (calls)
		ipc_call(send, &message, IPC_NEVER);
	else
		syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0);
	_exit(0);
}

static int hog_waiters(void)
{
	struct ipc_message message = { { 0 }, 0 };
	static pid_t pids[WAITING];
	int receive = ipc_create(0);
	bool good;

	for (unsigned n = 0; n < WAITING; n++) {
		int send = ipc_badge(receive, 1, IPC_TELL_CLOSE);

		pids[n] = fork();
		if (pids[n] < 0)
			return errno;
		if (pids[n] == 0)
			wait_for_ever(n % 2, send);
		close(send);
		if (n % 2 && ipc_receive(receive, &message, IPC_NEVER) <= 0)
			return ENOMEM;
	}
	good = another_finds_memory();
	kill_all(pids, WAITING);
	return good ? 0 : ENOMEM;
}

/* ---- System V IPC ---- */

/* Makes sets of so many semaphores until that is refused. Returns the errno; *last is the last one made. */
static int make_sets(int n, int *last)
{
	int id;

	while ((id = semget(IPC_PRIVATE, n, 0600)) >= 0)
		*last = id;
	return errno;
}

/* All that needs memory is refused, and what needs none is not. */
static int hog_sets(void)
{
	struct sembuf ops[100] = { { 0, 1, SEM_UNDO } };
	int id = -1, err = make_sets(32000, &id);
	unsigned short values[1000];

	if (err == ENOMEM)
		err = make_sets(1000, &id);
	if (semctl(id, 0, GETALL, values) == 0)
		err = make_sets(900, &id);
	if (err == ENOMEM)
		err = make_sets(1, &id);
	if (err != ENOMEM || semop(id, ops, 100) == 0 || errno != ENOMEM ||
	    semop(id, ops, 1) == 0 || errno != ENOMEM || semtimedop(id, ops, 1, NULL) == 0 ||
	    errno != ENOMEM || semctl(id, 0, GETALL, values) == 0 || errno != ENOMEM ||
	    semctl(id, 0, SETVAL, 1) != 0)
		return EPROTO;
	return err;
}

static void end_sets(void)
{
	struct seminfo info;
	struct semid_ds ds;

	for (int index = semctl(0, 0, SEM_INFO, &info); index >= 0; index--)
		semctl(semctl(index, 0, SEM_STAT, &ds), 0, IPC_RMID);
}

/* Messages of 8 KiB, two to a queue, and then small ones. */
static int hog_messages(void)
{
	static struct {
		long type;
		char text[8192];
	} message = { 1, "" };
	size_t size = 8192;
	int id = -1, err;

	for (;;) {
		if (msgsnd(id, &message, size, IPC_NOWAIT) == 0)
			continue;
		err = errno;
		if (err != ENOMEM) { /* no queue yet, or it is full */
			id = msgget(IPC_PRIVATE, 0600);
			if (id >= 0)
				continue;
			err = errno;
		}
		if (err != ENOMEM || size == 0)
			break;
		size /= 16;
	}
	if (msgsnd(id, &message, 8192, IPC_NOWAIT) == 0 || errno != ENOMEM ||
	    msgget(IPC_PRIVATE, 0600) >= 0 || errno != ENOMEM ||
	    msgrcv(id, &message, 8192, 0, IPC_NOWAIT | MSG_COPY) >= 0 || errno != ENOMEM)
		return EPROTO;
	return err;
}

static void end_messages(void)
{
	struct msqid_ds ds;

	for (int index = msgctl(0, MSG_INFO, &ds); index >= 0; index--)
		msgctl(msgctl(index, MSG_STAT, &ds), IPC_RMID, NULL);
}

/* Messages of 512 KiB in one queue, and then small ones in many. */
static int hog_queues(void)
{
	struct mq_attr attr = { .mq_maxmsg = 4096, .mq_msgsize = 1 << 19 };
	static char text[1 << 19], name[20];
	size_t size = sizeof(text);
	int id = -1, n = 0;

	setrlimit(RLIMIT_MSGQUEUE, &(struct rlimit){ RLIM_INFINITY, RLIM_INFINITY });
	for (;;) {
		if (mq_send(id, text, size, 0) == 0)
			continue;
		if (errno == EBADF || errno == EAGAIN) { /* no queue yet, or it is full */
			close(id);
			snprintf(name, sizeof(name), "/hog%d", n++);
			id = mq_open(name, O_RDWR | O_CREAT | O_NONBLOCK, 0600, &attr);
			if (id < 0)
				return errno;
			continue;
		}
		if (errno != ENOMEM || size == 0)
			break;
		size /= 16;
	}
	if (errno != ENOMEM)
		return errno;
	/* A queue without messages takes none of that memory. */
	close(id);
	id = mq_open("/hog.empty", O_RDWR | O_CREAT, 0600, &attr);
	if (id < 0 || mq_send(id, text, 0, 0) == 0 || errno != ENOMEM)
		return EPROTO;
	return errno;
}

static void end_queues(void)
{
	char name[20];

	mq_unlink("/hog.empty");
	for (int n = 0; snprintf(name, sizeof(name), "/hog%d", n), mq_unlink(name) == 0; n++)
		;
}

/* Fills segments, which stay when it is gone. */
static int hog_segments(void)
{
	for (;;) {
		int id = shmget(IPC_PRIVATE, MIB, 0600);
		char *p = shmat(id, NULL, 0);

		if (p == (char *)-1)
			return errno;
		memset(p, 1, MIB);
		shmdt(p);
	}
}

static void end_segments(void)
{
	struct shmid_ds ds;

	for (int index = shmctl(0, SHM_INFO, &ds); index >= 0; index--)
		shmctl(shmctl(index, SHM_STAT, &ds), IPC_RMID, NULL);
}

/* ---- one after the other ---- */

static const struct hog {
	const char *name;
	int (*run)(void);
	void (*end)(void); /* removes what outlives the hog; or NULL */
} hogs[] = {
	{ "links", hog_links, end_links },
	{ "pulses", hog_pulses, NULL },
	{ "dirs", hog_dirs, NULL },
	{ "memfd", hog_memfd, NULL },
	{ "index", hog_index, end_index },
	{ "signals", hog_signals, NULL },
	{ "endpoints", hog_endpoints, NULL },
	{ "pipes", hog_pipes, NULL },
	{ "texts", hog_texts, NULL },
	{ "args", hog_args, NULL },
	{ "memfds", hog_memfds, NULL },
	{ "unmapped", hog_unmapped, NULL },
	{ "written", hog_written, NULL },
	{ "blocks", hog_blocks, NULL },
	{ "tables", hog_tables, NULL },
	{ "mappings", hog_mappings, NULL },
	{ "locks", hog_locks, end_locks },
	{ "mounts", hog_mounts, end_mounts },
	{ "waiters", hog_waiters, NULL },
	{ "messages", hog_messages, end_messages },
	{ "queues", hog_queues, end_queues },
	{ "sets", hog_sets, end_sets },
	{ "segments", hog_segments, end_segments },
};

/*
 * Says how it ended: refused or killed; and if it went on to live, whether there is memory for others.
 * If it was killed, its children may wait for ever: they go with it.
 */
static void tell_hog(const struct hog *hog)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		int err;

		setpgid(0, 0);
		err = hog->run();
		_exit(another_finds_memory() ? err : 200);
	}
	waitpid(pid, &status, 0);
	kill(-pid, SIGKILL);
	if (WIFSIGNALED(status))
		printf("%s: signal %d", hog->name, WTERMSIG(status));
	else if (WEXITSTATUS(status) == 200)
		printf("%s: nothing is left for another", hog->name);
	else
		printf("%s: %s", hog->name, strerror(WEXITSTATUS(status)));
}

/* What may stay: slabs with an object in use, and what is cached. */
#define FRAMES_KEPT 300u

static void try_hog(const struct hog *hog)
{
	uint64_t before = frames_free();
	unsigned nprocesses = count_processes();
	int status = -1, end;
	pid_t neighbour;

	end = neighbour_start(&neighbour);
	tell_hog(hog);
	if (hog->end)
		hog->end();
	close(end);
	waitpid(neighbour, &status, 0);
	if (WIFSIGNALED(status))
		printf(", the neighbour: signal %d", WTERMSIG(status));
	else if (status != 0)
		printf(", the neighbour: status %d", WEXITSTATUS(status));
	UNTIL("the end of the hog's children", only_caller_runs(nprocesses));
	/* The hand of reclaim may have had the last reference to an object, and gives its pages back. */
	UNTIL("the hog's memory", frames_free() + FRAMES_KEPT >= before);
	putchar('\n');
	fflush(stdout);
}

/* hogs [NAME...]: these, or all. */
int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "serve") == 0)
		return serve(argv + 2);
	close(socket(AF_UNIX, SOCK_STREAM, 0)); /* starts what serves sockets */
	for (size_t i = 0; i < sizeof(hogs) / sizeof(hogs[0]); i++) {
		bool wanted = argc < 2;

		for (int word = 1; word < argc; word++)
			wanted |= strcmp(argv[word], hogs[i].name) == 0;
		if (wanted)
			try_hog(&hogs[i]);
	}
	return 0;
}
