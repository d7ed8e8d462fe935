/* SPDX-License-Identifier: MIT */
/* Budget: a heap that grows, shrinks and grows again (R10, R22, R24, R125). */
#include "budget.h"

static unsigned long start;

static unsigned long brk_to(unsigned long to)
{
	return (unsigned long)sys_call(SYS_brk, (long)to, 0, 0, 0, 0, 0);
}

static void grow(void)
{
	brk_to(start + 16 * PAGE);
}

static void fill(void)
{
	write_pages((volatile char *)start, 16);
}

static void shrink(void)
{
	brk_to(start + 8 * PAGE);
}

static void to_mid_page(void)
{
	brk_to(start + 8 * PAGE - 100);
}

static void fill_upper(void)
{
	write_pages((volatile char *)start + 8 * PAGE, 8);
}

void scenario(int argc, char **argv)
{
	start = brk_to(0);
	/* Only the end moves. */
	budget("grow by 16 pages", grow, (struct cost){ 0 });
	/* The heap follows the image in its leaf table. */
	budget("fill", fill, (struct cost){ .fill = 16, .resident = 16 });
	/* Eight pages go at once: one piece, one fence; the table has others. */
	budget("shrink by 8 pages", shrink, (struct cost){ .fences = 1, .resident = -8 });
	/* The page stays: nothing to do. */
	budget("shrink within a page", to_mid_page, (struct cost){ 0 });
	/* Growth clears the 100 bytes, which its page is there for, and raises the end. */
	budget("grow again", grow, (struct cost){ 0 });
	budget("fill what came back", fill_upper, (struct cost){ .fill = 8, .resident = 8 });
}
