/* SPDX-License-Identifier: MIT */
/* What the children do beside calls: memory of all kinds, limits, images, terminals, crowds. */
#include "hostile.h"

#include <elf.h>
#include <termios.h>

#include "abi/pagemap.h"
#include "abi/userfaultfd.h"

#define CROWD 12

uint64_t shared_fd;
unsigned steps_left;

void make_region(void)
{
	mmap(REGION, REGION_PAGES * PAGE, RW, ANON | MAP_FIXED, -1, 0);
	memset(REGION, 1, 8 * PAGE);
	mmap(REGION + 16 * PAGE, 8 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	shared_fd = (uint64_t)memfd_create("shared", 0);
	ftruncate((int)shared_fd, 8 * PAGE);
	mmap(SHARED_FILE, 8 * PAGE, RW, MAP_SHARED | MAP_FIXED, (int)shared_fd, 0);
	mprotect(READ_ONLY, 8 * PAGE, PROT_READ);
	mprotect(FORBIDDEN, 4 * PAGE, PROT_NONE);
	mmap(GROWING, PAGE, RW, ANON | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
	mmap(STACK, STACK_SIZE, RW, ANON | MAP_FIXED, -1, 0);
	mmap(FRAMES, FRAMES_SIZE, RW, ANON | MAP_FIXED, -1, 0);
}

void forked(void)
{
	count(PROCESSES);
	called = 0;
	chance_begin(chance() + (uint64_t)getpid());
	steps_left /= 4;
}

/* Loads, stores and jumps, where handlers step over what faults. */
static void touch(void)
{
	handlers_begin();
	for (unsigned i = 0; i < 8; i++) {
		uint64_t at = some_address();

		switch (below(4)) {
		case 0:
			asm volatile(
				".option push\n\t.option norvc\n\tsd zero, (%0)\n\t.option pop" ::
					"r"(at)
				: "memory");
			break;
		case 1:
			asm volatile(
				".option push\n\t.option norvc\n\tamoadd.d zero, zero, (%0)\n\t"
				".option pop" ::"r"(at & -8ull)
				: "memory");
			break;
		default:
			asm volatile(
				".option push\n\t.option norvc\n\tld t0, (%0)\n\t.option pop" ::"r"(
					at)
				: "t0", "memory");
		}
	}
	((void (*)(void))some_address())();
}

static void limits(void)
{
	for (unsigned i = 0; i < 3; i++) {
		struct rlimit limit = { below(2) ? below(64) : 1ull << below(40), RLIM_INFINITY };
		const uint64_t arg[6] = { 0, below(16), (uint64_t)&limit, 0 };

		call(SYS_prlimit64, arg);
	}
	random_calls(20);
}

/* All descriptors open, or none. */
static void descriptors(void)
{
	long fd = 0;

	if (ONE_IN(3)) {
		for (uint64_t i = 0; i < 256; i++)
			call3(SYS_close, i, 0, 0);
	} else {
		while (fd >= 0)
			fd = call3(SYS_dup, ONE_IN(20) ? shared_fd : 3 + below(8), 0, 0);
	}
	random_calls(20);
}

/* An ELF file of two segments, some bytes of which are not what they should be. */
static void image(void)
{
	unsigned char page[1024] = { 0 };
	Elf64_Ehdr *header = (Elf64_Ehdr *)page;
	Elf64_Phdr *part = (Elf64_Phdr *)(header + 1);
	int fd = open("elf", O_CREAT | O_WRONLY | O_TRUNC, 0755);

	*header = (Elf64_Ehdr){ .e_ident = ELFMAG "\2\1\1",
				.e_type = ET_EXEC,
				.e_machine = EM_RISCV,
				.e_version = 1,
				.e_entry = 0x10200,
				.e_phoff = sizeof(*header),
				.e_ehsize = sizeof(*header),
				.e_phentsize = sizeof(*part),
				.e_phnum = 2 };
	part[0] = (Elf64_Phdr){ .p_type = PT_LOAD,
				.p_flags = PF_R | PF_X,
				.p_vaddr = 0x10000,
				.p_filesz = 1024,
				.p_memsz = 1024,
				.p_align = PAGE };
	part[1] = (Elf64_Phdr){ .p_type = PT_LOAD,
				.p_flags = PF_R | PF_W,
				.p_vaddr = 0x20000,
				.p_filesz = 512,
				.p_memsz = 1 + below(20) * PAGE,
				.p_align = PAGE };
	for (unsigned n = (unsigned)below(4); n; n--)
		fill_at_random(page + below(sizeof(*header) + 2 * sizeof(*part)), 1 + below(8));
	fill_at_random(page + 512, 512);
	if (fd >= 0 && write(fd, page, sizeof(page)) != sizeof(page))
		_exit(0);
	close(fd);
	call3(SYS_execve, (uint64_t) "elf", argument('P'), argument('P'));
}

/* A session of its own that takes the console, and processes in its foreground and background. */
static void terminal(void)
{
	uint64_t fd;

	setsid();
	fd = (uint64_t)open("/dev/console", (ONE_IN(4) ? O_RDWR : O_RDONLY) | O_NONBLOCK);
	call3(SYS_ioctl, fd, TIOCSCTTY, below(2));
	if (call3(SYS_clone, SIGCHLD, 0, 0) == 0)
		call3(SYS_setpgid, 0, 0, 0);
	for (unsigned i = 0; i < 12; i++) {
		call3(SYS_ioctl, fd, argument('q'), argument('Y'));
		if (ONE_IN(3))
			call3(SYS_read, fd, some_address(), some_length());
		if (ONE_IN(6))
			call3(SYS_write, fd, (uint64_t) "\n", 1);
		random_call();
	}
}

/* Many at once that signal, stop and kill each other. */
static void crowd(void)
{
	setsid();
	for (unsigned i = 0; i < CROWD; i++)
		if (call3(SYS_clone, SIGCHLD, 0, 0) == 0)
			break;
	for (unsigned i = 0; i < 10; i++) {
		call3(SYS_kill, ONE_IN(8) ? 0 : some_pid(), argument('s'), 0);
		random_call();
	}
}

/* Signals kept up to the most that may wait. */
static void queue(void)
{
	uint64_t all = -1ull, set[6] = { SIG_BLOCK, (uint64_t)&all, 0, 8 };
	siginfo_t info = { .si_code = -1 };

	call(SYS_rt_sigprocmask, set);
	for (unsigned i = 0; i < 300; i++)
		call3(SYS_rt_sigqueueinfo, (uint64_t)getpid(), 32 + below(33), (uint64_t)&info);
	random_calls(10);
	set[0] = SIG_UNBLOCK;
	call(SYS_rt_sigprocmask, set);
}

/* More memory than there is, of one kind. */
static void hog(void)
{
	uint64_t size = ONE_IN(2) ? 16 * MIB : 256 * MIB;
	char *at =
		mmap(NULL, size, RW, (ONE_IN(3) ? MAP_SHARED : MAP_PRIVATE) | MAP_ANONYMOUS, -1, 0);

	for (uint64_t i = 0; at != MAP_FAILED && i < size; i += below(64) * PAGE + PAGE)
		at[i] = 1;
}

static uint64_t some_categories(void)
{
	return ONE_IN(16) ? some_number() : below(2) ? 0 : below(256);
}

/* Registers memory by the descriptor; or not, with another mode or any range. */
static void register_some(uint64_t uffd)
{
	struct abi_uffdio_register ask = { .range = { argument('g'), argument('L') },
					   .mode = ONE_IN(16)  ? some_number()
						   : ONE_IN(2) ? below(8)
							       : UFFDIO_REGISTER_MODE_WP };

	call3(SYS_ioctl, uffd, UFFDIO_REGISTER, (uint64_t)&ask);
}

/* Finds what was written, and protects it, with any arguments. */
static void scans(void)
{
	struct abi_uffdio_api api = { .api = UFFD_API,
				      .features = UFFD_FEATURE_WP_ASYNC | UFFD_FEATURE_SIGBUS };
	const uint64_t uffd = (uint64_t)call3(SYS_userfaultfd, UFFD_USER_MODE_ONLY, 0, 0);
	const uint64_t map = (uint64_t)open("/proc/self/pagemap", O_RDONLY);

	call3(SYS_ioctl, uffd, UFFDIO_API, (uint64_t)&api);
	for (unsigned i = 0; i < 30; i++) {
		const uint64_t start = argument('g');
		struct abi_pm_scan_arg ask = {
			.size = ONE_IN(16) ? some_length() : sizeof(ask),
			.flags = ONE_IN(16) ? some_number() : below(4),
			.start = start,
			.end = ONE_IN(8) ? some_number() : start + argument('L'),
			.vec = ONE_IN(8) ? 0 : argument('a'),
			.vec_len = below(2) ? below(8) : some_length(),
			.max_pages = below(2) ? 0 : some_length(),
			.category_inverted = some_categories(),
			.category_mask = some_categories(),
			.category_anyof_mask = some_categories(),
			.return_mask = some_categories(),
		};

		if (ONE_IN(3))
			register_some(uffd);
		if (ONE_IN(3))
			random_call();
		call3(SYS_ioctl, map, PAGEMAP_SCAN, ONE_IN(16) ? argument('a') : (uint64_t)&ask);
	}
}

/* Resolves faults that there may be, with any arguments. Nobody waits for a page: it is SIGBUS. */
static void resolves(void)
{
	static const uint64_t requests[] = {
		UFFDIO_UNREGISTER,   UFFDIO_WAKE, UFFDIO_COPY,	   UFFDIO_COPY,
		UFFDIO_ZEROPAGE,     UFFDIO_MOVE, UFFDIO_CONTINUE, UFFDIO_MOVE,
		UFFDIO_POISON,	     UFFDIO_API,  UFFDIO_POISON,   UFFDIO_COPY,
		UFFDIO_WRITEPROTECT,
	};
	struct abi_uffdio_api api = { .api = UFFD_API,
				      .features = UFFD_FEATURE_SIGBUS |
						  (below(2) ? UFFD_FEATURE_WP_UNPOPULATED : 0) };
	const uint64_t uffd = (uint64_t)call3(SYS_userfaultfd, UFFD_USER_MODE_ONLY, 0, 0);

	call3(SYS_ioctl, uffd, UFFDIO_API, (uint64_t)&api);
	for (unsigned i = 0; i < 40; i++) {
		const uint64_t length = argument('L');
		const bool has_source = below(2);
		uint64_t ask[5] = { argument('g'), length, below(4) };

		if (has_source) { /* UFFDIO_COPY and UFFDIO_MOVE have it before the length */
			ask[1] = ONE_IN(8) ? argument('a') : argument('g');
			ask[2] = length;
			ask[3] = below(4);
		}
		if (ONE_IN(3))
			register_some(uffd);
		if (ONE_IN(4))
			random_call();
		call3(SYS_ioctl, uffd,
		      ONE_IN(32) ? some_number() : requests[below(sizeof(requests) / 8)],
		      ONE_IN(16) ? argument('a') : (uint64_t)ask);
	}
}

static const struct {
	const char *name;
	void (*f)(void);
	unsigned weight;
} acts[] = {
	{ "odd_stack", act_odd_stack, 5 },
	{ "odd_sp", act_odd_sp, 5 },
	{ "frame", act_frame, 8 },
	{ "cut_stack", act_cut_stack, 2 },
	{ "touch", touch, 4 },
	{ "limits", limits, 2 },
	{ "descriptors", descriptors, 2 },
	{ "image", image, 4 },
	{ "terminal", terminal, 3 },
	{ "crowd", crowd, 1 },
	{ "queue", queue, 1 },
	{ "hog", hog, 2 },
	{ "endpoint", act_endpoint, 5 },
	{ "server", act_server, 5 },
	{ "driver", act_driver, 2 },
	{ "served", act_served, 4 },
	{ "sockets", act_sockets, 6 },
	{ "scans", scans, 3 },
	{ "resolves", resolves, 4 },
};

#define NACTS	(sizeof(acts) / sizeof(acts[0]))
#define WEIGHTS 68 /* of all of them */

_Static_assert(NACTS <= ACTS_MAX, "each has a counter");

/* In a process of its own, which ends: who goes on keeps memory and handlers. */
void random_act(void)
{
	unsigned which = (unsigned)below(WEIGHTS), i;
	long pid = call3(SYS_clone, SIGCHLD, 0, 0);

	for (i = 0; which >= acts[i].weight; i++)
		which -= acts[i].weight;
	if (pid == 0) {
		steps_left = 0;
		count(ACTS + i);
		acts[i].f();
		_exit(0);
	}
	while (pid > 0 && call3(SYS_wait4, (uint64_t)pid, 0, 0) == -EINTR)
		;
}

void tell_acts(void)
{
	for (unsigned i = 0; i < NACTS; i++)
		say("act %s: %lu\n", acts[i].name, (unsigned long)counted(ACTS + i));
}
