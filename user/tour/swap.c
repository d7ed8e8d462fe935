/* SPDX-License-Identifier: MIT */
/* Stop 10: swap. A child uses four times the memory that is left, and draws where its pages are. */
/*
 * To make memory short on any machine, the child first locks all but a few MiB. All of this ends
 * with the child, and the tour goes on even if the kernel has to kill it.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tour.h"

#define MOST_LEFT   (8 * MIB) /* that the child does not lock */
#define LEAST_LEFT  (2 * MIB)
#define MOST_LOCKED (1 * GIB) /* more would take longer than people like to wait */
#define TIMES	    4	      /* the set is so many times as large as what is left */
#define PARTS	    4	      /* rows of a walk over the set */
#define DRAWN	    4	      /* drawings of a row on a terminal, while the walk goes on */
#define CELLS	    32	      /* of the strip */
#define FEW	    16	      /* the last rows read one page of so many */
#define LABEL_WIDTH 11

#define WORDS	  (PAGE / sizeof(uint64_t))
#define STEP	  0x9e3779b97f4a7c15ul /* odd: no two words of a page are equal */
#define PAGE_STEP 0xbf58476d1ce4e5b9ul

/* The child's status. */
#define REFUSED 2 /* it did not get its memory */
#define WRONG	3 /* it has read a wrong byte */

/* The child's pages. */
struct set {
	uint64_t *words;
	size_t npages;
	size_t written;	     /* pages before this one have been written to */
	struct paging shown; /* what had been counted when the last row was complete */
	bool animated;
};

/* How many pages are where. `cached` pages are in memory, but no entry maps them. */
struct places {
	size_t mapped, cached, out;
};

_Noreturn static void quit(int status)
{
	fflush(stdout);
	_exit(status);
}

/* ---- the pages ---- */

static void write_page(uint64_t *words, size_t page)
{
	for (size_t i = 0; i < WORDS; i++)
		words[i] = (page + 1) * PAGE_STEP + i * STEP;
}

static void tour_swap_check_page(const uint64_t *words, size_t page)
{
	uint64_t wrong = 0;

	for (size_t i = 0; i < WORDS; i++)
		wrong |= words[i] ^ ((page + 1) * PAGE_STEP + i * STEP);
	if (wrong)
		quit(WRONG);
}

/* Writes the pages from `from` to the one before `to`, or reads and checks them. */
static void tour_swap_touch(struct set *set, size_t from, size_t to, bool write)
{
	for (size_t page = from; page < to; page++) {
		if (write)
			write_page(set->words + page * WORDS, page);
		else
			tour_swap_check_page(set->words + page * WORDS, page);
	}
	if (write)
		set->written = to;
}

/* ---- the picture ---- */

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Looks where the pages of a cell are. Looking does not touch them. */
static struct places tour_swap_look(const struct set *set, size_t from, size_t to)
{
	static unsigned char resident[TIMES * MOST_LEFT / PAGE / CELLS];
	struct places places = { 0 };

	if (mincore(set->words + from * WORDS, (to - from) * PAGE, resident) != 0)
		quit(REFUSED);
	to = least(to, set->written);
	for (size_t page = from; page < to; page++) {
		if (!(resident[page - from] & 1))
			places.out++;
		else if (page_frame(set->words + page * WORDS) == 0)
			places.cached++;
		else
			places.mapped++;
	}
	return places;
}

static void draw_cell(const struct places *places, size_t npages)
{
	size_t untouched = npages - places->mapped - places->cached - places->out;
	size_t in_memory = places->mapped + places->cached;

	if (untouched > in_memory + places->out)
		paint(DIM, "·");
	else if (places->out > in_memory)
		paint(DIM, "░");
	else if (places->cached > places->mapped)
		paint(YELLOW, "▒");
	else
		paint(GREEN, "█");
}

static struct places draw_strip(const struct set *set)
{
	size_t cell = set->npages / CELLS;
	struct places sum = { 0 };

	printf("│");
	for (size_t i = 0; i < CELLS; i++) {
		struct places places = tour_swap_look(set, i * cell, (i + 1) * cell);

		draw_cell(&places, cell);
		sum.mapped += places.mapped;
		sum.cached += places.cached;
		sum.out += places.out;
	}
	printf("│");
	return sum;
}

/*
 * Draws the strip, and beside it what was counted since the last row was complete, into *now_ret
 * too. The kernel writes pages between two rows, too.
 */
static struct places draw_row(const struct set *set, const char *what, struct paging *now_ret)
{
	const struct paging *before = &set->shown;
	struct places places;

	printf("   ");
	pad(what, LABEL_WIDTH);
	places = draw_strip(set);
	count_paging(set->words, now_ret);
	printf("%7ld%7ld%8ld%7ld", now_ret->faults - before->faults, now_ret->major - before->major,
	       now_ret->written - before->written, now_ret->read - before->read);
	return places;
}

static void draw_head(const struct set *set)
{
	char what[128];

	draw_say(T_SWAP_LEGEND);
	snprintf(what, sizeof(what), text(T_SWAP_CELL), (long)(set->npages / CELLS));
	printf("   ");
	pad(what, LABEL_WIDTH + CELLS + 2);
	pad(text(T_COL_FAULTS), -7);
	pad(text(T_SWAP_COL_MAJOR), -7);
	pad(text(T_SWAP_COL_WRITTEN), -8);
	pad(text(T_SWAP_COL_READ), -7);
	printf("\n");
}

/* ---- what the child does ---- */

/* Touches some pages, and shows that as a row, which changes meanwhile on a terminal. */
static struct places tour_swap_show(struct set *set, const char *what, size_t from, size_t to,
				    bool write)
{
	size_t step = (to - from) / DRAWN;
	struct places places;
	struct paging now;

	for (size_t at = from; at < to; at += step) {
		tour_swap_touch(set, at, at + step, write);
		if (set->animated && at + step < to) {
			draw_row(set, what, &now);
			printf("\r");
			fflush(stdout);
		}
	}
	places = draw_row(set, what, &now);
	set->shown = now;
	printf("\n");
	fflush(stdout);
	return places;
}

static void walk(struct set *set, enum text verb, bool write)
{
	size_t part = set->npages / PARTS;
	char what[64];

	for (int i = 0; i < PARTS; i++) {
		snprintf(what, sizeof(what), text(verb), i + 1, PARTS);
		tour_swap_show(set, what, (size_t)i * part, ((size_t)i + 1) * part, write);
	}
}

/* Can a row be drawn over itself? Not where it takes two lines of the terminal. */
static bool can_animate(void)
{
	struct winsize size;

	return keys_present() && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 &&
	       size.ws_col >= WIDTH;
}

static void *tour_swap_map(size_t bytes, int flags)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags,
			-1, 0);

	if (at == MAP_FAILED)
		quit(REFUSED);
	return at;
}

/* Locks all memory but `left` bytes. One page in 513 is for the page tables of the others. */
static void lock_memory(size_t left)
{
	struct machine machine;
	size_t npages;

	count_machine(&machine);
	npages = (size_t)machine.free_frames - least((size_t)machine.free_frames, left / PAGE);
	npages -= (npages + 512) / 513;
	if (npages)
		tour_swap_map(npages * PAGE, MAP_LOCKED | MAP_POPULATE);
}

_Noreturn static void tour_swap_be_child(size_t left)
{
	struct set set = { .npages = TIMES * left / PAGE, .animated = can_animate() };
	struct places places;

	count_setup();
	lock_memory(left);
	set.words = tour_swap_map(set.npages * PAGE, 0);
	count_paging(set.words, &set.shown);
	draw_head(&set);
	walk(&set, T_SWAP_WRITE, true);
	walk(&set, T_SWAP_READ, false);
	tour_swap_show(&set, text(T_SWAP_FEW), 0, set.npages / FEW, false);
	places = tour_swap_show(&set, text(T_SWAP_AGAIN), 0, set.npages / FEW, false);
	printf("   ");
	printf(text(T_SWAP_RESULT), (long)set.npages, (long)places.mapped, (long)places.cached,
	       (long)places.out);
	printf("\n");
	quit(0);
}

/* ---- the tour itself ---- */

/* Bytes that the child is to leave. If it cannot be shown here, says why, and returns 0. */
static size_t choose_left(void)
{
	struct machine machine;
	size_t memory, swap, left;

	count_machine(&machine);
	if (!count_has_kinds() || !machine.swap) {
		draw_say(count_has_kinds() ? T_SWAP_NO_DISK : T_SWAP_LINUX);
		return 0;
	}
	memory = (size_t)machine.free_frames * PAGE;
	swap = (size_t)machine.free_swap * PAGE;
	left = least(least(memory, swap / TIMES), MOST_LEFT) / MIB * MIB;
	if (left < LEAST_LEFT) {
		printf(text(T_SWAP_TOO_LITTLE), (long)(memory / MIB), (long)(swap / MIB));
		printf("\n");
		return 0;
	}
	if (memory - left > MOST_LOCKED) {
		printf(text(T_SWAP_TOO_MUCH), (long)(memory / MIB));
		printf("\n");
		return 0;
	}
	return left;
}

static volatile sig_atomic_t child;

static void end_child(int sig)
{
	(void)sig;
	kill(child, SIGKILL);
	keys_interrupt();
}

/* Runs the child and returns its wait status. Ctrl-C ends it, and then the tour. */
static int run_child(size_t left)
{
	int status;
	sigset_t set;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL); /* until the handler knows the child */
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		sigprocmask(SIG_UNBLOCK, &set, NULL);
		tour_swap_be_child(left);
	}
	child = pid;
	signal(SIGINT, end_child);
	keys_send_sigint(true);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	if (waitpid(pid, &status, 0) != pid)
		die("wait");
	keys_send_sigint(false);
	signal(SIGINT, SIG_DFL);
	return status;
}

void stop_swap(void)
{
	size_t left;
	int status;

	title(10, text(T_SWAP), "swap: 4 times the memory");
	left = choose_left();
	if (!left)
		return;
	printf(text(T_SWAP_WHY), (long)(left / MIB), (long)(TIMES * left / MIB));
	printf("\n");
	status = run_child(left);
	if (status == 0)
		return;
	printf("\n   "); /* it may have been in the middle of a row */
	if (WIFSIGNALED(status))
		paint(RED, text(T_NULL_STATUS), WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		paint(RED, "%s",
		      text(WEXITSTATUS(status) == WRONG ? T_SWAP_WRONG : T_SWAP_REFUSED));
	printf("\n");
}
