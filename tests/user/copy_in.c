/* SPDX-License-Identifier: MIT */
/* R25 R27: write() from memory of every state, many pages at a time; what could not be read is
 * told exactly. */
#include "t.h"

#define N   8
#define LEN (N * PAGE)

static int file;
static const char rodata[3 * PAGE] = { [0] = 'r', [3 * PAGE - 1] = 'd' };
static char bss[LEN];

/* Writes, then tells how much came and the sum of what the file now holds. */
static void pour(const char *what, const char *from, size_t len)
{
	static char back[LEN];
	ssize_t n, got;
	unsigned long sum = 0;

	lseek(file, 0, SEEK_SET);
	n = write(file, from, len);
	if (n < 0) {
		say("%s: %s\n", what, strerrorname_np(errno));
		return;
	}
	lseek(file, 0, SEEK_SET);
	got = read(file, back, (size_t)n);
	for (ssize_t i = 0; i < got; i++)
		sum += (unsigned char)back[i] * (unsigned long)(i + 1);
	say("%s: %zd, sum %lu\n", what, n, sum);
}

static int in_child_pour(void *p)
{
	((char *)p)[PAGE] = 'C';
	pour("pages shared with the parent", p, LEN);
	return 0;
}

int main(void)
{
	char *p;
	int fd;

	file = open("copy_in.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600);
	pour("untouched map", anon(LEN), LEN);
	pour("untouched bss", bss, LEN);
	pour("untouched heap", sbrk(LEN), LEN);
	pour("read-only data", rodata, sizeof(rodata));
	p = anon(LEN);
	memset(p, 'p', LEN);
	in_child("child", in_child_pour, p);
	make_file("copy_in2.tmp", LEN - 1000);
	fd = open("copy_in2.tmp", O_RDONLY);
	pour("unread file pages", mmap(NULL, LEN, PROT_READ, MAP_PRIVATE, fd, 0), LEN);
	p = mmap(NULL, 2 * LEN, PROT_READ, MAP_PRIVATE, fd, 0);
	pour("beyond the file's last page", p + LEN - PAGE, 2 * PAGE);
	pour("wholly beyond it", p + LEN, PAGE);
	p = before_hole(3);
	memset(p, 'h', 3 * PAGE);
	pour("3 pages, then a hole", p, LEN);
	/*
	 * Only whole pages: real Linux 6.12 loops for ever over an unaligned last few bytes here.
	 */
	pour("last page before it", p + 2 * PAGE, LEN);
	pour("in the hole", p + 3 * PAGE, LEN);
	p = anon(LEN);
	memset(p, 'n', LEN);
	mprotect(p + 5 * PAGE, PAGE, PROT_NONE);
	pour("sixth page is PROT_NONE", p, LEN);
	pour("null", NULL, 100);
	pour("null, nothing", NULL, 0);
	pour("kernel", (char *)0xffffffd000000000, 100);
	pour("wraps round", (char *)-8ul, 100);
	pour("top of the low half", (char *)0x4000000000 - 1, 100);
	TRY(lseek(file, 0, SEEK_END));
	TRY(syscall(SYS_write, file, p, -1ul));
	TRY(syscall(SYS_write, file, p, 1ul << 63));
	return 0;
}
