/* SPDX-License-Identifier: MIT */
/* What crowds of processes cost those who have no part in them; one word each. Time is counted in instructions. */
#define _GNU_SOURCE
#include "asleep.h"
#include "user/lib/ipc.h"

#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BUSY_MAX  64
#define CROWD_MAX 4096
#define SLICE_NS  10000000
#define BURST_NS  2000000
#define TURNS_NS  (2 * SLICE_NS)
#define NAP_NS	  1000000
#define GREEDY_NS 9000000

static struct {
	uint64_t end_begins;
	int measuring;
	uint64_t longest; /* between two looks at the clock of one who naps for a millisecond */
	uint64_t looks;	  /* of it */
	struct {
		uint64_t looked, longest;
	} busy[BUSY_MAX];	     /* the same of those who do not nap */
	int has_begun[2 * BUSY_MAX]; /* those have had their turns, and have napped if they do */
	uint64_t greedy;	     /* how long the greedy one has run */
} volatile *shared;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void nap(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

/* Someone who has slept: how late is he, at most, while others are at work? */
static pid_t sleeper(void)
{
	uint64_t before;
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	before = now();
	for (;;) {
		uint64_t at;

		nap(1);
		at = now();
		if (shared->measuring && at - before > shared->longest)
			shared->longest = at - before;
		shared->looks++;
		before = at;
	}
}

static pid_t crowd[CROWD_MAX];

/* Children, each in a group of its own, that end or stop at once; 0: that went well. */
static int make_crowd(long n, int stopped)
{
	int ends[2];
	char c;

	if (pipe(ends) != 0)
		return 80;
	for (long i = 0; i < n; i++) {
		pid_t pid = crowd[i] = fork();

		if (pid < 0)
			return 81;
		if (pid == 0) {
			setpgid(0, 0);
			if (stopped) {
				close(ends[1]);
				raise(SIGSTOP); /* then SIGHUP comes, and ends it */
			}
			_exit(0);
		}
		if (stopped && waitpid(pid, NULL, WUNTRACED) != pid)
			return 82;
	}
	close(ends[1]);
	if (read(ends[0], &c, 1) != 0)
		return 83;
	until_asleep(crowd, (unsigned)n);
	return 0;
}

/* How long something took, and the longest nap meanwhile of the one who naps, who ends. */
static void tell(uint64_t took, pid_t naps)
{
	for (uint64_t looks = shared->looks; shared->looks == looks;)
		nap(1);
	kill(naps, SIGKILL);
	waitpid(naps, NULL, 0);
	printf("took %lu us, longest nap %lu us\n", (unsigned long)took / 1000,
	       (unsigned long)shared->longest / 1000);
}

/* The parent of a crowd ends: how long that takes, and what it keeps others from. */
static int end_of_parent(long n, int stopped)
{
	pid_t parent, naps = sleeper();
	uint64_t took;
	int status;

	parent = fork();
	if (parent == 0) {
		int err = make_crowd(n, stopped);

		shared->measuring = 1;
		shared->end_begins = now();
		_exit(err);
	}
	if (waitpid(parent, &status, 0) != parent || !WIFEXITED(status) || WEXITSTATUS(status))
		return 85;
	took = now() - shared->end_begins;
	tell(took, naps);
	return 0;
}

/* A signal to a group of n that sleep: how long their ends take, and what they keep others from. */
static int end_of_group(long n)
{
	pid_t naps = sleeper(), leader = 0;
	uint64_t begins;
	int status;

	for (long i = 0; i < n; i++) {
		pid_t pid = crowd[i] = fork();

		if (pid < 0)
			return 81;
		if (pid == 0) {
			for (;;)
				pause();
		}
		leader = leader ? leader : pid;
		if (setpgid(pid, leader) != 0)
			return 82;
	}
	until_asleep(crowd, (unsigned)n);
	shared->measuring = 1;
	begins = now();
	if (kill(-leader, SIGKILL) != 0)
		return 83;
	for (long i = 0; i < n; i++)
		if (waitpid(-leader, &status, 0) < 0 || !WIFSIGNALED(status))
			return 84;
	tell(now() - begins, naps);
	return 0;
}

/* ---- shares of the hart ---- */

/* Some ten microseconds between two looks at a clock: each look is a call, and costs QEMU far more than it computes. */
static void compute_a_little(void)
{
	for (volatile int k = 0; k < 3000; k++)
		;
}

static uint64_t cpu_time(void)
{
	struct timespec ran;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ran);
	return (uint64_t)ran.tv_sec * 1000000000 + (uint64_t)ran.tv_nsec;
}

/* Computes for ever, and looks how long it did not. */
static void compute(int i)
{
	uint64_t at;

	for (;;) {
		compute_a_little();
		at = now();
		if (!shared->measuring) {
			if (!shared->has_begun[i])
				shared->has_begun[i] = cpu_time() > TURNS_NS;
			continue;
		}
		if (shared->busy[i].looked && at - shared->busy[i].looked > shared->busy[i].longest)
			shared->busy[i].longest = at - shared->busy[i].looked;
		shared->busy[i].looked = at;
	}
}

/* Computes for a while that no tick ends, and sleeps for more than a slice. */
static void compute_and_sleep(int i)
{
	uint64_t begin;

	for (;; shared->has_begun[i] = 1) {
		begin = cpu_time();
		do
			compute_a_little();
		while (cpu_time() - begin < BURST_NS);
		nap(12);
	}
}

/* The most that any of them has waited for the hart, since then. */
static uint64_t longest_wait(long n, uint64_t since)
{
	uint64_t most = 0, end = now();

	for (long i = 0; i < n; i++) {
		uint64_t looked = shared->busy[i].looked ? shared->busy[i].looked : since;

		if (shared->busy[i].longest > most)
			most = shared->busy[i].longest;
		if (end - looked > most)
			most = end - looked;
	}
	return most;
}

static void until_all_have_begun(long n)
{
	for (long i = 0; i < n; i++)
		while (!shared->has_begun[i])
			nap(20);
}

/* n that compute and m that sleep in between; this one sleeps, and looks how late it is woken. */
static int share(long n, long m, int naps)
{
	uint64_t since, latest = 0;
	pid_t pids[2 * BUSY_MAX];

	for (long i = 0; i < n + m; i++) {
		pids[i] = fork();
		if (pids[i] == 0 && i < n)
			compute((int)i);
		else if (pids[i] == 0)
			compute_and_sleep((int)i);
		if (pids[i] < 0)
			return 81;
	}
	until_all_have_begun(n +
			     m); /* those who are new have not slept yet: they do not go first */
	since = now();
	shared->measuring = 1;
	while (naps-- > 0) {
		uint64_t due = now() + 2 * SLICE_NS, woken;

		nap(20);
		woken = now();
		if (woken - due > latest)
			latest = woken - due;
	}
	printf("longest wait %lu us, latest %lu us\n", (unsigned long)longest_wait(n, since) / 1000,
	       (unsigned long)latest / 1000);
	for (long i = 0; i < n + m; i++)
		kill(pids[i], SIGKILL);
	return 0;
}

/* Computes for most of a slice and naps before its end, again and again. */
static void compute_and_nap(int i)
{
	uint64_t begin, ran;

	for (;; shared->has_begun[i] = 1) {
		begin = cpu_time();
		while ((ran = cpu_time()) - begin < GREEDY_NS)
			compute_a_little();
		shared->greedy = ran;
		nap(1);
	}
}

/*
 * n compute and a greedy one naps in between; this one does nothing but nap, and looks how late it is
 * woken. Tells the greedy one's share of the hart per mille, too.
 */
static int greedy(long n, int naps)
{
	uint64_t since, before, latest = 0;
	pid_t pids[BUSY_MAX + 1];

	for (long i = 0; i <= n; i++) {
		pids[i] = fork();
		if (pids[i] == 0 && i < n)
			compute((int)i);
		else if (pids[i] == 0)
			compute_and_nap((int)i);
		if (pids[i] < 0)
			return 81;
	}
	until_all_have_begun(n + 1);
	since = now();
	before = shared->greedy;
	while (naps-- > 0) {
		uint64_t due = now() + NAP_NS, woken;

		nap(1);
		woken = now();
		if (woken - due > latest)
			latest = woken - due;
	}
	printf("share %lu per mille, latest %lu us\n",
	       (unsigned long)((shared->greedy - before) * 1000 / (now() - since)),
	       (unsigned long)latest / 1000);
	for (long i = 0; i <= n; i++)
		kill(pids[i], SIGKILL);
	return 0;
}

/* ---- nice values and policies ---- */

static int hogs; /* how many there are */

/* A child that computes for ever, with such a policy and nice value. */
static pid_t hog(int policy, int priority, int nice_value)
{
	int i = hogs++;
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	if (setpriority(PRIO_PROCESS, 0, nice_value) != 0 ||
	    sched_setscheduler(0, policy, &(struct sched_param){ priority }) != 0)
		_exit(86);
	shared->has_begun[i] = 1;
	for (;;)
		compute_a_little();
}

/* How long one who has slept keeps the hart beside one that computes, once it has lowered itself to nice 19. */
static int lowered(void)
{
	pid_t beside = hog(SCHED_OTHER, 0, 0);
	uint64_t begin, at, before;

	until_all_have_begun(hogs);
	nap(20); /* who has slept goes first */
	begin = at = now();
	if (setpriority(PRIO_PROCESS, 0, 19) != 0)
		return 88;
	do {
		before = at;
		compute_a_little();
		at = now();
	} while (at - before < SLICE_NS / 4);
	kill(beside, SIGKILL);
	printf("lowered, it ran for %lu us\n", (unsigned long)(before - begin) / 1000);
	return 0;
}

static uint64_t ran_for(pid_t pid)
{
	struct timespec ran = { 0 };
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) == 0)
		clock_gettime(clock, &ran);
	return (uint64_t)ran.tv_sec * 1000000000 + (uint64_t)ran.tv_nsec;
}

/* How long each of them computes in that time, while all do. This one's naps are short, and go before theirs. */
static uint64_t measure(const pid_t *pids, uint64_t *ran, int n, uint64_t ns)
{
	uint64_t latest = 0, end;

	for (int i = 0; i < n; i++)
		ran[i] = ran_for(pids[i]);
	for (end = now() + ns; now() < end;) {
		uint64_t due = now() + NAP_NS, woken;

		nap(1);
		woken = now();
		if (woken - due > latest)
			latest = woken - due;
	}
	for (int i = 0; i < n; i++)
		ran[i] = (ran_for(pids[i]) - ran[i]) / 1000;
	for (int i = 0; i < n; i++)
		kill(pids[i], SIGKILL);
	return latest / 1000;
}

/* What those of several weights have of the hart, and how late this one, of the usual weight, is woken. */
static int weights(void)
{
	const pid_t pids[] = { hog(SCHED_OTHER, 0, 0), hog(SCHED_OTHER, 0, -5),
			       hog(SCHED_OTHER, 0, 5), hog(SCHED_OTHER, 0, 19),
			       hog(SCHED_IDLE, 0, 0) };
	const pid_t heavy[] = { hog(SCHED_OTHER, 0, -20) };
	uint64_t ran[5], late[1];

	until_all_have_begun(hogs);
	kill(heavy[0], SIGSTOP);
	nap(50); /* what the heavy one had before is no share of these */
	measure(pids, ran, 5, 800000000);
	printf("shares of nice values and SCHED_IDLE: %lu %lu %lu %lu %lu us, ",
	       (unsigned long)ran[0], (unsigned long)ran[1], (unsigned long)ran[2],
	       (unsigned long)ran[3], (unsigned long)ran[4]);
	kill(heavy[0], SIGCONT);
	printf("beside the least woken %lu us late\n",
	       (unsigned long)measure(heavy, late, 1, 100000000));
	return 0;
}

/* How late this one is woken, of real time, beside others; and what these have beside one that never sleeps. */
static int realtime(void)
{
	pid_t usual = hog(SCHED_OTHER, 0, 0), pids[2];
	uint64_t ran[2], late;

	if (sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){ 10 }) != 0)
		return 87;
	late = measure(&usual, ran, 1, 100000000);
	pids[0] = hog(SCHED_OTHER, 0, 0);
	pids[1] = hog(SCHED_FIFO, 5, 0);
	measure(pids, ran, 2, 600000000);
	printf("real time: %lu us, the other: %lu us, woken %lu us late\n", (unsigned long)ran[1],
	       (unsigned long)ran[0], (unsigned long)late);
	return 0;
}

/* ---- a client of real time and its server ---- */

#define SERVED_CALLS 20

/* Works for two milliseconds on each call, of its own time. */
static pid_t server_at_work(int receive)
{
	struct ipc_message message = { { 0 }, 0 };
	uint64_t begin;
	long rcvid = 0;
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	while ((rcvid = ipc_reply_receive(receive, rcvid, &message, IPC_NEVER)) > 0)
		for (begin = cpu_time(); cpu_time() - begin < BURST_NS;)
			compute_a_little();
	_exit(0);
}

static pid_t client_all_the_time(int send)
{
	struct ipc_message message = { { 0 }, 0 };
	pid_t pid = fork();

	while (pid == 0 && ipc_call(send, &message, IPC_NEVER) == 0)
		;
	if (pid == 0)
		_exit(1);
	return pid;
}

/* The longest of the calls, in us, with a nap before each. */
static unsigned long longest_call(int send)
{
	struct ipc_message message = { { 0 }, 0 };
	uint64_t longest = 0;

	for (unsigned i = 0; i < SERVED_CALLS; i++) {
		uint64_t begin, took;

		nap(1);
		begin = now();
		if (ipc_call(send, &message, IPC_NEVER) != 0)
			return 0;
		took = now() - begin;
		longest = took > longest ? took : longest;
	}
	return (unsigned long)longest / 1000;
}

/*
 * A client of SCHED_FIFO and priority 50, of a server that has asked for nothing: how long its calls take alone; beside one that
 * computes, of SCHED_FIFO and priority 10; and beside another client of the server and four that compute.
 */
static int served(void)
{
	int receive = ipc_create(0), send = ipc_badge(receive, 1, 0);
	pid_t server = server_at_work(receive), pids[5], fifo;
	unsigned long alone, beside_fifo, beside_others;

	if (sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){ 50 }) != 0)
		return 87;
	alone = longest_call(send);
	fifo = hog(SCHED_FIFO, 10, 0);
	beside_fifo = longest_call(send);
	kill(fifo, SIGKILL);
	for (unsigned i = 0; i < 4; i++)
		pids[i] = hog(SCHED_OTHER, 0, 0);
	sched_setscheduler(0, SCHED_OTHER, &(struct sched_param){ 0 });
	pids[4] = client_all_the_time(send);
	sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){ 50 });
	beside_others = longest_call(send);
	for (unsigned i = 0; i < 5; i++)
		kill(pids[i], SIGKILL);
	kill(server, SIGKILL);
	printf("the longest call: %lu us alone, %lu us beside SCHED_FIFO, %lu us beside a client\n",
	       alone, beside_fifo, beside_others);
	return 0;
}

/* Computes n times for a tenth of a second, and sleeps in between; tells how often it was preempted, the least. */
static int switches(long n)
{
	long least = LONG_MAX;

	for (; n > 0; n--) {
		struct rusage before, after;
		uint64_t begin;

		nap(5);
		getrusage(RUSAGE_SELF, &before);
		for (begin = cpu_time(); cpu_time() - begin < 100000000;)
			compute_a_little();
		getrusage(RUSAGE_SELF, &after);
		if (after.ru_nivcsw - before.ru_nivcsw < least)
			least = after.ru_nivcsw - before.ru_nivcsw;
	}
	printf("%ld switches\n", least);
	return 0;
}

int main(int argc, char **argv)
{
	long n = argc > 2 ? atol(argv[2]) : 0;

	if (n > CROWD_MAX)
		return 2;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (argc < 3 || shared == MAP_FAILED)
		return 2;
	if (strcmp(argv[1], "zombies") == 0)
		return end_of_parent(n, 0);
	if (strcmp(argv[1], "group") == 0)
		return end_of_group(n);
	if (strcmp(argv[1], "stopped") == 0)
		return end_of_parent(n, 1);
	if (strcmp(argv[1], "busy") == 0 && n <= BUSY_MAX)
		return share(n, 0, 15);
	if (strcmp(argv[1], "greedy") == 0 && n <= BUSY_MAX)
		return greedy(n, 60);
	if (strcmp(argv[1], "switches") == 0)
		return switches(n);
	if (strcmp(argv[1], "weights") == 0)
		return weights();
	if (strcmp(argv[1], "realtime") == 0)
		return realtime();
	if (strcmp(argv[1], "served") == 0)
		return served();
	if (strcmp(argv[1], "lowered") == 0)
		return lowered();
	if (strcmp(argv[1], "bursts") == 0 && n <= BUSY_MAX)
		return share(4, n, 6);
	return 2;
}
