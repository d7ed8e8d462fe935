/* SPDX-License-Identifier: MIT */
/* R232: a loop that finds which pages were written since it has looked last: by the program, by the kernel for it, in what way ever. */
#include "scan.h"

#define PAGES  200
#define ROUNDS 60

static char *memory;
static int uffd;
static bool written[PAGES];
static unsigned long missed,
	wrong; /* pages that were not found, or found though nobody had written them */

static unsigned next_random(void)
{
	static unsigned state = 5;

	return (state = state * 1664525u + 1013904223u) >> 8;
}

/* Finds what was written, in pieces of so many regions and pages, and compares it. */
static void compare(size_t nregions, uint64_t npages)
{
	struct scan_arg arg = scan_of(memory, PAGES);
	bool found[PAGES] = { false };

	arg.flags = SCAN_PROTECTS | SCAN_CHECKS;
	arg.category_mask = IS_WRITTEN;
	arg.return_mask = IS_WRITTEN;
	arg.vec_len = nregions;
	arg.max_pages = npages;
	for (; arg.start < arg.end; arg.start = arg.walk_end) {
		const int n = ioctl(scan_map, SCAN, &arg);

		if (n < 0)
			_exit(94);
		for (int i = 0; i < n; i++)
			for (uint64_t at = scanned[i].start; at < scanned[i].end; at += PAGE)
				found[(at - (uintptr_t)memory) / PAGE] = true;
	}
	for (size_t i = 0; i < PAGES; i++) {
		missed += written[i] && !found[i];
		wrong += found[i] && !written[i];
		written[i] = false;
	}
}

static void told(const char *what)
{
	say("%s: %lu missed, %lu wrong\n", what, missed, wrong);
}

static void *write_some(void *arg)
{
	const size_t n = next_random() % 30;

	(void)arg;
	for (size_t i = 0; i < n; i++) {
		const size_t page = next_random() % PAGES;

		memory[page * PAGE + page]++;
		written[page] = true;
	}
	return NULL;
}

/* Writes by calls of the kernel, over the border of two pages. */
static void write_by_kernel(void)
{
	const size_t page = next_random() % (PAGES - 1);
	int fds[2];

	MUST(pipe(fds));
	must_be("write", write(fds[1], "kernel", 6), 6);
	must_be("read", read(fds[0], memory + (page + 1) * PAGE - 3, 6), 6);
	close(fds[0]);
	close(fds[1]);
	written[page] = written[page + 1] = true;
}

/* What only reads, or changes permissions, writes nothing. */
static void use_otherwise(void)
{
	const size_t page = next_random() % (PAGES - 8);
	unsigned char there[8];
	unsigned sum = 0;

	for (size_t i = 0; i < PAGES; i++)
		sum += (unsigned char)memory[i * PAGE];
	if (sum == 1)
		say("odd\n");
	MUST(mprotect(memory + page * PAGE, 8 * PAGE, PROT_READ));
	MUST(mprotect(memory + page * PAGE, 8 * PAGE, RW));
	MUST(mincore(memory + page * PAGE, 8 * PAGE, there));
	MUST(madvise(memory + page * PAGE, 8 * PAGE, MADV_COLD));
}

/* A child has its own pages: what it writes is not written here. */
static void fork_and_write(void)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		for (size_t i = 0; i < PAGES; i++)
			memory[i * PAGE] = 'c';
		_exit(0);
	}
	(void)write_some(NULL);
	must_be("waitpid", waitpid(child, &status, 0), child);
}

/* A page that is dropped has other bytes: zeros. */
static void drop(void)
{
	const size_t page = next_random() % PAGES;

	MUST(madvise(memory + page * PAGE, PAGE, MADV_DONTNEED));
	memory[page * PAGE] = 1;
	written[page] = true;
}

int main(void)
{
	uffd = uffd_open(O_NONBLOCK, UFFD_FEATURE_WP_ASYNC);
	memory = mmap(NULL, PAGES * PAGE, RW, ANON, -1, 0);
	memset(memory, 1, PAGES * PAGE);
	MUST(uffd_register(uffd, memory, PAGES * PAGE, UFFD_WP));
	memset(written, true, sizeof(written));
	compare(SCAN_REGIONS, 0);
	told("all");
	compare(SCAN_REGIONS, 0);
	told("none");
	for (int i = 0; i < ROUNDS; i++) {
		write_some(NULL);
		compare(1 + next_random() % SCAN_REGIONS, 0);
	}
	told("stores");
	for (int i = 0; i < ROUNDS; i++) {
		write_some(NULL);
		compare(SCAN_REGIONS, 1 + next_random() % 9);
	}
	told("in small steps");
	for (int i = 0; i < ROUNDS; i++) {
		write_by_kernel();
		compare(SCAN_REGIONS, 0);
	}
	told("calls of the kernel");
	for (int i = 0; i < ROUNDS; i++) {
		use_otherwise();
		compare(SCAN_REGIONS, 0);
	}
	told("nothing");
	for (int i = 0; i < ROUNDS / 4; i++) {
		fork_and_write();
		compare(SCAN_REGIONS, 0);
	}
	told("beside a child");
	for (int i = 0; i < ROUNDS; i++) {
		drop();
		compare(SCAN_REGIONS, 0);
	}
	told("dropped");
	for (int i = 0; i < ROUNDS; i++) {
		pthread_t thread = start(write_some, NULL);

		join(thread);
		compare(SCAN_REGIONS, 0);
	}
	told("by another thread");
	return 0;
}
