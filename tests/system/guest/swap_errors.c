/* SPDX-License-Identifier: MIT */
/* Swaps on a disk that may fail: counts the pages that can't be read, and checks all the others. */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE  4096ul
#define WORDS (PAGE / sizeof(uint64_t))

static sigjmp_buf after;
static siginfo_t info;
static uint64_t *array;
static size_t npages;
static bool *failed; /* by page, in the first round */

static void handle(int sig, siginfo_t *siginfo, void *context)
{
	(void)sig, (void)context;
	info = *siginfo;
	siglongjmp(after, 1);
}

static void set_handler(void)
{
	struct sigaction action = { .sa_sigaction = handle, .sa_flags = SA_SIGINFO };

	sigaction(SIGBUS, &action, NULL);
}

static void fill(size_t page)
{
	for (size_t i = 0; i < WORDS; i++)
		array[page * WORDS + i] = page * WORDS + i;
}

/* Returns 1 if the page is right, 0 if it isn't, and -1 if it can't be read. */
static int check(size_t page)
{
	if (sigsetjmp(after, 1))
		return -1;
	for (size_t i = 0; i < WORDS; i++)
		if (((volatile uint64_t *)array)[page * WORDS + i] != page * WORDS + i)
			return 0;
	return 1;
}

static bool is_signal_of(size_t page)
{
	return info.si_signo == SIGBUS && info.si_code == BUS_ADRERR &&
	       info.si_addr == (void *)&array[page * WORDS];
}

/* Goes through all pages. Returns the last one that can't be read, or npages. */
static size_t go_through(const char *name, bool first)
{
	size_t last = npages, unread = 0, wrong = 0, others = 0, odd = 0;

	for (size_t page = 0; page < npages; page++) {
		int is = check(page);

		wrong += is == 0;
		if (first)
			failed[page] = is < 0;
		others += failed[page] != (is < 0);
		if (is >= 0)
			continue;
		odd += !is_signal_of(page);
		unread++;
		last = page;
	}
	printf("%s: unread %zu wrong %zu others %zu odd %zu\n", name, unread, wrong, others, odd);
	return last;
}

static void store(size_t page)
{
	if (sigsetjmp(after, 1)) {
		printf("a store: signal %d\n", info.si_signo);
		return;
	}
	array[page * WORDS] = 1;
	printf("a store: done\n");
}

/* All that may be done with a page that can't be read. */
static void use_unread(size_t page)
{
	const char *bytes = (const char *)&array[page * WORDS];
	int pipes[2], status;
	ssize_t n;
	pid_t pid;

	if (pipe(pipes) != 0)
		exit(92);
	n = write(pipes[1], bytes, 1);
	printf("a copy: %s\n", n < 0 ? strerrorname_np(errno) : "done");
	store(page);
	pid = fork();
	if (pid == 0) {
		signal(SIGBUS, SIG_DFL);
		_exit(*(const volatile char *)bytes);
	}
	waitpid(pid, &status, 0);
	printf("a child: signal %d\n", WTERMSIG(status));
	madvise(&array[page * WORDS], PAGE, MADV_DONTNEED);
	printf("let go: %d\n", *(const volatile char *)bytes);
}

static uint64_t *map(void)
{
	uint64_t *at = mmap(NULL, npages * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		exit(93);
	return at;
}

/* swap_errors MIB: uses so much memory, with the disk for swap, and then half as much. */
int main(int argc, char **argv)
{
	size_t unread;

	setvbuf(stdout, NULL, _IONBF, 0);
	npages = (argc > 1 ? strtoul(argv[1], NULL, 10) : 1) << 8;
	failed = calloc(npages, 1);
	if (!failed || swapon("/dev/vda", 0) != 0)
		return 91;
	set_handler();
	array = map();
	for (size_t page = 0; page < npages; page++)
		fill(page);
	unread = go_through("once", true);
	go_through("twice", false);
	if (unread < npages)
		use_unread(unread);
	munmap(array, npages * PAGE);
	npages /= 2;
	array = map();
	memset(failed, 0, npages);
	for (size_t page = 0; page < npages; page++)
		fill(page);
	go_through("afterwards", false);
	return 0;
}
