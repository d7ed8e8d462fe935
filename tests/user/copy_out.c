/* SPDX-License-Identifier: MIT */
/* R25 R27: read() into memory of every state, many pages at a time; what could not be written is
 * told exactly. */
#include "t.h"

#define N   8
#define LEN (N * PAGE)

static int file;
static const char rodata[2 * PAGE] = "read-only data";

static void fill(const char *what, char *to, size_t len)
{
	ssize_t n;
	size_t bad = 0;

	lseek(file, 0, SEEK_SET);
	n = read(file, to, len);
	for (ssize_t i = 0; i < n; i++)
		bad += to[i] != file_byte((size_t)i);
	if (n < 0)
		say("%s: %s\n", what, strerrorname_np(errno));
	else
		say("%s: %zd, %zu wrong\n", what, n, bad);
}

static int in_cow(void *mem)
{
	char *p = mem;

	fill("into pages shared with the parent", p, LEN);
	return 0;
}

int main(void)
{
	char *p, *q;

	make_file("copy_out.tmp", LEN);
	file = open("copy_out.tmp", O_RDONLY);
	fill("untouched map", anon(LEN), LEN);
	fill("untouched heap, unaligned", (char *)sbrk(LEN + 3) + 3, LEN);
	p = anon(LEN);
	say("zeros first: %zu\n", not_all(p, LEN, 0));
	fill("zero pages", p, LEN);
	memset(p, 's', LEN);
	in_child("child", in_cow, p);
	say("the parent's: %zu wrong\n", not_all(p, LEN, 's'));
	q = mmap(NULL, LEN, RW, MAP_PRIVATE, file, 0);
	fill("its own file's private map, shifted", q + 100, LEN - 100);
	p = before_hole(3);
	fill("3 pages, then a hole", p, LEN);
	fill("last 10 bytes before it", p + 3 * PAGE - 10, LEN);
	fill("in the hole", p + 3 * PAGE, LEN);
	p = anon(LEN);
	mprotect(p + 2 * PAGE, PAGE, PROT_READ);
	fill("third page is read-only", p, LEN);
	mprotect(p + PAGE, PAGE, PROT_NONE);
	fill("second page is PROT_NONE", p + 1, LEN);
	fill("read-only data", (char *)(uintptr_t)rodata, 100);
	fill("text", (char *)(uintptr_t)&main, 100);
	fill("null", NULL, 100);
	fill("null, nothing", NULL, 0);
	fill("kernel", (char *)0xffffffd000000000, 100);
	fill("highest page", (char *)-4096ul, 100);
	fill("wraps round", (char *)-8ul, 100);
	fill("top of the low half", (char *)0x4000000000 - 1, 100);
	fill("stack", __builtin_alloca(LEN), LEN);
	say("read-only data is as it was: %s\n", rodata);
	return 0;
}
