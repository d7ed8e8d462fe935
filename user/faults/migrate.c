/* SPDX-License-Identifier: MIT */
/* A running program moves to another process, and goes on there before its memory has come. */
/*
 * The moving program is a sort that has its numbers, its stack and its registers in one piece of
 * memory. The source is a child process that runs it for a while. Then this process, the
 * destination, loads the registers. Each page that the sort touches here is missing: a thread with a
 * userfaultfd asks the source for it. Beside that the source sends all other pages in turn, and each
 * page once. It is the post-copy migration of virtual machines.
 */
#define _GNU_SOURCE
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "faults.h"

#define PAGES	256ul
#define STACK	((PAGES - 16) * PAGE) /* where it begins; below are the numbers */
#define NUMBERS (STACK / sizeof(uint64_t))
#define MOVE_AT 50000 /* steps of the sort */
#define SEED	7

/* The registers and what else the sort has in memory, behind its stack. */
struct moving {
	ucontext_t registers;
	long steps;
};

/* A page on its way. */
struct packet {
	uint64_t number;
	char bytes[PAGE];
};

static char *memory; /* at the same address in both processes */
static struct moving *moving;
static ucontext_t outside; /* in each process what is not moved */
static int asks[2], sends[2];
static int uffd;
static long asked; /* for pages */

/* ---- the program that moves ---- */

static void move_away(void)
{
	if (++moving->steps == MOVE_AT)
		swapcontext(&moving->registers, &outside);
}

static void migrate_sort(uint64_t *from, uint64_t *to)
{
	while (to - from > 1) {
		uint64_t pivot = from[(to - from) / 2], *low = from, *high = to - 1;

		move_away();
		while (low <= high) {
			while (*low < pivot)
				low++;
			while (*high > pivot)
				high--;
			if (low <= high) {
				uint64_t swapped = *low;

				*low++ = *high;
				*high-- = swapped;
			}
		}
		migrate_sort(from, high + 1);
		from = low;
	}
}

static void moving_main(void)
{
	migrate_sort((uint64_t *)memory, (uint64_t *)memory + NUMBERS);
}

/* Starts it, and returns when it is to move. */
static void moving_start(void)
{
	uint64_t random = SEED;

	for (size_t i = 0; i < NUMBERS; i++)
		((uint64_t *)memory)[i] = faults_random(&random);
	moving->steps = 0;
	if (getcontext(&moving->registers) != 0)
		faults_die("getcontext");
	moving->registers.uc_stack.ss_sp = memory + STACK;
	moving->registers.uc_stack.ss_size = (size_t)((char *)moving - (memory + STACK));
	moving->registers.uc_link = &outside;
	makecontext(&moving->registers, moving_main, 0);
	swapcontext(&outside, &moving->registers);
}

static bool is_sorted(void)
{
	const uint64_t *numbers = (const uint64_t *)memory;
	uint64_t random = SEED, sum = 0;
	bool right = true;

	for (size_t i = 0; i < NUMBERS; i++) {
		right &= i == 0 || numbers[i - 1] <= numbers[i];
		sum += faults_random(&random) - numbers[i];
	}
	return right && sum == 0;
}

/* ---- the source ---- */

static void migrate_send(size_t i)
{
	static struct packet packet;

	packet.number = i;
	__builtin_memcpy(packet.bytes, memory + i * PAGE, PAGE);
	if (write(sends[1], &packet, sizeof(packet)) != (ssize_t)sizeof(packet))
		_exit(1);
}

/* Returns the page to be sent next: one that is asked for, or else the next in turn. */
static size_t next_to_send(size_t *turn, bool waits)
{
	struct pollfd wanted = { .fd = asks[0], .events = POLLIN };
	uint64_t number;

	if (poll(&wanted, 1, waits ? -1 : 0) == 0)
		return (*turn)++;
	if (read(asks[0], &number, sizeof(number)) != (ssize_t)sizeof(number) || number >= PAGES)
		_exit(1);
	return number;
}

/* The child process. It sends nothing until it is asked for the first page. */
_Noreturn static void migrate_source(void)
{
	bool sent[PAGES] = { false };
	size_t nsent = 0, turn = 0;

	close(asks[1]);
	close(sends[0]);
	moving_start();
	while (nsent < PAGES) {
		size_t i = next_to_send(&turn, nsent == 0);

		if (!sent[i]) {
			sent[i] = true;
			nsent++;
			migrate_send(i);
		}
	}
	while (read(asks[0], &turn, sizeof(turn)) > 0)
		; /* until the destination has all: it may still ask for what is on its way */
	_exit(0);
}

/* ---- the destination ---- */

static void migrate_receive(struct packet *packet)
{
	for (size_t had = 0; had < sizeof(*packet);) {
		ssize_t n = read(sends[0], (char *)packet + had, sizeof(*packet) - had);

		if (n <= 0)
			faults_die("the source");
		had += (size_t)n;
	}
}

/* The thread: asks for the pages that the program waits for, and gives those that come. */
static void *fetch_pages(void *unused)
{
	static struct packet packet;

	for (size_t ngiven = 0; ngiven < PAGES;) {
		char *page = faults_userfault_next(uffd, sends[0]);

		if (page) {
			uint64_t number = (uint64_t)(page - memory) / PAGE;

			asked++;
			if (write(asks[1], &number, sizeof(number)) != (ssize_t)sizeof(number))
				faults_die("the source");
			continue;
		}
		migrate_receive(&packet);
		if (packet.number >= PAGES)
			faults_die("the source");
		faults_userfault_give(uffd, memory + packet.number * PAGE, packet.bytes);
		ngiven++;
	}
	return unused;
}

/* swapcontext() has the kernel read what it is given, which may be only what is there. */
static void moving_continue(void)
{
	ucontext_t registers = moving->registers;

	swapcontext(&outside, &registers);
}

void migrate_run(struct faults_result *ret)
{
	int status = -1;
	pthread_t thread;
	pid_t source;

	memory = faults_reserve(PAGES * PAGE);
	mprotect(memory, PAGES * PAGE, PROT_READ | PROT_WRITE);
	moving = (struct moving *)(memory + PAGES * PAGE - sizeof(struct moving));
	if (pipe(asks) != 0 || pipe(sends) != 0)
		faults_die("pipe");
	fflush(stdout);
	source = fork();
	if (source < 0)
		faults_die("fork");
	if (source == 0)
		migrate_source();
	close(asks[0]);
	close(sends[1]);
	uffd = faults_userfault_open(0);
	faults_userfault_register(uffd, memory, PAGES * PAGE, UFFDIO_REGISTER_MODE_MISSING);
	asked = 0;
	if (pthread_create(&thread, NULL, fetch_pages, NULL) != 0)
		faults_die("pthread_create");
	moving_continue();
	pthread_join(thread, NULL);
	close(asks[1]);
	waitpid(source, &status, 0);
	ret->faults = (long)PAGES; /* how many of them are asked for depends on who is faster */
	ret->figures[0] = (long)NUMBERS;
	ret->figures[1] = MOVE_AT;
	ret->right = is_sorted() && status == 0 && asked > 0 && moving->steps > MOVE_AT;
	munmap(memory, PAGES * PAGE);
	close(sends[0]);
	close(uffd);
}
