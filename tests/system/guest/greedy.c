/* SPDX-License-Identifier: MIT */
/* What a greedy or malicious program does to the kernel's memory and log: one word each. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* In a child of its own: says how that ended. */
static int tell_end(const char *what, int (*run)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(run());
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 87;
	printf("%s: %s %d\n", what, WIFSIGNALED(status) ? "signal" : "status",
	       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	return 0;
}

static int use_a_little(void)
{
	const size_t size = 8 << 20;
	volatile char *p =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (size_t at = 0; p != MAP_FAILED && at < size; at += 4096)
		p[at] = 1;
	return p == MAP_FAILED ? 86 : 0;
}

/* names: files without a byte until that is refused; then there is memory left for others. */
static int do_names(char **argv)
{
	char name[32];
	int n = 0;

	(void)argv;
	do
		snprintf(name, sizeof(name), "/names-%d", n);
	while (mknod(name, S_IFREG | 0600, 0) == 0 && ++n < 10000000);
	printf("refused: %s\n", strerror(errno));
	return tell_end("another", use_a_little);
}

#define CHAIN  1000
#define CHAINS 230

/* Folders one in the other, removed from the last one on, which stays open and keeps all above it. */
static int make_chain(void)
{
	int depth = 0, err = 0, fd;

	while (depth < CHAIN && !err) {
		err = mkdir("d", 0700) ? errno : 0;
		if (!err && chdir("d") == 0)
			depth++;
	}
	fd = open(".", O_RDONLY);
	while (depth-- > 0)
		if (chdir("..") || rmdir("d"))
			return 83;
	return fd < 0 ? 84 : err;
}

/* removed: such chains, until that is refused; without them there is room again. */
static int do_removed(char **argv)
{
	int err = 0, n = 0;

	(void)argv;
	while (n < CHAINS && !err) {
		err = make_chain();
		n++;
	}
	printf("refused: %s\n", strerror(err));
	err = tell_end("another", use_a_little);
	for (int fd = 3; fd < 3 + CHAINS; fd++)
		close(fd);
	printf("then: %s\n", strerror(make_chain()));
	return err;
}

static int read_holes(void)
{
	int fd = open("/holes", O_CREAT | O_RDWR, 0600);
	volatile char *p = MAP_FAILED;
	int sum = 0;

	if (fd >= 0 && ftruncate(fd, 1 << 30) == 0)
		p = mmap(NULL, 1 << 30, PROT_READ, MAP_PRIVATE, fd, 0);
	for (size_t at = 0; p != MAP_FAILED && at < 1 << 30; at += 4096)
		sum += p[at];
	return p == MAP_FAILED ? 85 : sum;
}

/* holes: reads a file of nothing but holes through a mapping; its end gives all of that back. */
static int do_holes(char **argv)
{
	int err = tell_end("reader", read_holes);

	(void)argv;
	return err ? err : tell_end("another", use_a_little);
}

static int read_sparsely(void)
{
	const size_t size = 200ul << 30;
	volatile char *p =
		mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int sum = 0;

	for (size_t at = 0; p != MAP_FAILED && at < size; at += 2 << 20)
		sum += p[at];
	return p == MAP_FAILED ? 84 : sum;
}

/* sparse: a child that takes page tables only; its parent has more pages, and lives on. */
static int do_sparse(char **argv)
{
	(void)argv;
	return use_a_little() ? 83 : tell_end("child", read_sparsely);
}

/* liar: runs this program by a name that looks like lines of the kernel's log, and lets it crash. */
static int do_liar(char **argv)
{
	static const char name[] = "/x\n[    1.000000] kernel panic: a lie\033[7m";
	char *const args[] = { (char *)(uintptr_t)name, (char *)(uintptr_t) "crash", NULL };

	if (link(argv[0], name) != 0)
		return 82;
	return execv(name, args);
}

static int do_crash(char **argv)
{
	volatile uintptr_t address = 0x10;

	(void)argv;
	*(volatile int *)address = 1;
	return 81;
}

/* Makes two calls that Faultline does not have, twice as itself and once under another name. */
static int do_missing(char **argv)
{
	static const char *const names[] = { "greedy", "greedy", "other" };

	(void)argv;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		prctl(PR_SET_NAME, names[i]);
		if (syscall(SYS_mbind, 0, 0, 0, 0) != -1 || errno != ENOSYS)
			return 1;
		if (syscall(SYS_fanotify_init, 0, 0) != -1 || errno != ENOSYS)
			return 1;
	}
	return 0;
}

#define FREED_MIB  12
#define FREED_SETS 8

/* A number from /proc/vmstat, or -1. */
static long count_of(const char *name)
{
	FILE *file = fopen("/proc/vmstat", "r");
	char line[64], word[32];
	long count = -1, n;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%31s %ld", word, &n) == 2 && strcmp(word, name) == 0)
			count = n;
	if (file)
		fclose(file);
	return count;
}

/* What the line of all mappings says, in KiB, or -1. */
static long lazy_kib(void)
{
	FILE *file = fopen("/proc/self/smaps_rollup", "r");
	long kib = -1;
	char line[128];

	while (file && fgets(line, sizeof(line), file))
		(void)sscanf(line, "LazyFree: %ld kB", &kib);
	if (file)
		fclose(file);
	return kib;
}

/*
 * freed: writes set after set of pages, more than memory holds, and gives up all but one page in 16 by MADV_FREE. Of these, the
 * program writes half once more. What was written last is there, and all else is as it was, or zeros.
 */
static int do_freed(char **argv)
{
	const size_t npages = FREED_MIB * 256;
	volatile unsigned char *set[FREED_SETS];
	long wrong = 0, old = 0, lazy = 0;

	(void)argv;
	for (size_t s = 0; s < FREED_SETS; s++) {
		set[s] = mmap(NULL, npages << 12, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (set[s] == MAP_FAILED)
			return 1;
		for (size_t i = 0; i < npages; i++)
			set[s][(i << 12) + 7] = (unsigned char)(s + i % 100 + 1);
		for (size_t i = 0; i < npages; i += 16)
			if (madvise((char *)set[s] + ((i + 1) << 12), 15 << 12, MADV_FREE) != 0)
				return 2;
		lazy = s ? lazy : lazy_kib();
		for (size_t i = 1; i < npages; i += 32)
			set[s][(i << 12) + 7] = (unsigned char)(s + i % 100 + 1);
	}
	for (size_t s = 0; s < FREED_SETS; s++)
		for (size_t i = 0; i < npages; i++) {
			unsigned char is = set[s][(i << 12) + 7];
			bool kept = i % 16 == 0 || i % 32 == 1;

			wrong += is != (unsigned char)(s + i % 100 + 1) && (kept || is != 0);
			old += !kept && is != 0;
		}
	printf("%ld wrong\n", wrong);
	fprintf(stderr, "%ld KiB lazy, %ld given up, %ld dropped, %ld pages have their bytes\n",
		lazy, count_of("pglazyfree"), count_of("pglazyfreed"), old);
	if (lazy < (long)npages * 15 / 16 * 4 ||
	    count_of("pglazyfree") < (long)(FREED_SETS * npages * 15 / 16))
		return 3;
	return count_of("pglazyfreed") < 256 * FREED_MIB ? 4 : 0;
}

static const struct {
	const char *name;
	int (*run)(char **argv);
} behaviours[] = {
	{ "names", do_names },	   { "holes", do_holes }, { "sparse", do_sparse },
	{ "liar", do_liar },	   { "crash", do_crash }, { "removed", do_removed },
	{ "missing", do_missing }, { "freed", do_freed },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 0 && i < sizeof(behaviours) / sizeof(behaviours[0]); i++)
		if (strcmp(argv[argc - 1], behaviours[i].name) == 0)
			return behaviours[i].run(argv);
	return 80;
}
