/* SPDX-License-Identifier: MIT */
/* P: pidfd_getfd, process_madvise and process_mrelease of other processes; vhangup and pivot_root, which change nothing here. */
#include "t.h"

#include <grp.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <stdbool.h>
#include <sys/uio.h>

static int ends[2], self;

/* A process that has the pipe as 50, and does nothing. */
static pid_t sleeper(int *pidfd)
{
	char byte;
	int ready[2];
	pid_t pid;

	pipe(ready);
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], 50);
		write(ready[1], "", 1);
		for (;;)
			pause();
	}
	read(ready[0], &byte, 1);
	close(ready[0]);
	close(ready[1]);
	*pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	return pid;
}

static void end(pid_t pid, bool reaped)
{
	kill(pid, SIGKILL);
	waitid(P_PID, (id_t)pid, NULL, WEXITED | (reaped ? 0 : WNOWAIT));
}

static long take(int pidfd, int fd, unsigned flags)
{
	return syscall(SYS_pidfd_getfd, pidfd, fd, flags);
}

static int without_a_free_one(void *pidfd)
{
	const struct rlimit few = { (rlim_t) * (int *)pidfd + 1, 4096 };

	setrlimit(RLIMIT_NOFILE, &few);
	while (dup(0) >= 0)
		;
	TRY(syscall(SYS_pidfd_getfd, *(int *)pidfd, 50, 0));
	return 0;
}

/* pidfd_getfd gives a descriptor of the same open file, which exec closes. */
static void descriptors(int pidfd)
{
	int path = open("/", O_PATH), proc = open("/proc/self", O_RDONLY);
	int fd = (int)take(pidfd, 50, 0);
	char byte = 'x';

	say("taken: %d, closed on exec: %d\n", fd >= 0, fcntl(fd, F_GETFD));
	TRY(write(fd, &byte, 1));
	TRY(read(ends[0], &byte, 1));
	close(fd);
	TRY(syscall(SYS_pidfd_getfd, pidfd, 51, 0));
	TRY(syscall(SYS_pidfd_getfd, pidfd, -1, 0));
	TRY(syscall(SYS_pidfd_getfd, pidfd, 50, 1));
	TRY(syscall(SYS_pidfd_getfd, ends[0], 50, 0));
	TRY(syscall(SYS_pidfd_getfd, proc, 0, 0));
	TRY(syscall(SYS_pidfd_getfd, -1, 50, 0));
	TRY(syscall(SYS_pidfd_getfd, -1, 50, 1));
	fd = (int)take(self, ends[0], 0);
	say("its own: %d\n", fd >= 0 && fd != ends[0]);
	close(fd);
	fd = (int)take(self, path, 0);
	say("a path: %d\n", fcntl(fd, F_GETFL) == O_PATH);
	close(fd);
	close(path);
	close(proc);
}

/* ---- advice ---- */

/* One piece, for one call. */
static struct iovec *piece(void *at, size_t len)
{
	static struct iovec it;

	it = (struct iovec){ at, len };
	return &it;
}

/* process_madvise takes only advice that loses nothing, for oneself too: else EINVAL. */
static void advice(int pidfd)
{
	static const int all[] = { MADV_NORMAL,	       MADV_WILLNEED, MADV_DONTNEED,
				   MADV_FREE,	       MADV_COLD,     MADV_PAGEOUT,
				   MADV_POPULATE_READ, MADV_REMOVE,   102 };
	char *p = anon(9 * PAGE);
	struct iovec v[3] = { { p, PAGE }, { p + 8 * PAGE, PAGE }, { p + 2 * PAGE, PAGE } };
	struct iovec within[2] = { { p, PAGE }, { p + 7 * PAGE, 2 * PAGE } };
	struct iovec none[2] = { { p, 0 }, { p + 7 * PAGE, PAGE } };
	struct iovec big[2] = { { p, 1ul << 62 }, { p, 1ul << 62 } };

	memset(p, 1, 9 * PAGE);
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		say("%d:\n", all[i]);
		TRY(syscall(SYS_process_madvise, self, piece(p, 4 * PAGE), 1, all[i], 0));
		TRY(syscall(SYS_process_madvise, pidfd, piece(stdout, 0), 1, all[i], 0));
	}
	say("%zu\n", not_all(p, 4 * PAGE, 1));
	TRY(syscall(SYS_process_madvise, self, v, 1, MADV_COLD, 1));
	TRY(syscall(SYS_process_madvise, -1, v, 1, MADV_COLD, 0));
	TRY(syscall(SYS_process_madvise, ends[0], v, 1, MADV_COLD, 0));
	TRY(syscall(SYS_process_madvise, ends[0], v, 1, 999, 0));
	TRY(syscall(SYS_process_madvise, self, piece(p + 1, PAGE), 1, MADV_COLD, 0));
	TRY(syscall(SYS_process_madvise, self, piece(p, PAGE + 1), 1, MADV_COLD, 0));
	TRY(syscall(SYS_process_madvise, self, piece(p, 0), 1, MADV_COLD, 0));
	TRY(syscall(SYS_process_madvise, self, piece((void *)PAGE, PAGE), 1, MADV_COLD, 0));
	TRY(syscall(SYS_process_madvise, self, piece(p, 1l << 40), 1, MADV_COLD, 0));
	munmap(p + 8 * PAGE, PAGE);
	TRY(syscall(SYS_process_madvise, self, v, 3, MADV_COLD, 0));
	TRY(syscall(SYS_process_madvise, self, v + 1, 1, MADV_COLD, 0));
	TRY(syscall(SYS_process_madvise, self, within, 2, MADV_COLD, 0));
	TRY(syscall(SYS_process_madvise, self, within + 1, 1, MADV_COLD, 0));
	TRY(syscall(SYS_process_madvise, self, none, 2, MADV_COLD, 0));
	TRY(syscall(SYS_process_madvise, self, v, 0, MADV_COLD, 0));
	TRY(syscall(SYS_process_madvise, self, NULL, 0, MADV_COLD, 0));
	TRY(syscall(SYS_process_madvise, self, v, 1025, MADV_COLD, 0));
	TRY(syscall(SYS_process_madvise, self, v, -1, MADV_COLD, 0));
	TRY(syscall(SYS_process_madvise, self, 8, 1, MADV_COLD, 0));
	TRY(syscall(SYS_process_madvise, -1, 8, 1, MADV_COLD, 0));
	TRY(syscall(SYS_process_madvise, self, v, 1, 999, 0));
	TRY(syscall(SYS_process_madvise, self, big, 2, MADV_COLD, 0));
	big[0].iov_len = -1ul;
	TRY(syscall(SYS_process_madvise, self, big, 1, MADV_COLD, 0));
}

/* ---- the rest ---- */

static int as_a_user(void *arg)
{
	int pidfd = *(int *)arg, fd;
	char *p = anon(PAGE);

	setgroups(0, NULL);
	TRY(setresgid(1000, 1000, 1000));
	TRY(setresuid(1000, 1000, 1000));
	self = (int)syscall(SYS_pidfd_open, getpid(), 0);
	TRY(syscall(SYS_pidfd_getfd, pidfd, 50, 0));
	TRY(syscall(SYS_pidfd_getfd, pidfd, 51, 0));
	fd = (int)take(self, ends[0], 0);
	say("its own: %d\n", fd >= 0);
	TRY(syscall(SYS_process_mrelease, pidfd, 0));
	TRY(syscall(SYS_process_madvise, pidfd, piece(p, PAGE), 1, MADV_COLD, 0));
	TRY(syscall(SYS_process_madvise, pidfd, piece(p, PAGE), 1, 999, 0));
	TRY(syscall(SYS_process_madvise, self, piece(p, PAGE), 1, MADV_COLD, 0));
	TRY(syscall(SYS_vhangup));
	TRY(syscall(SYS_pivot_root, "/", "/"));
	TRY(syscall(SYS_pivot_root, 8, "/"));
	return 0;
}

/* A child of the same user, whom only CAP_SYS_NICE would let advise it. */
static int of_the_same_user(void *arg)
{
	int pidfd;
	pid_t pid;

	(void)arg;
	TRY(setresgid(1000, 1000, 1000));
	TRY(setresuid(1000, 1000, 1000));
	prctl(PR_SET_DUMPABLE, 1);
	pid = sleeper(&pidfd);
	TRY(syscall(SYS_process_madvise, pidfd, piece(stdout, 0), 1, MADV_COLD, 0));
	say("taken: %d\n", take(pidfd, 50, 0) >= 0);
	end(pid, true);
	return 0;
}

static void ended_ones(void)
{
	int pidfd;
	pid_t pid = sleeper(&pidfd);

	for (int reaped = 0; reaped < 2; reaped++) {
		end(pid, reaped);
		TRY(syscall(SYS_process_mrelease, pidfd, 0));
		TRY(syscall(SYS_process_mrelease, pidfd, 1));
		TRY(syscall(SYS_pidfd_getfd, pidfd, 50, 0));
		TRY(syscall(SYS_process_madvise, pidfd, piece(stdout, PAGE), 1, MADV_COLD, 0));
	}
	close(pidfd);
}

/* Memory can be released only of a process that dies: else EINVAL. */
static void release(int pidfd)
{
	TRY(syscall(SYS_process_mrelease, pidfd, 0));
	TRY(syscall(SYS_process_mrelease, self, 0));
	TRY(syscall(SYS_process_mrelease, pidfd, 1));
	TRY(syscall(SYS_process_mrelease, -1, 0));
	TRY(syscall(SYS_process_mrelease, -1, 1));
	TRY(syscall(SYS_process_mrelease, ends[0], 0));
}

static void roots(void)
{
	mkdir("new", 0755);
	mkdir("new/old", 0755);
	close(creat("file", 0644));
	TRY(syscall(SYS_pivot_root, "/", "/"));
	TRY(syscall(SYS_pivot_root, "new", "new/old"));
	TRY(syscall(SYS_pivot_root, "nope", "new/old"));
	TRY(syscall(SYS_pivot_root, "new", "nope"));
	TRY(syscall(SYS_pivot_root, "file", "new"));
	TRY(syscall(SYS_pivot_root, "new", "file"));
	TRY(syscall(SYS_pivot_root, "nope", 8));
	TRY(syscall(SYS_pivot_root, 8, "new"));
	TRY(syscall(SYS_pivot_root, "new", 8));
	TRY(syscall(SYS_pivot_root, "", "new"));
	chmod("new", 0700);
	syscall(SYS_setfsuid, 1000);
	TRY(syscall(SYS_pivot_root, "new/old", "new"));
	syscall(SYS_setfsuid, 0);
	TRY(syscall(SYS_vhangup));
}

int main(void)
{
	int pidfd;
	pid_t pid;

	pipe(ends);
	self = (int)syscall(SYS_pidfd_open, getpid(), 0);
	pid = sleeper(&pidfd);
	descriptors(pidfd);
	in_child("without a free one", without_a_free_one, &pidfd);
	advice(pidfd);
	release(pidfd);
	in_child("as a user", as_a_user, &pidfd);
	in_child("of the same user", of_the_same_user, NULL);
	end(pid, true);
	ended_ones();
	roots();
	return 0;
}
