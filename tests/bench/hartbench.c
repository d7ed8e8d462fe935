/* SPDX-License-Identifier: MIT */
/* Does the same on several harts at once: hartbench.py counts their instructions, and the cache lines that they share. */

/*
 * Usage: hartbench HARTS [ROW...]. Each row, or each that is named, is run on one hart and then on twice as many, up to HARTS,
 * SAMPLES times each. All workers are started, and wait in user mode, before the first mark of a sample; they wait again before its last one. The
 * instructions "slti x0, x0, 1" and "slti x0, x0, 2" are these marks (lines.c). For each sample there is a line "ROW HARTS
 * OPERATIONS" of output.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/ipc.h"

#define SAMPLES	  3
#define HARTS	  16
#define PAGE	  4096ul
#define RANGE	  (2ul << 20) /* what a leaf table maps */
#define PAGES	  512	      /* of a range that are touched: all */
#define START_US  3000000     /* the start-up work of Linux goes on for a while */
#define SERVER_US 500000      /* threads of a server begin to wait */

#define MARK(n) __asm__ volatile("slti x0, x0, %0" : : "i"(n) : "memory")

/* Whose rounds are the operations. */
enum whose {
	OF_ALL,
	OF_PAIRS, /* those of the first of each pair */
	OF_ONE,	  /* the others keep their harts busy in user mode */
};

struct row {
	const char *name;
	int rounds;		     /* of each worker */
	void (*set_up)(int workers); /* or NULL */
	void (*work)(int worker, int rounds);
	void (*warm)(int worker, int rounds); /* or NULL: of each worker, before the first mark */
	int least;			      /* workers */
	int processes;			      /* the workers are processes, not threads */
	enum whose whose;
};

/* Shared by all workers. */
struct shared {
	_Atomic int at_start, at_end, go, finished, over;
	_Atomic uint32_t words[HARTS][16]; /* a line each */
};

static struct shared *shared;
static const struct row *row;
static char *ranges;
static struct {
	void *start;
	size_t length;
} mapped[HARTS *
	 SAMPLES]; /* in this row: frames are not freed before its end, for then they change their harts */
static int nmapped;
static int file, pipes[HARTS][2];
static int receive_ends[HARTS],
	send_ends[HARTS]; /* of the server that is worker n; of ipc_local_server the first */
static int nharts;
static pid_t server;
static char *self;

static void check(int good, const char *what)
{
	if (!good) {
		perror(what);
		exit(1);
	}
}

static void stay_on(int hart)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(hart, &set);
	check(sched_setaffinity(0, sizeof(set), &set) == 0, "sched_setaffinity");
}

static void run_anywhere(void)
{
	cpu_set_t set;

	memset(&set, 0xff, sizeof(set));
	check(sched_setaffinity(0, sizeof(set), &set) == 0, "sched_setaffinity");
}

/* ---- what the rows do ---- */

/* A range for each worker, so that no two share a leaf table. */
static void map_ranges(int workers, int fd)
{
	size_t length = (size_t)(workers + 1) * RANGE;
	char *found = mmap(NULL, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	check(found != MAP_FAILED, "mmap");
	mapped[nmapped].start = found;
	mapped[nmapped++].length = length;
	ranges = found + (RANGE - (uintptr_t)found % RANGE) % RANGE;
	for (int i = 0; i < workers; i++) {
		int prot = fd < 0 ? PROT_READ | PROT_WRITE : PROT_READ;
		int flags = MAP_PRIVATE | MAP_FIXED | (fd < 0 ? MAP_ANONYMOUS : 0);

		check(mmap(ranges + (size_t)i * RANGE, PAGES * PAGE, prot, flags, fd,
			   fd < 0 ? 0 : (off_t)((size_t)i * PAGES * PAGE)) != MAP_FAILED,
		      "mmap");
	}
}

static void map_anonymous(int workers)
{
	map_ranges(workers, -1);
}

static void write_pages(int worker, int rounds)
{
	volatile char *page = ranges + (size_t)worker * RANGE;

	for (int i = 0; i < rounds; i++)
		page[(size_t)i * PAGE] = 1;
}

/* Frees the frames on the worker's own hart, which has written to them. */
static void write_and_drop(int worker, int rounds)
{
	write_pages(worker, rounds);
	check(madvise(ranges + (size_t)worker * RANGE, PAGES * PAGE, MADV_DONTNEED) == 0,
	      "madvise");
}

static void map_file(int workers)
{
	static char page[PAGE];

	if (file == 0) {
		file = open("/tmp", O_TMPFILE | O_RDWR, 0600);
		if (file < 0)
			file = open("/tmp/hartbench", O_CREAT | O_RDWR, 0600);
		check(file > 0, "open");
		for (int i = 0; i < HARTS * PAGES; i++)
			check(write(file, page, PAGE) == (ssize_t)PAGE, "write");
	}
	map_ranges(workers, file);
}

static void read_pages(int worker, int rounds)
{
	volatile char *page = ranges + (size_t)worker * RANGE;

	for (int i = 0; i < rounds; i++)
		(void)page[(size_t)i * PAGE];
}

static void map_and_unmap(int worker, int rounds)
{
	(void)worker;
	for (int i = 0; i < rounds; i++) {
		void *found = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		check(found != MAP_FAILED && munmap(found, 4 * PAGE) == 0, "mmap");
	}
}

static void fork_and_exit(int worker, int rounds)
{
	(void)worker;
	for (int i = 0; i < rounds; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		check(pid > 0 && waitpid(pid, NULL, 0) == pid, "fork");
	}
}

/* Forks four at once, which may run on any hart. */
static void fork_a_storm(int worker, int rounds)
{
	run_anywhere();
	for (int i = 0; i < rounds; i += 4) {
		for (int child = 0; child < 4; child++) {
			pid_t pid = fork();

			if (pid == 0)
				_exit(0);
			check(pid > 0, "fork");
		}
		for (int child = 0; child < 4; child++)
			check(wait(NULL) > 0, "wait");
	}
	stay_on(worker);
}

static void fork_and_exec(int worker, int rounds)
{
	char *argv[] = { self, "child", NULL };

	(void)worker;
	for (int i = 0; i < rounds; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			execv(self, argv);
			_exit(1);
		}
		check(pid > 0 && waitpid(pid, NULL, 0) == pid, "fork");
	}
}

static void *end_at_once(void *nothing)
{
	return nothing;
}

/* A thread runs on the hart of the worker that makes it. */
static void create_and_join(int worker, int rounds)
{
	(void)worker;
	for (int i = 0; i < rounds; i++) {
		pthread_t thread;

		check(pthread_create(&thread, NULL, end_at_once, NULL) == 0 &&
			      pthread_join(thread, NULL) == 0,
		      "pthread_create");
	}
}

static void futex(_Atomic uint32_t *word, int command, uint32_t value)
{
	(void)syscall(SYS_futex, word, command | FUTEX_PRIVATE_FLAG, value, NULL, NULL, 0);
}

static void pass(_Atomic uint32_t *word)
{
	atomic_store(word, 1);
	futex(word, FUTEX_WAKE, 1);
}

static void take(_Atomic uint32_t *word)
{
	while (!atomic_load(word))
		futex(word, FUTEX_WAIT, 0);
	atomic_store(word, 0);
}

/* Pairs of workers; the first of each begins. */
static void futex_ping_pong(int worker, int rounds)
{
	for (int i = 0; i < rounds; i++) {
		if (worker % 2 == 0)
			pass(shared->words[worker + 1]);
		take(shared->words[worker]);
		if (worker % 2 == 1)
			pass(shared->words[worker - 1]);
	}
}

static void make_pipes(int workers)
{
	for (int i = 0; i < workers; i++)
		if (pipes[i][0] == 0)
			check(pipe(pipes[i]) == 0, "pipe");
}

static void send_byte(int worker)
{
	check(write(pipes[worker][1], "", 1) == 1, "write");
}

static void pipe_ping_pong(int worker, int rounds)
{
	char byte;

	for (int i = 0; i < rounds; i++) {
		if (worker % 2 == 0)
			send_byte(worker + 1);
		check(read(pipes[worker][0], &byte, 1) == 1, "read");
		if (worker % 2 == 1)
			send_byte(worker - 1);
	}
}

/* Only Faultline has endpoints. */
static int has_endpoints(void)
{
	int receive = ipc_create(0);

	return receive >= 0 && close(receive) == 0;
}

static void make_endpoints(int workers)
{
	for (int i = 1; i < workers; i += 2) {
		if (receive_ends[i] > 0)
			continue;
		receive_ends[i] = ipc_create(0);
		send_ends[i] = ipc_badge(receive_ends[i], 0, 0);
		check(receive_ends[i] > 0 && send_ends[i] > 0, "ipc_create");
	}
}

/* Pairs of a client and its server, which waits on another hart. */
static void call_and_answer(int worker, int rounds)
{
	struct ipc_message message = { 0 };
	long rcvid = 0;

	for (int i = 0; i < rounds; i++) {
		if (worker % 2 == 0)
			check(ipc_call(send_ends[worker + 1], &message, IPC_NEVER) == 0,
			      "ipc_call");
		else
			rcvid = ipc_reply_receive(receive_ends[worker], rcvid, &message, IPC_NEVER);
		check(rcvid >= 0, "ipc_reply_receive");
	}
	if (worker % 2 == 1)
		check(ipc_reply(receive_ends[worker], rcvid, &message) == 0, "ipc_reply");
}

static void *answer_here(void *number)
{
	struct ipc_message message = { 0 };
	long rcvid = 0;

	stay_on((int)(uintptr_t)number);
	while ((rcvid = ipc_reply_receive(receive_ends[0], rcvid, &message, IPC_NEVER)) > 0)
		;
	return NULL;
}

/*
 * One server with a thread on each hart, in a process of its own. What they do at their
 * start is over after a while.
 */
static void start_server(int workers)
{
	(void)workers;
	if (server > 0)
		return;
	receive_ends[0] = ipc_create(0);
	send_ends[0] = ipc_badge(receive_ends[0], 0, 0);
	check(receive_ends[0] > 0 && send_ends[0] > 0, "ipc_create");
	server = fork();
	check(server >= 0, "fork");
	if (server == 0) {
		pthread_t thread;

		for (int i = 1; i < nharts; i++)
			check(pthread_create(&thread, NULL, answer_here, (void *)(uintptr_t)i) == 0,
			      "pthread_create");
		answer_here((void *)0);
		_exit(1);
	}
	usleep(SERVER_US);
}

static void end_server(void)
{
	if (server <= 0)
		return;
	check(kill(server, SIGKILL) == 0 && waitpid(server, NULL, 0) == server, "kill");
	server = 0;
	close(receive_ends[0]);
	close(send_ends[0]);
}

/* A client on each hart, whose calls the thread of the server on the same hart answers. */
static void call_here(int worker, int rounds)
{
	struct ipc_message message = { 0 };

	(void)worker;
	for (int i = 0; i < rounds; i++)
		check(ipc_call(send_ends[0], &message, IPC_NEVER) == 0, "ipc_call");
}

static void map_touched(int workers)
{
	map_ranges(workers, -1);
	write_pages(0, 1);
}

#define FORK_BYTES (64ul << 20)

static void map_much(int workers)
{
	static char *at;

	(void)workers;
	if (nmapped == 0) {
		at = mmap(NULL, FORK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			  0);
		check(at != MAP_FAILED, "mmap");
		mapped[nmapped].start = at;
		mapped[nmapped++].length = FORK_BYTES;
	}
	for (size_t i = 0; i < FORK_BYTES; i += PAGE) /* again writable, after the sample before */
		at[i] = 1;
}

/* The other harts may have translations that allow writing. */
static void fork_once(int worker, int rounds)
{
	if (worker == 0) {
		fork_and_exit(worker, rounds);
		shared->finished = 1;
	}
	while (!shared->finished)
		;
}

/* Each second call takes a right away, which the other harts must hear of. */
static void protect(int worker, int rounds)
{
	if (worker == 0) {
		for (int i = 0; i < rounds; i++)
			check(mprotect(ranges, PAGE, PROT_READ) == 0 &&
				      mprotect(ranges, PAGE, PROT_READ | PROT_WRITE) == 0,
			      "mprotect");
		shared->finished = 1;
	}
	while (!shared->finished)
		;
}

static const struct row rows[] = {
	{ "anon_write_fault", PAGES, map_anonymous, write_pages, NULL, 1, 0, OF_ALL },
	{ "anon_write_again", PAGES, map_anonymous, write_pages, write_and_drop, 1, 0, OF_ALL },
	{ "file_read_fault", PAGES, map_file, read_pages, NULL, 1, 0, OF_ALL },
	{ "mmap_munmap", 256, NULL, map_and_unmap, NULL, 1, 0, OF_ALL },
	{ "fork_exit_wait", 16, NULL, fork_and_exit, NULL, 1, 1, OF_ALL },
	{ "fork_storm", 16, NULL, fork_a_storm, NULL, 1, 1, OF_ALL },
	{ "fork_exec_wait", 8, NULL, fork_and_exec, NULL, 1, 1, OF_ALL },
	{ "futex_ping_pong", 128, NULL, futex_ping_pong, NULL, 2, 0, OF_ALL },
	{ "pipe_ping_pong", 128, make_pipes, pipe_ping_pong, NULL, 2, 0, OF_ALL },
	{ "ipc_call_reply", 128, make_endpoints, call_and_answer, NULL, 2, 1, OF_PAIRS },
	{ "ipc_local_server", 128, start_server, call_here, NULL, 1, 1, OF_ALL },
	{ "mprotect_touched", 128, map_touched, protect, NULL, 1, 0, OF_ONE },
	{ "fork_touched", 1, map_much, fork_once, NULL, 1, 0, OF_ONE },
	/* The C library keeps the stacks, which makes forks dearer from then on. */
	{ "thread_create_join", 64, NULL, create_and_join, create_and_join, 1, 0, OF_ALL },
};

static int operations(int workers)
{
	switch (row->whose) {
	case OF_PAIRS:
		return row->rounds * workers / 2;
	case OF_ONE:
		return row->rounds;
	default:
		return row->rounds * workers;
	}
}

/* ---- workers ---- */

static void *be_worker(void *number)
{
	int worker = (int)(uintptr_t)number;

	stay_on(worker);
	if (row->warm)
		row->warm(worker, row->rounds);
	atomic_fetch_add(&shared->at_start, 1);
	while (!shared->go)
		;
	row->work(worker, row->rounds);
	atomic_fetch_add(&shared->at_end, 1);
	while (!shared->over) /* what a thread's end takes is not counted */
		;
	return NULL;
}

/* The last worker is this thread. */
static void work_together(int workers)
{
	if (row->warm)
		row->warm(0, row->rounds);
	while (shared->at_start < workers - 1)
		;
	MARK(1);
	shared->go = 1;
	row->work(0, row->rounds);
	while (shared->at_end < workers - 1)
		;
	MARK(2);
	shared->over = 1;
}

static void with_threads(int workers)
{
	pthread_t threads[HARTS];

	for (int i = 1; i < workers; i++)
		check(pthread_create(&threads[i], NULL, be_worker, (void *)(uintptr_t)i) == 0,
		      "pthread_create");
	work_together(workers);
	for (int i = 1; i < workers; i++)
		check(pthread_join(threads[i], NULL) == 0, "pthread_join");
}

static void with_processes(int workers)
{
	for (int i = 1; i < workers; i++) {
		pid_t pid = fork();

		check(pid >= 0, "fork");
		if (pid > 0)
			continue;
		be_worker((void *)(uintptr_t)i);
		_exit(0);
	}
	work_together(workers);
	for (int i = 1; i < workers; i++)
		check(wait(NULL) > 0, "wait");
}

static void sample(int workers)
{
	shared->at_start = shared->at_end = shared->go = shared->finished = shared->over = 0;
	if (row->set_up)
		row->set_up(workers);
	if (row->processes)
		with_processes(workers);
	else
		with_threads(workers);
	printf("%s %d %d\n", row->name, workers, operations(workers));
}

static void unmap_all(void)
{
	while (nmapped > 0) {
		nmapped--;
		check(munmap(mapped[nmapped].start, mapped[nmapped].length) == 0, "munmap");
	}
}

/* Whether a row is among the words; without any, all are. */
static int is_wanted(const char *name, char **words)
{
	if (!*words)
		return 1;
	while (*words)
		if (strcmp(*words++, name) == 0)
			return 1;
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "child") == 0)
		return 0;
	self = argv[0];
	nharts = argc > 1 ? atoi(argv[1]) : 0;
	check(nharts >= 1 && nharts <= HARTS, "usage: hartbench HARTS [ROW...]");
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	check(shared != MAP_FAILED, "mmap");
	stay_on(0);
	usleep(START_US);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		row = &rows[i];
		if (!is_wanted(row->name, argv + 2))
			continue;
		if ((row->set_up == make_endpoints || row->set_up == start_server) &&
		    !has_endpoints())
			continue;
		for (int workers = row->least; workers <= nharts; workers *= 2)
			for (int n = 0; n < SAMPLES; n++)
				sample(workers);
		end_server();
		unmap_all();
	}
	puts("done");
	return 0;
}
