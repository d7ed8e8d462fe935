/* SPDX-License-Identifier: MIT */
/* Chance: numbers, addresses, lengths, and structures that are half good. */
#include "hostile.h"

#include <termios.h>

static uint64_t state;

void chance_begin(uint64_t seed)
{
	state = (seed + 1) * 0x9e3779b97f4a7c15ull | 1;
}

uint64_t chance(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state * 0x2545f4914f6cdd1dull;
}

uint64_t below(uint64_t n)
{
	return (chance() >> 20) % n;
}

void fill_at_random(void *at, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((unsigned char *)at)[i] = (unsigned char)(chance() >> 33);
}

/* clang-format off */
static const uint64_t odd_addresses[] = {
	0, 1, 8, 0xfff, 0x1000, 0x10000, 0x3ffffff000, 0x3fffffffff, 0x3ffffffff8, 0x4000000000,
	0x4000000001, 0x7fffffffff, 0x8000000000, 0x7fffffffffffffff, 0x8000000000000000,
	0xffffffbfffffffff, 0xffffffc000000000, 0xffffffc080200000, 0xffffffff80000000,
	0xffffffff80200000, 0xfffffffffffff000, 0xfffffffffffffff8, 0xffffffffffffffff,
};

static const uint64_t odd_lengths[] = {
	0, 1, 2, 7, 8, 16, 24, 4095, 4096, 4097, 8192, 65536, 65537, 1 << 20, 1ull << 30,
	1ull << 38, INT32_MAX, 1ull << 31, UINT32_MAX, 0x7ffff000, INT64_MAX, 1ull << 63,
	UINT64_MAX, UINT64_MAX - 4095,
};

static const char *const names[] = {
	"a", "b", "d", "d/e", "d/e/f", "d/a", "/dev/null", "/dev/zero", "/proc/self/exe", "", ".",
	"..", "/", "d/..", "a/", "d/e/../../a", "//d//a", "/dev", "./d/./e/x", "/dev/port/stdin",
	"/hostile/text", "/hostile/self", "/hostile", "elf", "/dev/tty", "n1", "n2", "d/n3", "n4", "n5",
	"/proc/self/maps", "/proc/self/status", "/proc/self/cmdline", "/proc/self/comm", "/proc/self/fd",
	"/proc/self/fd/7", "/proc/self/fd/9", "/proc/self/cwd", "/proc/self/cwd/a", "/proc/mounts",
	"/proc/meminfo", "/proc/1", "/proc/1/exe", "/proc/1/stat", "/proc/1/fd/0", "/proc/2/maps",
};
/* clang-format on */

/* The first of them are no others' names, and those of queues. */
#define REMOVABLE 6

void remove_queues(void)
{
	for (unsigned i = 0; i < REMOVABLE; i++)
		syscall(SYS_mq_unlink, names[i]);
}

unsigned names_of_output(void)
{
	struct stat output, st;
	unsigned n = 0;

	if (fstat(STDOUT_FILENO, &output) != 0)
		exit(3);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (stat(names[i], &st) != 0 || st.st_dev != output.st_dev ||
		    st.st_ino != output.st_ino)
			continue;
		say("# %s is what the judge writes to\n", names[i]);
		n++;
	}
	return n;
}

uint64_t some_address(void)
{
	uint64_t at = (uint64_t)REGION + below((REGION_PAGES + 4) * PAGE);

	switch (below(24)) {
	case 0:
	case 1:
		return ONE_OF(odd_addresses);
	case 2:
		return at & -PAGE;
	case 3:
		return (at | (PAGE - 1)) - below(16);
	case 4:
		return chance();
	case 5:
		return (uint64_t)&at & -16ull; /* the stack */
	case 6:
		return (uint64_t)some_address & (ONE_IN(2) ? -1ull : -PAGE); /* its own code */
	case 7:
		return (uint64_t)(ONE_IN(2) ? GROWING : STACK) + below(2 * PAGE) - PAGE;
	default:
		return at;
	}
}

uint64_t some_length(void)
{
	return below(6) ? below(3 * PAGE) : ONE_OF(odd_lengths);
}

uint64_t some_number(void)
{
	return below(2) ? below(64) : below(2) ? 1ull << below(64) : chance() >> below(64);
}

/* Of a time: mostly short, now and then none that can be. */
static long some_nanoseconds(void)
{
	return ONE_IN(8) ? (long)some_number() : (long)below(400000);
}

static void fill_time(void *at)
{
	struct timespec t = { ONE_IN(12) ? (time_t)some_number() : 0, some_nanoseconds() };

	memcpy(at, &t, sizeof(t));
}

static void fill_itimer(void *at)
{
	struct itimerval t = { .it_value.tv_usec = some_nanoseconds() / 100 };

	if (ONE_IN(3))
		t.it_interval.tv_usec = some_nanoseconds() / 10;
	if (ONE_IN(6))
		t.it_interval.tv_sec = (time_t)some_number();
	if (ONE_IN(6))
		t.it_value.tv_sec = (time_t)some_number();
	memcpy(at, &t, sizeof(t));
}

static void fill_timer(void *at)
{
	struct itimerspec t = { .it_value.tv_nsec = some_nanoseconds() };

	if (ONE_IN(2))
		t.it_interval.tv_nsec = some_nanoseconds() * 100;
	if (ONE_IN(6))
		t.it_interval.tv_sec = (time_t)some_number();
	if (ONE_IN(6))
		t.it_value.tv_sec = (time_t)some_number();
	memcpy(at, &t, sizeof(t));
}

static void fill_event(void *at)
{
	struct sigevent event = { .sigev_signo = below(6) ? SIGALRM : (int)below(66),
				  .sigev_notify = ONE_IN(2) ? 0 : (int)below(6) };

	event.sigev_value.sival_ptr = (void *)some_number();
	event._sigev_un._tid = ONE_IN(2) ? (int)getpid() : (int)some_pid();
	memcpy(at, &event, sizeof(event));
}

static void fill_action(void *at)
{
	static const uint64_t flags[] = { SA_SIGINFO,	SA_ONSTACK,   SA_RESTART,   SA_NODEFER,
					  SA_NOCLDWAIT, SA_RESETHAND, SA_NOCLDSTOP, 0xff0 };
	uint64_t action[3] = { (uint64_t)handler_entry, 0, ONE_IN(3) ? chance() : 0 };

	if (ONE_IN(4))
		action[0] = ONE_IN(2) ? below(3) : some_address();
	for (unsigned i = 0; i < 3; i++)
		action[1] |= below(2) ? ONE_OF(flags) : 0;
	memcpy(at, action, sizeof(action));
}

static void fill_stack(void *at)
{
	uint64_t stack[3] = { (uint64_t)STACK, 0, STACK_SIZE };

	if (ONE_IN(2)) {
		stack[0] = some_address();
		stack[2] = some_length();
	}
	if (ONE_IN(3))
		stack[1] = ONE_IN(2) ? 1u << 31 : below(4);
	memcpy(at, stack, sizeof(stack));
}

static void fill_info(void *at)
{
	siginfo_t info = { .si_signo = (int)below(65), .si_code = -1 - (int)below(3) };

	if (ONE_IN(4))
		fill_at_random(&info, sizeof(info));
	memcpy(at, &info, sizeof(info));
}

static void fill_vector(void *at)
{
	uint64_t words[16];

	for (unsigned i = 0; i < 16; i++)
		words[i] = ONE_IN(12) ? some_number() : i % 2 ? below(2000) : some_address();
	memcpy(at, words, sizeof(words));
}

static void fill_strings(void *at)
{
	uint64_t words[8] = { 0 };

	for (unsigned i = 0; i < 7 && below(4); i++)
		words[i] = ONE_IN(6) ? some_address() : (uint64_t)ONE_OF(names);
	memcpy(at, words, sizeof(words));
}

static void fill_termios(void *at)
{
	struct termios t = { .c_iflag = (unsigned)chance(),
			     .c_lflag = (unsigned)chance(),
			     .c_oflag = (unsigned)chance() };

	fill_at_random(t.c_cc, sizeof(t.c_cc));
	memcpy(at, &t, 60);
}

/* Of openat2. */
static void fill_how(void *at)
{
	const uint64_t how[3] = { argument('w') & ~(uint64_t)(ONE_IN(3) ? 0 : O_CREAT),
				  ONE_IN(4) ? some_number() : 0,
				  ONE_IN(8) ? some_number() : below(64) };

	memcpy(at, how, sizeof(how));
}

static void fill_flock(void *at)
{
	struct flock lock = { .l_type = (short)below(3),
			      .l_start = (off_t)below(200),
			      .l_len = (off_t)below(50),
			      .l_pid = ONE_IN(12) ? (pid_t)some_pid() : 0 };

	if (ONE_IN(6))
		lock.l_whence = (short)below(4);
	if (ONE_IN(8))
		lock.l_start = (off_t)some_number();
	if (ONE_IN(8))
		lock.l_len = (off_t)(ONE_IN(2) ? some_number() : -below(100));
	if (ONE_IN(16))
		fill_at_random(&lock, sizeof(lock));
	memcpy(at, &lock, sizeof(lock));
}

static void fill_pid(void *at)
{
	int pid = (int)some_pid();

	memcpy(at, &pid, sizeof(pid));
}

static void fill(char kind, void *at)
{
	uint64_t word = chance();

	switch (kind) {
	case 't':
		return fill_time(at);
	case 'T':
		return fill_itimer(at);
	case 'M':
		return fill_timer(at);
	case 'E':
		return fill_event(at);
	case 'A':
		return fill_action(at);
	case 'K':
		return fill_stack(at);
	case 'G':
		return fill_info(at);
	case 'V':
		return fill_vector(at);
	case 'P':
		return fill_strings(at);
	case 'F':
		return fill_flock(at);
	case 'H':
		return fill_how(at);
	case 'Y':
		return ONE_IN(2) ? fill_termios(at) : fill_pid(at);
	default:
		memcpy(at, &word, sizeof(word));
	}
}

/* A structure that is half good, where memory may end before it does; or no such thing. */
static uint64_t structure(char kind)
{
	static char own[1024]; /* the region may be gone */
	uint64_t at = (uint64_t)own + 256 * below(3) + below(8) * ONE_IN(8);

	fill(kind, (void *)at);
	if (ONE_IN(10))
		return 0;
	if (ONE_IN(8))
		return some_address();
	if (ONE_IN(8))
		return (uint64_t)HOLE - 8 * below(4);
	return at;
}

static uint64_t descriptor(void)
{
	return below(12) ? 3 + below(14) : below(2) ? (uint64_t)-100 : some_number();
}

/* What begins at a page, and how long it is. */
static uint64_t page_address(void)
{
	return ONE_IN(8) ? some_address() : (uint64_t)REGION + below(REGION_PAGES + 2) * PAGE;
}

static uint64_t page_length(void)
{
	return ONE_IN(8) ? some_length() : (1 + below(6)) * PAGE;
}

static uint64_t offset(void)
{
	return ONE_IN(8) ? some_length() : ONE_IN(2) ? below(16) * PAGE : below(1 << 16);
}

static uint64_t path_flags(void)
{
	static const uint64_t flags[] = { 0, 0, 0, 0x80000, 0x100, 0x200, 0x400, 0x1000 };

	return ONE_IN(8) ? some_number() : ONE_OF(flags);
}

static const char *new_name(void)
{
	static char name[16];

	snprintf(name, sizeof(name), "n%u", (unsigned)below(200));
	return name;
}

static uint64_t map_flags(void)
{
	return (below(2) ? MAP_PRIVATE : MAP_SHARED) | (below(3) ? MAP_ANONYMOUS : 0) |
	       (below(4) ? 0 : MAP_FIXED) | (below(6) ? 0 : MAP_POPULATE) |
	       (below(8) ? 0 : MAP_GROWSDOWN) | (below(8) ? 0 : MAP_LOCKED) |
	       (below(20) ? 0 : chance());
}

static uint64_t clone_flags(void)
{
	return (below(4) ? SIGCHLD : below(256)) | (below(5) ? 0 : 0x4100) |
	       (below(9) ? 0 : 0x100) | (below(3) ? 0 : 0x01300000) | (below(8) ? 0 : 0x8000) |
	       (below(8) ? 0 : 0x80000) | (below(20) ? 0 : chance());
}

static uint64_t terminal_request(void)
{
	static const uint64_t requests[] = { TCGETS,	TCSETS,	    TCSETSW,	TCSETSF,
					     TCFLSH,	TIOCGWINSZ, TIOCSWINSZ, TIOCSCTTY,
					     TIOCNOTTY, TIOCGPGRP,  TIOCSPGRP,	TIOCGSID,
					     FIONREAD,	FIONBIO,    FIOCLEX,	FIONCLEX };

	return ONE_IN(8) ? some_number() : ONE_OF(requests);
}

/* Some of them of CPU time, of this process or another. */
static uint64_t some_clock(void)
{
	if (ONE_IN(3))
		return ~(ONE_IN(2) ? (uint64_t)getpid() : some_pid()) * 8 + below(8);
	return ONE_IN(12) ? some_number() : below(12);
}

/* The names are what the table of hostile_calls.c uses. */
uint64_t argument(char kind)
{
	switch (kind) {
	case 'a':
		return some_address();
	case 'l':
		return some_length();
	case 'f':
		return descriptor();
	case 'd':
		return below(12) ? (uint64_t)-100 : descriptor();
	case 'p':
		return below(10) ? (uint64_t)ONE_OF(names) : some_address();
	case 'A': /* where NULL is a good answer */
		return ONE_IN(2) ? 0 : some_address();
	case 'N': /* mostly new */
		return ONE_IN(4) ? (uint64_t)ONE_OF(names) : (uint64_t)new_name();
	case 'e': /* the one link that there is */
		return ONE_IN(2) ? (uint64_t) "/proc/self/exe" : argument('p');
	case 'j':
		return ONE_IN(2) ? S_IFREG | 0644 : ONE_IN(2) ? S_IFIFO | 0644 : some_number();
	case 'D': /* a directory */
		return ONE_IN(4) ? descriptor() : 5;
	case 'u': /* to be removed: nothing that the others need */
		return (uint64_t)names[below(REMOVABLE)];
	case 'k':
		return some_pid();
	case 's':
		return below(12) ? below(66) : some_number();
	case 'z':
		return below(12) ? 8 : some_number();
	case 'o':
		return below(12) ? below(8) : some_number();
	case 'Q': /* of ptrace: the first 32, or those from PTRACE_SETOPTIONS on */
		return ONE_IN(2) ? below(32) : 0x4200 + below(18);
	case 'm':
		return map_flags();
	case 'w':
		return below(4) ? O_RDWR | O_CREAT | O_NONBLOCK : chance() & 07777777;
	case 'c':
		return clone_flags();
	case 'q':
		return terminal_request();
	case 'g':
		return page_address();
	case 'L':
		return page_length();
	case 'O':
		return offset();
	case 'x':
		return path_flags();
	case 'C':
		return ONE_IN(8) ? some_number() : ONE_IN(2) ? below(5) : 1024 + below(12);
	case 'B': /* of locks */
		return ONE_IN(2) ? F_GETLK + below(3) : F_OFD_GETLK + below(3);
	case 'h': /* without waiting, mostly */
		return below(12) ? WNOHANG | below(16) : some_number();
	case 'U':
		return some_clock();
	case 'i': /* of a timer */
		return ONE_IN(12) ? some_number() : below(8);
	case 'X': /* of an attribute */
		return ONE_IN(4) ? argument('p') : (uint64_t)(ONE_IN(2) ? "user.a" : "user.b");
	case 'R': /* not those that all need */
		return 3 + below(14);
	case 'r':
		return ONE_IN(3) ? 24 : some_number();
	case '0':
		return 0;
	case 'n':
		return some_number();
	default:
		return structure(kind);
	}
}
