/* SPDX-License-Identifier: MIT */
/* Many processes that lock files, of which some are killed: no two have the same, all have their turn, nothing is left. */
/* locks FOLDER: all of it there; tells what is wrong, or "locks: ok". */
#include "../../user/locks.h"

#include <sched.h>
#include <stdbool.h>

#include "books.h"
#include "expect.h"

#define FILES	2
#define BYTES	16
#define WORKERS 6
#define VICTIMS 4
#define WAITERS 8
#define STEPS	100
#define MOST	100000 /* steps of a worker, while nobody is refused */
#define KILLS	40

/* Who is inside each byte, as those that have locks say; shared. */
static struct inside {
	int readers[FILES][BYTES], writers[FILES][BYTES];
	int wrong, got, refused;
} * inside;

static const char *const names[FILES] = { "one", "two" };
static int order[2], go[2];

static uint64_t chance = 1;

static unsigned below(unsigned n)
{
	chance ^= chance << 13;
	chance ^= chance >> 7;
	chance ^= chance << 17;
	return (unsigned)((chance >> 20) % n);
}

static int do_lock(int kind, int fd, bool wait, int type, int start, int len)
{
	static const int flocks[] = {
		[F_RDLCK] = LOCK_SH, [F_WRLCK] = LOCK_EX, [F_UNLCK] = LOCK_UN
	};

	if (kind == 0)
		return flock(fd, flocks[type] | (wait ? 0 : LOCK_NB));
	if (kind == 1)
		return lock_by(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, type, start, len);
	return lock_by(fd, wait ? F_SETLKW : F_SETLK, type, start, len);
}

static void enter(int file, int type, int start, int len, int by)
{
	for (int i = start; i < start + len; i++) {
		int *mine = type == F_WRLCK ? &inside->writers[file][i] : &inside->readers[file][i];

		__atomic_fetch_add(mine, by, __ATOMIC_SEQ_CST);
		if (by > 0 && (__atomic_load_n(&inside->writers[file][i], __ATOMIC_SEQ_CST) !=
				       (type == F_WRLCK) ||
			       (type == F_WRLCK &&
				__atomic_load_n(&inside->readers[file][i], __ATOMIC_SEQ_CST) != 0)))
			__atomic_fetch_add(&inside->wrong, 1, __ATOMIC_SEQ_CST);
	}
}

struct part {
	int type, start, len;
	bool has;
};

/* Of a file: bytes of the first, which a process or an open file locks; the whole second one, by flock. */
static struct part part_of(int file)
{
	struct part part = { .type = below(2) ? F_WRLCK : F_RDLCK, .len = BYTES };

	if (file == 0) {
		part.start = (int)below(BYTES);
		part.len = 1 + (int)below((unsigned)(BYTES - part.start));
	}
	return part;
}

static void open_all(int fds[FILES])
{
	for (int file = 0; file < FILES; file++)
		fds[file] = open(names[file], O_RDWR);
}

/* No worker ends before one was refused, so that they meet, however late the others begin. */
static bool goes_on(int step)
{
	return step < STEPS ||
	       (step < MOST && __atomic_load_n(&inside->refused, __ATOMIC_RELAXED) == 0);
}

/* Locks a part of each file, waits for one at most while it has the other, and enters what it has. */
static int work(void)
{
	int fds[FILES];

	open_all(fds);
	for (int step = 0; goes_on(step); step++) {
		int first = (int)below(2), kind = 1 + (int)below(2);
		struct part parts[FILES];

		for (int i = 0; i < FILES; i++) {
			int file = (first + i) % FILES;
			bool wait = file == 0 ? below(4) != 0 : i == 0;
			struct part *part = &parts[file];

			*part = part_of(file);
			part->has = do_lock(file ? 0 : kind, fds[file], wait, part->type,
					    part->start, part->len) == 0;
			__atomic_fetch_add(part->has ? &inside->got : &inside->refused, 1,
					   __ATOMIC_RELAXED);
			if (part->has)
				enter(file, part->type, part->start, part->len, 1);
		}
		sched_yield();
		for (int file = 0; file < FILES; file++) {
			struct part *part = &parts[file];

			if (!part->has)
				continue;
			enter(file, part->type, part->start, part->len, -1);
			do_lock(file ? 0 : kind, fds[file], false, F_UNLCK, part->start, part->len);
		}
	}
	return 0;
}

/* Locks and waits for ever, and is killed wherever that may be. */
static int suffer(void)
{
	int fds[FILES], kind = 0;

	open_all(fds);
	while (kind <= 2) {
		int file = (int)below(FILES);
		struct part part = part_of(file);

		kind = file ? 0 : 1 + (int)below(2);
		do_lock(kind, fds[file], true, (int)below(3), part.start, part.len);
	}
	return 1;
}

static pid_t spawn(int (*f)(void))
{
	static uint64_t seed;
	pid_t pid;

	seed++;
	pid = fork();
	if (pid == 0) {
		chance = seed * 0x9e3779b97f4a7c15ull | 1;
		_exit(f());
	}
	return pid;
}

static void end_victim(pid_t pid)
{
	int status = -1;

	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	expect("how a victim ends", SIGKILL, status);
}

static void storm(void)
{
	pid_t workers[WORKERS], victims[VICTIMS];
	int i;

	inside->got = inside->refused = 0;
	for (i = 0; i < WORKERS; i++)
		workers[i] = spawn(work);
	for (i = 0; i < VICTIMS; i++)
		victims[i] = spawn(suffer);
	for (i = 0; i < KILLS; i++) {
		nap(2);
		end_victim(victims[i % VICTIMS]);
		victims[i % VICTIMS] = spawn(suffer);
	}
	for (i = 0; i < VICTIMS; i++)
		end_victim(victims[i]);
	for (i = 0; i < WORKERS; i++) {
		int status = -1;

		waitpid(workers[i], &status, 0);
		expect("how a worker ends", 0, status);
	}
	expect("bytes that were entered by two", 0, inside->wrong);
	expect("some had locks", true, inside->got > 0);
	expect("some were refused", true, inside->refused > 0);
}

/* Has the lock until its parent lets it go on. */
static int takes_turn(void *letter)
{
	int kind = *(char *)letter % 3, fd = open(names[0], O_RDWR);
	char c;

	about_to_wait();
	if (do_lock(kind, fd, true, F_WRLCK, 0, BYTES) != 0 || write(order[1], letter, 1) != 1 ||
	    read(go[0], &c, 1) != 1)
		return 1;
	return do_lock(kind, fd, false, F_UNLCK, 0, BYTES);
}

/*
 * Those that wait come in turn, whoever of them is killed; and who lets the first one go is too late
 * to be faster than it.
 */
static void turns(int kind)
{
	char letters[WAITERS + 1] = "", wanted[WAITERS + 1] = "";
	int fd = open(names[0], O_RDWR), n = 0;
	pid_t pids[WAITERS];

	expect("the first lock", 0, do_lock(kind, fd, false, F_WRLCK, 0, BYTES));
	for (int i = 0; i < WAITERS; i++) {
		char letter = (char)('a' + 3 * i + (kind + 3 - 'a' % 3) % 3);

		if (i % 3 != 1)
			wanted[n++] = letter;
		/* the letter says the kind, too */
		pids[i] = child_sleeps(takes_turn, &letter);
	}
	for (int i = 1; i < WAITERS; i += 3)
		end_victim(pids[i]);
	do_lock(kind, fd, false, F_UNLCK, 0, BYTES);
	expect("the lock again", -1, do_lock(kind, fd, false, F_WRLCK, 0, BYTES));
	expect("letting them go on", n, write(go[1], wanted, (size_t)n));
	for (int i = 0; i < WAITERS; i++) {
		int status = 0;

		if (i % 3 != 1)
			waitpid(pids[i], &status, 0);
		expect("how a waiter ends", 0, status);
	}
	expect("how many had it", n, read(order[0], letters, WAITERS));
	if (strcmp(letters, wanted) != 0) {
		printf("kind %d: in the order %s, not %s\n", kind, letters, wanted);
		nwrong++;
	}
	close(fd);
}

/* Nobody has any lock of any kind. */
static void is_free(void)
{
	for (int file = 0; file < FILES; file++) {
		struct flock lock = range(F_WRLCK, 0, 0);
		int fd = open(names[file], O_RDWR);

		fcntl(fd, F_OFD_GETLK, &lock);
		expect("a lock that is left", F_UNLCK, lock.l_type);
		expect("a flock that is left", 0, flock(fd, LOCK_EX | LOCK_NB));
		close(fd);
	}
}

static int fill_up(void)
{
	int fd = open(names[0], O_RDWR), n = 0;

	while (set(fd, F_WRLCK, 2 * n, 1) == 0)
		n++;
	expect("why no more", ENOLCK, errno);
	expect("a part of one", -1, set(fd, F_WRLCK, 0, 1) != 0 ? -2 : set(fd, F_RDLCK, 4 * n, 1));
	expect("the same of an open file", 0, set_ofd(fd, F_WRLCK, 4 * n, 1));
	expect("some are many", true, n >= 500);
	return nwrong != 0;
}

/* Who has all the locks there may be ends, and others have as many again. */
static void too_many(void)
{
	for (int i = 0; i < 3; i++) {
		int status = -1;

		waitpid(spawn(fill_up), &status, 0);
		expect("how who fills up ends", 0, status);
	}
}

static void all(void)
{
	storm();
	for (int kind = 0; kind < 3; kind++)
		turns(kind);
	too_many();
	is_free();
}

static bool read_books(struct faultline_ledger *ret)
{
	return syscall(SYS_faultline, FAULTLINE_LEDGER, 0, ret, sizeof(*ret), 0) == 1;
}

static long left(const struct faultline_ledger *ledger)
{
	return (long)(ledger->free + ledger->slabs);
}

/* All of it is done again: what is there for good after the first time does not become more. */
static void nothing_is_left(bool on_share)
{
	struct books books = { .read = read_books, .frames = left, .host = on_share };

	if (!leaves_nothing(&books, all))
		all();
}

int main(int argc, char **argv)
{
	go_to(argc, argv);
	inside = mmap(NULL, sizeof(*inside), RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (inside == MAP_FAILED || pipe(order) != 0 || pipe(go) != 0)
		return 1;
	for (int file = 0; file < FILES; file++)
		close(open(names[file], O_RDWR | O_CREAT, 0600));
	all();
	nothing_is_left(argc > 1 && strcmp(argv[1], "/") != 0);
	for (int file = 0; file < FILES; file++)
		unlink(names[file]);
	if (!nwrong)
		puts("locks: ok");
	return nwrong != 0;
}
