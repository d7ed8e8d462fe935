/* SPDX-License-Identifier: MIT */
/* R10 R25 R50 R51 R92: Pintos's tests page-*: a MiB and more is filled, ciphered, sorted and shuffled, by one
 * process and by several at once. */
#include "t.h"

#define SIZE	 MIB
#define CHUNKS	 8
#define CHUNK	 (SIZE / CHUNKS)
#define CHILDREN 4
#define RIGHT	 42 /* a child's status when it found all right */

static unsigned char buf[SIZE], sorted[SIZE];
static const char *self;

/* ---- the cipher ARC4, as work that reads and writes each byte ---- */

struct arc4 {
	unsigned char state[256], i, j;
};

static void swap(unsigned char *a, unsigned char *b)
{
	unsigned char c = *a;

	*a = *b;
	*b = c;
}

static void arc4_init(struct arc4 *arc4, const char *key)
{
	size_t len = strlen(key);
	unsigned char j = 0;

	arc4->i = arc4->j = 0;
	for (int i = 0; i < 256; i++)
		arc4->state[i] = (unsigned char)i;
	for (int i = 0; i < 256; i++) {
		j = (unsigned char)(j + arc4->state[i] + key[(size_t)i % len]);
		swap(&arc4->state[i], &arc4->state[j]);
	}
}

static void arc4_crypt(struct arc4 *arc4, unsigned char *p, size_t n)
{
	unsigned char *s = arc4->state;

	for (; n--; p++) {
		arc4->j = (unsigned char)(arc4->j + s[++arc4->i]);
		swap(&s[arc4->i], &s[arc4->j]);
		*p ^= s[(unsigned char)(s[arc4->i] + s[arc4->j])];
	}
}

static void crypt_all(const char *key)
{
	struct arc4 arc4;

	arc4_init(&arc4, key);
	arc4_crypt(&arc4, buf, SIZE);
}

/* ---- children, which are this program with other arguments ---- */

static pid_t start(const char *how, const char *with)
{
	char *args[] = { (char *)self, (char *)how, (char *)with, NULL };
	pid_t pid = fork();

	if (pid == 0) {
		execv(self, args);
		_exit(127);
	}
	return pid;
}

static int await(int children)
{
	int status, right = 0;

	while (children-- && wait(&status) > 0)
		right += WIFEXITED(status) && WEXITSTATUS(status) == RIGHT;
	return right;
}

static int child_linear(const char *key)
{
	crypt_all(key);
	crypt_all(key);
	return not_all((char *)buf, SIZE, 0) ? 1 : RIGHT;
}

static void sort_by_counting(unsigned char *p, size_t n)
{
	size_t count[256] = { 0 };

	for (size_t i = 0; i < n; i++)
		count[p[i]]++;
	for (int c = 0; c < 256; c++) {
		memset(p, c, count[c]);
		p += count[c];
	}
}

/* [p, p + below) is below the pivot, [at, above) is to be looked at, above are the larger ones. */
static void sort_quickly(unsigned char *p, size_t n)
{
	while (n > 1) {
		size_t below = 0, at = 0, above = n;
		unsigned char pivot = p[n / 2];

		while (at < above) {
			if (p[at] < pivot)
				swap(&p[at++], &p[below++]);
			else if (p[at] > pivot)
				swap(&p[at], &p[--above]);
			else
				at++;
		}
		sort_quickly(p, below);
		p += above;
		n -= above;
	}
}

/* What a process has written to a file is there for all who read it later, also when the process has ended. */
static int child_sort(const char *path)
{
	int fd = open(path, O_RDWR);

	if (read(fd, buf, CHUNK) != (ssize_t)CHUNK)
		return 1;
	sort_by_counting(buf, CHUNK);
	return pwrite(fd, buf, CHUNK, 0) == (ssize_t)CHUNK ? RIGHT : 2;
}

/* The stack grows to each address that a function's variables have, here by 128 KiB at once. */
static int child_qsort(const char *path)
{
	unsigned char on_stack[CHUNK];
	int fd = open(path, O_RDWR);

	if (read(fd, on_stack, CHUNK) != (ssize_t)CHUNK)
		return 1;
	sort_quickly(on_stack, CHUNK);
	return pwrite(fd, on_stack, CHUNK, 0) == (ssize_t)CHUNK ? RIGHT : 2;
}

/* What was stored to a shared mapping is in the file, without msync or munmap. */
static int child_qsort_mm(const char *path)
{
	int fd = open(path, O_RDWR);
	unsigned char *map = mmap(NULL, CHUNK, RW, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
		return 1;
	sort_quickly(map, CHUNK);
	return RIGHT; /* its exit unmaps */
}

/* ---- a MiB is sorted: children sort its parts, which are merged ---- */

static void fill_with_random(const char *key)
{
	memset(buf, 0, SIZE);
	crypt_all(key);
}

static void chunk_path(char *path, int i)
{
	snprintf(path, 32, "pintos_page.%d", i);
}

static void chunk_write(int i)
{
	char path[32];
	int fd;

	chunk_path(path, i);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (write(fd, buf + (size_t)i * CHUNK, CHUNK) != (ssize_t)CHUNK)
		say("%s: %s\n", path, strerrorname_np(errno));
	close(fd);
}

static void chunk_read(int i)
{
	char path[32];
	int fd;

	chunk_path(path, i);
	fd = open(path, O_RDONLY);
	if (read(fd, buf + (size_t)i * CHUNK, CHUNK) != (ssize_t)CHUNK)
		say("%s: %s\n", path, strerrorname_np(errno));
	close(fd);
	unlink(path);
}

static void merge(void)
{
	size_t next[CHUNKS];

	for (size_t i = 0; i < CHUNKS; i++)
		next[i] = i * CHUNK;
	for (size_t n = 0; n < SIZE; n++) {
		size_t least = CHUNKS;

		for (size_t i = 0; i < CHUNKS; i++)
			if (next[i] < (i + 1) * CHUNK &&
			    (least == CHUNKS || buf[next[i]] < buf[next[least]]))
				least = i;
		sorted[n] = buf[next[least]++];
	}
}

/* Counts the places where what was merged is not what sorting all at once gives. */
static size_t wrong_order(const char *key)
{
	size_t bad = 0;

	fill_with_random(key);
	sort_by_counting(buf, SIZE);
	for (size_t i = 0; i < SIZE; i++)
		bad += buf[i] != sorted[i];
	return bad;
}

/* With at_once all children run at the same time, else one after the other. */
static void merge_sort(const char *name, const char *how, int at_once)
{
	char path[32];
	int right = 0;

	fill_with_random(name);
	for (int i = 0; i < CHUNKS; i++)
		chunk_write(i);
	for (int i = 0; i < CHUNKS; i++) {
		chunk_path(path, i);
		start(how, path);
		if (!at_once)
			right += await(1);
	}
	if (at_once)
		right = await(CHUNKS);
	memset(buf, 0, SIZE);
	for (int i = 0; i < CHUNKS; i++)
		chunk_read(i);
	merge();
	say("%s: %d children right, sum %08x, %zu wrong\n", name, right, checksum(sorted, SIZE),
	    wrong_order(name));
}

/* ---- the tests ---- */

/* Memory of .bss has what was last written to each byte. */
static void page_linear(void)
{
	memset(buf, 0x5a, SIZE);
	say("page-linear: %zu wrong\n", not_all((char *)buf, SIZE, 0x5a));
	crypt_all("foobar");
	say("page-linear, encrypted: sum %08x\n", checksum(buf, SIZE));
	crypt_all("foobar");
	say("page-linear, decrypted: %zu wrong\n", not_all((char *)buf, SIZE, 0x5a));
}

/* Each process has memory of its own: the same addresses begin with zeros, and keep what only this process writes. */
static void page_parallel(void)
{
	static const char *const keys[CHILDREN] = { "one", "two", "three", "four" };

	for (int i = 0; i < CHILDREN; i++)
		start("linear", keys[i]);
	say("page-parallel: %d children right\n", await(CHILDREN));
}

static void page_merge_seq(void)
{
	merge_sort("page-merge-seq", "sort", 0);
}

/* Processes that run at the same time do not change one another's memory and files. */
static void page_merge_par(void)
{
	merge_sort("page-merge-par", "sort", 1);
}

static void page_merge_stk(void)
{
	merge_sort("page-merge-stk", "qsort", 1);
}

static void page_merge_mm(void)
{
	merge_sort("page-merge-mm", "qsort-mm", 1);
}

/* Bytes that are swapped at random are all there in the end. */
static void page_shuffle(void)
{
	const size_t n = 128 * 1024;
	unsigned random = 1;

	for (size_t i = 0; i < n; i++)
		buf[i] = (unsigned char)(i * 257);
	for (int round = 0; round < 10; round++) {
		for (size_t i = n - 1; i > 0; i--) {
			random = random * 1664525 + 1013904223;
			swap(&buf[i], &buf[(random >> 8) % (i + 1)]);
		}
		say("page-shuffle %d: sum %08x\n", round, checksum(buf, n));
	}
	sort_quickly(buf, n);
	say("page-shuffle, sorted: sum %08x\n", checksum(buf, n));
}

int main(int argc, char **argv)
{
	self = argv[0];
	if (argc < 3) {
		page_linear();
		page_parallel();
		page_merge_seq();
		page_merge_par();
		page_merge_stk();
		page_merge_mm();
		page_shuffle();
		return 0;
	}
	if (!strcmp(argv[1], "linear"))
		return child_linear(argv[2]);
	if (!strcmp(argv[1], "sort"))
		return child_sort(argv[2]);
	return strcmp(argv[1], "qsort") ? child_qsort_mm(argv[2]) : child_qsort(argv[2]);
}
