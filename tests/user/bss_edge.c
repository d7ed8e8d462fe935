/* SPDX-License-Identifier: MIT */
/* R52: the page where data ends and BSS begins holds the file's bytes and then zeros, and each
 * process has its own. */
#include "t.h"

static char data[5000] = { [0] = 'a', [4095] = 'b', [4999] = 'z' };
static char bss[3 * PAGE + 123];
extern char edata[], end[];

static int write_all(void *unused)
{
	(void)unused;
	memset(bss, 'c', sizeof(bss));
	data[4999] = 'c';
	return not_all(bss, sizeof(bss), 'c') != 0;
}

int main(void)
{
	char *tail_end = (char *)(((uintptr_t)edata + PAGE - 1) & -PAGE);
	size_t bad = 0;

	say("data: %c %c %c, zeros between: %zu wrong\n", data[0], data[4095], data[4999],
	    not_all(data + 1, 4094, 0) + not_all(data + 4096, 903, 0));
	/*
	 * What lies between the two is the library's BSS, which runs already: only ours is known.
	 */
	bad = not_all(bss, sizeof(bss), 0);
	say("bss: %zu wrong\n", bad);
	say("data ends in the middle of a page: %s\n", tail_end > edata ? "yes" : "no");
	in_child("child writes all of it", write_all, NULL);
	say("parent's: data %c, bss %zu wrong\n", data[4999], not_all(bss, sizeof(bss), 0));
	say("end of bss is the first break or below it: %s\n",
	    (char *)sbrk(0) >= end ? "yes" : "no");
	return 0;
}
