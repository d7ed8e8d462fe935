/* SPDX-License-Identifier: MIT */
/* Sub-commands of swapping.c that use up memory and swap together: storm, bomb, hog, innocent. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/faultline.h"
#include "swapping.h"

/*
 * In pages. Who has the most memory is killed. Each of the bomb's processes has more than the
 * innocent one, and there is always one of them.
 */
#define BOMB	 (2 * MIB / PAGE)
#define INNOCENT (MIB / 4 / PAGE)
#define HOG_STEP (MIB / PAGE)

#define DISK	   "/dev/vda"
#define TALLY_FILE "/tmp/tally"

/* Shared by all. Whoever waits for a killed process counts it. */
static struct tally {
	unsigned long forks, bombs_killed, hogs_killed;
	unsigned long pages; /* that the innocent one has checked */
	unsigned long over;  /* it may end */
} * tally;

static void add(unsigned long *counter)
{
	__atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
}

static unsigned long look(const unsigned long *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static void share_tally(int flags)
{
	int fd = open(TALLY_FILE, O_RDWR | flags, 0600);

	if (fd < 0 || ftruncate(fd, PAGE) != 0)
		stop_call(TALLY_FILE);
	tally = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (tally == MAP_FAILED)
		stop_call("mmap");
	close(fd);
}

/* None of them ends by itself. */
static void count_killed(int status, unsigned long *killed)
{
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		stop("a child ended with status 0x%x", status);
	add(killed);
}

/* bomb: forks without end, and so does each child. Each has bytes of its own, which nobody changes. */
void do_bomb(char **argv)
{
	uint64_t *array = map(BOMB, MAP_NORESERVE), seed = (uint64_t)getpid();
	int status;

	(void)argv;
	share_tally(0);
	fill_range(array, 0, BOMB, seed);
	for (;;) {
		pid_t child = fork();

		check_range(array, 0, BOMB, seed); /* a child has its parent's bytes */
		if (child > 0)
			add(&tally->forks);
		if (child == 0) {
			seed = (uint64_t)getpid();
			fill_range(array, 0, BOMB, seed);
		}
		while (waitpid(-1, &status, WNOHANG) > 0)
			count_killed(status, &tally->bombs_killed);
	}
}

/* hog: takes memory without end. */
void do_hog(char **argv)
{
	(void)argv;
	for (;;)
		fill_range(map(HOG_STEP, MAP_NORESERVE), 0, HOG_STEP, 1);
}

/* innocent: checks and rewrites its array until it may end. */
void do_innocent(char **argv)
{
	uint64_t *array = map(INNOCENT, 0), round = 0;

	(void)argv;
	share_tally(0);
	fill_range(array, 0, INNOCENT, round);
	for (; !look(&tally->over); round++) {
		for (size_t page = 0; page < INNOCENT; page++) {
			check(array, page, round);
			fill(array, page, round + 1);
			add(&tally->pages);
		}
	}
	check_range(array, 0, INNOCENT, round);
}

/*
 * Runs a sub-command in a process group. The log calls the process by that name. Both sides move it to
 * the group, so that it is there when this returns.
 */
static pid_t start(const char *name, pid_t group)
{
	char path[32];
	pid_t child = fork();

	if (child < 0)
		stop_call("fork");
	if (child == 0) {
		snprintf(path, sizeof(path), "/bin/%s", name);
		if (setpgid(0, group) == 0)
			execl(path, name, name, NULL);
		stop_call(path);
	}
	(void)setpgid(child, group);
	return child;
}

/* The group exists as long as its leader does, whoever else is killed. */
static void run_leader(void *arg)
{
	(void)arg;
	for (;;)
		pause();
}

/* Process 1 waits for the bomb's orphans. */
static void end_group(pid_t group)
{
	while (kill(-group, SIGKILL) == 0) {
		while (waitpid(-group, NULL, WNOHANG) > 0)
			;
		sched_yield();
	}
	if (errno != ESRCH)
		stop_call("kill");
}

/* Until LEAST of each were killed, and the innocent one has gone on since the first. */
static bool is_enough(unsigned long least)
{
	static unsigned long since;
	unsigned long bombs = look(&tally->bombs_killed), hogs = look(&tally->hogs_killed);

	if (!bombs && !hogs)
		since = look(&tally->pages);
	return bombs >= least && hogs >= least && look(&tally->pages) >= since + INNOCENT / 4;
}

static void let_loose(unsigned long least)
{
	pid_t leader = start_child(run_leader, NULL), hog, bomb, innocent, child;
	int status;

	if (setpgid(leader, leader) != 0)
		stop_call("setpgid");
	*tally = (struct tally){ 0 };
	innocent = start("innocent", getpgrp());
	bomb = start("bomb", leader);
	hog = start("hog", leader);
	while (!is_enough(least)) {
		usleep(10000);
		child = waitpid(-1, &status, WNOHANG);
		if (child < 0)
			stop_call("waitpid");
		if (child == bomb) {
			count_killed(status, &tally->bombs_killed);
			bomb = start("bomb", leader);
		} else if (child == hog) {
			count_killed(status, &tally->hogs_killed);
			hog = start("hog", leader);
		} else if (child > 0) {
			stop("%s ended with status 0x%x",
			     child == innocent ? "the innocent one" : "the leader", status);
		}
	}
	end_group(leader);
	add(&tally->over);
	if (end_of(innocent) != 0)
		stop("the innocent one has failed");
}

static long count_processes(void)
{
	static struct faultline_process processes[16];

	return syscall(SYS_faultline, FAULTLINE_PROCESSES, 0, processes, sizeof(processes), 0);
}

/* Accounts for every frame and slot, with nothing in swap. The release kernel has no such call. */
static struct faultline_ledger close_books(void)
{
	struct faultline_ledger ledger = { 0 };
	long result;

	if (swapoff(DISK) != 0)
		stop_call("swapoff");
	result = syscall(SYS_faultline, FAULTLINE_LEDGER, 0, &ledger, sizeof(ledger), 0);
	if (result != 1 && errno != EINVAL)
		stop_call("FAULTLINE_LEDGER");
	if (ledger.errors)
		stop("the ledger has %lu errors", ledger.errors);
	if (swapon(DISK, 0) != 0)
		stop_call("swapon");
	return ledger;
}

/* Pages of files come and go; what processes have does not. */
static void compare_books(const struct faultline_ledger *before,
			  const struct faultline_ledger *after)
{
	if (after->anonymous != before->anonymous || after->tables != before->tables ||
	    after->stacks != before->stacks)
		stop("%lu private pages, %lu page tables and %lu frames of stacks; before: %lu, %lu, %lu",
		     after->anonymous, after->tables, after->stacks, before->anonymous,
		     before->tables, before->stacks);
}

/*
 * storm TIMES LEAST: a fork bomb, a hog and an innocent process together. Hogs and bombs are killed,
 * LEAST of each, the innocent one goes on, and afterwards everything is free again. The first time
 * touches pages of process 1 and of this program that were not touched before.
 */
void do_storm(char **argv)
{
	static const char *const names[] = { "/bin/bomb", "/bin/hog", "/bin/innocent" };
	unsigned long times = number_at(argv, 1), least = number_at(argv, 2);
	long nprocesses = count_processes();
	struct faultline_ledger books, before = { 0 };

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (link("/bin/swapping", names[i]) != 0)
			stop_call(names[i]);
	share_tally(O_CREAT);
	for (unsigned long i = 0; i < times; i++) {
		let_loose(least);
		printf("storm: %lu forks, %lu bombs and %lu hogs killed, %lu pages checked\n",
		       tally->forks, tally->bombs_killed, tally->hogs_killed, tally->pages);
		if (count_processes() != nprocesses)
			stop("there are other processes than before");
		books = close_books();
		if (i > 0)
			compare_books(&before, &books);
		before = books;
	}
}
