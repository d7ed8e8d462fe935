/* SPDX-License-Identifier: MIT */
/* R25 R27: readv and writev of every division of a few bytes into parts, on a file and on a pipe. */
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

static void fill(struct parts *parts)
{
	char next = 'a';

	for (int i = 0; i < parts->n; i++)
		for (size_t at = 0; at < parts->list[i].iov_len; at++)
			parts->at[i][at] = next++;
}

static int passes(int to, int from, unsigned written, unsigned read)
{
	struct parts out, in, wanted;

	divide(&out, written);
	fill(&out);
	divide(&in, read);
	divide(&wanted, read);
	fill(&wanted);
	return writev(to, out.list, out.n) == BYTES && lseek(from, 0, SEEK_SET) <= 0 &&
	       readv(from, in.list, in.n) == BYTES && lseek(to, 0, SEEK_SET) <= 0 &&
	       memcmp(in.at, wanted.at, sizeof(in.at)) == 0;
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

int main(void)
{
	int fd = open("pieces.tmp", O_CREAT | O_RDWR | O_TRUNC, 0644), p[2];

	try_all("a file", fd, fd);
	TRY(pipe(p));
	try_all("a pipe", p[1], p[0]);
	return 0;
}
