/* SPDX-License-Identifier: MIT */
/* R25 R27: readv and writev of every division of a few bytes into parts, on files of each kind. */
#include "t.h"

#include <sys/uio.h>

#define BYTES 6

/* The parts lie apart, so that bytes beyond the end of one are seen. */
struct parts {
	struct iovec list[BYTES];
	char at[BYTES][BYTES + 1];
	int n;
};

/* Bit i of cuts: a part ends after byte i. */
static void divide(struct parts *parts, unsigned cuts)
{
	int first = 0;

	memset(parts, 0, sizeof(*parts));
	for (int i = 0; i < BYTES; i++) {
		if (i + 1 < BYTES && !(cuts >> i & 1))
			continue;
		parts->list[parts->n] = (struct iovec){ parts->at[parts->n], i + 1 - first };
		parts->n++;
		first = i + 1;
	}
}

static void fill(struct parts *parts, const char *bytes)
{
	for (int i = 0; i < parts->n; i++)
		for (size_t at = 0; at < parts->list[i].iov_len; at++)
			parts->at[i][at] = *bytes++;
}

static int reads(int from, unsigned cuts, const char *bytes)
{
	struct parts in, wanted;

	divide(&in, cuts);
	fill(&in, "------");
	divide(&wanted, cuts);
	fill(&wanted, bytes);
	return readv(from, in.list, in.n) == BYTES && memcmp(in.at, wanted.at, sizeof(in.at)) == 0;
}

static int passes(int to, int from, unsigned written, unsigned read)
{
	struct parts out;

	divide(&out, written);
	fill(&out, "abcdef");
	return writev(to, out.list, out.n) == BYTES && lseek(from, 0, SEEK_SET) <= 0 &&
	       reads(from, read, "abcdef") && lseek(to, 0, SEEK_SET) <= 0;
}

static void try_all(const char *what, int to, int from)
{
	unsigned bad = 0;

	for (unsigned cuts = 0; cuts < 1u << (BYTES - 1); cuts++) {
		bad += !passes(to, from, 0, cuts);
		bad += !passes(to, from, cuts, 0);
	}
	say("%s: %u divisions are wrong\n", what, bad);
}

static void read_all(const char *path, const char *bytes)
{
	int fd = open(path, O_RDONLY);
	unsigned bad = 0;

	for (unsigned cuts = 0; cuts < 1u << (BYTES - 1); cuts++) {
		lseek(fd, 0, SEEK_SET);
		bad += !reads(fd, cuts, bytes);
	}
	say("%s: %u divisions are wrong\n", path, bad);
	close(fd);
}

int main(void)
{
	int fd = open("pieces.tmp", O_CREAT | O_RDWR | O_TRUNC, 0644), p[2];

	try_all("a file", fd, fd);
	TRY(pipe(p));
	try_all("a pipe", p[1], p[0]);
	read_all("/proc/self/comm", "pieces");
	read_all("/dev/zero", (const char[BYTES]){ 0 });
	return 0;
}
