/* SPDX-License-Identifier: MIT */
/* R16 R91 R92 R94 R95 R100 R150. A thread touches a page of each kind, itself and by the kernel, while another changes the map. */
#include "thread.h"

#include <ucontext.h>

#define PAGES  4u
#define LEN    (PAGES * PAGE)
#define ROUNDS 2

/* The verbs change pages 1 and 2. A copy is of all four pages, any other access of page 1. */
#define HERE	    ((char *)0x1a00000000)
#define ELSEWHERE   ((char *)0x1a00100000)
#define CHANGED	    (HERE + PAGE)
#define CHANGED_LEN (2 * PAGE)

#define OLD    'o'
#define NEW    'n'
#define CHILDS 'c'

enum outcome { DONE = 1, NOT_MAPPED = 2, NO_RIGHT = 4, BUS = 8 };

static int file, full, sink;
static pid_t holder; /* a child that has the pages, too */

/* ---- accesses ---- */

static __thread volatile enum outcome outcome;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	(void)context;
	outcome = sig == SIGBUS ? BUS : info->si_code == SEGV_MAPERR ? NOT_MAPPED : NO_RIGHT;
	((ucontext_t *)context)->uc_mcontext.__gregs[REG_PC] += 4;
}

#define INSTRUCTION(text, ...)                                                            \
	__asm__ volatile(".option push\n.option norvc\n" text "\n.option pop" __VA_ARGS__ \
			 : "memory")

static unsigned char load(volatile char *at)
{
	unsigned char value = 0;

	outcome = DONE;
	INSTRUCTION("lbu %0, 0(%1)", : "+&r"(value) : "r"(at));
	return value;
}

static void store(volatile char *at, unsigned char value)
{
	outcome = DONE;
	INSTRUCTION("sb %0, 0(%1)", : : "r"(value), "r"(at));
}

enum access { LOAD, STORE, READ, WRITE, ACCESSES };
static const char *const access_names[] = { "load", "store", "read()", "write()" };

/* What has come of it. */
static struct {
	enum outcome outcome;
	long copied; /* bytes from the first one, or -1 */
	unsigned char value;
} got;

static void do_access(enum access access)
{
	got.copied = -1;
	got.outcome = DONE;
	switch (access) {
	case LOAD:
		got.value = load(CHANGED);
		got.outcome = outcome;
		break;
	case STORE:
		store(CHANGED, NEW);
		got.outcome = outcome;
		break;
	case READ:
		got.copied = pread(full, HERE, LEN, 0);
		break;
	default:
		got.copied = pwrite(sink, HERE, LEN, 0);
		break;
	}
}

/* ---- kinds of pages ---- */

static void map(int flags, int fd)
{
	void *at = mmap(HERE, LEN, RW, flags | MAP_FIXED, fd, 0);

	MUST(at == MAP_FAILED);
}

static void fill_file(void)
{
	static char bytes[LEN];

	memset(bytes, OLD, LEN);
	MUST(ftruncate(file, 0));
	MUST(pwrite(file, bytes, LEN, 0) != LEN);
}

static void make_lazy(void)
{
	map(ANON, -1);
}

static void make_zero_page(void)
{
	map(ANON, -1);
	MUST(not_all(HERE, LEN, 0));
}

static void make_resident(void)
{
	map(ANON, -1);
	memset(HERE, OLD, LEN);
}

static void make_swapped(void)
{
	make_resident();
	for (int i = 0; i < 3; i++)
		MUST(madvise(HERE, LEN, MADV_PAGEOUT));
}

static void hold(void)
{
	holder = fork();
	if (holder == 0)
		wait_for_ever();
	MUST(holder < 0);
}

static void make_cow(void)
{
	make_resident();
	hold();
}

static void make_cow_swapped(void)
{
	make_swapped();
	hold();
}

static void make_shared(void)
{
	map(MAP_SHARED | MAP_ANONYMOUS, -1);
	memset(HERE, OLD, LEN);
}

static void make_file_shared(void)
{
	fill_file();
	map(MAP_SHARED, file);
}

static void make_file_private(void)
{
	fill_file();
	map(MAP_PRIVATE, file);
}

static void make_file_copied(void)
{
	make_file_private();
	memset(HERE, OLD, LEN);
}

static const struct kind {
	const char *name;
	void (*make)(void);
	unsigned char old, renewed; /* as it is, and after MADV_DONTNEED */
	bool shared, of_file;
} kinds[] = {
	{ "lazy", make_lazy, 0, 0, false, false },
	{ "zero page", make_zero_page, 0, 0, false, false },
	{ "resident", make_resident, OLD, 0, false, false },
	{ "swapped", make_swapped, OLD, 0, false, false },
	{ "cow", make_cow, OLD, 0, false, false },
	{ "cow, swapped", make_cow_swapped, OLD, 0, false, false },
	{ "shared", make_shared, OLD, OLD, true, false },
	{ "file, shared", make_file_shared, OLD, OLD, true, true },
	{ "file, private", make_file_private, OLD, OLD, false, true },
	{ "file, copied", make_file_copied, OLD, OLD, false, true },
};
#define KINDS (sizeof(kinds) / sizeof(*kinds))

/* ---- verbs ---- */

static const struct kind *kind;
static int child_status;

static void touch_too(void)
{
	volatile char *at = CHANGED + 8;

	(void)*at;
	at[PAGE] = at[PAGE]; /* a store that changes nothing */
}

static void unmap(void)
{
	MUST(munmap(CHANGED, CHANGED_LEN));
}

static void protect_all(void)
{
	MUST(mprotect(CHANGED, CHANGED_LEN, PROT_NONE));
}

static void protect_writes(void)
{
	MUST(mprotect(CHANGED, CHANGED_LEN, PROT_READ));
}

static void move(void)
{
	const int flags = MREMAP_MAYMOVE | MREMAP_FIXED;

	MUST(mremap(CHANGED, CHANGED_LEN, CHANGED_LEN, flags, ELSEWHERE) != ELSEWHERE);
}

static void forget(void)
{
	MUST(madvise(CHANGED, CHANGED_LEN, MADV_DONTNEED));
}

static void page_out(void)
{
	MUST(madvise(CHANGED, CHANGED_LEN, MADV_PAGEOUT));
}

static void lock(void)
{
	MUST(mlock(CHANGED, CHANGED_LEN));
	MUST(munlock(CHANGED, CHANGED_LEN));
}

static void replace(void)
{
	void *at = mmap(CHANGED, CHANGED_LEN, RW, ANON | MAP_FIXED, -1, 0);

	MUST(at != CHANGED);
}

static void truncate_file(void)
{
	MUST(ftruncate(file, PAGE));
}

static bool is_one_of(unsigned char value, unsigned char a, unsigned char b)
{
	return value == a || value == b;
}

/* The child sees the bytes of some moment, and what it stores is its own. */
static int see_and_store(void)
{
	int bad = 0;

	for (unsigned i = 0; i < LEN; i += 64)
		bad += !is_one_of((unsigned char)HERE[i], kind->old, NEW);
	if (!kind->shared)
		memset(HERE, CHILDS, LEN);
	return bad ? 1 : 0;
}

static void make_child(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(see_and_store());
	MUST(waitpid(pid, &child_status, 0) != pid);
}

static const struct verb {
	const char *name;
	void (*run)(void);
	int outcomes; /* of a store besides DONE */
	enum { STAYS, RENEWED, ZERO, GONE } then;
	bool of_file;
} verbs[] = {
	{ "a touch", touch_too, 0, STAYS, false },
	{ "munmap", unmap, NOT_MAPPED, GONE, false },
	{ "mprotect none", protect_all, NO_RIGHT, STAYS, false },
	{ "mprotect read", protect_writes, NO_RIGHT, STAYS, false },
	{ "mremap", move, NOT_MAPPED, STAYS, false },
	{ "DONTNEED", forget, 0, RENEWED, false },
	{ "PAGEOUT", page_out, 0, STAYS, false },
	{ "mlock", lock, 0, STAYS, false },
	{ "mmap over it", replace, 0, ZERO, false },
	{ "fork", make_child, 0, STAYS, false },
	{ "ftruncate", truncate_file, BUS, ZERO, true },
};
#define VERBS (sizeof(verbs) / sizeof(*verbs))

/* ---- what is right ---- */

static const struct verb *verb;
static enum access access_now;
static int wrong;

static void say_wrong(const char *what, long value)
{
	if (wrong++ < 5)
		say("%s against %s, page %s: %s %ld\n", access_names[access_now], verb->name,
		    kind->name, what, value);
}

/* The last value of a byte that was, or may have been, stored to. */
static bool is_right(unsigned char value, bool changed, bool stored, bool maybe)
{
	unsigned char later = verb->then == RENEWED ? kind->renewed : 0;

	if (changed && verb->then == RENEWED && !kind->shared)
		return value == later || ((stored || maybe) && value == NEW) ||
		       (!stored && value == kind->old && kind->old == later);
	if (changed && verb->then == ZERO)
		return value == 0 || (verb->run == replace && (stored || maybe) && value == NEW);
	if (stored)
		return value == NEW;
	return value == kind->old || (maybe && value == NEW);
}

static void check_outcome(void)
{
	int possible = DONE | verb->outcomes;

	if (access_now == LOAD && verb->run == protect_writes)
		possible = DONE;
	if (!(got.outcome & possible))
		say_wrong("signal", got.outcome);
	if (access_now == READ || access_now == WRITE) {
		bool is_part = got.copied >= (long)PAGE && got.copied < (long)LEN && verb->outcomes;

		if (got.copied != (long)LEN && !is_part)
			say_wrong("bytes copied", got.copied);
	}
}

/* What was read is what was there at some time. */
static void check_value(unsigned char value, bool changed)
{
	bool is_other = changed && ((verb->then == RENEWED && value == kind->renewed) ||
				    (verb->then == ZERO && value == 0));

	if (value != kind->old && !is_other)
		say_wrong("was read:", value);
}

static void check_page(unsigned page)
{
	bool changed = page == 1 || page == 2;
	char *at = HERE + page * PAGE;

	if (changed && verb->run == move)
		at = ELSEWHERE + (page - 1) * PAGE;
	for (unsigned i = 0; i < PAGE; i += 1024) {
		long offset = page * (long)PAGE + i;
		bool stored =
			(access_now == STORE && offset == (long)PAGE && got.outcome == DONE) ||
			(access_now == READ && offset < got.copied);

		if (!is_right((unsigned char)at[i], changed, stored, access_now == READ))
			say_wrong("is left:", at[i]);
	}
}

static void check_round(void)
{
	static char bytes[LEN];

	check_outcome();
	if (access_now == LOAD && got.outcome == DONE)
		check_value(got.value, true);
	if (access_now == WRITE && got.copied > 0) {
		MUST(pread(sink, bytes, (size_t)got.copied, 0) != got.copied);
		for (long i = 0; i < got.copied; i += 1024)
			check_value((unsigned char)bytes[i], i >= (long)PAGE && i < 3 * (long)PAGE);
	}
	if (verb->run == protect_all || verb->run == protect_writes)
		MUST(mprotect(CHANGED, CHANGED_LEN, RW));
	if (verb->run == truncate_file)
		MUST(ftruncate(file, LEN));
	for (unsigned page = 0; page < PAGES; page++)
		if (page == 0 || (page == 3 && verb->run != truncate_file) ||
		    (page != 3 && verb->then != GONE))
			check_page(page);
	if (verb->run == make_child && child_status != 0)
		say_wrong("the child's status:", child_status);
}

/* ---- rounds ---- */

static pthread_barrier_t barrier;
static bool all_done;
static int round_now;

static void *change(void *unused)
{
	for (;;) {
		pthread_barrier_wait(&barrier);
		if (all_done)
			return unused;
		if (round_now % 2 == 0)
			sched_yield();
		verb->run();
		pthread_barrier_wait(&barrier);
	}
}

static void run_round(void)
{
	kind->make();
	pthread_barrier_wait(&barrier);
	if (round_now % 2 == 1)
		sched_yield();
	do_access(access_now);
	pthread_barrier_wait(&barrier);
	check_round();
	if (holder) {
		MUST(kill(holder, SIGKILL));
		MUST(waitpid(holder, NULL, 0) != holder);
		holder = 0;
	}
	MUST(munmap(HERE, LEN));
	MUST(munmap(ELSEWHERE, LEN));
}

/* Whatever another thread changes of a page meanwhile, an access ends as if it came before that or after it. */
static void all_pairs(void)
{
	pthread_t thread;

	MUST(pthread_barrier_init(&barrier, NULL, 2));
	thread = start(change, NULL);
	for (kind = kinds; kind < kinds + KINDS; kind++) {
		int rounds = 0;

		wrong = 0;
		for (verb = verbs; verb < verbs + VERBS; verb++) {
			if (verb->of_file && !kind->of_file)
				continue;
			for (access_now = LOAD; access_now < ACCESSES; access_now++)
				for (round_now = 0; round_now < ROUNDS; round_now++, rounds++)
					run_round();
		}
		say("%s: %d rounds, %d wrong\n", kind->name, rounds, wrong);
	}
	all_done = true;
	pthread_barrier_wait(&barrier);
	join(thread);
}

/* ---- two threads on one page ---- */

static void *add_one(void *at)
{
	pthread_barrier_wait(&barrier);
	for (unsigned page = 0; page < PAGES; page++)
		__atomic_fetch_add((int *)((char *)at + page * PAGE + 64), 1, __ATOMIC_SEQ_CST);
	return NULL;
}

/* Threads that store to a page for the first time at once get the same page. */
static void one_page(void)
{
	int bad = 0;

	for (kind = kinds; kind < kinds + KINDS; kind++) {
		for (int i = 0; i < 4; i++) {
			pthread_t threads[2];
			int before;

			kind->make();
			memset(&before, kind->old, sizeof(before));
			threads[0] = start(add_one, HERE);
			threads[1] = start(add_one, HERE);
			join(threads[0]);
			join(threads[1]);
			for (unsigned page = 0; page < PAGES; page++)
				bad += *(int *)(HERE + page * PAGE + 64) != before + 2;
			if (holder) {
				MUST(kill(holder, SIGKILL));
				MUST(waitpid(holder, NULL, 0) != holder);
				holder = 0;
			}
			MUST(munmap(HERE, LEN));
		}
	}
	say("two on one page: %d wrong\n", bad);
}

/* ---- exec ---- */

static char program[200];

static void *exec_now(void *unused)
{
	char *const words[] = { "thread_faults", "quiet", NULL };

	sched_yield();
	execv(program, words);
	return unused;
}

/* Faults of one thread on a page of this kind, and then on new ones, until another has called exec. */
static void fault_until_exec(void)
{
	kind->make();
	start(exec_now, NULL);
	do_access(access_now);
	for (;;) {
		volatile char *at = anon(PAGE);

		*at = 1;
		MUST(munmap((void *)at, PAGE));
	}
}

/* An exec ends threads that are in the middle of a fault. */
static void execs(void)
{
	int good = 0, status;

	for (kind = kinds; kind < kinds + KINDS; kind++) {
		for (access_now = LOAD; access_now < ACCESSES; access_now++) {
			pid_t pid = fork();

			if (pid == 0)
				fault_until_exec();
			MUST(waitpid(pid, &status, 0) != pid);
			good += status == 33 << 8;
		}
	}
	say("exec: %d of %zu\n", good, KINDS * ACCESSES);
}

/* ---- a stack that grows beside what another thread maps ---- */

#define STACK	  ((char *)0x1b00000000)
#define STACK_LEN (8 * PAGE)

static size_t their_distance; /* of their page below the stack */
static bool they_mapped, they_unmap;

static void *map_below(void *unused)
{
	char *at = STACK - their_distance, *is;

	pthread_barrier_wait(&barrier);
	if (they_unmap) {
		MUST(munmap(STACK, 4 * PAGE));
		return unused;
	}
	is = mmap(at, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0);
	they_mapped = is == at;
	if (is == MAP_FAILED)
		must_be("errno", errno, EEXIST);
	else
		at[1] = NEW;
	return unused;
}

/*
 * The page below the stack: it grows there; or it does not, since something is mapped near it; or
 * another's page is there.
 */
static void grow_beside(const char *what, size_t distance, bool unmaps)
{
	int bad = 0;

	their_distance = distance;
	they_unmap = unmaps;
	for (round_now = 0; round_now < 12; round_now++) {
		char *at = STACK - PAGE;
		pthread_t thread;
		enum outcome mine;

		MUST(mmap(STACK, STACK_LEN, RW, ANON | MAP_FIXED | MAP_GROWSDOWN, -1, 0) != STACK);
		they_mapped = false;
		thread = start(map_below, NULL);
		pthread_barrier_wait(&barrier);
		if (round_now % 2)
			sched_yield();
		store(at, OLD);
		mine = outcome;
		join(thread);
		bad += mine != DONE && mine != NOT_MAPPED;
		if (mine == DONE)
			bad += load(at) != OLD || outcome != DONE;
		if (they_mapped)
			bad += load(STACK - distance + 1) != NEW || outcome != DONE;
		if (!unmaps)
			bad += mine != DONE && !they_mapped;
		MUST(munmap(STACK - MIB, MIB + STACK_LEN));
	}
	say("a stack beside %s: %d wrong\n", what, bad);
}

static void stacks(void)
{
	grow_beside("a page in its gap", 100 * PAGE, false);
	grow_beside("a page where it grows", PAGE, false);
	grow_beside("a page next to that", 2 * PAGE, false);
	grow_beside("an end that is cut off", 0, true);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	static char bytes[LEN];

	if (argc > 1 && strcmp(argv[1], "quiet") == 0)
		return 33;
	MUST(readlink("/proc/self/exe", program, sizeof(program) - 1) < 0);
	MUST(sigaction(SIGSEGV, &action, NULL));
	MUST(sigaction(SIGBUS, &action, NULL));
	MUST((file = memfd_create("file", 0)) < 0);
	MUST((full = memfd_create("full", 0)) < 0);
	MUST((sink = memfd_create("sink", 0)) < 0);
	memset(bytes, NEW, LEN);
	MUST(pwrite(full, bytes, LEN, 0) != LEN);
	all_pairs();
	one_page();
	execs();
	stacks();
	return 0;
}
