/* SPDX-License-Identifier: MIT */
/* R10 R13 R22 R24 R50 R52: bare brk, and data and BSS of a program that has no library to touch
 * them first. NOLIB */
#include "nolib.h"

static char data[5000] = { [0] = 'a', [4999] = 'z' };
static char bss[3 * PAGE];
extern char edata[], _end[];

static unsigned long brk_to(unsigned long to)
{
	return (unsigned long)sys_call(SYS_brk, (long)to, 0, 0, 0, 0, 0);
}

static long not_zero(const volatile char *p, unsigned long n)
{
	long bad = 0;

	for (unsigned long i = 0; i < n; i++)
		bad += p[i] != 0;
	return bad;
}

int main(void)
{
	unsigned long start = brk_to(0), edge = ((unsigned long)edata + PAGE - 1) & -PAGE;
	char *p = (char *)start;

	put_number("data: ", data[0] + data[4999] + not_zero(data + 1, 4998), "\n");
	put_number("from the data's end to its page's end: ",
		   not_zero(edata, edge - (unsigned long)edata), " not zero\n");
	put_number("bss: ", not_zero(bss, sizeof(bss)), " not zero\n");
	put_number("the break is at the program's end or above: ", start >= (unsigned long)_end,
		   "\n");
	put_number("and aligned: ", start % PAGE == 0, "\n");
	put_number("17 bytes: ", brk_to(start + 17) == start + 17, "\n");
	p[16] = 'x';
	p[4095] = 'y'; /* the rest of the page is there */
	put_number("to 5000: ", brk_to(start + 5000) == start + 5000, "\n");
	put_number("the first page is shared by both: ", p[16] + p[4095], "\n");
	p[4999] = 'z';
	put_number("down to 17: ", brk_to(start + 17) == start + 17, "\n");
	put_number("up to 3 pages: ", brk_to(start + 3 * PAGE) == start + 3 * PAGE, "\n");
	put_number("byte 16 is kept: ", p[16], "\n");
	put_number("above 17: ", not_zero(p + 4096, 2 * PAGE), " not zero\n");
	put_number("below the start: ", brk_to(start - 1) == start + 3 * PAGE, "\n");
	put_number("all of it back: ", brk_to(start) == start, "\n");
	return 0;
}
