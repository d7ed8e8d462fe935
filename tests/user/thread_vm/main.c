/* SPDX-License-Identifier: MIT */
/* R90 R91 R92 R94 R95 R100 R150: threads of one space take random steps of the mmap family at once; what they may rely on holds. */

/*
 * thread_vm SEED[-LAST] THREADS ROUNDS STEPS [BALLAST_MIB]: between two barriers each thread takes its steps; some are a child's.
 * Prints what was wrong, so the output is the same however the threads take turns.
 */
#include "thread_vm.h"

#define CHILD_STEPS 12

struct common *common;
unsigned nthreads;
__thread unsigned me;
bool is_child;

static __thread uint64_t chance;
static uint64_t seed;
static unsigned rounds, steps;
static pthread_barrier_t barrier;

/* ---- chance ---- */

void chance_begin(uint64_t from)
{
	chance = from;
}

uint64_t chance_word(void)
{
	uint64_t z = chance += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

unsigned rnd(unsigned n)
{
	return (unsigned)(chance_word() >> 32) % n;
}

bool one_in(unsigned n)
{
	return rnd(n) == 0;
}

/* ---- what is told ---- */

void wrong(const char *fmt, ...)
{
	char text[300];
	va_list ap;

	if (__atomic_add_fetch(&common->wrong, 1, __ATOMIC_SEQ_CST) > 20)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	say("thread %u%s: %s\n", me, is_child ? "'s child" : "", text);
}

void see(enum event event)
{
	if (!(__atomic_load_n(&common->seen, __ATOMIC_RELAXED) & 1u << event))
		__atomic_fetch_or(&common->seen, 1u << event, __ATOMIC_RELAXED);
}

void tell_unseen(void)
{
	static const char *const names[EVENTS] = {
		[SEEN_LOAD] = "a load",
		[SEEN_STORE] = "a store",
		[SEEN_NOT_MAPPED] = "a page that is not mapped",
		[SEEN_NO_RIGHT] = "a page without the right",
		[SEEN_BUS] = "a page behind the end of its file",
		[SEEN_COPY] = "a copy",
		[SEEN_REFUSED_COPY] = "a copy that is refused",
		[SEEN_MOVE] = "a move",
		[SEEN_REFUSED_MOVE] = "a move that is refused",
		[SEEN_HEAP_MOVED] = "another break",
		[SEEN_FORK] = "a child",
		[SEEN_READ_ONLY] = "a store to what another thread has made read-only",
	};

	for (int i = 0; i < EVENTS; i++)
		if (!(common->seen & 1u << i))
			say("not seen: %s\n", names[i]);
}

/* ---- steps ---- */

static void step(void)
{
	switch (rnd(4)) {
	case 0:
		kept_step();
		break;
	case 1:
		shared_step();
		break;
	default:
		own_step();
		break;
	}
}

/* The child has one thread, whose pages are its own, and which does not see what the others do now. */
static void be_child(void)
{
	is_child = true;
	own_check();
	kept_check();
	for (int i = 0; i < CHILD_STEPS; i++)
		step();
	own_check();
	_exit(31);
}

static void fork_one(void)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		be_child();
	if (pid < 0) {
		wrong("fork: %s", strerrorname_np(errno));
		return;
	}
	MUST(waitpid(pid, &status, 0) != pid);
	if (status != 31 << 8)
		wrong("a child's status: %#x", status);
	see(SEEN_FORK);
}

/* All threads, and a child of each, see the same bytes where nobody changes any. */
static void check_all(void)
{
	int status = -1;
	uint64_t hash;
	pid_t pid;

	own_check();
	kept_check();
	hash = common->hashes[me] = shared_hash();
	pthread_barrier_wait(&barrier);
	if (hash != common->hashes[0])
		wrong("another hash than thread 0's");
	if (me == 0) {
		/* What is not for children is no longer so; what is wiped in them stays. */
		pid = fork();
		if (pid == 0) {
			is_child = true;
			own_check();
			kept_check();
			(void)shared_hash();
			_exit(32);
		}
		MUST(waitpid(pid, &status, 0) != pid);
		if (status != 32 << 8)
			wrong("a child's status: %#x", status);
	}
	pthread_barrier_wait(&barrier);
}

static void *run(void *number)
{
	me = (unsigned)(long)number;
	chance_begin(seed * 1000 + me);
	for (unsigned round = 0; round < rounds; round++) {
		pthread_barrier_wait(&barrier);
		for (unsigned i = 0; i < steps; i++) {
			if (one_in(100))
				fork_one();
			else
				step();
		}
		pthread_barrier_wait(&barrier);
		check_all();
	}
	return NULL;
}

static void run_all(size_t ballast)
{
	pthread_t threads[MOST_THREADS];

	common = mmap(NULL, sizeof(*common), RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	MUST(common == MAP_FAILED);
	MUST(pthread_barrier_init(&barrier, NULL, nthreads));
	access_begin();
	own_begin();
	shared_begin();
	kept_begin(ballast);
	start_all(threads, nthreads, run);
	(void)join_all(threads, nthreads);
	tell_unseen();
	say("seed %lu: %u threads, %u wrong\n", seed, nthreads, common->wrong);
}

/* Each seed has a process of its own. */
int main(int argc, char **argv)
{
	size_t ballast = argc > 5 ? strtoul(argv[5], NULL, 10) * MIB : 0;
	uint64_t last;
	char *end;
	int status;

	if (argc < 5)
		return 2;
	seed = last = strtoul(argv[1], &end, 10);
	if (*end == '-')
		last = strtoul(end + 1, NULL, 10);
	nthreads = (unsigned)atoi(argv[2]);
	rounds = (unsigned)atoi(argv[3]);
	steps = (unsigned)atoi(argv[4]);
	if (nthreads < 1 || nthreads > MOST_THREADS)
		return 2;
	for (; seed <= last; seed++) {
		if (fork() == 0) {
			run_all(ballast);
			_exit(common->wrong != 0);
		}
		if (wait(&status) < 0 || status != 0)
			ended("a seed", status);
	}
	return 0;
}
