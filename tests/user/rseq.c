/* SPDX-License-Identifier: MIT */
/* Restartable sequences: registering them, and what ends a critical section. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/time.h>
#include <ucontext.h>

#include "libc_rseq.h"
#include "t.h"

struct area {
	uint32_t cpu_id_start, cpu_id;
	uint64_t section;
	uint32_t flags, node_id, mm_cid;
} __attribute__((aligned(32)));

struct section {
	uint32_t version, flags;
	uint64_t start, length, abort;
} __attribute__((aligned(32)));

static __thread struct area area;

/* Each is in its section until it is aborted; then it returns 1. */
long spin(struct area *area, const struct section *section, volatile long *turns);
/*
 * Adds 1 to a counter: loads it, writes to PAGES pages, does nothing for `delay` turns, and stores it as its last instruction.
 * Returns 0, or 1 if it was aborted.
 */
long add(struct area *area, const struct section *section, long *counter, long delay, char *pages);
/* Enters a section of the two instructions from border_start on, and goes to one around its borders, which are all breakpoints. */
void border(struct area *area, const struct section *section, const char *at);
extern const char spin_start[], spin_end[], spin_abort[], add_start[], add_end[], add_abort[];
extern const char border_first[], border_start[], border_end[], border_abort[], border_out[];

__asm__(".text\n"
	"spin: sd a1, 8(a0)\n"
	"spin_start: ld t0, (a2)\n"
	"	addi t0, t0, 1\n"
	"	sd t0, (a2)\n"
	"	j spin_start\n"
	"spin_end: .word 0xf1401073\n"
	"spin_abort: li a0, 1\n"
	"	ret\n"
	"add: sd a1, 8(a0)\n"
	"add_start: ld t0, (a2)\n"
	"	li t1, 256\n"
	"	li t2, 4096\n"
	"2:	sb zero, (a4)\n"
	"	add a4, a4, t2\n"
	"	addi t1, t1, -1\n"
	"	bnez t1, 2b\n"
	"1:	addi a3, a3, -1\n"
	"	bgtz a3, 1b\n"
	"	addi t0, t0, 1\n"
	"	sd t0, (a2)\n"
	"add_end: sd zero, 8(a0)\n"
	"	li a0, 0\n"
	"	ret\n"
	"	.word 0xf1401073\n"
	"add_abort: li a0, 1\n"
	"	ret\n"
	".option push\n"
	".option norvc\n"
	"border: sd a1, 8(a0)\n"
	"	jr a2\n"
	"border_first: ebreak\n"
	"border_start: ebreak\n"
	"	ebreak\n"
	"border_end: ebreak\n"
	"	.word 0xf1401073\n"
	"border_abort: ebreak\n"
	"border_out: ret\n"
	".option pop\n");

static struct section spinning, adding, bordered;
static volatile long turns;

static long rseq(void *at, uint32_t len, int flags, uint32_t signature)
{
	return syscall(SYS_rseq, at, len, flags, signature);
}

static void begin(void)
{
	libc_rseq_end();
	if (rseq(&area, sizeof(area), 0, RSEQ_SIGNATURE) != 0)
		say("cannot register: %s\n", strerrorname_np(errno));
}

/* ---- registering ---- */

static int unmapped(void *p)
{
	munmap(p, PAGE);
	TRY(rseq(p, 32, 0, RSEQ_SIGNATURE));
	return 0;
}

static int read_only(void *p)
{
	mprotect(p, PAGE, PROT_READ);
	TRY(rseq(p, 32, 0, RSEQ_SIGNATURE));
	return 0;
}

/* An area is registered once for a thread, and ended with the same address, length and signature. */
static void registering(void)
{
	char *p = mmap(NULL, 2 * PAGE, RW, ANON, -1, 0);
	uint32_t *words = (uint32_t *)p;

	libc_rseq_end();
	say("%lu %lu\n", getauxval(27 /* AT_RSEQ_FEATURE_SIZE */),
	    getauxval(28 /* AT_RSEQ_ALIGN */));
	TRY(rseq(p, 32, 1, RSEQ_SIGNATURE));
	TRY(rseq(p + 8, 32, 0, RSEQ_SIGNATURE));
	TRY(rseq(p, 31, 0, RSEQ_SIGNATURE));
	TRY(rseq(p + 16, 40, 0, RSEQ_SIGNATURE));
	TRY(rseq(p, 32, 2, RSEQ_SIGNATURE));
	TRY(rseq(NULL, 32, 0, RSEQ_SIGNATURE));
	TRY(rseq((void *)0xffffffc000000000, 32, 0, RSEQ_SIGNATURE));
	TRY(rseq(p, UINT32_MAX & ~31u, 0, RSEQ_SIGNATURE));
	in_child("unmapped", unmapped, p);
	in_child("read-only", read_only, p);
	memset(p, 0x55, 64);
	words[4] = 0;
	TRY(rseq(p, 33, 0, RSEQ_SIGNATURE));
	say("%d %d %#x %#x\n", words[0] == words[1], words[5], words[7], words[2] | words[3]);
	TRY(rseq(p, 33, 0, RSEQ_SIGNATURE));
	TRY(rseq(p, 33, 0, 1));
	TRY(rseq(p, 32, 0, RSEQ_SIGNATURE));
	TRY(rseq(p + 32, 33, 0, RSEQ_SIGNATURE));
	TRY(rseq(p, 33, 3, RSEQ_SIGNATURE));
	TRY(rseq(p, 33, 1, 1));
	TRY(rseq(p, 32, 1, RSEQ_SIGNATURE));
	TRY(rseq(p + 32, 33, 1, RSEQ_SIGNATURE));
	TRY(rseq(p, 33, 1, RSEQ_SIGNATURE));
	say("%d %d %d %d %#x\n", words[0], words[1], words[5], words[6], words[7]);
	TRY(rseq(p, 33, 1, RSEQ_SIGNATURE));
}

/* ---- signals ---- */

static volatile int nsignals, at_abort, inside, in_a_section;

static void handler(int sig, siginfo_t *info, void *context)
{
	ucontext_t *at = context;
	uint64_t pc = at->uc_mcontext.__gregs[REG_PC];

	(void)sig, (void)info;
	nsignals++;
	at_abort += pc == (uint64_t)spin_abort;
	inside += pc >= (uint64_t)spin_start && pc < (uint64_t)spin_end;
	in_a_section += area.section != 0;
}

static void alarms(void)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
	struct itimerval soon = { { 0, 10000 }, { 0, 10000 } };

	nsignals = at_abort = inside = in_a_section = 0;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
}

static void no_alarms(void)
{
	setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
}

static void signals(void)
{
	alarms();
	do { /* others may have aborted it, too */
		if (spin(&area, &spinning, &turns) != 1)
			say("the section has ended\n");
	} while (at_abort == 0);
	no_alarms();
	say("at the abort, and not inside: %d, %d\n", inside, in_a_section);
	/* elsewhere, only the pointer is cleared */
	area.section = (uint64_t)&spinning;
	alarms();
	while (nsignals == 0)
		turns++;
	no_alarms();
	say("elsewhere: %d, %d\n", (int)area.section, turns > 0);
}

static volatile uint64_t stopped_at;

static void at_breakpoint(int sig, siginfo_t *info, void *context)
{
	ucontext_t *at = context;

	(void)sig, (void)info;
	stopped_at = at->uc_mcontext.__gregs[REG_PC];
	at->uc_mcontext.__gregs[REG_PC] = (unsigned long)border_out;
}

/* Before the section, its first instruction and its last, and the one behind it: where does the handler come from? */
static void borders(void)
{
	struct sigaction action = { .sa_sigaction = at_breakpoint, .sa_flags = SA_SIGINFO };

	sigaction(SIGTRAP, &action, NULL);
	for (const char *at = border_first; at <= border_end; at += 4) {
		border(&area, &bordered, at);
		say("%d: %s, %d\n", (int)(at - border_start) / 4,
		    stopped_at == (uint64_t)at		   ? "there"
		    : stopped_at == (uint64_t)border_abort ? "aborted"
							   : "elsewhere",
		    (int)area.section);
	}
}

/* ---- what is not as it should be ---- */

static int in_bad(void *section)
{
	begin();
	alarms();
	spin(&area, section, &turns);
	return 1;
}

/* Everything is in its place, but the thread has promised another signature. */
static int with_another_signature(void *section)
{
	libc_rseq_end();
	TRY(rseq(&area, sizeof(area), 0, RSEQ_SIGNATURE + 1));
	alarms();
	spin(&area, section, &turns);
	return 1;
}

static void bad(void)
{
	struct section bad = spinning;

	in_child("as it should be", in_bad, &bad);
	bad.version = 1;
	in_child("a version", in_bad, &bad);
	bad = spinning;
	bad.flags = 1;
	in_child("a flag", in_bad, &bad);
	bad = spinning;
	bad.start = 1ul << 40;
	in_child("a start beyond", in_bad, &bad);
	bad = spinning;
	bad.length = -bad.start;
	in_child("a length that wraps", in_bad, &bad);
	bad = spinning;
	bad.abort = bad.start + 4;
	in_child("an abort within", in_bad, &bad);
	bad = spinning;
	bad.abort += 4;
	in_child("no signature", in_bad, &bad);
	in_child("another signature", with_another_signature, &spinning);
	bad = spinning;
	bad.abort = 0x1000;
	in_child("an abort that is not mapped", in_bad, &bad);
	in_child("a section that is not mapped", in_bad, (void *)0x1000);
	in_child("a section of the kernel", in_bad, (void *)0xffffffc000000000);
	bad = spinning;
	bad.start += 4096;
	bad.abort -= 4096;
	bad.length = 8;
	in_child("another place, no signature", in_bad, &bad);
	area.flags = 1;
	in_child("a flag of the thread", in_bad, &spinning);
	area.flags = 0;
}

/* ---- other threads on the same hart ---- */

#define THREADS 3
#define ADDS	60
#define PAGES	256 /* as add() has it */

static long counter;

static void on_first_hart(void)
{
	cpu_set_t set, one;
	int cpu = 0;

	sched_getaffinity(0, sizeof(set), &set);
	while (!CPU_ISSET(cpu, &set))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

static int is_preempted(void *arg)
{
	pid_t other;

	(void)arg;
	on_first_hart();
	other = fork();
	if (other == 0)
		for (;;)
			turns++;
	begin();
	say("preempted: %ld\n", spin(&area, &spinning, &turns));
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	return 0;
}

/* The pages are missing each time, so that others also come during page faults. */
static void *adds(void *aborts)
{
	char *pages = mmap(NULL, PAGES * PAGE, RW, ANON, -1, 0);

	begin();
	for (int i = 0; i < ADDS; i++) {
		long delay = 100000;

		madvise(pages, PAGES * PAGE, MADV_DONTNEED);
		for (; add(&area, &adding, &counter, delay, pages) != 0; delay /= 2)
			++*(long *)aborts;
	}
	return NULL;
}

/* Returns how many additions were aborted. */
static long add_once(void)
{
	pthread_t threads[THREADS];
	long aborts[THREADS] = { 0 }, all = 0;

	counter = 0;
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, adds, &aborts[i]);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		all += aborts[i];
	}
	return all;
}

/* Until there were some, however fast the machine. */
static int add_together(void *arg)
{
	long aborts;

	(void)arg;
	on_first_hart();
	do {
		aborts = add_once();
		if (counter != THREADS * ADDS)
			say("added: %ld\n", counter);
	} while (aborts == 0);
	say("added all\n");
	return 0;
}

/* ---- harts, children, other images ---- */

/* The area has the number of the hart whenever the program looks. */
static void follow_harts(void)
{
	cpu_set_t set, one;
	int wrong = 0;

	sched_getaffinity(0, sizeof(set), &set);
	for (int turn = 0; turn < 3; turn++)
		for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
			if (!CPU_ISSET(cpu, &set))
				continue;
			CPU_ZERO(&one);
			CPU_SET(cpu, &one);
			sched_setaffinity(0, sizeof(one), &one);
			wrong += (int)*(volatile uint32_t *)&area.cpu_id != cpu ||
				 (int)*(volatile uint32_t *)&area.cpu_id_start != cpu;
		}
	sched_setaffinity(0, sizeof(set), &set);
	say("wrong numbers: %d\n", wrong);
}

/* A new thread has no area, and a child that has its parent's memory copied has its parent's. */
static void *is_not_registered(void *arg)
{
	TRY(rseq(&area, sizeof(area), 1, RSEQ_SIGNATURE));
	TRY(rseq(&area, sizeof(area), 0, RSEQ_SIGNATURE));
	return arg;
}

static int is_registered(void *arg)
{
	(void)arg;
	TRY(rseq(&area, sizeof(area), 0, RSEQ_SIGNATURE));
	follow_harts();
	signals();
	execl("/proc/self/exe", "rseq", "again", NULL);
	return 1;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	(void)argv;
	if (argc > 1) {
		libc_rseq_end();
		TRY(rseq(&area, sizeof(area), 1, RSEQ_SIGNATURE));
		TRY(rseq(&area, sizeof(area), 0, RSEQ_SIGNATURE));
		return 0;
	}
	spinning.start = (uint64_t)spin_start;
	spinning.length = (uint64_t)(spin_end - spin_start);
	spinning.abort = (uint64_t)spin_abort;
	adding.start = (uint64_t)add_start;
	adding.length = (uint64_t)(add_end - add_start);
	adding.abort = (uint64_t)add_abort;
	bordered.start = (uint64_t)border_start;
	bordered.length = (uint64_t)(border_end - border_start);
	bordered.abort = (uint64_t)border_abort;
	registering();
	bad();
	in_child("another thread", is_preempted, NULL);
	in_child("threads", add_together, NULL);
	begin();
	signals();
	borders();
	follow_harts();
	in_child("a child", is_registered, NULL);
	pthread_create(&thread, NULL, is_not_registered, NULL);
	pthread_join(thread, NULL);
	return 0;
}
