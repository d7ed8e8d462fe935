/* SPDX-License-Identifier: MIT */
/* All ways into and out of a pipe, with and without packets (O_DIRECT), by what is read afterwards. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

#define PIECE 100u
#define LONG  5000u

/* The file has many of each letter, each in a page of its own. */
static int file, sink;
static char bytes[2 * LONG];

/* What vmsplice gives of each letter: on Linux the pipe has these very pages. */
static char given[4][4096] __attribute__((aligned(4096)));

static void die(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	_exit(99);
}

static void open_pipe(int *p, int flags)
{
	if (pipe2(p, O_NONBLOCK | flags))
		die("pipe2");
}

static void close_pipe(const int *p)
{
	close(p[0]);
	close(p[1]);
}

static const char *letters(char letter, size_t n)
{
	return memset(bytes, letter, n);
}

/* ---- the ways in: each brings PIECE bytes of a letter, or LONG ---- */

static ssize_t from_file(int to, char letter, size_t n, bool sends)
{
	off_t at = (letter - 'a') * 4096l;

	return sends ? sendfile(to, file, &at, n)
		     : splice(file, &at, to, NULL, n, SPLICE_F_NONBLOCK);
}

/* From another pipe, which has as much, or more, if only a part is to come from it. */
static ssize_t from_pipe(int to, char letter, int flags, bool keeps, bool part)
{
	int p[2];
	ssize_t n;

	open_pipe(p, flags);
	if (write(p[1], letters(letter, PIECE), PIECE) != PIECE)
		die("write");
	n = keeps ? tee(p[0], to, part ? PIECE / 2 : PIECE, SPLICE_F_NONBLOCK)
		  : splice(p[0], NULL, to, NULL, part ? PIECE / 2 : PIECE, SPLICE_F_NONBLOCK);
	close_pipe(p);
	return n;
}

static ssize_t bring(int to, char way, char letter)
{
	struct iovec v[2];

	letters(letter, LONG);
	v[0] = (struct iovec){ bytes, 30 };
	v[1] = (struct iovec){ bytes, PIECE - 30 };
	switch (way) {
	case 'w':
		return write(to, bytes, PIECE);
	case 'l':
		return write(to, bytes, LONG);
	case 'v':
		return writev(to, v, 2);
	case 'm':
	case 'n': /* of one buffer, and of two */
		v[0] = (struct iovec){ given[letter - 'a'], way == 'm' ? PIECE : 30 };
		v[1] = (struct iovec){ given[letter - 'a'], PIECE - 30 };
		return vmsplice(to, v, way == 'm' ? 1 : 2, SPLICE_F_NONBLOCK);
	case 's':
		return from_file(to, letter, PIECE, false);
	case 'f':
		return from_file(to, letter, PIECE, true);
	case 'p':
		return from_pipe(to, letter, 0, false, false);
	case 'P':
		return from_pipe(to, letter, O_DIRECT, false, false);
	case 'h':
		return from_pipe(to, letter, O_DIRECT, false, true);
	case 't':
		return from_pipe(to, letter, 0, true, false);
	default:
		return from_pipe(to, letter, O_DIRECT, true, false);
	}
}

static const char ways[] = "wlvmnsfpPhtT";

/* ---- what is in a pipe ---- */

/* The letters of n bytes, each with its number. */
static void show_bytes(ssize_t n)
{
	if (n < 0) {
		printf("%s", errno == EAGAIN ? "-" : strerror(errno));
		return;
	}
	for (ssize_t i = 0, begin = 0; i < n; begin = i) {
		while (i < n && bytes[i] == bytes[begin])
			i++;
		printf("%c%zd", bytes[begin], i - begin);
	}
}

/* Empties it by reads of so many bytes. */
static void show_pipe(int from, size_t n)
{
	ssize_t got;

	for (bool first = true; (got = read(from, bytes, n)) > 0; first = false) {
		printf("%s", first ? "" : ",");
		show_bytes(got);
	}
}

static int left(int from)
{
	int n = -1;

	ioctl(from, FIONREAD, &n);
	return n;
}

/* ---- two ways in, one after the other ---- */

enum mode { PLAIN, PACKETS, PACKETS_LATER, PACKETS_FIRST, MODES };

static const char *const modes[] = { "plain", "packets", "packets later", "packets first" };

static void open_in_mode(int *p, enum mode mode)
{
	open_pipe(p, mode == PACKETS || mode == PACKETS_FIRST ? O_DIRECT : 0);
}

/* Between the first way in and the second. */
static void change_mode(int to, enum mode mode)
{
	/* O_DIRECT counts when bytes are written: setting it later changes nothing of what the pipe has. */
	if (mode >= PACKETS_LATER &&
	    fcntl(to, F_SETFL, O_NONBLOCK | (mode == PACKETS_LATER ? O_DIRECT : 0)))
		die("F_SETFL");
}

/* Only write makes packets, of a page at most; one that is moved or copied stays one, and a read takes one at most. */
static void ways_in(enum mode mode)
{
	int p[2];

	for (const char *first = ways; *first; first++) {
		printf("%s, %c and then", modes[mode], *first);
		for (const char *second = ways; *second; second++) {
			open_in_mode(p, mode);
			bring(p[1], *first, 'a');
			change_mode(p[1], mode);
			bring(p[1], *second, 'b');
			printf(" %c:", *second);
			show_pipe(p[0], *first == 'l' || *second == 'l' ? 4050 : 70);
			close_pipe(p);
		}
		putchar('\n');
	}
}

/* With room for a single page: what fits into that of the first? */
static void room_for_one(enum mode mode)
{
	int p[2];

	for (const char *first = ways; *first; first++) {
		printf("%s in a page, %c and then", modes[mode], *first);
		for (const char *second = ways; *second; second++) {
			ssize_t n;

			open_in_mode(p, mode);
			/* Only write fills up a page, and only one that a write began and that is no packet. */
			if (fcntl(p[1], F_SETPIPE_SZ, 4096) != 4096)
				die("F_SETPIPE_SZ");
			bring(p[1], *first, 'a');
			change_mode(p[1], mode);
			n = bring(p[1], *second, 'b');
			printf(" %c%zd", *second, n < 0 ? -errno : n);
			close_pipe(p);
		}
		putchar('\n');
	}
}

/* ---- the ways out ---- */

static const char *const outs[] = { "read",	      "readv",		"vmsplice",
				    "splice to file", "splice to pipe", "splice to packets",
				    "tee to pipe",    "tee to packets" };
#define OUTS (sizeof(outs) / sizeof(outs[0]))

/* What `other` gets is shown, too. */
static ssize_t take(unsigned out, int from, size_t n, int other)
{
	struct iovec v[2] = { { bytes, n / 3 }, { bytes + n / 3, n - n / 3 } };

	switch (out) {
	case 0:
		return read(from, bytes, n);
	case 1:
		return readv(from, v, 2);
	case 2:
		return vmsplice(from, v, 2, SPLICE_F_NONBLOCK);
	case 3:
		return splice(from, NULL, sink, &(off_t){ 0 }, n, SPLICE_F_NONBLOCK);
	case 4:
	case 5:
		return splice(from, NULL, other, NULL, n, SPLICE_F_NONBLOCK);
	default:
		return tee(from, other, n, SPLICE_F_NONBLOCK);
	}
}

static void way_out(const char *fill, enum mode mode, unsigned out, size_t n)
{
	int p[2], other[2];
	ssize_t got;

	open_in_mode(p, mode);
	open_pipe(other, out == 5 || out == 7 ? O_DIRECT : 0);
	for (unsigned i = 0; fill[i]; i++)
		bring(p[1], fill[i], (char)('a' + i));
	got = take(out, p[0], n, other[1]);
	printf(" %zu: ", n);
	if (out == 3 && got > 0)
		got = pread(sink, bytes, (size_t)got, 0);
	if (out <= 3)
		show_bytes(got);
	else
		show_pipe(other[0], 70);
	printf(" left %d: ", left(p[0]));
	show_pipe(p[0], 70);
	close_pipe(p);
	close_pipe(other);
}

/* A read drops the rest of a packet; splice and tee do not, and take several packets at once. */
static void ways_out(void)
{
	static const char *const fills[] = { "ww", "sw", "wsw", "www", "sps", "Tm" };
	static const size_t sizes[] = { 10, 100, 150, 1000 };

	for (unsigned fill = 0; fill < sizeof(fills) / sizeof(fills[0]); fill++)
		for (enum mode mode = PLAIN; mode <= PACKETS; mode++)
			for (unsigned out = 0; out < OUTS; out++) {
				printf("%s %s, %s:", fills[fill], modes[mode], outs[out]);
				for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
					way_out(fills[fill], mode, out, sizes[i]);
				putchar('\n');
			}
}

/* What moves no bytes of pipes. */
static void refused(void)
{
	int p[2];

	open_pipe(p, O_DIRECT);
	bring(p[1], 'w', 'a');
	/* Neither sendfile nor copy_file_range takes a pipe as its source. */
	printf("sendfile from a pipe: %zd, %s\n", sendfile(sink, p[0], NULL, 10), strerror(errno));
	printf("copy_file_range from a pipe: %zd, %s\n",
	       copy_file_range(p[0], NULL, sink, NULL, 10, 0), strerror(errno));
	printf("copy_file_range to a pipe: %zd, %s\n",
	       copy_file_range(file, NULL, p[1], NULL, 10, 0), strerror(errno));
	/* A read of no bytes leaves a packet where it is. */
	printf("read of no bytes: %zd, left %d\n", read(p[0], bytes, 0), left(p[0]));
	close_pipe(p);
}

int main(void)
{
	file = open("letters", O_RDWR | O_CREAT | O_TRUNC, 0600);
	sink = open("sink", O_RDWR | O_CREAT | O_TRUNC, 0600);
	for (char letter = 'a'; letter < 'e'; letter++)
		if (pwrite(file, letters(letter, 4096), 4096, (letter - 'a') * 4096l) != 4096)
			die("pwrite");
	for (char letter = 'a'; letter < 'e'; letter++)
		memset(given[letter - 'a'], letter, sizeof(given[0]));
	for (enum mode mode = PLAIN; mode < MODES; mode++)
		ways_in(mode);
	for (enum mode mode = PLAIN; mode < MODES; mode++)
		room_for_one(mode);
	ways_out();
	refused();
	return 0;
}
