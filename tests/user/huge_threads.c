/* SPDX-License-Identifier: MIT */
/* R14 R60 R90 R92 R93 R94: threads change stripes of blocks that huge pages map, each its own: nobody loses what others do there. */

/*
 * huge_threads [SEED ROUNDS STEPS]: at the beginning of a round the memory is new. Then each thread takes random steps in its stripes, of which
 * each block has one for each thread. It knows what all of its pages hold, and what a child of fork has to find in them.
 */
#include "t.h"

#include <pthread.h>

#define HUGE	(2 * MIB)
#define BLOCKS	4u
#define THREADS 3u
#define STRIPE	60u /* pages */
#define STRIPES 2u  /* of each thread in each block */
#define MINE	(BLOCKS * STRIPES * STRIPE)
#define PAGEOUT 21

enum state { GONE, READABLE, WRITABLE };

struct owner {
	unsigned me;
	uint64_t chance;
	unsigned char value[MINE], state[MINE];
};

static unsigned char *memory;
static pthread_barrier_t barrier;
static unsigned seed = 1, rounds = 3, steps = 60;

static unsigned rnd(struct owner *o, unsigned n)
{
	o->chance = o->chance * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(o->chance >> 33) % n;
}

/* Page i of the owner's: stripes of all threads follow one another, and begin one page after their block. */
static unsigned char *page_of(const struct owner *o, unsigned i)
{
	unsigned stripe = i / STRIPE, block = stripe / STRIPES;
	unsigned at = 1 + (stripe % STRIPES * THREADS + o->me) * STRIPE + i % STRIPE;

	return memory + block * HUGE + at * PAGE;
}

static void must(int bad, const char *what, const struct owner *o, unsigned page)
{
	if (!bad)
		return;
	say("%s: thread %u, page %u: %s\n", what, o->me, page, strerrorname_np(errno));
	_exit(1);
}

static void check_page(const struct owner *o, unsigned i)
{
	volatile unsigned char *at = page_of(o, i);

	if (o->state[i] == GONE)
		return;
	must(at[o->me] != o->value[i], "a store is lost", o, i);
	must(at[PAGE - 1] != 0, "a byte that nobody has stored", o, i);
}

static void check_all(const struct owner *o)
{
	for (unsigned i = 0; i < MINE; i++)
		check_page(o, i);
}

static void store(struct owner *o, unsigned i, unsigned char value)
{
	if (o->state[i] != WRITABLE)
		return;
	check_page(o, i);
	page_of(o, i)[o->me] = o->value[i] = value;
}

/* Each page is mapped again before its stripe is used as a whole. */
static void renew(struct owner *o, unsigned first, unsigned n)
{
	unsigned char *at = page_of(o, first);

	must(mmap(at, n * PAGE, RW, ANON | MAP_FIXED, -1, 0) != at, "mmap", o, first);
	must(madvise(at, n * PAGE, MADV_HUGEPAGE), "MADV_HUGEPAGE", o, first);
	memset(o->value + first, 0, n);
	memset(o->state + first, WRITABLE, n);
}

static int is_there(const struct owner *o, unsigned first, unsigned n)
{
	for (unsigned i = first; i < first + n; i++)
		if (o->state[i] == GONE)
			return 0;
	return 1;
}

/* A child finds the owner's pages as they are now, and keeps its own stores to itself. */
static void fork_child(struct owner *o)
{
	int status;
	pid_t child = fork();

	must(child < 0, "fork", o, 0);
	if (child == 0) {
		check_all(o);
		for (unsigned i = rnd(o, 50); i < MINE; i += 1 + rnd(o, 50))
			store(o, i, (unsigned char)rnd(o, 256));
		check_all(o);
		_exit(0);
	}
	for (unsigned i = 0; i < MINE; i += 1 + rnd(o, 30))
		store(o, i, (unsigned char)rnd(o, 256));
	must(waitpid(child, &status, 0) != child || status, "the child", o, 0);
}

/* To another stripe, whose pages go. */
static void move(struct owner *o, unsigned first, unsigned n)
{
	unsigned to = rnd(o, MINE / STRIPE) * STRIPE + first % STRIPE;

	if (to / STRIPE == first / STRIPE)
		return;
	for (unsigned i = 1; i < n; i++) /* of one VMA, as far as that can be known */
		if (o->state[first + i] != o->state[first])
			return;
	if (mremap(page_of(o, first), n * PAGE, n * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		   page_of(o, to)) == MAP_FAILED) {
		must(errno != EFAULT, "mremap", o, first);
		renew(o, to, n);
		return;
	}
	memcpy(o->value + to, o->value + first, n);
	memcpy(o->state + to, o->state + first, n);
	memset(o->state + first, GONE, n);
}

static void step(struct owner *o)
{
	unsigned first = rnd(o, MINE / STRIPE) * STRIPE + rnd(o, STRIPE);
	unsigned n = 1 + rnd(o, STRIPE - first % STRIPE);
	unsigned char *at = page_of(o, first);
	unsigned what = rnd(o, 20);

	if (what >= 5 && what < 14 && !is_there(o, first, n))
		what = 4;
	switch (what) {
	default:
		for (unsigned i = first; i < first + n; i++)
			store(o, i, (unsigned char)rnd(o, 256));
		break;
	case 4:
		renew(o, first, n);
		break;
	case 5:
	case 6:
		must(munmap(at, n * PAGE), "munmap", o, first);
		memset(o->state + first, GONE, n);
		break;
	case 7:
	case 8:
		must(madvise(at, n * PAGE, MADV_DONTNEED), "MADV_DONTNEED", o, first);
		memset(o->value + first, 0, n);
		break;
	case 9:
		must(mprotect(at, n * PAGE, PROT_READ), "mprotect", o, first);
		memset(o->state + first, READABLE, n);
		break;
	case 10:
		must(mprotect(at, n * PAGE, RW), "mprotect", o, first);
		memset(o->state + first, WRITABLE, n);
		break;
	case 11:
		must(madvise(at, n * PAGE, PAGEOUT), "MADV_PAGEOUT", o, first);
		break;
	case 12:
		move(o, first, n);
		break;
	case 13:
		must(mlock(at, n * PAGE) && errno != ENOMEM && errno != EAGAIN, "mlock", o, first);
		must(munlock(at, n * PAGE), "munlock", o, first);
		break;
	case 14:
		fork_child(o);
		break;
	case 15:
		check_all(o);
		break;
	}
}

static void *run(void *arg)
{
	struct owner *o = arg;

	for (unsigned round = 0; round < rounds; round++) {
		if (o->me == 0) {
			munmap(memory, BLOCKS * HUGE);
			must(mmap(memory, BLOCKS * HUGE, RW, ANON | MAP_FIXED, -1, 0) != memory,
			     "mmap", o, 0);
			must(madvise(memory, BLOCKS * HUGE, MADV_HUGEPAGE), "MADV_HUGEPAGE", o, 0);
		}
		memset(o->value, 0, MINE);
		memset(o->state, WRITABLE, MINE);
		pthread_barrier_wait(&barrier);
		for (unsigned i = 0; i < steps; i++)
			step(o);
		check_all(o);
		pthread_barrier_wait(&barrier);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	static struct owner owners[THREADS];
	pthread_t threads[THREADS];
	char *at = mmap(NULL, (BLOCKS + 1) * HUGE, PROT_NONE, ANON, -1, 0);

	if (argc == 4) {
		seed = (unsigned)atoi(argv[1]);
		rounds = (unsigned)atoi(argv[2]);
		steps = (unsigned)atoi(argv[3]);
	}
	memory = (unsigned char *)(((uintptr_t)at + HUGE - 1) & ~(HUGE - 1));
	pthread_barrier_init(&barrier, NULL, THREADS);
	for (unsigned i = 0; i < THREADS; i++) {
		owners[i].me = i;
		owners[i].chance = seed * 1000 + i;
		pthread_create(&threads[i], NULL, run, &owners[i]);
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	say("%u rounds\n", rounds);
	return 0;
}
