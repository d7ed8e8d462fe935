/* SPDX-License-Identifier: MIT */
/* R230: what ends while faults wait: the process that resolves them, the one that waits, its image, its memory. Nobody is stranded. */
#include "uffd.h"

static char page[PAGE] __attribute__((aligned(4096)));

static void *touch(void *at)
{
	return (void *)(long)*(volatile char *)at;
}

static void until_pending(int fd, int n)
{
	while (pending_of(fd, false) != n)
		nap(1);
}

/* Another process has the descriptor, and fills the memory of the one that has made it. */
static void by_another_process(void)
{
	int fd = uffd_open(0, 0), status;
	char *p = missing_room(fd), found;
	struct uffd_msg msg;
	pid_t pid = fork();

	if (pid == 0) {
		page[0] = 'o';
		if (read(fd, &msg, sizeof(msg)) != sizeof(msg) ||
		    uffd_copy(fd, p, page, PAGE, 0) != 0)
			_exit(1);
		_exit(p[0] == 0 ? 0 : 2); /* its own memory is another */
	}
	close(fd);
	found = *(volatile char *)p;
	waitpid(pid, &status, 0);
	ended("the other", status);
	say("found %c, and when it has ended %d\n", found, p[PAGE]);
}

/* It is killed, with faults told and not told of. */
static void its_process_is_killed(void)
{
	int fd = uffd_open(0, 0), ends[2];
	char *p = missing_room(fd), byte;
	pthread_t threads[2];
	pid_t pid;

	if (pipe(ends) != 0)
		_exit(98);
	pid = fork();
	if (pid == 0) {
		next_message(fd, p);
		until_pending(fd, 1);
		if (write(ends[1], "r", 1) != 1)
			_exit(98);
		pause();
	}
	close(fd);
	threads[0] = start(touch, p);
	threads[1] = start(touch, p);
	if (read(ends[0], &byte, 1) != 1)
		_exit(98);
	kill(pid, SIGKILL);
	say("found %ld %ld\n", (long)join(threads[0]), (long)join(threads[1]));
	waitpid(pid, NULL, 0);
}

/* Nobody resolves what it waits for itself: only a signal that kills ends that. */
static void waits_for_itself(const char *what, void (*wait)(int fd, char *p))
{
	int fd = uffd_open(0, 0), status;
	char *p = room();
	pid_t pid = fork();

	if (pid == 0) {
		int own = uffd_open(0, 0);

		MUST(uffd_register(own, p, ROOM * PAGE, UFFDIO_REGISTER_MODE_MISSING));
		signal(SIGTERM, SIG_IGN);
		wait(own, p);
		_exit(1);
	}
	close(fd);
	nap(100); /* that it waits is likely by then; it is killed in any case */
	kill(pid, SIGTERM);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	ended(what, status);
}

static void by_access(int fd, char *p)
{
	(void)fd;
	touch(p);
}

static void by_copy(int fd, char *p)
{
	uffd_copy(fd, p, p + PAGE, PAGE, 0);
}

static void by_message(int fd, char *p)
{
	start(touch, p);
	(void)!read(fd, p + PAGE, sizeof(struct uffd_msg));
}

static void by_call(int fd, char *p)
{
	(void)!write(fd, p, 8); /* no write */
	(void)!read(open("/dev/zero", O_RDONLY), p, 8);
}

static int exec_while_one_waits(void *arg)
{
	int fd = uffd_open(0, 0);
	char *p = missing_room(fd);

	start(touch, p);
	until_pending(fd, 1);
	execl("/proc/self/exe", "uffd_ends", "again", NULL);
	return arg != NULL;
}

static int crash_while_one_waits(void *arg)
{
	int fd = uffd_open(0, 0);
	char *p = missing_room(fd);

	(void)arg;
	start(touch, p);
	until_pending(fd, 1);
	munmap(p, PAGE); /* who waits does so for ever, but for the end */
	*(volatile char *)p = 1;
	return 0;
}

/* fork does not wait for who waits, whose copy is not in the child. */
static void fork_while_one_waits(void)
{
	int fd = uffd_open(0, 0), status;
	char *p = missing_room(fd);
	pthread_t thread = start(touch, p);
	pid_t pid;

	until_pending(fd, 1);
	pid = fork();
	if (pid == 0)
		_exit(p[0] == 0 && p[PAGE] == 0 ? 0 : 1);
	waitpid(pid, &status, 0);
	ended("a child", status);
	page[0] = 'f';
	next_message(fd, p);
	UFFD(uffd_copy(fd, p, page, PAGE, 0));
	say("found %c\n", (int)(long)join(thread));
	close(fd);
}

/* What is mapped there instead is none of the descriptor's. */
static void other_memory(void)
{
	int fd = uffd_open(0, 0);
	char *p = missing_room(fd);
	pthread_t thread = start(touch, p);

	until_pending(fd, 1);
	TRY(mmap(p, PAGE, RW, ANON | MAP_FIXED, -1, 0) == p ? 0 : -1);
	UFFD(uffd_copy(fd, p, page, PAGE, 0));
	UFFD(uffd_wake(fd, p, PAGE));
	say("found %ld\n", (long)join(thread));
	close(fd);
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		say("%s\n", argv[1]);
		return 5;
	}
	by_another_process();
	its_process_is_killed();
	waits_for_itself("an access", by_access);
	waits_for_itself("a copy", by_copy);
	waits_for_itself("a message", by_message);
	waits_for_itself("a call", by_call);
	in_child("exec", exec_while_one_waits, NULL);
	in_child("crash", crash_while_one_waits, NULL);
	fork_while_one_waits();
	other_memory();
	return 0;
}
