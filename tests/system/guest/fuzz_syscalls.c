/* SPDX-License-Identifier: MIT */
/* Random system calls: whatever they ask for, the kernel goes on and ends with a clean ledger. */

/*
 * fuzz_syscalls [FIRST_SEED [SECONDS]]: a round forks a few children, each with a seed of its own,
 * lets them call for a while, kills all but itself, and buries what there is. The same seeds make
 * the same calls, though not at the same times. What the calls answer does not matter; the kernel
 * judges itself (hardened build), and the status of the machine tells.
 */

#define _GNU_SOURCE
#include <sched.h>

#include "../../user/t.h"
#include "ecall.h"

#define CHILDREN  4
#define ROUND_MS  400
#define PIDS	  64
#define LENGTHS	  20
#define REGION	  (64 * PAGE)
#define NO_NUMBER 100000

static uint64_t state;
static pid_t supervisor;
static pid_t pids[PIDS];
static unsigned npids;
static char *region; /* lazy, written, shared, read-only and forbidden pages, then a hole */

static uint64_t rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state * 0x2545f4914f6cdd1dull;
}

static uint64_t below(uint64_t n)
{
	return (rnd() >> 20) % n;
}

/* clang-format off */
static const char *const names[] = {
	"a", "b", "d", "d/e", "d/e/f", "d/a", "/dev/null", "/dev/zero", "/proc/self/exe",
	"", ".", "..", "/", "d/..", "a/", "d/e/../../a", "//d//a", "/dev/console", "/dev",
	"./d/./e/x", "/fuzz/self", "/fuzz/text",
};
/* clang-format on */

/* clang-format off */
static const uint64_t odd_addresses[] = {
	0, 1, 8, 0xfff, 0x1000, 0x10000, 0x3fffffffff, 0x4000000000, 0x3ffffff000,
	0x3ffffffff8, 0x8000000000000000, 0xffffffc000000000, 0xffffffff80200000,
	0xffffffffffffffff, 0xfffffffffffff000, 0x4000000001, 0x7fffffffff,
};
/* clang-format on */

/* clang-format off */
static const uint64_t odd_lengths[LENGTHS] = {
	0, 1, 2, 7, 8, 16, 24, 4095, 4096, 4097, 8192, 65536, 65537, 1 << 20, 1ull << 30,
	1ull << 38, INT64_MAX, UINT64_MAX, UINT64_MAX - 4095, 0x7ffff000,
};
/* clang-format on */

static uint64_t address(void)
{
	uint64_t at = (uint64_t)region + below(REGION + 4 * PAGE);

	switch (below(8)) {
	case 0:
		return odd_addresses[below(sizeof(odd_addresses) / sizeof(odd_addresses[0]))];
	case 1:
		return at & -PAGE;
	case 2:
		return (at | (PAGE - 1)) - below(16);
	case 3:
		return rnd();
	case 4:
		return (uint64_t)&at & -16ull; /* the stack */
	case 5:
		return 0x2000000000 + below(8) * (PAGE << below(20));
	default:
		return at;
	}
}

static uint64_t length(void)
{
	return below(3) ? below(3 * PAGE) : odd_lengths[below(LENGTHS)];
}

static uint64_t number(void)
{
	return below(2) ? below(64) : below(2) ? 1ull << below(64) : rnd() >> below(64);
}

static uint64_t descriptor(void)
{
	return below(6) ? 3 + below(24) : below(2) ? (uint64_t)-100 : number();
}

static uint64_t path(void)
{
	return below(10) ? (uint64_t)names[below(sizeof(names) / sizeof(names[0]))] : address();
}

/* Nobody outside the group: not all, not process 1, not the supervisor. */
static uint64_t victim(void)
{
	pid_t pid = below(4) || npids == 0 ? getpid() : pids[below(npids)];

	return pid > 1 && pid != supervisor && pid != getppid() ? (uint64_t)pid : 0x7fffffff;
}

/* How an argument is made up: one letter each. */
static uint64_t argument(char kind)
{
	switch (kind) {
	case 'a':
		return address();
	case 'l':
		return length();
	case 'f':
		return descriptor();
	case 'p':
		return path();
	case 'k':
		return victim();
	case 'v':
		return (uint64_t)region; /* vectors, argv: words that lie here */
	case 's':
		return below(65);
	case 'o':
		return below(8); /* small options */
	case 'm':
		return (below(2) ? MAP_PRIVATE : MAP_SHARED) | (below(3) ? MAP_ANONYMOUS : 0) |
		       (below(4) ? 0 : MAP_FIXED) | (below(4) ? 0 : MAP_POPULATE) |
		       (below(20) ? 0 : rnd());
	case 'w':
		return below(4) ? O_RDWR | O_CREAT : rnd() & 07777777;
	case 'c':
		return (below(4) ? SIGCHLD : 0) | (below(5) ? 0 : CLONE_VM | CLONE_VFORK) |
		       (below(3) ? 0 : 0x01300000) | (below(8) ? 0 : CLONE_PARENT) |
		       (below(30) ? 0 : rnd() & ~(uint64_t)CLONE_VM);
	case '0':
		return 0;
	default:
		return number();
	}
}

static const struct {
	short nr;
	short weight;
	const char *args;
} calls[] = {
	{ SYS_getcwd, 1, "al" },
	{ SYS_dup, 2, "f" },
	{ SYS_dup3, 2, "ffn" },
	{ SYS_fcntl, 2, "fnn" },
	{ SYS_ioctl, 1, "fna" },
	{ SYS_mknodat, 1, "fpnn" },
	{ SYS_mkdirat, 3, "fpn" },
	{ SYS_unlinkat, 3, "fpn" },
	{ SYS_linkat, 3, "fpfpn" },
	{ SYS_ftruncate, 3, "fl" },
	{ SYS_chdir, 1, "p" },
	{ SYS_openat, 9, "fpwn" },
	{ SYS_close, 5, "f" },
	{ SYS_pipe2, 3, "aw" },
	{ SYS_getdents64, 2, "fal" },
	{ SYS_lseek, 2, "fno" },
	{ SYS_read, 5, "fal" },
	{ SYS_write, 6, "fal" },
	{ SYS_readv, 2, "fvo" },
	{ SYS_writev, 2, "fvo" },
	{ SYS_pread64, 2, "fall" },
	{ SYS_pwrite64, 2, "faln" },
	{ SYS_readlinkat, 1, "fpal" },
	{ SYS_newfstatat, 2, "fpan" },
	{ SYS_fstat, 2, "fa" },
	{ SYS_exit, 1, "n" },
	{ SYS_set_tid_address, 1, "a" },
	{ SYS_set_robust_list, 1, "al" },
	{ SYS_get_robust_list, 1, "oaa" },
	{ SYS_futex, 2, "aooaao" },
	{ SYS_nanosleep, 1, "aa" },
	{ SYS_clock_gettime, 1, "oa" },
	{ SYS_clock_getres, 1, "oa" },
	{ SYS_clock_nanosleep, 1, "onaa" },
	{ SYS_sched_yield, 1, "" },
	{ SYS_kill, 2, "ks" },
	{ SYS_tkill, 1, "ks" },
	{ SYS_tgkill, 1, "kks" },
	{ SYS_rt_sigprocmask, 1, "oaal" },
	{ SYS_uname, 1, "a" },
	{ SYS_getrusage, 1, "na" },
	{ SYS_getppid, 1, "" },
	{ SYS_brk, 4, "a" },
	{ SYS_munmap, 4, "al" },
	{ SYS_clone, 5, "c0aa a" },
	{ SYS_execve, 2, "pvv" },
	{ SYS_mmap, 9, "alomfl" },
	{ SYS_mprotect, 5, "alo" },
	{ SYS_madvise, 4, "als" },
	{ SYS_wait4, 3, "nana" },
	{ SYS_prlimit64, 2, "0saa" },
	{ SYS_getrandom, 1, "alo" },
	{ SYS_memfd_create, 2, "pn" },
	{ NO_NUMBER % 4096, 1, "nnnnnn" },
};

#define NCALLS (sizeof(calls) / sizeof(calls[0]))

static unsigned pick(void)
{
	static unsigned total;
	unsigned at, i;

	if (total == 0)
		for (i = 0; i < NCALLS; i++)
			total += (unsigned)calls[i].weight;
	at = (unsigned)below(total);
	for (i = 0; at >= (unsigned)calls[i].weight; i++)
		at -= (unsigned)calls[i].weight;
	return i;
}

/* Words that make something of a vector, a time, a limit, an argv. */
static void write_words(void)
{
	uint64_t *word = (uint64_t *)region;

	for (unsigned i = 0; i < 8; i++)
		word[i] = below(4) ? (i % 2 ? length() : address()) : below(2) ? path() : 0;
}

static void remember(long pid)
{
	if (pid > 1 && npids < PIDS)
		pids[npids++] = (pid_t)pid;
}

static void one_call(void)
{
	unsigned i = pick();
	uint64_t arg[6] = { 0 };
	long nr = calls[i].nr, done;

	for (unsigned n = 0; n < 6 && calls[i].args[n]; n++)
		arg[n] = argument(calls[i].args[n]);
	if (nr == NO_NUMBER % 4096)
		nr = (long)(below(2) ? 440 + below(100) : rnd());
	done = ecall(nr, arg);
	if (nr != SYS_clone)
		return;
	if (done == 0)
		state ^= (uint64_t)getpid() * 0x9e3779b97f4a7c15ull;
	else
		remember(done);
}

/* Memory of all kinds, at places that the numbers above know. */
static void make_region(void)
{
	region = mmap((void *)0x2000000000, REGION, RW, ANON | MAP_FIXED, -1, 0);
	if (region == MAP_FAILED)
		_exit(0);
	memset(region, 1, 8 * PAGE);
	mmap(region + 16 * PAGE, 8 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	mprotect(region + 32 * PAGE, 8 * PAGE, PROT_READ);
	mprotect(region + 48 * PAGE, 4 * PAGE, PROT_NONE);
}

static void fuzz(uint64_t seed)
{
	state = seed * 0x9e3779b97f4a7c15ull + 1;
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	if (open("/dev/null", O_RDWR) == 0) {
		dup(0);
		dup(0);
	}
	make_region();
	for (;;) {
		if (below(4) == 0)
			write_words();
		one_call();
	}
}

/* A copy of this program and a file that is none, for execve; the tree to play in. */
static void make_files(const char *self)
{
	char buf[4096];
	int from = open(self, O_RDONLY), to;
	ssize_t n;

	mkdir("/fuzz", 0755);
	to = open("/fuzz/self", O_CREAT | O_WRONLY, 0755);
	while ((n = read(from, buf, sizeof(buf))) > 0)
		if (write(to, buf, (size_t)n) != n)
			break;
	close(to);
	close(from);
	to = open("/fuzz/text", O_CREAT | O_WRONLY, 0755);
	n = write(to, "no image", 8);
	close(to);
	mkdir("/fuzz/d", 0755);
	if (n != 8 || chdir("/fuzz") != 0)
		exit(3);
}

static void bury_all(void)
{
	kill(-1, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
}

/* One child after the other: most come to grief soon. */
static void fuzz_forever(uint64_t seed)
{
	for (;; seed += 1000003) {
		pid_t pid = fork();

		if (pid == 0)
			fuzz(seed);
		while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
}

static void one_round(uint64_t seed)
{
	for (unsigned i = 0; i < CHILDREN; i++)
		if (fork() == 0)
			fuzz_forever(seed + i);
	nap(ROUND_MS);
	bury_all();
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	time_t until = time(NULL) + (argc > 2 ? atol(argv[2]) : 10);
	unsigned rounds = 0;

	/* What a random execve starts has no such argv[0], and ends at once. */
	if (argc == 0 || !strstr(argv[0], "fuzz_syscalls"))
		return 0;
	supervisor = getpid();
	make_files(argv[0]);
	while (time(NULL) < until) {
		one_round(seed);
		seed += CHILDREN;
		rounds++;
	}
	say("%u rounds\n", rounds);
	return 0;
}
