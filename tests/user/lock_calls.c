/* SPDX-License-Identifier: MIT */
/* Record locks by fcntl: arguments and errors, how ranges join and part, what frees them, on which files. */
#include "locks.h"

#define MAX 0x7fffffffffffffffll

static int fd;

static int raw(int command, int type, int whence, off_t start, off_t len)
{
	struct flock lock = {
		.l_type = (short)type, .l_whence = (short)whence, .l_start = start, .l_len = len
	};

	return fcntl(fd, command, &lock);
}

static void unlock(void)
{
	if (set(fd, F_UNLCK, 0, 0) != 0)
		say("cannot unlock: %s\n", strerrorname_np(errno));
}

/* F_GETLK looks at the type before the range, F_SETLK after it; EBADF is a lock to read or to write by a descriptor that cannot. */
static void arguments(void)
{
	struct flock lock;
	int read_only = open("f", O_RDONLY), write_only = open("f", O_WRONLY);
	int path_only = open("f", O_PATH), neither = open("f", 3);
	static const int commands[] = { F_GETLK, F_SETLK, F_SETLKW };

	say("types\n");
	for (int i = 0; i < 3; i++) {
		TRY_LOCK(raw(commands[i], F_RDLCK, SEEK_SET, 0, 1));
		TRY_LOCK(raw(commands[i], F_WRLCK, SEEK_SET, 0, 1));
		TRY_LOCK(raw(commands[i], F_UNLCK, SEEK_SET, 0, 1));
		TRY_LOCK(raw(commands[i], 3, SEEK_SET, 0, 1));
		TRY_LOCK(raw(commands[i], 4, SEEK_SET, 0, 1));
		TRY_LOCK(raw(commands[i], -1, SEEK_SET, 0, 1));
		TRY_LOCK(raw(commands[i], F_WRLCK, 3, 0, 1));
		TRY_LOCK(raw(commands[i], F_WRLCK, -1, 0, 1));
		TRY_LOCK(raw(commands[i], F_WRLCK, SEEK_SET, -1, 1));
		TRY_LOCK(raw(commands[i], F_WRLCK, SEEK_SET, MAX, 2));
		TRY_LOCK(raw(commands[i], 9, 9, -1, 1));
		TRY_LOCK(raw(commands[i], 9, SEEK_SET, MAX, 2));
	}
	unlock();
	say("pointers\n");
	TRY(fcntl(fd, F_GETLK, NULL));
	TRY(fcntl(fd, F_SETLK, NULL));
	TRY(fcntl(fd, F_SETLKW, (void *)-1L));
	TRY(fcntl(999, F_SETLK, NULL));
	TRY(fcntl(path_only, F_SETLK, NULL));
	say("access\n");
	TRY_LOCK(set(read_only, F_RDLCK, 0, 1));
	TRY_LOCK(set(read_only, F_WRLCK, 0, 1));
	TRY_LOCK(set(read_only, F_UNLCK, 0, 1));
	TRY_LOCK(lock_by(read_only, F_GETLK, F_WRLCK, 0, 1));
	TRY_LOCK(set(write_only, F_RDLCK, 0, 1));
	TRY_LOCK(set(write_only, F_WRLCK, 0, 1));
	TRY_LOCK(lock_by(write_only, F_GETLK, F_RDLCK, 0, 1));
	TRY_LOCK(set(path_only, F_UNLCK, 0, 1));
	TRY_LOCK(lock_by(path_only, F_GETLK, F_RDLCK, 0, 1));
	TRY_LOCK(set(neither, F_RDLCK, 0, 1));
	TRY_LOCK(set(neither, F_WRLCK, 0, 1));
	TRY_LOCK(set(neither, F_UNLCK, 0, 1));
	TRY_LOCK(lock_by(neither, F_GETLK, F_RDLCK, 0, 1));
	TRY_LOCK(set(read_only, 7, 0, 1));
	TRY_LOCK(set(read_only, F_WRLCK, MAX, 2));
	say("what is free\n");
	memset(&lock, 0x55, sizeof(lock));
	lock.l_type = F_WRLCK;
	lock.l_whence = SEEK_END;
	lock.l_start = lock.l_len = 3;
	TRY(fcntl(fd, F_GETLK, &lock));
	say("type %d, whence %d, %lld for %lld, of %x\n", lock.l_type, lock.l_whence,
	    (long long)lock.l_start, (long long)lock.l_len, (unsigned)lock.l_pid);
	close(read_only);
	close(write_only);
	close(path_only);
	close(neither);
}

/* Tries the range, and shows what it has become. */
static void place(int whence, off_t start, off_t len)
{
	say("from %d: %lld for %lld\n", whence, (long long)start, (long long)len);
	TRY_LOCK(raw(F_SETLK, F_WRLCK, whence, start, len));
	show(fd);
	unlock();
}

/* A negative length locks the bytes before the start; a start below 0 is EINVAL, an end beyond the largest is EOVERFLOW. */
static void places(void)
{
	TRY(ftruncate(fd, 100));
	TRY(lseek(fd, 30, SEEK_SET));
	place(SEEK_SET, 0, 0);
	place(SEEK_SET, 7, 0);
	place(SEEK_SET, 7, 1);
	place(SEEK_SET, MAX, 0);
	place(SEEK_SET, MAX, 1);
	place(SEEK_SET, MAX, 2);
	place(SEEK_SET, MAX, -1);
	place(SEEK_SET, 1, MAX);
	place(SEEK_SET, 2, MAX);
	place(SEEK_SET, 0, MAX);
	place(SEEK_SET, 10, -10);
	place(SEEK_SET, 10, -3);
	place(SEEK_SET, 10, -11);
	place(SEEK_SET, 0, -1);
	place(SEEK_SET, -1, 5);
	place(SEEK_SET, -5, -5);
	place(SEEK_SET, -MAX - 1, 0);
	place(SEEK_SET, 0, -MAX - 1);
	place(SEEK_SET, MAX, -MAX);
	place(SEEK_SET, MAX, -MAX - 1);
	place(SEEK_CUR, 0, 0);
	place(SEEK_CUR, 5, 5);
	place(SEEK_CUR, -30, 5);
	place(SEEK_CUR, -31, 5);
	place(SEEK_CUR, 0, -30);
	place(SEEK_CUR, 0, -31);
	place(SEEK_CUR, MAX, 0);
	place(SEEK_CUR, MAX - 30, 0);
	place(SEEK_CUR, MAX - 29, 0);
	place(SEEK_CUR, -MAX - 1, 0);
	place(SEEK_END, 0, 0);
	place(SEEK_END, 10, 10);
	place(SEEK_END, -100, 10);
	place(SEEK_END, -101, 10);
	place(SEEK_END, MAX - 100, 1);
	place(SEEK_END, MAX - 99, 1);
	place(SEEK_END, -10, -90);
	place(SEEK_END, -10, -91);
}

static void step(int type, off_t start, off_t len)
{
	say("%s %lld for %lld\n", type_name(type), (long long)start, (long long)len);
	TRY_LOCK(set(fd, type, start, len));
	show(fd);
}

/* Locks of one kind that touch are joined; one of another kind, or an unlock, in the middle splits a lock. */
static void joins(void)
{
	say("-- joined\n");
	step(F_WRLCK, 10, 10);
	step(F_WRLCK, 20, 10);
	step(F_WRLCK, 5, 5);
	step(F_WRLCK, 40, 10);
	step(F_WRLCK, 25, 20);
	step(F_WRLCK, 0, 0);
	unlock();
	say("-- apart\n");
	step(F_WRLCK, 10, 10);
	step(F_RDLCK, 20, 10);
	step(F_WRLCK, 31, 9);
	step(F_RDLCK, 30, 1);
	step(F_RDLCK, 12, 4);
	step(F_UNLCK, 14, 18);
	step(F_UNLCK, 0, 11);
	step(F_UNLCK, 39, 0);
	step(F_WRLCK, 0, 100);
	step(F_UNLCK, 50, 1);
	step(F_RDLCK, 49, 3);
	step(F_RDLCK, 0, 1);
	step(F_RDLCK, 99, 1);
	step(F_RDLCK, 99, 0);
	step(F_UNLCK, MAX, 1);
	step(F_WRLCK, MAX, 1);
	step(F_UNLCK, 200, 10);
	step(F_UNLCK, 0, 0);
	say("-- many\n");
	for (int i = 0; i < 10; i++)
		set(fd, i % 2 ? F_RDLCK : F_WRLCK, i * 10, 5);
	show(fd);
	step(F_RDLCK, 12, 50);
	step(F_UNLCK, 42, 40);
	step(F_WRLCK, 3, MAX - 2);
	unlock();
}

static int other(void *unused)
{
	(void)unused;
	say("  another process\n");
	TRY_LOCK(set(fd, F_RDLCK, 0, 10));
	TRY_LOCK(set(fd, F_RDLCK, 10, 10));
	TRY_LOCK(set(fd, F_WRLCK, 10, 10));
	TRY_LOCK(set(fd, F_WRLCK, 20, 10));
	TRY_LOCK(set(fd, F_WRLCK, 0, 0));
	TRY_LOCK(set(fd, F_WRLCK, 30, 1));
	TRY_LOCK(set(fd, F_UNLCK, 0, 10));
	ask("any", fd, F_GETLK, F_RDLCK, 0, 0);
	ask("any to write", fd, F_GETLK, F_WRLCK, 0, 0);
	ask("to read at 15", fd, F_GETLK, F_RDLCK, 15, 1);
	ask("to write at 15", fd, F_GETLK, F_WRLCK, 15, 1);
	ask("to write at 30", fd, F_GETLK, F_WRLCK, 30, 1);
	ask("to write before the end", fd, F_GETLK, F_WRLCK, 19, -4);
	ask("at the end", fd, F_GETLK, F_WRLCK, MAX, 1);
	return 0;
}

/* F_GETLK tells the first lock of another process in the way; one's own locks are never in the way. */
static void conflicts(void)
{
	TRY_LOCK(set(fd, F_WRLCK, 0, 10));
	TRY_LOCK(set(fd, F_RDLCK, 10, 10));
	TRY_LOCK(set(fd, F_RDLCK, 1000, 0));
	in_child("conflicts", other, NULL);
	ask("its own", fd, F_GETLK, F_WRLCK, 0, 0);
	unlock();
}

static int lock_and_exit(void *unused)
{
	(void)unused;
	TRY_LOCK(set(fd, F_WRLCK, 5, 5));
	return 3;
}

static int parents_locks(void *unused)
{
	(void)unused;
	ask("in the child", fd, F_GETLK, F_WRLCK, 0, 0);
	TRY_LOCK(set(fd, F_UNLCK, 0, 0));
	ask("after it unlocked all", fd, F_GETLK, F_WRLCK, 0, 0);
	return close(fd);
}

/* A process loses its locks of a file with any descriptor of that file that it closes, by whatever name; a child has none. */
static void frees(void)
{
	int again, copy, with;

	say("-- exit, fork\n");
	in_child("exits", lock_and_exit, NULL);
	show(fd);
	set(fd, F_WRLCK, 0, 5);
	in_child("fork", parents_locks, NULL);
	show(fd);
	say("-- close of a duplicate, of another open file, of another file, by dup2\n");
	copy = dup(fd);
	close(copy);
	show(fd);
	set(fd, F_WRLCK, 0, 5);
	again = open("f", O_RDONLY);
	set(again, F_RDLCK, 10, 5);
	show(fd);
	close(again);
	show(fd);
	set(fd, F_WRLCK, 0, 5);
	with = open("g", O_RDWR | O_CREAT, 0600);
	set(with, F_WRLCK, 3, 3);
	close(with);
	show(fd);
	again = open("f", O_RDONLY);
	with = open("g", O_RDWR);
	dup2(with, again);
	show(fd);
	set(fd, F_WRLCK, 0, 5);
	close(again);
	close(with);
	show(fd);
	again = open("f", O_PATH);
	close(again);
	show(fd);
	say("-- another name, a new file of the same name\n");
	set(fd, F_WRLCK, 0, 5);
	TRY(link("f", "h"));
	again = open("h", O_RDWR);
	show(again);
	TRY(rename("h", "i"));
	TRY(unlink("f"));
	close(again);
	show(fd);
	set(fd, F_WRLCK, 0, 5);
	again = open("f", O_RDWR | O_CREAT, 0600);
	show(again);
	close(again);
	show(fd);
	TRY(unlink("i"));
	show(fd);
	unlock();
	close(fd);
	fd = open("f", O_RDWR);
	TRY(ftruncate(fd, 10));
	set(fd, F_WRLCK, 0, 5);
	TRY(ftruncate(fd, 0));
	show(fd);
	unlock();
}

/* Files of all kinds can be locked, pipes and devices too; the two ends of a pipe are one file. */
static void kinds(void)
{
	static const char *const paths[] = { ".", "/dev/null", "/proc/self/stat" };
	int p[2];

	say("-- other files\n");
	for (int i = 0; i < 3; i++) {
		int at = open(paths[i], O_RDONLY);

		TRY_LOCK(set(at, F_RDLCK, 0, 1));
		TRY_LOCK(set(at, F_WRLCK, 0, 1));
		TRY_LOCK(lock_by(at, F_SETLK, F_UNLCK, 0, 0));
		close(at);
	}
	TRY(pipe(p));
	TRY_LOCK(set(p[0], F_RDLCK, 0, 1));
	TRY_LOCK(set(p[0], F_WRLCK, 0, 1));
	TRY_LOCK(set(p[1], F_WRLCK, 5, 1));
	show(p[0]);
	show(p[1]);
	close(p[1]);
	show(p[0]);
	p[1] = memfd_create("m", 0);
	TRY_LOCK(set(p[1], F_WRLCK, 0, 1));
	show(p[1]);
}

/* Locks stay over exec, except for those of files that exec closes. */
static int exec_again(const char *self)
{
	char number[12], cloexec[12];
	int gone = open("g", O_RDWR | O_CLOEXEC);

	TRY_LOCK(set(fd, F_WRLCK, 1, 2));
	TRY_LOCK(set(gone, F_WRLCK, 1, 2));
	snprintf(number, sizeof(number), "%d", fd);
	snprintf(cloexec, sizeof(cloexec), "%d", gone);
	execl(self, self, "-", number, NULL);
	return 92;
}

/* After exec, with what it left. */
static int after_exec(int number)
{
	int other_file = open("g", O_RDWR);

	say("-- after exec\n");
	show(number);
	show(other_file);
	ask("its own", number, F_GETLK, F_WRLCK, 0, 0);
	return 0;
}

int main(int argc, char **argv)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (argc > 2)
		return after_exec(atoi(argv[2]));
	self[n > 0 ? n : 0] = '\0';
	go_to(argc, argv);
	fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0644);
	arguments();
	places();
	joins();
	conflicts();
	frees();
	kinds();
	return exec_again(self);
}
