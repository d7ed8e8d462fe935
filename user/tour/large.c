/* SPDX-License-Identifier: MIT */
/* Stop 9: superpages. One entry for 512 pages, until something concerns a part of them. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tour.h"

#define SWITCH "/sys/kernel/mm/transparent_hugepage/enabled"

#define PAGES (LARGE / PAGE)
#define SHOWN 100 /* the page that is looked at, and that the child writes */
#define NAME  13  /* columns of the picture */
#define FRAME 19

/* The child's results, in memory that it shares with the parent. */
struct found {
	struct meter meter;
	struct walk walk;
	bool walked;
	long kib;
};

static void *large_map(size_t size, int flags)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

/* Returns memory that begins where a superpage may, and for which superpages are asked. */
static volatile char *block_map(void)
{
	char *room = large_map(2 * LARGE, MAP_PRIVATE);
	char *at = (char *)(((uintptr_t)room + LARGE - 1) & ~(LARGE - 1));

	munmap(room, (size_t)(at - room));
	munmap(at + LARGE, (size_t)(room + LARGE - at));
	(void)madvise(at, LARGE, MADV_HUGEPAGE);
	return at;
}

/* The kernel has memory at hand then for the mapping that a munmap in the midst of another one makes. */
static void have_mappings(void)
{
	char *at = large_map(5 * PAGE, MAP_PRIVATE);

	munmap(at + PAGE, PAGE);
	munmap(at + 3 * PAGE, PAGE);
	munmap(at, 5 * PAGE);
}

static void large_look(volatile char *block, struct found *ret)
{
	ret->walked = page_walk(block + SHOWN * PAGE, &ret->walk);
	ret->kib = count_large(block);
}

/* The meter is on the child's stack: a first touch of `found` would add a fault to the count. */
_Noreturn static void large_be_child(volatile char *block, struct found *found)
{
	struct meter meter;

	count_setup();
	meter_start(&meter);
	block[SHOWN * PAGE] = 'C';
	meter_stop(&meter);
	large_look(block, found);
	found->meter = meter;
	_exit(0);
}

/* ---- the picture: the walk to one page, as it is after each step ---- */

static void draw_steps(const struct walk *walk)
{
	static const char *const levels[WALK_LEVELS] = { "root", "middle", "leaf" };
	static const int widths[WALK_LEVELS] = { 11, 13, 11 };
	char step[64];

	for (int i = 0; i < WALK_LEVELS; i++) {
		step[0] = '\0';
		if (i < walk->levels)
			snprintf(step, sizeof(step), "%s[%u]", levels[i], walk->index[i]);
		pad(step, widths[i]);
	}
	snprintf(step, sizeof(step), "%#lx, %s", walk->frame,
		 walk->levels < WALK_LEVELS ? "2 MiB" : "4 KiB");
	pad(step, FRAME);
}

static void draw_found(enum text what, const struct found *found)
{
	printf("   ");
	pad(text(what), NAME);
	if (found->walked)
		draw_steps(&found->walk);
	if (found->kib == UNKNOWN)
		printf("?\n");
	else
		printf("%4ld kB\n", found->kib);
}

/* ---- the stop ---- */

/*
 * In the tour a fault is one page: it boots with thp=never. Here the kernel may do more, where a program asks for it.
 * Returns whether this has changed.
 */
static bool switch_on(void)
{
	char now[64] = "";
	int fd = open(SWITCH, O_RDWR | O_CLOEXEC);
	bool changed = fd >= 0 && read(fd, now, sizeof(now) - 1) > 0 && strstr(now, "[never]") &&
		       pwrite(fd, "madvise", 7, 0) == 7;

	if (fd >= 0)
		close(fd);
	return changed;
}

static void switch_off(void)
{
	int fd = open(SWITCH, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "never", 5) != 5)
		die(SWITCH);
	close(fd);
}

static void touch_all(volatile char *block, unsigned long from)
{
	for (unsigned long i = from; i < PAGES; i++)
		block[i * PAGE] = 'P';
}

static void let_child_write(volatile char *block, struct found *found)
{
	int status = 1;
	pid_t pid = fork();

	if (pid == 0)
		large_be_child(block, found);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		die("fork");
}

/* Measures the steps after the first write, and shows all. */
static void break_block(volatile char *block, const struct meter *first, struct found *made)
{
	struct found *child = large_map(PAGE, MAP_SHARED), parent, broken;
	struct meter others, reuse, part;

	meter_start(&others);
	touch_all(block, 1);
	meter_stop(&others);
	let_child_write(block, child);
	meter_start(&reuse);
	touch_all(block, 0);
	meter_stop(&reuse);
	large_look(block, &parent);
	have_mappings();
	meter_start(&part);
	munmap((char *)block + (SHOWN + 1) * PAGE, PAGE);
	meter_stop(&part);
	large_look(block, &broken);

	draw_found(T_LARGE_MADE, made);
	draw_found(T_LARGE_CHILD, child);
	draw_found(T_LARGE_PARENT, &parent);
	draw_found(T_LARGE_BROKEN, &broken);
	rows_begin();
	draw_meter_row(text(T_LARGE_ROW_MADE), first);
	draw_meter_row(text(T_LARGE_ROW_OTHERS), &others);
	draw_meter_row(text(T_LARGE_ROW_CHILD), &child->meter);
	draw_meter_row(text(T_LARGE_ROW_PARENT), &reuse);
	draw_meter_row(text(T_LARGE_ROW_BROKEN), &part);
	munmap(child, PAGE);
}

void stop_large(void)
{
	const bool switched = switch_on();
	volatile char *block = block_map();
	struct found made;
	struct meter first;

	title(9, text(T_LARGE), "superpage: MADV_HUGEPAGE");
	draw_say(T_LARGE_WHY);
	meter_start(&first);
	block[0] = 'P';
	meter_stop(&first);
	large_look(block, &made);
	if (made.kib > 0)
		break_block(block, &first, &made);
	else
		draw_say(T_LARGE_NONE);
	munmap((char *)block, LARGE);
	if (switched)
		switch_off();
}
