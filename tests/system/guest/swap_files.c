/* SPDX-License-Identifier: MIT */
/* swap_files KEEP: files take all they may, KEEP MiB of it stay, and the swap disk goes, with which they may take less. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <unistd.h>

#define PAGE  4096ul
#define MIB   (1ul << 20)
#define PAGES (64 * MIB / PAGE) /* of the file, most of which are holes */
#define DISK  "/dev/vda"

static sigjmp_buf bus;
static volatile uint64_t *words; /* the file is mapped here */

static void stop(const char *what)
{
	fprintf(stderr, "swap_files: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void report(const char *what, int result)
{
	printf("%s: %s\n", what, result < 0 ? strerrorname_np(errno) : "done");
}

static void on_bus(int signal)
{
	(void)signal;
	siglongjmp(bus, 1);
}

static uint64_t word_of(size_t page, unsigned turn)
{
	return (page + 1) * 0x9e3779b97f4a7c15ul + turn;
}

static volatile uint64_t *word_at(size_t page)
{
	return &words[page * PAGE / 8 + page % 512];
}

/* Stores to a page that was a hole. */
static void store_to_hole(const char *when, size_t page)
{
	if (sigsetjmp(bus, 1)) {
		printf("a store to a hole, %s: SIGBUS\n", when);
		return;
	}
	*word_at(page) = 1;
	printf("a store to a hole, %s: done\n", when);
}

/* All pages have what was stored in the last turn; they get what this one stores. */
static void go_through(const char *when, size_t npages, unsigned turn)
{
	size_t volatile page = 0;

	if (sigsetjmp(bus, 1)) {
		fprintf(stderr, "swap_files: %s: SIGBUS at page %zu of %zu\n", when, page, npages);
		exit(1);
	}
	for (; page < npages; page++) {
		if (*word_at(page) != word_of(page, turn - 1)) {
			fprintf(stderr, "swap_files: %s: page %zu is wrong\n", when, page);
			exit(1);
		}
		*word_at(page) = word_of(page, turn);
	}
}

/* Writes pages until there is no room. Returns how many. */
static size_t fill(int fd)
{
	size_t n = 0;

	for (uint64_t page[512]; n < PAGES; n++) {
		memset(page, 0, sizeof(page));
		page[n % 512] = word_of(n, 0);
		if (pwrite(fd, page, PAGE, (off_t)(n * PAGE)) != (ssize_t)PAGE)
			break;
		(void)*word_at(n); /* only what is mapped can be sent out */
	}
	return n;
}

static void send_out(size_t npages)
{
	static unsigned char there[PAGES];
	size_t nthere = 0;

	if (madvise((void *)words, npages * PAGE, MADV_PAGEOUT) ||
	    mincore((void *)words, npages * PAGE, there))
		stop("madvise");
	for (size_t i = 0; i < npages; i++)
		nthere += there[i] & 1;
	if (nthere > npages / 2)
		printf("%zu of %zu pages are still there\n", nthere, npages);
}

int main(int argc, char **argv)
{
	size_t kept = argc > 1 ? strtoul(argv[1], NULL, 10) * MIB / PAGE : 0, full;
	int fd = open("/tmp/file", O_RDWR | O_CREAT, 0600);
	uint64_t word = 1;

	if (fd < 0 || !kept || ftruncate(fd, PAGES * PAGE))
		stop("arguments");
	words = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (words == MAP_FAILED)
		stop("mmap");
	signal(SIGBUS, on_bus);
	full = fill(fd);
	report("full", -1);
	if (full <= kept)
		stop("fewer pages than are kept");
	send_out(full);
	store_to_hole("full", PAGES - 1);
	go_through("full", full, 1);
	if (ftruncate(fd, (off_t)(kept * PAGE)) || ftruncate(fd, PAGES * PAGE))
		stop("ftruncate");
	send_out(kept);
	report("off", swapoff(DISK));
	store_to_hole("without swap", PAGES - 1);
	report("a write to a hole", (int)pwrite(fd, &word, sizeof(word), (PAGES - 2) * PAGE));
	if (pread(fd, &word, sizeof(word), (PAGES - 2) * PAGE) != sizeof(word) || word)
		stop("a hole");
	go_through("without swap", kept, 2);
	report("another name", rename("/tmp/file", "/tmp/other"));
	report("on", swapon(DISK, 0));
	store_to_hole("with swap", PAGES - 1);
	send_out(kept);
	go_through("with swap", kept, 3);
	return 0;
}
