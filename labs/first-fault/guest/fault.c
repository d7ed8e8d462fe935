/* SPDX-License-Identifier: MIT */
/* The tests of the lab first-fault: what a program, its parent and the log learn of an access that faults. */
#include "programs.h"
#include "words.h"

#include <setjmp.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <ucontext.h>

#define KERNEL_ADDRESS 0xffffffc080200000ul
#define END_OF_MEMORY  0x4000000000ul
#define NO_ADDRESS     0x0001000000000000ul /* neither a program's nor the kernel's */
#define REGISTERS      28		    /* of registers_around(), below */
#define DOUBLES	       32

/* ---- faults that are caught ---- */

static volatile siginfo_t caught;
static volatile uintptr_t caught_pc;
static volatile unsigned times;
static sigjmp_buf back;

static uintptr_t pc_of(void *context)
{
	return (uintptr_t)((ucontext_t *)context)->uc_mcontext.__gregs[REG_PC];
}

static void note(int number, siginfo_t *info, void *context)
{
	(void)number;
	caught = *info;
	caught_pc = pc_of(context);
	times++;
}

static void give_up(int number, siginfo_t *info, void *context)
{
	note(number, info, context);
	siglongjmp(back, 1);
}

static void handle_with(void (*handler)(int, siginfo_t *, void *), int flags)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags };

	if (sigaction(SIGSEGV, &action, NULL) || sigaction(SIGBUS, &action, NULL))
		fail("sigaction");
	times = 0;
}

enum how { READ, WRITE, FETCH, ATOMIC };

static const char *const how_words[] = { "a read of", "a write to", "a jump to",
					 "an atomic operation on" };

static void access_byte(enum how how, uintptr_t address)
{
	switch (how) {
	case READ:
		(void)*(volatile char *)address;
		break;
	case WRITE:
		*(volatile char *)address = 1;
		break;
	case FETCH:
		((void (*)(void))address)();
		break;
	case ATOMIC:
		__atomic_fetch_add((int *)address, 1, __ATOMIC_SEQ_CST);
	}
}

static const char *code_name(int number, int code)
{
	if (number == SIGSEGV && code == SEGV_MAPERR)
		return "SEGV_MAPERR";
	if (number == SIGSEGV && code == SEGV_ACCERR)
		return "SEGV_ACCERR";
	if (number == SIGBUS && code == BUS_ADRERR)
		return "BUS_ADRERR";
	return number ? "another code" : "no code";
}

/* Tells the signal, its code and its address, of an access that is refused. */
static void refused(enum how how, uintptr_t address, uint64_t mark, int number, int code)
{
	uintptr_t at;

	memset((void *)&caught, 0, sizeof(caught));
	if (sigsetjmp(back, 1) == 0)
		access_byte(how, address);
	at = (uintptr_t)caught.si_addr;
	result("signal", (uint64_t)caught.si_signo);
	result("code", (uint64_t)caught.si_code);
	result("address", mark + (at - address));
	if (caught.si_signo != number || caught.si_code != code)
		show("%s %#lx: %s, %s came, and %s, %s is right", how_words[how], address,
		     signal_name(caught.si_signo), code_name(caught.si_signo, caught.si_code),
		     signal_name(number), code_name(number, code));
	else if (at != address)
		show("%s %#lx: si_addr is %#lx", how_words[how], address, at);
}

struct attempt {
	enum how how;
	uintptr_t address;
};

static void try_all(uint64_t seed, size_t n, const struct attempt *attempts, size_t nattempts,
		    int number, int code)
{
	handle_with(give_up, 0);
	for (size_t i = 0; i < n; i++) {
		const struct attempt *one = &attempts[mix(seed, i) % nattempts];

		refused(one->how, one->address, mix(seed, i), number, code);
	}
	result("faults", times);
}

#define TRY_ALL(seed, n, attempts, number, code) \
	try_all(seed, n, attempts, sizeof(attempts) / sizeof((attempts)[0]), number, code)

static char *pages_with(size_t n, int protection)
{
	char *pages = map_pages(n, MAP_PRIVATE);

	fill(pages, n, n);
	if (mprotect(pages, n * PAGE, protection))
		fail("mprotect");
	return pages;
}

/*
 * Some pages with these permissions, and after them addresses that are not mapped: in a part of the
 * address space where the kernel puts nothing by itself.
 */
static char *edge(size_t n, int protection)
{
	static char *next = (char *)0x2000000000ul;
	char *pages =
		mmap(next, n * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (pages != next)
		fail("mmap");
	next += 16 * MIB;
	if (mprotect(pages, n * PAGE, protection))
		fail("mprotect");
	return pages;
}

static void not_mapped(uint64_t seed, size_t n)
{
	uintptr_t hole = (uintptr_t)edge(1, RW) + PAGE;
	const struct attempt attempts[] = {
		{ READ, hole },
		{ WRITE, hole },
		{ FETCH, hole },
		{ READ, hole + 4093 },
		{ WRITE, hole + 1 + seed % 4000 },
		{ FETCH, hole + 2048 },
		{ READ, 0 },
		{ WRITE, 0 },
		{ FETCH, 0 },
		{ WRITE, 0xfff },
		{ READ, KERNEL_ADDRESS },
		{ WRITE, KERNEL_ADDRESS + 1 },
		{ FETCH, KERNEL_ADDRESS },
		{ READ, END_OF_MEMORY },
		{ WRITE, -1ul },
		{ READ, NO_ADDRESS },
		{ WRITE, 1ul << 63 },
		{ ATOMIC, hole + 64 },
		{ ATOMIC, 8 },
	};

	TRY_ALL(seed, n, attempts, SIGSEGV, SEGV_MAPERR);
}

static int of_data = 1;

static void not_allowed(uint64_t seed, size_t n)
{
	uintptr_t frozen = (uintptr_t)pages_with(2, PROT_READ),
		  hidden = (uintptr_t)pages_with(2, PROT_NONE);
	uintptr_t plain = (uintptr_t)pages_with(2, RW),
		  code = (uintptr_t)pages_with(1, PROT_READ | PROT_EXEC);
	int on_stack = 0, file = memfd_create("file", 0);
	uintptr_t shared;

	if (ftruncate(file, PAGE))
		fail("ftruncate");
	shared = (uintptr_t)mmap(NULL, PAGE, PROT_READ, MAP_SHARED, file, 0);
	const struct attempt attempts[] = {
		{ WRITE, frozen },
		{ WRITE, frozen + PAGE + seed % PAGE },
		{ FETCH, frozen },
		{ READ, hidden },
		{ WRITE, hidden + 4095 },
		{ FETCH, hidden + PAGE },
		{ FETCH, plain },
		{ FETCH, plain + PAGE + 16 },
		{ WRITE, code },
		{ WRITE, (uintptr_t)not_allowed & ~1ul },
		{ FETCH, (uintptr_t)&of_data },
		{ FETCH, (uintptr_t)&on_stack },
		{ WRITE, shared },
		{ FETCH, shared },
		{ ATOMIC, frozen + 16 },
		{ ATOMIC, hidden + 128 },
	};

	TRY_ALL(seed, n, attempts, SIGSEGV, SEGV_ACCERR);
	result("nothing_has_changed", mix(seed, n) + (page_read((void *)plain) ^ mix(2, 0)) +
					      (page_read((void *)frozen) ^ mix(2, 0)));
}

static void file_end(uint64_t seed, size_t n)
{
	int file = memfd_create("file", 0);
	uintptr_t shared, own, cut;

	if (ftruncate(file, (off_t)(5 * PAGE)))
		fail("ftruncate");
	shared = (uintptr_t)mmap(NULL, 8 * PAGE, RW, MAP_SHARED, file, 0);
	own = (uintptr_t)mmap(NULL, 8 * PAGE, RW, MAP_PRIVATE, file, 0);
	cut = (uintptr_t)mmap(NULL, 8 * PAGE, RW | PROT_EXEC, MAP_SHARED, file, 0);
	*(volatile char *)(shared + 4 * PAGE) = 1;
	if (ftruncate(file, (off_t)(2 * PAGE + 100)))
		fail("ftruncate");
	const struct attempt attempts[] = {
		{ READ, shared + 5 * PAGE }, { WRITE, shared + 7 * PAGE + seed % PAGE },
		{ READ, own + 3 * PAGE },    { WRITE, own + 7 * PAGE + 1 },
		{ READ, cut + 4 * PAGE },    { WRITE, cut + 4 * PAGE + 4095 },
		{ FETCH, cut + 3 * PAGE },   { ATOMIC, shared + 6 * PAGE },
	};

	TRY_ALL(seed, n, attempts, SIGBUS, BUS_ADRERR);
	access_byte(WRITE, shared + 2 * PAGE + 4095); /* in the file's last page */
	result("more_faults", times - n);
}

/* ---- the instruction is executed again ---- */

static char *area;
static size_t area_pages;
static uint64_t area_seed;
static int area_file;

/* Returns the page of the fault, or ends. */
static char *page_of_fault(siginfo_t *info)
{
	uintptr_t at = (uintptr_t)info->si_addr & -PAGE;

	if (at < (uintptr_t)area || at >= (uintptr_t)area + area_pages * PAGE) {
		say("failed handler: si_addr is %p, where the program has accessed nothing\n",
		    info->si_addr);
		_exit(98);
	}
	if (++times > 10 * area_pages) {
		say("failed handler: it is called again and again for %p\n", info->si_addr);
		_exit(98);
	}
	return (char *)at;
}

static void unprotect(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	if (mprotect(page_of_fault(info), PAGE, RW))
		fail("mprotect in a handler");
}

/* Pages that a handler makes accessible, one after the other. */
static void protects(uint64_t seed, size_t n)
{
	uint64_t found = 0;

	area = map_pages(n, MAP_PRIVATE);
	area_pages = n;
	fill(area, n, seed);
	if (mprotect(area, n * PAGE, PROT_NONE) || mprotect(area, n / 2 * PAGE, PROT_READ))
		fail("mprotect");
	handle_with(unprotect, 0);
	for (size_t i = 0; i < n; i++) {
		size_t at = mix(seed, i) % n, word = mix(seed, i) % (WORDS - 1) + 1;
		volatile uint64_t *page = (volatile uint64_t *)(area + at * PAGE);

		page[word] += i; /* a load and a store */
		found += page[word] * (i + 1);
		if (page[word] != mix(seed, at) * (2 * word + 1) + i)
			show("a word of page %zu has another value than was stored", at);
		page[word] -= i;
	}
	result("found", found);
	result("faults", times);
	result("sum", sum_of_all("the memory", area, n, seed));
}

static void map_one(int number, siginfo_t *info, void *context)
{
	char *at = page_of_fault(info);

	(void)number;
	(void)context;
	if (mmap(at, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != at)
		fail("mmap in a handler");
	page_write(at, mix(area_seed, (uint64_t)(at - area) / PAGE));
}

/* Pages that a handler maps where there was nothing. */
static void maps(uint64_t seed, size_t n)
{
	area = edge(n, RW);
	area_pages = n;
	area_seed = seed;
	munmap(area, n * PAGE);
	handle_with(map_one, 0);
	result("sum", sum_of_all("the memory", area, n, seed));
	result("faults", times);
	((volatile uint64_t *)area)[seed % WORDS] = 1;
	result("faults_then", times);
}

/* Of an instruction on two pages, the second page may be the one that is accessed. */
static void allow_code(int number, siginfo_t *info, void *context)
{
	char *at = page_of_fault(info);
	uintptr_t pc = pc_of(context);

	(void)number;
	if (pc != (uintptr_t)info->si_addr && (pc + 2 != (uintptr_t)at || at != info->si_addr)) {
		say("failed handler: si_addr is %p and the PC %#lx, at a fetch\n", info->si_addr,
		    pc);
		_exit(98);
	}
	if (mprotect(at, PAGE, PROT_READ | PROT_EXEC))
		fail("mprotect in a handler");
}

/* Writes a function: lui a0, K; addi a0, a0, k; ret. */
static void write_function(char *at, uint64_t value)
{
	const uint32_t code[] = {
		(uint32_t)(value >> 11 << 12) | 10 << 7 | 0x37,
		(uint32_t)(value & 0x7ff) << 20 | 10 << 15 | 10 << 7 | 0x13,
		0x00008067,
	};

	memcpy(at, code, sizeof(code));
}

/* Where the function i is: of each other page on that page, else its first instruction is on two. */
static char *function_at(size_t i, uint64_t seed)
{
	if (i % 2)
		return area + i * 2 * PAGE + PAGE - 2;
	return area + i * 2 * PAGE + mix(seed, i) % 1000 * 4;
}

/* Functions on two pages each, which a handler allows to run. */
static void code(uint64_t seed, size_t n)
{
	uint64_t total = 0;

	area = map_pages(2 * n, MAP_PRIVATE);
	area_pages = 2 * n;
	for (size_t i = 0; i < n; i++)
		write_function(function_at(i, seed), mix(seed + 1, i) & 0x7ffff);
	syscall(SYS_riscv_flush_icache, area, area + 2 * n * PAGE, 0);
	handle_with(allow_code, 0);
	for (size_t i = 0; i < n; i++) {
		size_t which = mix(seed + 2, i) % n;
		long (*function)(void) = (long (*)(void))function_at(which, seed);

		total += (uint64_t)function() * (i + 1);
	}
	result("total", total);
	result("faults", times);
}

static void grow_file(int number, siginfo_t *info, void *context)
{
	char *at = page_of_fault(info);
	uint64_t value = mix(area_seed, (uint64_t)(at - area) / PAGE);

	(void)context;
	if (number != SIGBUS ||
	    pwrite(area_file, &value, sizeof(value), at - area) != sizeof(value))
		fail("pwrite in a handler");
}

/* A handler extends a file as far as it is read. */
static void files(uint64_t seed, size_t n)
{
	uint64_t total = 0;

	area_file = memfd_create("file", 0);
	area_pages = n;
	area_seed = seed;
	area = mmap(NULL, n * PAGE, RW, MAP_SHARED, area_file, 0);
	handle_with(grow_file, 0);
	for (size_t i = 0; i < n; i++) {
		uint64_t value = *(uint64_t *)(area + i * PAGE);

		total += value * (i + 1);
		if (value != mix(seed, i))
			show("page %zu of the file has another value than the handler wrote", i);
	}
	result("total", total);
	result("faults", times);
}

/*
 * registers_around(in, out, address, doubles): loads registers from `in`, and all doubles; stores a
 * byte at the address; writes the registers to `out`, and the doubles back.
 */
void registers_around(const uint64_t *in, uint64_t *out, void *address, double *doubles);
__asm__(".pushsection .text\n"
	".globl registers_around, the_store\n"
	"registers_around:\n"
	"	addi sp, sp, -256\n"
	"	.irp r, ra, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, a1, a3\n"
	"	.endr\n"
	"	sd ra, 0(sp)\n	sd s0, 8(sp)\n	sd s1, 16(sp)\n	sd s2, 24(sp)\n"
	"	sd s3, 32(sp)\n	sd s4, 40(sp)\n	sd s5, 48(sp)\n	sd s6, 56(sp)\n"
	"	sd s7, 64(sp)\n	sd s8, 72(sp)\n	sd s9, 80(sp)\n	sd s10, 88(sp)\n"
	"	sd s11, 96(sp)\n	sd a1, 104(sp)\n	sd a3, 112(sp)\n"
	"	.set i, 0\n"
	"	.irp r, f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, "
	"f16, f17, f18, f19, f20, f21, f22, f23, f24, f25, f26, f27, f28, f29, f30, f31\n"
	"	fld \\r, i(a3)\n"
	"	.set i, i + 8\n"
	"	.endr\n"
	"	.set i, 0\n"
	"	.irp r, ra, t0, t1, t2, s0, s1, a1, a3, a4, a5, a6, a7, s2, s3, s4, s5, s6, s7, "
	"s8, s9, s10, s11, t3, t4, t5, t6\n"
	"	ld \\r, i(a0)\n"
	"	.set i, i + 8\n"
	"	.endr\n"
	"	ld a0, i(a0)\n"
	"the_store:\n"
	"	sb t0, 0(a2)\n"
	"	sd t6, 120(sp)\n"
	"	ld t6, 104(sp)\n"
	"	.set i, 0\n"
	"	.irp r, ra, t0, t1, t2, s0, s1, a1, a3, a4, a5, a6, a7, s2, s3, s4, s5, s6, s7, "
	"s8, s9, s10, s11, t3, t4, t5\n"
	"	sd \\r, i(t6)\n"
	"	.set i, i + 8\n"
	"	.endr\n"
	"	ld t5, 120(sp)\n"
	"	sd t5, i(t6)\n"
	"	.set i, i + 8\n"
	"	sd a0, i(t6)\n"
	"	.set i, i + 8\n"
	"	sd a2, i(t6)\n"
	"	ld a3, 112(sp)\n"
	"	.set i, 0\n"
	"	.irp r, f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, "
	"f16, f17, f18, f19, f20, f21, f22, f23, f24, f25, f26, f27, f28, f29, f30, f31\n"
	"	fsd \\r, i(a3)\n"
	"	.set i, i + 8\n"
	"	.endr\n"
	"	ld ra, 0(sp)\n	ld s0, 8(sp)\n	ld s1, 16(sp)\n	ld s2, 24(sp)\n"
	"	ld s3, 32(sp)\n	ld s4, 40(sp)\n	ld s5, 48(sp)\n	ld s6, 56(sp)\n"
	"	ld s7, 64(sp)\n	ld s8, 72(sp)\n	ld s9, 80(sp)\n	ld s10, 88(sp)\n"
	"	ld s11, 96(sp)\n"
	"	addi sp, sp, 256\n"
	"	ret\n"
	".popsection\n");

/* In the order of registers_around(). */
static const char *const register_names[REGISTERS] = {
	"ra", "t0", "t1", "t2", "s0", "s1", "a1",  "a3",  "a4", "a5", "a6", "a7", "s2", "s3",
	"s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6", "a0", "a2",
};

static volatile double disturbance = 1;

static void unprotect_and_disturb(int number, siginfo_t *info, void *context)
{
	caught_pc = pc_of(context);
	for (int i = 0; i < 100; i++)
		disturbance = disturbance * 1.5 + i;
	unprotect(number, info, context);
}

static void registers(uint64_t seed, size_t n)
{
	uint64_t in[REGISTERS], out[REGISTERS], changed = 0, pcs = 0;
	double doubles[DOUBLES];
	uintptr_t the_store;

	__asm__("lla %0, the_store" : "=r"(the_store));
	area = map_pages(n, MAP_PRIVATE);
	area_pages = n;
	if (mprotect(area, n * PAGE, PROT_READ))
		fail("mprotect");
	handle_with(unprotect_and_disturb, 0);
	for (size_t i = 0; i < n; i++) {
		char *address = area + i * PAGE + mix(seed, i) % PAGE;

		for (size_t k = 0; k < REGISTERS; k++)
			in[k] = mix(seed + i, k);
		for (size_t k = 0; k < DOUBLES; k++)
			doubles[k] = (double)(mix(seed + i, k) >> 20);
		registers_around(in, out, address, doubles);
		in[REGISTERS - 1] = (uint64_t)address;
		for (size_t k = 0; k < REGISTERS; k++) {
			changed += in[k] != out[k];
			if (in[k] != out[k])
				show("%s had %#lx before the fault, and %#lx after it",
				     register_names[k], in[k], out[k]);
		}
		for (size_t k = 0; k < DOUBLES; k++) {
			changed += doubles[k] != (double)(mix(seed + i, k) >> 20);
			if (doubles[k] != (double)(mix(seed + i, k) >> 20))
				show("f%zu has another value after the fault", k);
		}
		changed += *address != (char)in[1];
		pcs += caught_pc == the_store;
		if (caught_pc != the_store)
			show("the handler saw the PC %#lx, and that of the instruction is %#lx",
			     caught_pc, the_store);
	}
	result("registers_changed", changed);
	result("pcs", pcs);
	result("faults", times);
}

/* ---- pages that come back ---- */

static void dropped(uint64_t seed, size_t n)
{
	char *pages = map_pages(n, MAP_PRIVATE), *shared, *own;
	int file = memfd_create("file", 0);
	uint64_t zeros = 0;

	fill(pages, n, seed);
	for (size_t i = 0; i < n; i++)
		if (pwrite(file, pages + i * PAGE, PAGE, (off_t)(i * PAGE)) != (ssize_t)PAGE)
			fail("pwrite");
	shared = mmap(NULL, n * PAGE, RW, MAP_SHARED, file, 0);
	own = mmap(NULL, n * PAGE, RW, MAP_PRIVATE, file, 0);
	fill(own, n, seed + 1);
	if (madvise(pages, n * PAGE, MADV_DONTNEED) || madvise(shared, n * PAGE, MADV_DONTNEED) ||
	    madvise(own, n * PAGE, MADV_DONTNEED))
		fail("madvise");
	for (size_t i = 0; i < n; i++) {
		zeros += page_read(pages + i * PAGE) == 0;
		if (page_read(pages + i * PAGE) != 0)
			show("page %zu of memory that was dropped is not zeros", i);
	}
	result("zeros", zeros);
	result("shared", sum_of_all("a shared mapping of a file", shared, n, seed));
	result("private", sum_of_all("a private mapping of a file", own, n, seed));
	fill(pages, n, seed + 2);
	fill(shared, n / 2, seed + 3);
	result("written", sum_of_all("memory that was dropped", pages, n, seed + 2));
	if (pread(file, own, n * PAGE, 0) != (ssize_t)(n * PAGE))
		fail("pread");
	result("in_the_file", sum_or_show("the file", own, n, n / 2, seed + 3, seed));
}

/* A file whose pages are filled as fill() does it. */
static int file_of(size_t n, uint64_t seed)
{
	int file = memfd_create("file", 0);
	char page[PAGE];

	for (size_t i = 0; i < n; i++) {
		page_write(page, mix(seed, i));
		check_count("pwrite", pwrite(file, page, PAGE, (off_t)(i * PAGE)), PAGE);
	}
	return file;
}

static char *map_file(size_t n, int file, int protection, int flags)
{
	char *pages = mmap(NULL, n * PAGE, protection, flags, file, 0);

	if (pages == MAP_FAILED)
		fail("mmap");
	return pages;
}

/* The kernel brings this many pages of a file at once, if they are there. */
#define AROUND 16

/*
 * Private mappings of a file that were dropped, and are read by the program and by the kernel: the
 * file has the pages, and the process needs no frames of its own.
 */
static void only_read(uint64_t seed, size_t n)
{
	int file = file_of(n, seed), copy = memfd_create("copy", 0);
	char *pages = map_file(n, file, RW, MAP_PRIVATE),
	     *frozen = map_file(64, file, PROT_READ, MAP_PRIVATE);
	uint64_t right = 0;
	long before;

	if (madvise(pages, n * PAGE, MADV_DONTNEED) || madvise(frozen, 64 * PAGE, MADV_DONTNEED))
		fail("madvise");
	before = private_frames();
	for (size_t i = 0; i < n; i++) {
		uint64_t word = 0;

		if (i / AROUND % 2)
			word = *(volatile uint64_t *)(pages + i * PAGE);
		else if (pwrite(copy, pages + i * PAGE, 8, 0) != 8 || pread(copy, &word, 8, 0) != 8)
			fail("a write of memory that was dropped");
		right += word == mix(seed, i);
	}
	result_frames("frames_taken", private_frames() - before);
	result("right", right);
	for (size_t i = 0; i < 64; i++) /* the kernel's copy is the first access */
		if (pwrite(copy, frozen + i * PAGE, PAGE, (off_t)(i * PAGE)) != (ssize_t)PAGE)
			fail("a write of memory that may only be read");
	if (pread(copy, pages, 64 * PAGE, 0) != (ssize_t)(64 * PAGE))
		fail("pread");
	result("copied", sum_of_all("what the kernel read", pages, 64, seed));
	if (madvise(frozen, 64 * PAGE, MADV_DONTNEED))
		fail("madvise");
	result("frozen", sum_of_all("memory that may only be read", frozen, 64, seed));
}

/* Instructions, if time is counted in them: each page of a file is written. */
static void cost(uint64_t seed, size_t n)
{
	char *pages = map_file(n, file_of(n, seed), RW, MAP_SHARED);
	uint64_t before;

	if (madvise(pages, n * PAGE, MADV_DONTNEED))
		fail("madvise");
	before = nanoseconds();
	for (size_t i = 0; i < n; i++)
		((volatile uint64_t *)(pages + i * PAGE))[seed % WORDS] = mix(seed, i);
	result("instructions", nanoseconds() - before);
	before = 0;
	for (size_t i = 0; i < n; i++)
		before += ((volatile uint64_t *)(pages + i * PAGE))[seed % WORDS] * (i + 1);
	result("sum", before);
}

/* ---- the stack ---- */

static __attribute__((noinline)) uint64_t descend(uint64_t seed, size_t depth)
{
	volatile uint64_t frame[128];

	for (size_t i = 0; i < 128; i++)
		frame[i] = seed + i;
	if (depth)
		frame[seed % 128] = descend(seed * 3 + 1, depth - 1);
	return frame[seed % 128] + frame[(seed + 1) % 128];
}

static __attribute__((noinline)) int never_ends(volatile char *above)
{
	volatile char frame[1000];

	frame[999] = *above;
	if (frame[999] == 'y')
		return 0;
	return never_ends(&frame[999]) + frame[999];
}

static void on_other_stack(int number, siginfo_t *info, void *context)
{
	uintptr_t sp = (uintptr_t)((ucontext_t *)context)->uc_mcontext.__gregs[REG_SP];

	if (number != SIGSEGV || info->si_code != SEGV_MAPERR)
		show("%s, %s came for a stack that overflows, and SIGSEGV, SEGV_MAPERR is right",
		     signal_name(number), code_name(number, info->si_code));
	result("overflow", (uint64_t)number);
	result("overflow", (uint64_t)info->si_code);
	result("overflow", (uintptr_t)info->si_addr - (sp & -PAGE) < 2 * PAGE);
	_exit(0);
}

/* The kernel writes far below the stack pointer, where the program has not been yet. */
static __attribute__((noinline)) void copy_below(uint64_t seed)
{
	char *sp = __builtin_frame_address(0), *there = sp - 400 * 1024;
	int file = memfd_create("file", 0);
	uint64_t word = seed;

	check_count("pwrite", pwrite(file, &word, sizeof(word), 0), sizeof(word));
	word = 0;
	if (pread(file, there, sizeof(word), 0) != sizeof(word))
		show("a read into the stack, 400 KiB below the stack pointer: %s", strerror(errno));
	else
		memcpy(&word, there, sizeof(word));
	result("copied_to_the_stack", word);
}

static void stack(uint64_t seed, size_t n)
{
	const stack_t other = { .ss_sp = map_pages(16, MAP_PRIVATE), .ss_size = 16 * PAGE };
	int child;

	let_children_die();
	child = fork_child();
	if (child == 0) {
		handle_with(on_other_stack, SA_ONSTACK);
		if (sigaltstack(&other, NULL))
			fail("sigaltstack");
		_exit(never_ends("x"));
	}
	join(child, "a program that handles the overflow of its stack");
	child = fork_child();
	if (child == 0)
		_exit(never_ends("x"));
	result_end("without_a_handler", "a program whose stack overflows", wait_child(child),
		   128 + SIGSEGV);
	copy_below(seed);
	result("deep", descend(seed, n));
}

/* ---- copies of the kernel ---- */

static int file_with_bytes, ends[2];

static const char *const calls_that_write[] = { "pread",     "clock_gettime",  "getrandom",
						"uname",     "rt_sigprocmask", "getcwd",
						"getrusage", "prlimit64" };
static const char *const calls_that_read[] = { "pwrite", "openat", "rt_sigprocmask",
					       "writev", "write",  "execve" };

/* Each call takes a pointer where it writes, or from which it reads. */
static long call_that_writes(size_t which, void *to)
{
	switch (which % 8) {
	case 0:
		return pread(file_with_bytes, to, 64, 0);
	case 1:
		return syscall(SYS_clock_gettime, CLOCK_MONOTONIC, to);
	case 2:
		return syscall(SYS_getrandom, to, 100, 0);
	case 3:
		return syscall(SYS_uname, to);
	case 4:
		return syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, to, 8);
	case 5:
		return syscall(SYS_getcwd, to, 100);
	case 6:
		return syscall(SYS_getrusage, RUSAGE_SELF, to);
	default:
		return syscall(SYS_prlimit64, 0, RLIMIT_STACK, NULL, to);
	}
}

static long call_that_reads(size_t which, void *from)
{
	switch (which % 6) {
	case 0:
		return pwrite(file_with_bytes, from, 64, 0);
	case 1:
		return syscall(SYS_openat, AT_FDCWD, from, O_RDONLY, 0);
	case 2:
		return syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, from, NULL, 8);
	case 3:
		return syscall(SYS_writev, file_with_bytes, from, 1);
	case 4:
		return write(ends[1], from, 16);
	default:
		return syscall(SYS_execve, from, NULL, NULL);
	}
}

/* A page of a file that is mapped, and was dropped: the kernel's copy has to bring it. */
static void *dropped_page(void)
{
	static char *page;

	if (!page) {
		int file = memfd_create("zeros", 0);

		if (ftruncate(file, PAGE))
			fail("ftruncate");
		page = map_file(1, file, RW, MAP_PRIVATE);
	}
	if (madvise(page, PAGE, MADV_DONTNEED))
		fail("madvise");
	return page;
}

/* The error of a call as a positive number; 0: it had none. */
static uint64_t error_of(long answer)
{
	return answer < 0 ? (uint64_t)errno : 0;
}

/* A pointer, and what is there. */
struct place {
	void *at;
	const char *what;
};

/* Tells the error of a call with a pointer, and shows it if another one is right. */
static void result_error(const char *call, const struct place *place, long answer, int expected)
{
	int error = (int)error_of(answer);

	result("error", (uint64_t)error);
	if (error != expected)
		show("%s with %p, %s: %s, and %s is right", call, place->at, place->what,
		     error ? strerror(error) : "no error",
		     expected ? strerror(expected) : "no error");
}

/* A page of a mapping beyond the end of its file. */
static char *beyond_a_file(void)
{
	int file = memfd_create("short", 0);
	char *pages;

	if (ftruncate(file, 100))
		fail("ftruncate");
	pages = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, file, 0);
	if (pages == MAP_FAILED)
		fail("mmap");
	return pages + PAGE;
}

static void open_files(void)
{
	char bytes[PAGE];

	memset(bytes, 'a', sizeof(bytes));
	file_with_bytes = memfd_create("file", 0);
	if (write(file_with_bytes, bytes, sizeof(bytes)) != sizeof(bytes) ||
	    pipe2(ends, O_NONBLOCK))
		fail("files");
}

static void out_pointers(uint64_t seed, size_t n)
{
	char *holed = edge(2, RW), *frozen = pages_with(2, PROT_READ),
	     *hidden = pages_with(2, PROT_NONE);
	const struct place bad[] = {
		{ NULL, "a null pointer" },
		{ (void *)16, "nearly a null pointer" },
		{ holed + 2 * PAGE, "where nothing is mapped" },
		{ frozen, "where memory may only be read" },
		{ hidden + PAGE, "where memory may not be accessed" },
		{ frozen + 100, "where memory may only be read" },
		{ (void *)((uintptr_t)out_pointers & ~15ul), "where the program's code is" },
		{ (void *)KERNEL_ADDRESS, "an address of the kernel" },
		{ (void *)-16l, "an address that no program can have" },
		{ (void *)(END_OF_MEMORY - 4), "where the addresses of programs end" },
		{ (void *)NO_ADDRESS, "an address that nobody can have" },
		{ beyond_a_file(), "beyond the end of a file that is mapped" },
		{ holed + 2 * PAGE - 4, "four bytes before the end of what is mapped" },
	};
	const size_t nbad = sizeof(bad) / sizeof(bad[0]);

	open_files();
	for (size_t i = 0; i < n; i++) {
		size_t which = mix(seed, 2 * i + 1) % 8, where = mix(seed, 2 * i) % (nbad + 2);
		struct place good = { NULL, "memory that was dropped" };

		if (where == 12) /* half of it fits, which some calls answer with a count */
			which = 1;
		if (where == 0 && (which == 4 || which == 7)) /* not asked for */
			which = 1;
		if (where == 9 && which == 5) /* a short name fits */
			which = 1;
		if (where >= nbad)
			good.at = dropped_page();
		result_error(calls_that_write[which], where < nbad ? &bad[where] : &good,
			     call_that_writes(which, where < nbad ? bad[where].at : good.at),
			     where < nbad ? EFAULT : 0);
	}
	result("alive", mix(seed, n) + (page_read(frozen) ^ mix(2, 0)));
}

static void in_pointers(uint64_t seed, size_t n)
{
	char *holed = edge(2, RW), *hidden = pages_with(2, PROT_NONE);
	const struct place bad[] = {
		{ (void *)16, "nearly a null pointer" },
		{ holed + 2 * PAGE, "where nothing is mapped" },
		{ hidden + PAGE, "where memory may not be accessed" },
		{ (void *)KERNEL_ADDRESS, "an address of the kernel" },
		{ (void *)-16l, "an address that no program can have" },
		{ NULL, "a null pointer" },
		{ (void *)(END_OF_MEMORY - 4), "where the addresses of programs end" },
		{ (void *)NO_ADDRESS, "an address that nobody can have" },
		{ hidden + 4090, "where memory may not be accessed" },
		{ beyond_a_file(), "beyond the end of a file that is mapped" },
	};
	const size_t nbad = sizeof(bad) / sizeof(bad[0]);

	open_files();
	memset(holed, 'x', 2 * PAGE);
	for (size_t i = 0; i < n; i++) {
		size_t which = mix(seed, 2 * i + 1) % 6, where = mix(seed, 2 * i) % (nbad + 2);
		struct place good = { NULL, "memory that was dropped" };

		if (where == 5 && which == 2) /* no set is given: nothing to read */
			which = 0;
		if (where == 6 && (which == 1 || which == 5)) /* an empty name is there */
			which = 0;
		if (where >= nbad) {
			which = 2;
			good.at = dropped_page();
		}
		result_error(calls_that_read[which], where < nbad ? &bad[where] : &good,
			     call_that_reads(which, where < nbad ? bad[where].at : good.at),
			     where < nbad ? EFAULT : 0);
	}
	result("alive", mix(seed, n));
}

/* The answer is the expected one, or the call and its answer are shown. */
static void result_answer(const char *name, const char *call, long answer, long expected)
{
	result(name, (uint64_t)answer);
	if (answer != expected)
		show("%s: it answers %ld, and %ld is right", call, answer, expected);
}

/* Names and vectors that end at an edge, and those that go on beyond it. */
static void strings(uint64_t seed, size_t n)
{
	char *holed = edge(2, RW), *end = holed + 2 * PAGE;
	struct iovec *vector = (struct iovec *)(end - 2 * sizeof(struct iovec));

	open_files();
	for (size_t i = 0; i < n; i++) {
		size_t length = 1 + mix(seed, i) % 200;

		const struct place name = { end - length, "a name that ends with what is mapped" },
				   endless = { end - length, "a name that does not end there" },
				   last = { vector + 1, "a vector whose part is not mapped" };

		memset(end - length, 'x', length);
		result_error("open", &endless, open(end - length, O_RDONLY), EFAULT);
		end[-1] = 0;
		result_error("open", &name, open(end - length, O_RDONLY), ENOENT);
		vector[0] = (struct iovec){ .iov_base = holed, .iov_len = length };
		vector[1] = (struct iovec){ .iov_base = end, .iov_len = 1 };
		result_answer("written", "writev, whose second part is not mapped",
			      writev(file_with_bytes, vector, 2), (long)length);
		result_error("writev", &last, writev(file_with_bytes, vector + 1, 2), EFAULT);
	}
}

/* What is before the bad address is transferred, and counted. */
static void partial(uint64_t seed, size_t n)
{
	char *holed = edge(3, RW), *end = holed + 3 * PAGE;
	int file = memfd_create("partial", 0);

	for (size_t i = 0; i < n; i++) {
		size_t before = 1 + mix(seed, i) % (2 * PAGE);
		char bytes[3 * PAGE];
		uint64_t found = 0;

		for (size_t k = 0; k < before; k++)
			end[(ssize_t)k - (ssize_t)before] = (char)(mix(seed, i) >> k % 57);
		result_answer("written", "a write of more than is mapped",
			      pwrite(file, end - before, before + 5000, 0), (long)before);
		if (pread(file, bytes, before, 0) != (ssize_t)before)
			fail("pread");
		for (size_t k = 0; k < before; k++)
			found += bytes[k] == (char)(mix(seed, i) >> k % 57);
		result("of_them_right", found);
		if (ftruncate(file, (off_t)(3 * PAGE)))
			fail("ftruncate");
		memset(holed, 0, 3 * PAGE);
		result_answer("read", "a read into more than is mapped",
			      pread(file, end - before, before + 1000, 0), (long)before);
		found = 0;
		for (size_t k = 0; k < before; k++)
			found += end[(ssize_t)k - (ssize_t)before] == bytes[k];
		result("of_them_right", found);
	}
}

/* ---- what others learn of it ---- */

/* Runs a child that has the default actions. Returns how it ended. */
static uint64_t end_of(void (*child)(uintptr_t), uintptr_t argument)
{
	int pid;

	let_children_die();
	pid = fork_child();
	if (pid == 0) {
		child(argument);
		_exit(0);
	}
	return (uint64_t)wait_child(pid);
}

static void write_there(uintptr_t address)
{
	access_byte(WRITE, address);
}

static void fetch_there(uintptr_t address)
{
	access_byte(FETCH, address);
}

static void write_and_ignore(uintptr_t address)
{
	signal(SIGSEGV, SIG_IGN);
	access_byte(WRITE, address);
}

static void write_and_block(uintptr_t address)
{
	sigset_t set;

	sigfillset(&set);
	handle_with(give_up, 0);
	sigprocmask(SIG_SETMASK, &set, NULL);
	access_byte(WRITE, address);
}

static void killed(uint64_t seed, size_t n)
{
	static void (*const ways[])(uintptr_t) = { write_there, fetch_there, write_and_ignore,
						   write_and_block };
	static const char *const who[] = { "a process that writes", "a process that jumps",
					   "a process that ignores SIGSEGV, and writes",
					   "a process that blocks all signals, and writes" };
	char *hidden = pages_with(1, PROT_NONE), *beyond;
	int file = memfd_create("file", 0);

	beyond = mmap(NULL, PAGE, RW | PROT_EXEC, MAP_SHARED, file, 0);
	for (size_t i = 0; i < n; i++) {
		uint64_t way = mix(seed, i);
		bool at_end = way / 4 % 2;

		result_end("end", who[way % 4],
			   (int)end_of(ways[way % 4], (uintptr_t)(at_end ? beyond : hidden)),
			   128 + (at_end ? SIGBUS : SIGSEGV));
	}
}

static void fault_in_handler(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	if (++times < 5)
		access_byte(WRITE, (uintptr_t)info->si_addr + 2);
	_exit((int)times);
}

static void nested(uintptr_t flags)
{
	handle_with(fault_in_handler, (int)flags);
	access_byte(WRITE, 0);
}

/* A fault of another kind in the handler, then both instructions are executed again. */
static void map_through_file(int number, siginfo_t *info, void *context)
{
	(void)context;
	if (number == SIGBUS) {
		if (ftruncate(area_file, (off_t)PAGE))
			fail("ftruncate in a handler");
		return;
	}
	if (mprotect((void *)((uintptr_t)info->si_addr & -PAGE), PAGE, RW))
		fail("mprotect in a handler");
	*(volatile char *)area = 1;
	times++;
}

static void two_kinds(uintptr_t hidden)
{
	handle_with(map_through_file, 0);
	*(volatile char *)hidden = 5;
	_exit((int)times + *(volatile char *)hidden + *area);
}

/* The handler's stack cannot be written. */
static void no_stack(uintptr_t stack_at)
{
	const stack_t stack = { .ss_sp = (void *)stack_at, .ss_size = 4 * PAGE };

	handle_with(give_up, SA_ONSTACK);
	if (sigaltstack(&stack, NULL))
		fail("sigaltstack");
	access_byte(WRITE, 0);
}

static void in_handler(uint64_t seed, size_t n)
{
	char *hidden = pages_with(4, PROT_NONE);

	area_file = memfd_create("file", 0);
	area = mmap(NULL, PAGE, RW, MAP_SHARED, area_file, 0);
	area_pages = 1;
	for (size_t i = 0; i < n; i++) {
		switch (mix(seed, i) % 4) {
		case 0:
			result_end("end", "a process whose handler faults, with the signal blocked",
				   (int)end_of(nested, 0), 128 + SIGSEGV);
			break;
		case 1:
			result_end("end",
				   "a process whose handler faults, with the signal not blocked",
				   (int)end_of(nested, SA_NODEFER), 5);
			break;
		case 2:
			if (ftruncate(area_file, 0))
				fail("ftruncate");
			result_end("end", "a process that gets SIGBUS in the handler of SIGSEGV",
				   (int)end_of(two_kinds, (uintptr_t)hidden + PAGE), 7);
			break;
		default:
			result_end("end", "a process whose handler has no stack",
				   (int)end_of(no_stack, (uintptr_t)hidden), 128 + SIGSEGV);
		}
	}
}

static char log_text[1 << 17];

/* How many of the log's lines have all of these words? */
static uint64_t lines_with(const char *const *words)
{
	long length = syscall(SYS_syslog, 3, log_text, sizeof(log_text) - 1);
	uint64_t found = 0;

	if (length < 0)
		fail("syslog");
	log_text[length] = '\0';
	for (char *line = strtok(log_text, "\n"); line; line = strtok(NULL, "\n")) {
		bool all = true;

		for (size_t i = 0; words[i]; i++)
			all = all && strstr(line, words[i]);
		found += all;
	}
	return found;
}

static const char *const verbs[] = { "read", "write", "fetch" };

static uint64_t lines_about(int pid, enum how how, int number, uintptr_t address)
{
	char who[32], where[32];
	const char *const words[] = { who, number == SIGBUS ? "SIGBUS" : "SIGSEGV", verbs[how],
				      where, NULL };

	snprintf(who, sizeof(who), "fault[%d]", pid);
	snprintf(where, sizeof(where), "%#lx at", address);
	return lines_with(words);
}

/* The log names what a process was killed for; it does not name faults that a handler takes. */
static void report(uint64_t seed, size_t n)
{
	char *hidden = pages_with(1, PROT_NONE), *frozen = pages_with(1, PROT_READ), *beyond;
	int file = memfd_create("file", 0);
	uint64_t named = 0, others = 0;

	let_children_die();
	beyond = mmap(NULL, PAGE, RW, MAP_SHARED, file, 0);
	for (size_t i = 0; i < n; i++) {
		enum how how = (enum how)(mix(seed, i) % 3);
		char *at = mix(seed, i) / 3 % 2 ? hidden : how == READ ? beyond : frozen;
		uintptr_t address = (uintptr_t)at + (mix(seed + 1, i) % PAGE & ~1ul);
		int child = fork_child();

		if (child == 0) {
			access_byte(how, address);
			_exit(0);
		}
		wait_child(child);
		if (lines_about(child, how, at == beyond ? SIGBUS : SIGSEGV, address) == 1)
			named++;
		else
			show("the log has not one line about fault[%d] with %s, %s and %#lx at",
			     child, signal_name(at == beyond ? SIGBUS : SIGSEGV), verbs[how],
			     address);
	}
	result("named", named);
	for (size_t i = 0; i < n; i++) {
		char who[32];
		const char *const words[] = { who, NULL };
		int child = fork_child();

		if (child == 0) {
			handle_with(give_up, 0);
			if (sigsetjmp(back, 1) == 0)
				access_byte(WRITE, 0);
			_exit(0);
		}
		join(child, "a program that handles SIGSEGV");
		snprintf(who, sizeof(who), "fault[%d]", child);
		others += lines_with(words);
		if (lines_with(words))
			show("the log has a line about %s, whose handler took the signal", who);
	}
	result("others", others);
}

/* ---- what works before and after ---- */

/* Memory of all kinds, written by parent and child. */
static void memory(uint64_t seed, size_t n)
{
	char *own = map_pages(n, MAP_PRIVATE), *both = map_pages(n, MAP_SHARED),
	     *heap = malloc(n * PAGE + PAGE);
	struct channel up;
	int child;

	channel_open(&up);
	heap = (char *)(((uintptr_t)heap + PAGE - 1) & -PAGE);
	fill(own, n, seed);
	fill(heap, n, seed + 1);
	child = fork_child();
	if (child == 0) {
		fill(both, n, seed + 2);
		tell(&up, sum_of_all("memory of the parent, for the child,", own, n, seed));
		fill(own, n, seed + 3);
		fill(heap, n, seed + 3);
		_exit(0);
	}
	result("child", hear(&up));
	join_child(child);
	own = mremap(own, n * PAGE, 2 * n * PAGE, MREMAP_MAYMOVE);
	fill(own + n * PAGE, n, seed + 4);
	result("own", sum_of_all("memory that mremap made larger", own, n, seed));
	result("more", sum_of_all("what mremap added", own + n * PAGE, n, seed + 4));
	result("heap", sum_of_all("the heap", heap, n, seed + 1));
	result("both", sum_of_all("shared memory that a child wrote", both, n, seed + 2));
}

/* Exceptions that are no page faults, and signals that are no faults. */
static void other_signals(uint64_t seed, size_t n)
{
	struct sigaction action = { .sa_sigaction = give_up, .sa_flags = SA_SIGINFO };

	sigaction(SIGILL, &action, NULL);
	sigaction(SIGTRAP, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
	handle_with(give_up, 0);
	for (size_t i = 0; i < n; i++) {
		if (sigsetjmp(back, 1) == 0) {
			switch (mix(seed, i) % 4) {
			case 0:
				__asm__ volatile(".word 0xffffffff");
				break;
			case 1:
				__asm__ volatile("ebreak");
				break;
			case 2:
				kill(getpid(), SIGUSR1);
				break;
			default:
				kill(getpid(), SIGSEGV);
			}
		}
		result("signal", (uint64_t)caught.si_signo);
		result("code", (uint64_t)(caught.si_code & 0xffff));
	}
}

/* Many processes are killed, in the kernel and outside, and nothing is lost. */
static void many(uint64_t seed, size_t n)
{
	char *hidden = pages_with(1, PROT_NONE);
	uint64_t by_signal = 0;
	long before = 0;

	for (size_t i = 0; i < n; i++) {
		if (i == 4)
			before = used_frames();
		int end = (int)end_of(mix(seed, i) % 2 ? write_there : fetch_there,
				      (uintptr_t)hidden);

		by_signal += end == 128 + SIGSEGV;
		if (end != 128 + SIGSEGV)
			show_end("a process without a handler", end, 128 + SIGSEGV);
	}
	result("killed", by_signal);
	result_frames("frames_lost", used_frames() - before);
}

int main(int argc, char **argv)
{
	static const struct lab_test tests[] = {
		{ "not_mapped", not_mapped },
		{ "not_allowed", not_allowed },
		{ "file_end", file_end },
		{ "protects", protects },
		{ "maps", maps },
		{ "code", code },
		{ "files", files },
		{ "registers", registers },
		{ "dropped", dropped },
		{ "only_read", only_read },
		{ "cost", cost },
		{ "stack", stack },
		{ "out_pointers", out_pointers },
		{ "in_pointers", in_pointers },
		{ "strings", strings },
		{ "partial", partial },
		{ "killed", killed },
		{ "in_handler", in_handler },
		{ "report", report },
		{ "programs", programs },
		{ "answer", answer },
		{ "memory", memory },
		{ "other_signals", other_signals },
		{ "many", many },
	};

	return lab_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
