/* SPDX-License-Identifier: MIT */
/* What the tests of file locks share: a lock in one line, the locks of a file as another process sees them, sleeping children. */
#ifndef TESTS_USER_LOCKS_H
#define TESTS_USER_LOCKS_H

#include "t.h"

#include <sys/file.h>

__attribute__((unused)) static struct flock range(int type, off_t start, off_t len)
{
	return (struct flock){
		.l_type = (short)type, .l_whence = SEEK_SET, .l_start = start, .l_len = len
	};
}

__attribute__((unused)) static int lock_by(int fd, int command, int type, off_t start, off_t len)
{
	struct flock lock = range(type, start, len);

	return fcntl(fd, command, &lock);
}

__attribute__((unused)) static int set(int fd, int type, off_t start, off_t len)
{
	return lock_by(fd, F_SETLK, type, start, len);
}

__attribute__((unused)) static int set_wait(int fd, int type, off_t start, off_t len)
{
	return lock_by(fd, F_SETLKW, type, start, len);
}

__attribute__((unused)) static int set_ofd(int fd, int type, off_t start, off_t len)
{
	return lock_by(fd, F_OFD_SETLK, type, start, len);
}

/* result() of one of these. */
#define TRY_LOCK(call) (line_of(__LINE__), result("fcntl", (long)(call)))

static const char *type_name(int type)
{
	return type == F_RDLCK	 ? "read"
	       : type == F_WRLCK ? "write"
	       : type == F_UNLCK ? "none"
				 : "?";
}

/* Says what is in the way of a lock; the process that has it is one of the three, or told as a number. */
__attribute__((unused)) static void tell_blocker(const char *what, const struct flock *lock)
{
	char whose[32];

	if (lock->l_type == F_UNLCK) {
		say("%s: none\n", what);
		return;
	}
	snprintf(whose, sizeof(whose), "%d", lock->l_pid);
	say("%s: %s %lld for %lld, whence %d, of %s\n", what, type_name(lock->l_type),
	    (long long)lock->l_start, (long long)lock->l_len, lock->l_whence,
	    lock->l_pid == getpid()    ? "me"
	    : lock->l_pid == getppid() ? "my parent"
	    : lock->l_pid > 0	       ? "another"
				       : whose);
}

__attribute__((unused)) static void ask(const char *what, int fd, int command, int type,
					off_t start, off_t len)
{
	struct flock lock = range(type, start, len);

	if (fcntl(fd, command, &lock) != 0)
		result(what, -1);
	else
		tell_blocker(what, &lock);
}

/* The record locks that this process may not pass by, in order: a child asks for its parent's. */
static int list_locks(void *fd)
{
	off_t at = 0;
	char line[600] = "";
	int used = 0;

	for (int i = 0; i < 20; i++) {
		struct flock lock = range(F_WRLCK, at, 0);

		if (fcntl(*(int *)fd, F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK)
			break;
		used += snprintf(line + used, sizeof(line) - (size_t)used, " %c%lld+%lld",
				 lock.l_type == F_WRLCK ? 'w' : 'r', (long long)lock.l_start,
				 (long long)lock.l_len);
		if (lock.l_len == 0)
			break;
		at = lock.l_start + lock.l_len;
	}
	say("    locks:%s\n", line[0] ? line : " none");
	return 0;
}

__attribute__((unused)) static void show(int fd)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(list_locks(&fd));
	waitpid(pid, &status, 0);
}

/* Waits until a process waits for an event (D: for a lock of the kernel), or has ended. */
__attribute__((unused)) static void until_asleep(pid_t pid)
{
	for (char letter; (letter = letter_of(pid)) != 'S' && letter != 'Z';)
		nap(1);
}

static int gate[2];

/* What a child says before it may sleep in what it is to wait for: a server may be slow, too. */
__attribute__((unused)) static void about_to_wait(void)
{
	close(gate[1]);
}

/* A child that runs f(arg), whose number is returned once it sleeps after about_to_wait(). */
__attribute__((unused)) static pid_t child_sleeps(int (*f)(void *), void *arg)
{
	char c;
	pid_t pid;

	if (pipe(gate) != 0)
		_exit(95);
	pid = fork();
	if (pid == 0) {
		close(gate[0]);
		_exit(f(arg));
	}
	close(gate[1]);
	if (read(gate[0], &c, 1) != 0)
		_exit(94);
	close(gate[0]);
	until_asleep(pid);
	return pid;
}

__attribute__((unused)) static void reap(const char *what, pid_t pid)
{
	int status = -1;

	waitpid(pid, &status, 0);
	ended(what, status);
}

/* The tests run in their folder, or in one that is given. */
__attribute__((unused)) static void go_to(int argc, char **argv)
{
	if (argc > 1 && chdir(argv[1]) != 0)
		_exit(93);
}

#endif
