/* SPDX-License-Identifier: MIT */
/* R60: vfork and posix_spawn share the memory: what the child writes, and the error of its exec,
 * reach the parent. */
#include "t.h"
#include <spawn.h>
#include <sys/time.h>

static volatile int shared;

static void try_vfork(void)
{
	static char *page;
	int status;
	pid_t self = getpid(), pid;
	long before = waits_of(self);

	page = anon(PAGE);
	pid = vfork();
	if (pid == 0) {
		until_it_waits(self, before);
		shared = 5;
		page[10] = 'v';
		_exit(6);
	}
	say("after vfork: shared %d, page %c\n", shared, page[10]);
	TRY(waitpid(pid, &status, 0) == pid);
	ended("child", status);
}

static void vfork_exec(char *path)
{
	char *args[] = { path, "child", "of vfork", NULL };
	volatile int failed = 0;
	int status;
	pid_t pid = vfork();

	if (pid == 0) {
		execv(path, args);
		failed = errno;
		_exit(127);
	}
	waitpid(pid, &status, 0);
	say("exec after vfork: %s\n", failed ? strerrorname_np(failed) : "done");
	ended("child", status);
}

/* The child tells its pid, and goes on for long. Its parent, which waits for it by then, has a timer. */
static int vfork_with_timer(int fd)
{
	const struct itimerval soon = { .it_value = { .tv_usec = 500000 } };

	setitimer(ITIMER_REAL, &soon, NULL);
	if (vfork() == 0) {
		pid_t pid = getpid();

		if (write(fd, &pid, sizeof(pid)) == sizeof(pid))
			nap(10000); /* the timer ends it */
		_exit(0);
	}
	return 0;
}

/* The signal of a timer ends the wait as that of another process does. */
static void end_vfork_by_timer(void)
{
	int fds[2], status;
	pid_t parent, child;

	TRY(pipe(fds));
	parent = fork();
	if (parent == 0)
		_exit(vfork_with_timer(fds[1]));
	close(fds[1]);
	TRY(read(fds[0], &child, sizeof(child)) == sizeof(child));
	waitpid(parent, &status, 0);
	ended("who waits in vfork", status);
	TRY(fcntl(fds[0], F_SETFL, O_NONBLOCK));
	TRY(read(fds[0], &status, 1)); /* the child has the other end still */
	TRY(kill(child, SIGKILL));
	close(fds[0]);
}

static void spawn(const char *what, const char *path, char **args)
{
	char *env[] = { "SPAWNED=yes", NULL };
	int status, err;
	pid_t pid = -1;

	/* Who runs first after the exec is the scheduler's business: nothing is said before the child is done. */
	err = posix_spawn(&pid, path, NULL, NULL, args, env);
	if (!err && waitpid(pid, &status, 0) != pid)
		say("no child\n");
	say("posix_spawn %s: %s\n", what, err ? strerrorname_np(err) : "0");
	if (!err)
		ended("child", status);
}

int main(int argc, char **argv)
{
	char *args[] = { argv[0], "child", "of posix_spawn", NULL };

	if (argc == 3) {
		say("%s %s, SPAWNED=%s\n", argv[1], argv[2],
		    getenv("SPAWNED") ? getenv("SPAWNED") : "");
		return 3;
	}
	try_vfork();
	vfork_exec(argv[0]);
	vfork_exec("/no/such/file");
	end_vfork_by_timer();
	spawn("itself", argv[0], args);
	spawn("nothing", "/no/such/file", args);
	spawn("a folder", "/dev", args);
	for (int i = 0; i < 20; i++) {
		pid_t pid;
		int status;

		if (posix_spawn(&pid, argv[0], NULL, NULL, args, NULL) != 0 ||
		    waitpid(pid, &status, 0) != pid)
			return 1;
	}
	TRY(wait(NULL));
	return 0;
}
