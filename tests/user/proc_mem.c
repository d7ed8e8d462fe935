/* SPDX-License-Identifier: MIT */
/* P: /proc/PID/mem reads and writes a process's memory, also what the process itself may not; what is open stays with the
 * image that it was opened for. */
#include "child_of_user.h"
#include "traced.h"

#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/statvfs.h>

static char *volatile bad = (char *)8;

static const char constant[2 * PAGE] __attribute__((aligned(PAGE))) = "constant";

static char data[2 * PAGE] = "data";

static off_t at(const volatile void *p)
{
	return (off_t)(uintptr_t)p;
}

static int mem_of(pid_t pid, int flags)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	return open(path, flags);
}

/* ---- its own ---- */

/* The position is the address: what is not mapped is EIO, and SEEK_END is EINVAL. */
static void positions(void)
{
	int fd = open("/proc/self/mem", O_RDWR);
	char buf[16] = "";
	struct stat st;

	fstat(fd, &st);
	say("mode %o, size %ld\n", st.st_mode, (long)st.st_size);
	say("at the start: %d\n", lseek(fd, at(data), SEEK_SET) == at(data));
	TRY(read(fd, buf, 5));
	say("%s\n", buf);
	say("five on: %d\n", lseek(fd, 0, SEEK_CUR) == at(data) + 5);
	say("back: %d\n", lseek(fd, -5, SEEK_CUR) == at(data));
	TRY(write(fd, "DATA", 4));
	say("%s\n", data);
	say("four on: %d\n", lseek(fd, 0, SEEK_CUR) == at(data) + 4);
	TRY(lseek(fd, 0, SEEK_END));
	TRY(lseek(fd, 0, SEEK_DATA));
	TRY(lseek(fd, 0, SEEK_HOLE));
	TRY(lseek(fd, 0, 9));
	say("the end: %d\n", lseek(fd, -8192, SEEK_SET) == -8192);
	TRY(read(fd, buf, 8));
	TRY(write(fd, buf, 8));
	say("above: %d\n", lseek(fd, INT64_MAX - 4, SEEK_SET) == INT64_MAX - 4);
	TRY(read(fd, buf, 8));
	TRY(pread(fd, buf, 8, -8));
	TRY(pwrite(fd, buf, 8, -8));
	TRY(pread(fd, buf, 8, INT64_MAX - 4));
	TRY(pread(fd, buf, 8, 0x4000000000));
	TRY(pread(fd, buf, 8, 0));
	TRY(pwrite(fd, buf, 8, 0));
	TRY(pread(fd, buf, 0, 0));
	TRY(pwrite(fd, buf, 0, 0));
	close(fd);
}

/* /proc/PID/mem can be read and written in pieces, but not spliced, mapped or watched; O_TRUNC and O_APPEND do nothing. */
static void kinds(void)
{
	static struct iovec pieces[] = { { data + 100, 2 }, { data + 200, 3 } };
	struct epoll_event event = { .events = EPOLLIN };
	int fd = open("/proc/self/mem", O_RDWR), set = epoll_create1(0), ends[2];
	off_t from = at(data);
	struct pollfd poller = { .fd = fd, .events = POLLIN | POLLOUT };

	pipe(ends);
	TRY(preadv(fd, pieces, 2, at(data)));
	say("%s %s\n", data + 100, data + 200);
	TRY(pwritev(fd, pieces, 2, at(data) + 300));
	say("%s\n", data + 300);
	TRY(sendfile(ends[1], fd, &from, 4));
	TRY(splice(fd, &from, ends[1], NULL, 4, 0));
	write(ends[1], "xxxx", 4);
	TRY(splice(ends[0], NULL, fd, &from, 4, SPLICE_F_NONBLOCK));
	TRY(ftruncate(fd, 0));
	TRY(truncate("/proc/self/mem", 100));
	TRY(fsync(fd));
	TRY(fallocate(fd, 0, 0, 100));
	TRY(poll(&poller, 1, 0));
	TRY(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event));
	mapped("its mapping", mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0));
	close(fd);
	fd = open("/proc/self/mem", O_RDWR | O_TRUNC | O_APPEND);
	TRY(pwrite(fd, "x", 1, at(data)));
	say("%s\n", data);
	TRY(lseek(fd, 0, SEEK_CUR));
	close(fd);
	fd = open("/proc/self/mem", O_WRONLY);
	TRY(pread(fd, data, 1, at(data)));
	close(fd);
	fd = open("/proc/self/mem", O_RDONLY);
	TRY(pwrite(fd, data, 1, at(data)));
	close(fd);
	close(ends[0]);
	close(ends[1]);
	close(set);
}

static int stores_to_constant(void *arg)
{
	(void)arg;
	*(volatile char *)constant = 'x';
	return 0;
}

static int reads_constant(void *arg)
{
	(void)arg;
	say("a child has %.8s\n", *(const char *volatile *)&(const char *){ constant });
	return 0;
}

/* A write ignores the protection of private pages, which it copies; shared pages must be writable. */
static void protections(void)
{
	const char *volatile seen = constant;
	char buf[3 * PAGE], *p = anon(4 * PAGE), *shared, *file;
	int fd = open("/proc/self/mem", O_RDWR), own;

	TRY(pwrite(fd, "CONST", 5, at(constant)));
	say("%s\n", seen);
	in_child("still read-only", stores_to_constant, NULL);
	in_child("copied", reads_constant, NULL);
	memset(p, 'p', 4 * PAGE);
	mprotect(p + PAGE, PAGE, PROT_NONE);
	munmap(p + 2 * PAGE, PAGE);
	TRY(pread(fd, buf, PAGE, at(p + PAGE)));
	say("all there: %d\n", not_all(buf, PAGE, 'p') == 0);
	TRY(pwrite(fd, "q", 1, at(p + PAGE)));
	TRY(pread(fd, buf, 3 * PAGE, at(p)));
	TRY(pread(fd, buf, PAGE, at(p + PAGE + 100)));
	TRY(pwrite(fd, buf, PAGE, at(p + PAGE + 100)));
	TRY(pread(fd, buf, 1, at(p + 2 * PAGE)));
	TRY(pwrite(fd, buf, 1, at(p + 2 * PAGE)));
	mprotect(p + PAGE, PAGE, PROT_READ);
	say("%c%c\n", p[PAGE], p[PAGE + 1]);
	TRY(pread(fd, bad, 10, at(data)));
	TRY(pwrite(fd, bad, 10, at(data)));
	TRY(pread(fd, (char *)constant, 10, at(data)));
	/* What nobody has touched yet. */
	own = open("own", O_RDWR | O_CREAT, 0600);
	TRY(ftruncate(own, 4 * PAGE));
	p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	TRY(pread(fd, buf, 1, at(p)));
	TRY(pwrite(fd, "z", 1, at(p)));
	say("%c\n", *p);
	p = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	TRY(pwrite(fd, "z", 1, at(p)));
	/* Files. */
	shared = mmap(NULL, 5 * PAGE, PROT_READ, MAP_SHARED, own, 0);
	TRY(pwrite(fd, "s", 1, at(shared)));
	TRY(pread(fd, buf, 1, at(shared)));
	TRY(pread(fd, buf, 1, at(shared + 4 * PAGE)));
	mprotect(shared, PAGE, RW);
	TRY(pwrite(fd, "s", 1, at(shared)));
	pread(own, buf, 1, 0);
	say("in the file: %c\n", *buf);
	file = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, own, 0);
	TRY(pwrite(fd, "t", 1, at(file)));
	pread(own, buf, 1, 0);
	say("in the file: %c, in memory: %c\n", *buf, *file);
	file = mmap(NULL, PAGE, PROT_NONE, MAP_SHARED, own, 0);
	TRY(pread(fd, buf, 1, at(file)));
	say("%c\n", *buf);
	TRY(pwrite(fd, "u", 1, at(file)));
	/* What has been written last is at the start of a long transfer. */
	p = anon(100 * PAGE);
	shared = anon(100 * PAGE);
	memset(p, 'l', 100 * PAGE);
	TRY(pwrite(fd, p, 100 * PAGE - 9, at(shared) + 5));
	say("unlike: %zu\n", not_all(shared + 5, 100 * PAGE - 9, 'l'));
	memset(p, 0, 100 * PAGE);
	TRY(pread(fd, p + 7, 100 * PAGE - 9, at(shared) + 5));
	say("unlike: %zu\n", not_all(p + 7, 100 * PAGE - 9, 'l'));
	close(own);
	close(fd);
}

/* ---- another's ---- */

static const char *const files[] = {
	"mem",	   "maps",   "smaps", "smaps_rollup", "environ",
	"pagemap", "status", "statm", "cmdline",      "oom_score_adj"
};
#define NFILES (sizeof(files) / sizeof(files[0]))

static int opened[NFILES];

static int file_of(pid_t pid, const char *name)
{
	char path[60];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return open(path, O_RDONLY);
}

/* Whether each of the files has something; its addresses are those of this program. */
static void read_all(const char *what)
{
	static char some[64];

	say("%s:\n", what);
	for (size_t i = 0; i < NFILES; i++) {
		ssize_t n = pread(opened[i], some, 16, i == 0 ? at(data) : 0);

		if (n < 0)
			say("  %s: %s\n", files[i], strerrorname_np(errno));
		else
			say("  %s: %s\n", files[i], n ? "some" : "nothing");
	}
}

static void open_all(const char *what, pid_t pid)
{
	say("%s:\n", what);
	for (size_t i = 0; i < NFILES; i++) {
		int fd = file_of(pid, files[i]);

		say("  %s: %s\n", files[i], fd < 0 ? strerrorname_np(errno) : "opened");
		if (fd >= 0)
			close(fd);
	}
}

/* A descriptor from before an exec is of the old memory, which is gone then; a zombie has no memory. */
static void others(const char *self)
{
	char buf[8] = "";
	int fd, ends[2], status;
	pid_t pid;

	pipe(ends);
	strcpy(data, "father");
	pid = fork();
	if (pid == 0) {
		strcpy(data, "child");
		write(ends[1], "r", 1);
		while (((volatile char *)data)[6] != '!')
			nap(1);
		say("the child has %s\n", data);
		dup2(ends[1], 9);
		execl(self, self, "waits", NULL);
		_exit(9);
	}
	read(ends[0], buf, 1);
	fd = mem_of(pid, O_RDWR);
	for (size_t i = 0; i < NFILES; i++)
		opened[i] = file_of(pid, files[i]);
	TRY(pread(fd, buf, 6, at(data)));
	say("%s\n", buf);
	read_all("before exec");
	TRY(pwrite(fd, "C", 1, at(data)));
	pwrite(fd, "!", 1, at(data) + 6); /* it goes on, and its line comes after that of TRY() */
	read(ends[0], buf, 1);
	read_all("after exec");
	TRY(pwrite(fd, "C", 1, at(data)));
	close(fd);
	for (size_t i = 0; i < NFILES; i++)
		close(opened[i]);
	for (size_t i = 0; i < NFILES; i++)
		opened[i] = file_of(pid, files[i]);
	read_all("opened after exec");
	kill(pid, SIGKILL);
	waitid(P_PID, (id_t)pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT);
	read_all("of a zombie");
	open_all("opening those of a zombie", pid);
	waitpid(pid, &status, 0);
	ended("the child", status);
	read_all("of a process that is gone");
	for (size_t i = 0; i < NFILES; i++)
		close(opened[i]);
	say("the father has %s\n", data);
}

/* What a program has inherited is the memory of another one: there is none any more. */
static void inherited(const char *self)
{
	int status, fd = -1;
	char number[8];
	pid_t pid = fork();

	if (pid == 0) {
		fd = open("/proc/self/mem", O_RDWR);
		snprintf(number, sizeof(number), "%d", fd);
		execl(self, self, "has", number, NULL);
		_exit(9);
	}
	waitpid(pid, &status, 0);
	ended("has inherited it", status);
}

static int has_inherited(int fd)
{
	char buf[8];

	TRY(pread(fd, buf, 4, at(data)));
	TRY(pwrite(fd, buf, 4, at(data)));
	return 0;
}

/* Memory that two processes share outlives one of them, and what is open with it. */
static int sharer(void *arg)
{
	(void)arg;
	pause();
	return 0;
}

/* Memory that others share stays readable when the process by which it was opened has ended. */
static void shared_memory(void)
{
	char *stack = anon(16 * PAGE), buf[8] = "";
	pid_t pid = clone(sharer, stack + 16 * PAGE, CLONE_VM | SIGCHLD, NULL);
	int fd = mem_of(pid, O_RDONLY);

	TRY(pread(fd, buf, 4, at(data)));
	end_of(pid);
	strcpy(data, "still");
	TRY(pread(fd, buf, 5, at(data)));
	say("%s\n", buf);
	close(fd);
}

/* The memory of a thread is that of its process. */
static void threads(void)
{
	char path[60], buf[8] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/mem", getpid());
	fd = open(path, O_RDONLY);
	TRY(pread(fd, buf, 5, at(data)));
	say("%s\n", buf);
	close(fd);
}

/* ---- who may ---- */

static void permitted(const char *what, pid_t pid)
{
	int fd = mem_of(pid, O_RDWR);

	say("%s: mem %s", what, fd < 0 ? strerrorname_np(errno) : "opened");
	close(fd);
	fd = file_of(pid, "maps");
	say(", maps %s\n", fd < 0 ? strerrorname_np(errno) : "opened");
	close(fd);
}

static int as_user(void *arg)
{
	pid_t *pids = arg;
	int fd = mem_of(pids[0], O_RDWR);
	char buf[8] = "";

	setgid(1000);
	setuid(1000);
	permitted("root's", pids[0]);
	permitted("its own", pids[1]);
	permitted("its own, not dumpable", pids[2]);
	permitted("another's", pids[3]);
	permitted("itself", getpid());
	prctl(PR_SET_DUMPABLE, 1);
	permitted("itself, dumpable", getpid());
	TRY(pread(fd, buf, 5, at(data)));
	say("%s\n", buf);
	return 0;
}

/* Who opens mem must have the right to trace, which an undumpable process refuses to its own user, too. */
static void permissions(void)
{
	pid_t pids[] = { child_of(0, true), child_of(1000, true), child_of(1000, false),
			 child_of(1001, true) };

	permitted("root's", pids[0]);
	permitted("a user's", pids[1]);
	permitted("a user's, not dumpable", pids[2]);
	in_child("as a user", as_user, pids);
	for (int i = 0; i < 4; i++)
		end_of(pids[i]);
}

/* ---- a tracee ---- */

static void no_more(void)
{
	say("the tracee has %s\n", data);
}

/* Its tracer writes to a tracee by the file as by POKEDATA. */
static void a_tracee(void)
{
	pid_t pid = traced_child(no_more);
	int fd = mem_of(pid, O_RDWR);

	TRY(pwrite(fd, "changed", 8, at(data)));
	close(fd);
	go_on(pid, 0);
	news("the tracee", pid);
}

int main(int argc, char **argv)
{
	if (argc == 3)
		return has_inherited(atoi(argv[2]));
	if (argc == 2) {
		write(9, "r", 1);
		for (;;)
			pause();
	}
	positions();
	kinds();
	protections();
	others(argv[0]);
	inherited(argv[0]);
	shared_memory();
	threads();
	permissions();
	a_tracee();
	return 0;
}
