/* SPDX-License-Identifier: MIT */
/* R16 R150. What the threads of a process share: folder, mask of files, descriptors and their places, limits, actions, memory. */
#include "thread.h"

#include <limits.h>

#define THREADS	   4
#define FILE_BYTES 40000ul

static int step;

/* ---- of the process ---- */

static void on_usr1(int sig)
{
	(void)sig;
}

static void *change_all(void *unused)
{
	struct rlimit limit;
	int *fds = unused;

	MUST(mkdir("folder", 0700));
	MUST(chdir("folder"));
	umask(027);
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = 77;
	MUST(setrlimit(RLIMIT_NOFILE, &limit));
	signal(SIGUSR1, on_usr1);
	fds[0] = open("file", O_RDWR | O_CREAT, 0666);
	MUST(write(fds[0], "abcdef", 6) != 6);
	MUST(lseek(fds[0], 2, SEEK_SET) != 2);
	MUST(close(fds[1]));
	return NULL;
}

/* Threads have one working directory, umask, limits, actions and descriptors: a change by one is a change for all. */
static void all(void)
{
	char text[PATH_MAX] = "", byte = 0;
	struct rlimit limit;
	struct sigaction act;
	int fds[2] = { -1, dup(1) };
	struct stat st;

	umask(022);
	join(start(change_all, fds));
	(void)!getcwd(text, sizeof(text));
	say("folder: %s\n", strrchr(text, '/') ? strrchr(text, '/') : text);
	say("umask %#o\n", umask(022));
	getrlimit(RLIMIT_NOFILE, &limit);
	say("limit %d\n", (int)limit.rlim_cur);
	sigaction(SIGUSR1, NULL, &act);
	say("action %d\n", act.sa_handler == on_usr1);
	say("read %zd", read(fds[0], &byte, 1));
	say(" %c\n", byte);
	MUST(fstat(fds[0], &st));
	say("mode %#o\n", st.st_mode & 0777);
	TRY(fcntl(fds[1], F_GETFD));
	close(fds[0]);
	MUST(chdir(".."));
}

/* ---- descriptors ---- */

static int ends[2], file_fd;

static void *read_slowly(void *unused)
{
	char byte = 0;

	raise_flag(&step);
	say("read: %zd", read(ends[0], &byte, 1));
	say(" %c\n", byte);
	return unused;
}

/* A read goes on with the file that it began with, when its descriptor is closed or gets another file meanwhile. */
static void close_while_read(void)
{
	pthread_t thread;
	char byte;
	int fd;

	for (int other = 0; other < 2; other++) {
		step = 0;
		MUST(pipe(ends));
		thread = start(read_slowly, NULL);
		until_flag(&step, 1);
		until_others_wait(1);
		fd = open("/dev/null", O_RDONLY);
		if (other)
			MUST(dup2(fd, ends[0]) != ends[0]);
		else
			MUST(close(ends[0]));
		MUST(write(ends[1], "q", 1) != 1); /* the read counts as a reader */
		join(thread);
		TRY(read(ends[0], &byte, 1));
		close(fd);
		close(ends[0]);
		close(ends[1]);
	}
}

static long sum_read;

/* A read or write moves the open file's position as one step: each byte is read once, and no line is written over. */
static void *read_part(void *unused)
{
	char some[64];
	long bytes = 0, sum = 0;
	ssize_t n;

	(void)unused;
	while ((n = read(file_fd, some, 1 + (size_t)bytes % sizeof(some))) > 0) {
		bytes += n;
		for (ssize_t i = 0; i < n; i++)
			sum += some[i];
		if (bytes % 7 == 0)
			sched_yield();
	}
	__atomic_fetch_add(&sum_read, sum, __ATOMIC_SEQ_CST);
	return (void *)bytes;
}

static void *append(void *arg)
{
	char line[32];
	int n = snprintf(line, sizeof(line), "%d says so\n", (int)(long)arg);

	for (int i = 0; i < 200; i++) {
		MUST(write(file_fd, line, (size_t)n) != n);
		if (i % 16 == 0)
			sched_yield();
	}
	return NULL;
}

/* Of reads and writes of many threads by one descriptor each has a place of its own. */
static void places(void)
{
	pthread_t threads[THREADS];
	int lines = 0, whole = 0;
	long sum = 0;
	char line[64];
	FILE *f;

	make_file("bytes", FILE_BYTES);
	file_fd = open("bytes", O_RDONLY);
	start_all(threads, THREADS, read_part);
	say("%ld of %lu bytes read\n", join_all(threads, THREADS), FILE_BYTES);
	close(file_fd);
	for (size_t i = 0; i < FILE_BYTES; i++)
		sum += file_byte(i);
	say("their sum right: %d\n", sum_read == sum);
	file_fd = open("lines", O_RDWR | O_CREAT | O_TRUNC, 0600);
	start_all(threads, THREADS, append);
	join_all(threads, THREADS);
	f = fopen("lines", "r");
	while (f && fgets(line, sizeof(line), f)) {
		lines++;
		whole += strcmp(line + 1, " says so\n") == 0;
	}
	if (f)
		fclose(f);
	close(file_fd);
	say("%d lines, %d whole\n", lines, whole);
}

/* Each opens and closes: a descriptor is never given to two. */
static void *open_and_close(void *unused)
{
	long bad = 0;

	(void)unused;
	for (int i = 0; i < 200; i++) {
		struct stat mine, now;
		char name[32];
		int fd;

		snprintf(name, sizeof(name), "own%d", (int)gettid());
		fd = open(name, O_RDWR | O_CREAT, 0600);
		bad += fd < 0 || stat(name, &mine) != 0;
		sched_yield();
		bad += fstat(fd, &now) != 0 || now.st_ino != mine.st_ino;
		bad += close(fd) != 0;
	}
	return (void *)bad;
}

/* An open gets the lowest descriptor that is free, and no two get the same. */
static void numbers(void)
{
	pthread_t threads[THREADS];
	int fd;

	start_all(threads, THREADS, open_and_close);
	say("%ld wrong\n", join_all(threads, THREADS));
	fd = dup(0);
	say("the lowest is free: %d\n", fd);
	close(fd);
}

/* ---- memory ---- */

#define PAGES 64

static char *memory;
static pthread_barrier_t barrier;

/* All touch each page at the same time: it is one page. */
static void *touch(void *unused)
{
	long lost = 0;

	(void)unused;
	for (int i = 0; i < PAGES; i++) {
		int *word = (int *)(memory + i * PAGE);

		if (i % 16 == 0)
			pthread_barrier_wait(&barrier);
		__atomic_fetch_add(word, 1, __ATOMIC_SEQ_CST);
		if (i % 4 == 0)
			sched_yield();
	}
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < PAGES; i++)
		lost += *(volatile int *)(memory + i * PAGE) != THREADS;
	return (void *)lost;
}

/* A page that many threads touch first at one moment is one page. */
static void same_pages(void)
{
	pthread_t threads[THREADS];
	int fd = open("mapped", O_RDWR | O_CREAT | O_TRUNC, 0600);

	MUST(pthread_barrier_init(&barrier, NULL, THREADS));
	memory = anon(PAGES * PAGE);
	start_all(threads, THREADS, touch);
	say("%ld lost\n", join_all(threads, THREADS));
	MUST(ftruncate(fd, PAGES * PAGE));
	memory = mmap(NULL, PAGES * PAGE, RW, MAP_SHARED, fd, 0);
	start_all(threads, THREADS, touch);
	say("%ld lost\n", join_all(threads, THREADS));
	memory = mmap(NULL, PAGES * PAGE, RW, MAP_PRIVATE, fd, 0);
	memset(memory, 0, PAGES * PAGE);
	start_all(threads, THREADS, touch);
	say("%ld lost\n", join_all(threads, THREADS));
	close(fd);
}

/* ---- changes of the map while others use it ---- */

static int stop, faults;

static void wait_for_access(int sig)
{
	(void)sig;
	raise_flag(&faults);
	sched_yield();
}

static void *add(void *arg)
{
	volatile long *word = (volatile long *)(memory + (long)arg * PAGE);

	for (int i = 0; i < 2000; i++)
		*word = *word + 1;
	for (int i = 0; i < LOOKS && !flag_now(&faults); i++) {
		nap(1);
		*word = *word;
	}
	return NULL;
}

static void *change_access(void *unused)
{
	while (!flag_now(&stop)) {
		MUST(mprotect(memory, THREADS * PAGE, PROT_READ));
		sched_yield();
		MUST(mprotect(memory, THREADS * PAGE, RW));
		sched_yield();
	}
	return unused;
}

static void *map_and_unmap(void *unused)
{
	long bad = 0;

	(void)unused;
	for (int i = 0; i < 150; i++) {
		char *p = anon(3 * PAGE);

		bad += not_all(p, 3 * PAGE, 0) != 0;
		memset(p, i, 3 * PAGE);
		if (i % 8 == 0)
			sched_yield();
		bad += not_all(p, 3 * PAGE, (char)i) != 0;
		MUST(munmap(p + PAGE, PAGE));
		MUST(munmap(p, 3 * PAGE));
	}
	return (void *)bad;
}

/* A store that faults is made again after its handler, and none is lost; munmap takes what it names, and no more. */
static void maps(void)
{
	pthread_t threads[THREADS], changer;
	long total = 0;

	memory = anon(PAGES * PAGE);
	signal(SIGSEGV, wait_for_access);
	changer = start(change_access, NULL);
	start_all(threads, THREADS, add);
	join_all(threads, THREADS);
	raise_flag(&stop);
	join(changer);
	signal(SIGSEGV, SIG_DFL);
	for (int i = 0; i < THREADS; i++)
		total += *(long *)(memory + i * PAGE);
	say("%ld of %d, faults %d\n", total, 2000 * THREADS, faults > 0);
	start_all(threads, THREADS, map_and_unmap);
	say("%ld wrong\n", join_all(threads, THREADS));
}

/* A call that copies to memory which is taken away meanwhile returns how much it has copied, and those bytes are right. */
static void *take_away(void *at)
{
	while (!flag_now(&stop)) {
		mmap(at, PAGE, PROT_NONE, ANON | MAP_FIXED, -1, 0);
		sched_yield();
		mmap(at, PAGE, RW, ANON | MAP_FIXED, -1, 0);
		sched_yield();
	}
	return NULL;
}

static void copies(void)
{
	char *p = anon(2 * PAGE);
	pthread_t thread;
	int odd = 0, whole = 0, cut = 0;

	stop = 0;
	file_fd = open("bytes", O_RDONLY);
	thread = start(take_away, p + PAGE);
	for (int i = 0; i < 300 || (i < LOOKS && !(whole && cut)); i++) {
		ssize_t n = pread(file_fd, p + PAGE - 100, 200, 0);

		/* the second page may go in the midst of the copy */
		odd += n < 100 || n > 200 || bytes_unlike_file(p + PAGE - 100, 0, 100) != 0;
		whole += n == 200;
		cut += n == 100;
		if (i % 4 == 0)
			sched_yield();
	}
	raise_flag(&stop);
	join(thread);
	close(file_fd);
	say("%d odd copies, whole ones %d, cut ones %d\n", odd, whole > 0, cut > 0);
}

int main(void)
{
	all();
	close_while_read();
	places();
	numbers();
	same_pages();
	maps();
	copies();
	return 0;
}
