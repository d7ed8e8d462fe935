/* SPDX-License-Identifier: MIT */
/* The files of madeup, and how the bytes of `numbers` are computed: by a sieve. */
/*
 * To add a file, add it to the table `files` and to the enum above it.
 */
#include "madeup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define LINE_BYTES 64u
#define LINES	   (1u << 28)
#define LINES_READ \
	(FILE_SERVER_MSIZE / LINE_BYTES + 2) /* those of the largest read, in part at both ends */
#define PRIMES_END (1u << 14)		     /* no N below 2^28 has two larger prime factors */
#define PRIMES	   1900u		     /* so many are below that */
#define BUILT	   1767225600		     /* 1 January 2026: the time of all files */

enum { ROOT, README, NUMBERS, MORE, MORE_NUMBERS, FILES };

static const char readme[] =
	"These files are computed when they are read, by the program madeup.\n"
	"numbers has 16 GiB. Its line N says of which primes the number N is the product.\n"
	"Line N begins at byte 64 * N.\n";

static const struct {
	const char *name;
	uint64_t parent;
	uint32_t mode;
	uint64_t size;
	const char *text; /* of README and of the link */
} files[FILES] = {
	[ROOT] = { "", ROOT, S_IFDIR | 0555, 0, NULL },
	[README] = { "README", ROOT, S_IFREG | 0444, sizeof(readme) - 1, readme },
	[NUMBERS] = { "numbers", ROOT, S_IFREG | 0444, (uint64_t)LINES *LINE_BYTES, NULL },
	[MORE] = { "more", ROOT, S_IFDIR | 0555, 0, NULL },
	[MORE_NUMBERS] = { "numbers", MORE, S_IFLNK | 0777, 10, "../numbers" },
};

/* ---- the numbers ---- */

struct line {
	char text[LINE_BYTES];
	unsigned used;
	uint32_t rest; /* of N, without the primes that the line has already */
};

static struct line lines[LINES_READ];
static uint32_t primes[PRIMES]; /* those below PRIMES_END */
static unsigned nprimes;

static void madeup_add(struct line *line, const char *before, uint32_t number)
{
	int n = snprintf(line->text + line->used, LINE_BYTES - line->used, "%s%u", before, number);

	line->used += (unsigned)n;
}

/* Adds the power of p, as often as it is in the rest. */
static void add_prime(struct line *line, uint32_t p, bool is_first)
{
	unsigned power = 0;

	for (; line->rest % p == 0; power++)
		line->rest /= p;
	madeup_add(line, is_first ? " = " : " * ", p);
	if (power > 1)
		madeup_add(line, "^", power);
}

static void madeup_end_line(struct line *line, uint32_t n)
{
	static const char is_prime[] = " is prime";

	if (line->rest == n && n > 1) {
		memcpy(line->text + line->used, is_prime, sizeof(is_prime) - 1);
		line->used += sizeof(is_prime) - 1;
	} else if (line->rest > 1) {
		madeup_add(line, " * ", line->rest);
	}
	memset(line->text + line->used, ' ', LINE_BYTES - line->used);
	line->text[LINE_BYTES - 1] = '\n';
}

/* Finds the primes by the sieve of Eratosthenes: what is left when all multiples were crossed out. */
void madeup_prepare(void)
{
	static bool composite[PRIMES_END];

	nprimes = 0;
	for (uint32_t p = 2; p < PRIMES_END; p++) {
		if (composite[p])
			continue;
		primes[nprimes++] = p;
		for (uint32_t multiple = 2 * p; multiple < PRIMES_END; multiple += p)
			composite[multiple] = true;
	}
}

/*
 * Makes the lines of `count` numbers from `first` on, as a sieve does too: for each prime it goes to
 * the numbers that it divides, and to no others.
 */
static void make_lines(uint32_t first, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		lines[i] = (struct line){ .rest = first + i };
		madeup_add(&lines[i], "", first + i);
	}
	for (unsigned k = 0; k < nprimes; k++) {
		uint32_t p = primes[k];

		for (uint32_t i = (p - first % p) % p; i < count; i += p)
			if (first + i > p)
				add_prime(&lines[i], p, lines[i].rest == first + i);
	}
	for (unsigned i = 0; i < count; i++)
		madeup_end_line(&lines[i], first + i);
}

/* The lines go on without gaps, so the bytes that are wanted may begin and end within one. */
static void numbers_read(uint64_t offset, char *to, size_t n)
{
	uint32_t first = (uint32_t)(offset / LINE_BYTES);
	size_t skip = offset % LINE_BYTES, done = 0;

	make_lines(first, (unsigned)((skip + n + LINE_BYTES - 1) / LINE_BYTES));
	for (unsigned i = 0; done < n; i++, skip = 0) {
		size_t piece = LINE_BYTES - skip < n - done ? LINE_BYTES - skip : n - done;

		memcpy(to + done, lines[i].text + skip, piece);
		done += piece;
	}
}

/* ---- the tree ---- */

static int madeup_walk(void *tree, uint64_t dir, struct p9_string name, uint64_t *ret)
{
	*ret = files[dir].parent;
	if (p9_string_is(name, ".."))
		return 0;
	for (uint64_t file = README; file < FILES; file++) {
		*ret = file;
		if (files[file].parent == dir && p9_string_is(name, files[file].name))
			return 0;
	}
	return -ENOENT;
}

static int madeup_getattr(void *tree, uint64_t file, struct file_attr *ret)
{
	ret->mode = files[file].mode;
	ret->size = files[file].size;
	ret->nlink = S_ISDIR(ret->mode) ? 2 + (file == ROOT) : 1;
	ret->version = 1;
	ret->lease = true; /* nothing ever changes */
	ret->mtime = BUILT;
	return 0;
}

static ssize_t madeup_read(void *tree, uint64_t file, uint64_t offset, void *buf, size_t n,
			   const void **data)
{
	if (offset >= files[file].size)
		return 0;
	if (n > files[file].size - offset)
		n = files[file].size - offset;
	if (file == NUMBERS)
		numbers_read(offset, buf, n);
	else
		*data = files[file].text + offset;
	return (ssize_t)n;
}

/* `at` is the number of the file to begin with. */
static int madeup_readdir(void *tree, uint64_t dir, uint64_t at, struct file_entry *ret)
{
	for (uint64_t file = at < README ? README : at; file < FILES; file++) {
		if (files[file].parent != dir)
			continue;
		*ret = (struct file_entry){ file, p9_string(files[file].name), file + 1 };
		return 1;
	}
	return 0;
}

static int madeup_readlink(void *tree, uint64_t file, struct p9_string *ret)
{
	*ret = p9_string(files[file].text);
	return 0;
}

const struct file_ops madeup_ops = {
	.walk = madeup_walk,
	.getattr = madeup_getattr,
	.read = madeup_read,
	.readdir = madeup_readdir,
	.readlink = madeup_readlink,
};
