/* SPDX-License-Identifier: MIT */
/* Locks of open files: flock, and fcntl's F_OFD_*: whose they are, what frees them, what they exclude. */
#include "locks.h"

static int fd;

static int other_tries(void *arg)
{
	int number = *(int *)arg, again = open("f", O_RDWR);

	say("  a new open file, shared, and exclusive\n");
	TRY(flock(again, LOCK_SH | LOCK_NB));
	TRY(flock(again, LOCK_EX | LOCK_NB));
	if (number >= 0) {
		say("  the inherited one, exclusive\n");
		TRY(flock(number, LOCK_EX | LOCK_NB));
	}
	return 0;
}

static void errors(void)
{
	static const int operations[] = {
		0,  3,	7,   LOCK_NB, LOCK_SH | LOCK_EX,      LOCK_UN | LOCK_SH, 16, -1, 32,
		33, 64, 192, 256,     LOCK_EX | LOCK_NB | 16, 32 | LOCK_NB
	};
	int path_only = open("f", O_PATH), neither = open("f", 3), write_only = open("f", O_WRONLY),
	    read_only = open("f", O_RDONLY);

	for (unsigned i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		TRY(flock(fd, operations[i]));
	TRY(flock(fd, LOCK_UN));
	TRY(flock(fd, LOCK_UN | LOCK_NB));
	TRY(flock(999, LOCK_SH));
	TRY(flock(-1, LOCK_UN));
	TRY(flock(-1, 0));
	TRY(flock(path_only, LOCK_SH));
	TRY(flock(path_only, LOCK_UN));
	TRY(flock(neither, LOCK_SH));
	TRY(flock(neither, LOCK_UN));
	TRY(flock(write_only, LOCK_SH));
	TRY(flock(write_only, LOCK_UN));
	TRY(flock(read_only, LOCK_EX));
	TRY(flock(read_only, LOCK_UN));
	close(path_only);
	close(neither);
	close(read_only);
	close(write_only);
}

static void flocks(void)
{
	int none = -1, copy, again, status;
	pid_t pid;

	say("-- shared\n");
	TRY(flock(fd, LOCK_SH));
	in_child("other", other_tries, &none);
	say("-- exclusive\n");
	TRY(flock(fd, LOCK_EX));
	in_child("other", other_tries, &none);
	in_child("inherits", other_tries, &fd);
	TRY(flock(fd, LOCK_EX | LOCK_NB));
	again = open("f", O_RDONLY);
	TRY(flock(again, LOCK_SH | LOCK_NB));
	copy = dup(fd);
	TRY(flock(copy, LOCK_SH | LOCK_NB));
	TRY(flock(again, LOCK_SH | LOCK_NB));
	TRY(flock(fd, LOCK_EX | LOCK_NB));
	say("a conversion that failed has lost the lock\n");
	TRY(flock(again, LOCK_EX | LOCK_NB));
	TRY(flock(again, LOCK_UN));
	TRY(flock(fd, LOCK_EX | LOCK_NB));
	close(again);
	say("-- closed\n");
	close(copy);
	in_child("after one of two", other_tries, &none);
	pid = fork();
	if (pid == 0) {
		flock(fd, LOCK_UN);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	in_child("after a child unlocked it", other_tries, &none);
	TRY(flock(fd, LOCK_EX | LOCK_NB));
	again = open("f", O_RDWR);
	close(again);
	in_child("after another open file", other_tries, &none);
	close(fd);
	in_child("after the last", other_tries, &none);
	fd = open("f", O_RDWR);
}

static int ranges_of_a_process(void *unused)
{
	(void)unused;
	TRY_LOCK(set(fd, F_WRLCK, 0, 5));
	TRY_LOCK(set(fd, F_WRLCK, 5, 5));
	TRY_LOCK(set_ofd(fd, F_WRLCK, 12, 5));
	ask("a lock of a process", fd, F_GETLK, F_WRLCK, 0, 0);
	ask("of the open file", fd, F_OFD_GETLK, F_WRLCK, 0, 0);
	return 0;
}

static int raw_ofd(int command, int type, int pid, off_t start)
{
	struct flock lock = range(type, start, 1);

	lock.l_pid = pid;
	return fcntl(fd, command, &lock);
}

static void open_files(void)
{
	static const int commands[] = { F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW };
	int again = open("f", O_RDWR), read_only = open("f", O_RDONLY),
	    path_only = open("f", O_PATH), copy;

	say("-- arguments\n");
	for (int i = 0; i < 3; i++) {
		TRY_LOCK(raw_ofd(commands[i], F_RDLCK, 0, 0));
		TRY_LOCK(raw_ofd(commands[i], F_WRLCK, 0, 0));
		TRY_LOCK(raw_ofd(commands[i], F_UNLCK, 0, 0));
		TRY_LOCK(raw_ofd(commands[i], F_RDLCK, 1, 0));
		TRY_LOCK(raw_ofd(commands[i], F_UNLCK, getpid(), 0));
		TRY_LOCK(raw_ofd(commands[i], F_WRLCK, -1, 0));
		TRY_LOCK(raw_ofd(commands[i], 3, 0, 0));
		TRY_LOCK(raw_ofd(commands[i], 5, 1, -1));
		TRY_LOCK(raw_ofd(commands[i], F_WRLCK, 1, -1));
		TRY_LOCK(raw_ofd(commands[i], F_WRLCK, 0, -1));
		TRY(fcntl(fd, commands[i], NULL));
		TRY_LOCK(lock_by(path_only, commands[i], F_RDLCK, 0, 1));
	}
	TRY_LOCK(set_ofd(read_only, F_WRLCK, 0, 1));
	TRY_LOCK(set_ofd(read_only, F_RDLCK, 0, 1));
	TRY_LOCK(set_ofd(read_only, F_UNLCK, 0, 1));
	say("-- they exclude those of processes, and of other open files\n");
	TRY_LOCK(set_ofd(fd, F_WRLCK, 0, 10));
	TRY_LOCK(set(fd, F_RDLCK, 5, 1));
	TRY_LOCK(set(fd, F_WRLCK, 20, 5));
	TRY_LOCK(set_ofd(fd, F_WRLCK, 22, 1));
	TRY_LOCK(set_ofd(again, F_RDLCK, 9, 3));
	TRY_LOCK(set_ofd(again, F_RDLCK, 10, 3));
	TRY_LOCK(set_ofd(fd, F_WRLCK, 9, 3));
	ask("fd, any", fd, F_OFD_GETLK, F_WRLCK, 0, 0);
	ask("again, any", again, F_OFD_GETLK, F_WRLCK, 0, 0);
	ask("again, behind", again, F_OFD_GETLK, F_RDLCK, 10, 0);
	ask("a process, any", fd, F_GETLK, F_WRLCK, 0, 0);
	ask("whether it has one", fd, F_OFD_GETLK, F_UNLCK, 0, 0);
	ask("whether it has one", again, F_OFD_GETLK, F_UNLCK, 0, 0);
	ask("whether it has one", read_only, F_OFD_GETLK, F_UNLCK, 0, 0);
	ask("at a place", fd, F_OFD_GETLK, F_UNLCK, 4, 1);
	ask("at another", fd, F_OFD_GETLK, F_UNLCK, 15, 1);
	ask("where a process has one", fd, F_OFD_GETLK, F_UNLCK, 21, 1);
	show(fd);
	say("-- ranges\n");
	TRY_LOCK(set_ofd(fd, F_RDLCK, 3, 4));
	show(fd);
	TRY_LOCK(set_ofd(fd, F_UNLCK, 4, 1));
	show(fd);
	in_child("a child has the same open file", ranges_of_a_process, NULL);
	say("-- closed\n");
	copy = dup(fd);
	close(copy);
	show(fd);
	set_ofd(fd, F_RDLCK, 3, 4);
	copy = dup(fd);
	close(fd);
	show(copy);
	close(again);
	show(copy);
	close(copy);
	show(read_only);
	close(read_only);
	close(path_only);
	fd = open("f", O_RDWR);
}

static void apart(void)
{
	int again = open("f", O_RDWR);

	say("-- flock and fcntl do not know each other\n");
	TRY(flock(fd, LOCK_EX));
	TRY_LOCK(set_ofd(again, F_WRLCK, 0, 0));
	TRY_LOCK(set_ofd(again, F_UNLCK, 0, 0));
	TRY_LOCK(set(again, F_WRLCK, 0, 0));
	TRY(flock(fd, LOCK_UN));
	TRY(flock(again, LOCK_EX | LOCK_NB));
	show(fd);
	close(again);
	show(fd);
	TRY(flock(fd, LOCK_EX | LOCK_NB));
	TRY(flock(fd, LOCK_UN));
}

static void kinds(void)
{
	static const char *const paths[] = { ".", "/dev/null", "/proc/self/stat", "/", "/proc" };
	int p[2], at, again;

	say("-- other files\n");
	for (int i = 0; i < 5; i++) {
		say("%s\n", paths[i]);
		at = open(paths[i], O_RDONLY);
		again = open(paths[i], O_RDONLY);
		TRY(flock(at, LOCK_EX | LOCK_NB));
		if (i != 2)
			TRY(flock(again, LOCK_SH | LOCK_NB));
		TRY_LOCK(set_ofd(at, F_RDLCK, 0, 0));
		close(at);
		TRY(flock(again, LOCK_SH | LOCK_NB));
		close(again);
	}
	TRY(pipe(p));
	TRY(flock(p[0], LOCK_EX | LOCK_NB));
	TRY(flock(p[1], LOCK_EX | LOCK_NB));
	close(p[0]);
	TRY(flock(p[1], LOCK_EX | LOCK_NB));
	at = memfd_create("m", 0);
	TRY(flock(at, LOCK_EX | LOCK_NB));
	again = open("/proc/self/fd/0", O_RDONLY);
	close(at);
	close(again);
}

int main(int argc, char **argv)
{
	go_to(argc, argv);
	fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0644);
	errors();
	flocks();
	open_files();
	apart();
	kinds();
	return 0;
}
