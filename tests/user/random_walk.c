/* SPDX-License-Identifier: MIT */
/* R18 R19 R60 R61 R93 R94: a random walk of mmap, munmap, mprotect, madvise, touches and forks
 * against a plain model. */
#include "t.h"

#define N     96
#define STEPS 4000

static struct {
	int mapped, prot;
	char value; /* of the byte at a fixed place in the page */
} model[N];

static char *base = (char *)0x2400000000;
static unsigned long seed = 12345;
static int pipes[2];
static unsigned wrong, forks;

static unsigned rnd(unsigned n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

static char *byte_of(unsigned page)
{
	return base + page * PAGE + page * 37 % PAGE;
}

/* Reads the byte by way of the kernel, so that a refusal is an error and no signal. */
static void check(unsigned i)
{
	char c = 0;
	int ok = write(pipes[1], byte_of(i), 1) == 1 && read(pipes[0], &c, 1) == 1;
	int want = model[i].mapped && (model[i].prot & PROT_READ);

	wrong += ok != want || (ok && c != model[i].value);
}

static void put(unsigned i)
{
	char c = (char)rnd(256);
	int want = model[i].mapped && (model[i].prot & PROT_WRITE), ok;

	if (want && rnd(2)) {
		*byte_of(i) = c;
		model[i].value = c;
		return;
	}
	if (write(pipes[1], &c, 1) != 1)
		wrong++;
	ok = read(pipes[0], byte_of(i), 1) == 1;
	wrong += ok != want;
	if (ok)
		model[i].value = c;
	else if (read(pipes[0], &c, 1) != 1) /* what a refused read left there */
		wrong++;
}

static void verb(unsigned first, unsigned n)
{
	static const int prots[] = { PROT_NONE, PROT_READ, RW, RW };
	unsigned what = rnd(8), holes = 0;
	int prot = prots[rnd(4)];
	char *p = base + first * PAGE;

	for (unsigned i = first; i < first + n; i++)
		holes += !model[i].mapped;
	if (what < 3) {
		wrong += mmap(p, n * PAGE, prot, ANON | MAP_FIXED, -1, 0) != p;
	} else if (what < 5) {
		wrong += munmap(p, n * PAGE) != 0;
	} else if (what < 7) {
		if (holes)
			return;
		wrong += mprotect(p, n * PAGE, prot) != 0;
	} else {
		wrong += (madvise(p, n * PAGE, MADV_DONTNEED) == 0) != (holes == 0);
	}
	for (unsigned i = first; i < first + n; i++) {
		if (what < 3 || what == 7)
			model[i].value = 0;
		if (what < 5)
			model[i].mapped = what < 3;
		if (what < 3 || what == 5 || what == 6)
			model[i].prot = prot;
	}
}

static void walk(unsigned steps, int depth)
{
	int status;

	for (unsigned s = 0; s < steps; s++) {
		unsigned first = rnd(N), n = 1 + rnd(rnd(4) ? 6 : N - first);

		if (rnd(4) == 0)
			verb(first, n > N - first ? N - first : n);
		else if (rnd(2))
			put(first);
		else
			check(first);
		if (depth < 3 && rnd(250) == 0) {
			forks++;
			if (fork() == 0) {
				wrong = pipe(pipes) != 0; /* of its own */
				walk(steps / 8, depth + 1);
				_exit(wrong > 255 ? 255 : (int)wrong);
			}
			if (rnd(2))
				wrong += wait(&status) < 0 || status != 0;
		}
	}
	for (unsigned i = 0; i < N; i++)
		check(i);
	while (wait(&status) > 0)
		wrong += status != 0;
}

int main(void)
{
	if (pipe(pipes) != 0)
		return 1;
	for (int round = 0; round < 4; round++) {
		walk(STEPS, 0);
		say("round %d: %u wrong, %u forks\n", round, wrong, forks);
	}
	return wrong != 0;
}
