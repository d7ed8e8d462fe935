/* SPDX-License-Identifier: MIT */
/* R25 R27: pipes between memory of odd states: a megabyte from and to COW, lazy and misaligned
 * buffers, and bad ends. */
#include "t.h"

#define LEN (300 * PAGE)

static char bss[LEN + PAGE];

static int writer(int fd, char *from)
{
	size_t at = 0, step = 1;

	for (ssize_t n; at < LEN; at += (size_t)n, step = step * 3 % 20011 + 1) {
		n = write(fd, from + at, LEN - at < step ? LEN - at : step);
		if (n <= 0)
			return 1;
	}
	return 0;
}

static size_t reader(int fd, char *to)
{
	size_t at = 0, step = 1;
	ssize_t n = 1;

	for (; n > 0; at += (size_t)n, step = step * 5 % 30011 + 1) {
		n = read(fd, to + at, step);
		if (n < 0)
			say("read: %s\n", strerrorname_np(errno));
	}
	return at;
}

static void stream(const char *what, char *from, char *to)
{
	int p[2], status;
	size_t got, bad = 0;
	pid_t pid;

	if (pipe(p) != 0)
		return;
	pid = fork();
	if (pid == 0) {
		close(p[0]);
		_exit(writer(p[1], from));
	}
	close(p[1]);
	got = reader(p[0], to);
	close(p[0]);
	waitpid(pid, &status, 0);
	for (size_t i = 0; i < got; i++)
		bad += to[i] != from[i];
	say("%s: %zu bytes, %zu wrong, ", what, got, bad);
	ended("writer", status);
}

int main(void)
{
	char *a = anon(LEN), *hole = before_hole(2) + 2 * PAGE, *ro = anon(PAGE);
	int p[2];

	for (size_t i = 0; i < LEN; i++)
		a[i] = file_byte(i);
	stream("cow to lazy", a, anon(LEN + 30011));
	stream("cow to bss, shifted", a, bss + 5);
	stream("lazy to lazy", anon(LEN), anon(LEN + 30011));
	mprotect(ro, PAGE, PROT_READ);
	TRY(pipe(p));
	memcpy(hole - 8, "12345678", 8);
	TRY(write(p[1], hole, 4));
	TRY(write(p[1], "abcdefghijklmnopqrstuvwxyz", 26));
	TRY(read(p[0], hole, 8));
	TRY(read(p[0], ro, 8));
	TRY(read(p[0], NULL, 0));
	TRY(read(p[0], hole - 4, 4));
	say("%.4s\n", hole - 4);
	TRY(read(p[0], bss, 100));
	say("%.22s\n", bss);
	TRY(write(p[1], NULL, 0));
	TRY(write(p[0], "x", 1));
	TRY(read(p[1], bss, 1));
	TRY(lseek(p[0], 0, SEEK_CUR));
	close(p[1]);
	TRY(read(p[0], bss, 1));
	return 0;
}
