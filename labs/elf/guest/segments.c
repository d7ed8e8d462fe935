/* SPDX-License-Identifier: MIT */
/* The tests of the lab elf about segments: where they begin and end, and what may be done with them. */
#include "made.h"

#include <setjmp.h>
#include <stddef.h>

/* ---- where segments begin and end ---- */

struct piece {
	unsigned long va;
	uint64_t offset; /* from the start of the words */
	size_t filesz, memsz;
};

#define PIECES	    8
#define PIECE_PAGES 16 /* of the file for each */

/*
 * Bytes of the file anywhere in a page, then bytes of zeros, of which every other segment has so few
 * that they end in the same page: the file goes on after the segment.
 */
static struct piece piece_of(uint64_t seed, unsigned i)
{
	uint64_t choice = mix(OF_CHOICES(seed), i), in_page = choice % PAGE;
	size_t filesz = 1 + (choice >> 12) % (5 * PAGE);

	return (struct piece){
		.va = DATA_AT + i * MIB + in_page,
		.offset = i * PIECE_PAGES * PAGE + in_page,
		.filesz = filesz,
		.memsz = filesz + 1 + (choice >> 32) % (i % 2 ? 16 : 4 * PAGE),
	};
}

/* Returns the first address after the pages of a segment. */
static unsigned long end_of(const struct piece *piece)
{
	return (piece->va + piece->memsz + PAGE - 1) & -PAGE;
}

/* Returns how many pages of a segment are not in memory. */
static uint64_t count_absent(const struct piece *piece)
{
	unsigned char in_memory[PIECE_PAGES];
	unsigned long start = piece->va & -PAGE;
	size_t npages = (end_of(piece) - start) / PAGE;
	uint64_t absent = 0;

	if (mincore((void *)start, npages * PAGE, in_memory))
		fail("mincore");
	for (size_t i = 0; i < npages; i++)
		absent += !(in_memory[i] & 1);
	return absent;
}

/* What comes first at the page with the last byte of the file. */
static uint64_t touch_first(const struct piece *piece, unsigned order)
{
	volatile unsigned char *bytes = (unsigned char *)piece->va;
	struct channel channel;

	switch (order % 4) {
	case 0:
		return bytes[piece->filesz]; /* reads a zero */
	case 1:
		return bytes[0] - bytes[0]; /* its neighbour, perhaps */
	case 2:
		bytes[piece->filesz] = 7;
		bytes[piece->filesz] -= 7;
		return 0;
	}
	channel_open(&channel); /* the kernel writes zeros */
	if (write(channel.ends[1], "\0\0", 2) != 2 ||
	    read(channel.ends[0], (void *)(piece->va + piece->filesz), 1) != 1)
		fail("read into zeros");
	return 0;
}

static void read_pieces(uint64_t seed, size_t n)
{
	for (unsigned i = 0; i < PIECES; i++) {
		struct piece piece = piece_of(seed, i);
		unsigned char *bytes = (unsigned char *)piece.va;
		uint64_t bad;

		count_absent(&piece); /* any number: nothing was touched */
		bad = touch_first(&piece, i + (unsigned)n);
		bad += not_zero(bytes + piece.filesz, end_of(&piece) - piece.va - piece.filesz);
		tell(&up, bad);
		tell(&up, sum_bytes(bytes, piece.filesz));
		memset(bytes, 0xa5, piece.memsz);
		tell(&up, count_absent(&piece));
	}
	hear(&down);
}

/* Zeros after the bytes of the file. The program runs twice, and writes over all that it has. */
static void zeros(uint64_t seed, size_t n)
{
	static uint64_t words[WORDS];
	struct maker maker;
	uint64_t offset, total = 0;

	open_channels();
	begin(&maker, MADE);
	offset = put_words(&maker, PIECES * PIECE_PAGES, seed);
	for (unsigned i = 0; i < PIECES; i++) {
		struct piece piece = piece_of(seed, i);

		segment(&maker, PF_R | PF_W, piece.va, offset + piece.offset, piece.filesz,
			piece.memsz);
	}
	finish(&maker);
	for (size_t run = 0; run < n; run++) {
		int pid = start(MADE, "read_pieces", seed, run);

		for (unsigned i = 0; i < PIECES; i++) {
			result("bytes_that_are_not_zero", hear(&up));
			result("segment", hear(&up));
			result("pages_not_in_memory", hear(&up));
		}
		tell(&down, 0);
		join_child(pid);
	}
	maker.file = open(MADE, O_RDONLY);
	for (size_t i = 0; i < PIECES * PIECE_PAGES; i++) {
		if (pread(maker.file, words, PAGE, (off_t)(offset + i * PAGE)) != (ssize_t)PAGE)
			fail("read of a program file");
		for (size_t k = 0; k < WORDS; k++)
			total += words[k] * (2 * (i * WORDS + k) + 1);
	}
	result("file", total);
}

static void read_odd(uint64_t seed, size_t n)
{
	(void)seed;
	for (size_t i = 0; i < n; i++) {
		const unsigned char *bytes = (unsigned char *)hear(&down);

		tell(&up, sum_bytes(bytes, hear(&down)));
	}
}

#define ODD 10

/* Segments of all kinds: a file's part of none, one and all bytes, one over another, two in a page. */
static void odd(uint64_t seed, size_t n)
{
	size_t r = 1 + mix(OF_CHOICES(seed), 0) % (PAGE - 2);
	const struct {
		unsigned long va;
		uint64_t offset; /* from the start of the words */
		size_t filesz, memsz;
	} all[ODD] = {
		{ DATA_AT + r, r, 3 * PAGE, 3 * PAGE },			/* no zeros */
		{ DATA_AT + MIB + r, 77, 0, 3 * PAGE },			/* no bytes of the file */
		{ DATA_AT + 2 * MIB + r, r, 0, 0 },			/* nothing */
		{ DATA_AT + 2 * MIB + PAGE - 1, PAGE - 1, 1, 1 },	/* a byte */
		{ DATA_AT + 3 * MIB + r, r, PAGE - r, 3 * PAGE },	/* zeros from a page on */
		{ DATA_AT + 4 * MIB, 0, PAGE, PAGE },			/* a page */
		{ DATA_AT + 5 * MIB, 0, 4 * PAGE, 4 * PAGE },		/* is covered by the next */
		{ DATA_AT + 5 * MIB + PAGE, 5 * PAGE, PAGE, 2 * PAGE }, /* covers two pages of it */
		{ DATA_AT + 6 * MIB + r, r, 4 * PAGE - r, 5 * PAGE },	/* pages of the first */
		{ DATA_AT + 7 * MIB + PAGE + r, PAGE + r, PAGE, 2 * PAGE }, /* see below */
	};
	struct maker maker;
	uint64_t offset;
	int pid;

	(void)n;
	open_channels();
	begin(&maker, MADE);
	offset = put_words(&maker, 8, seed);
	/* its zeros end where the last one begins, in the same page */
	segment(&maker, PF_R | PF_W, DATA_AT + 7 * MIB, offset, PAGE + r / 2, PAGE + r);
	for (unsigned i = 0; i < ODD; i++)
		segment(&maker, PF_R | PF_W, all[i].va, offset + all[i].offset, all[i].filesz,
			all[i].memsz);
	finish(&maker);
	pid = start(MADE, "read_odd", seed, ODD);
	for (unsigned i = 0; i < ODD; i++) {
		tell(&down, all[i].va);
		tell(&down, all[i].memsz);
		result("segment", hear(&up));
	}
	join_child(pid);
}

/* ---- what is refused ---- */

/* Makes a program with a page of data. */
static void begin_good(struct maker *maker)
{
	begin(maker, MADE);
	put_pages(maker, 1, 0);
	segment(maker, PF_R | PF_W, DATA_AT, maker->end - PAGE, PAGE, PAGE);
}

/* Returns what becomes of a program, as try_file() does. */
static uint64_t end_and_try(struct maker *maker)
{
	uint64_t status;

	finish(maker);
	status = try_file(MADE);
	unlink(MADE);
	return status;
}

/* A program with other bytes in the ELF header. */
static uint64_t try_header(size_t at, uint64_t value, size_t bytes)
{
	struct maker maker;

	begin_good(&maker);
	memcpy((char *)&maker.header + at, &value, bytes);
	return end_and_try(&maker);
}

/* A program with another word in the last program header. */
static uint64_t try_segment(size_t at, uint64_t value)
{
	struct maker maker;

	begin_good(&maker);
	memcpy((char *)&maker.table[maker.header.e_phnum - 1] + at, &value, sizeof(value));
	return end_and_try(&maker);
}

/* The first bytes of a program. */
static uint64_t try_short(off_t size)
{
	struct maker maker;
	uint64_t status;

	begin_good(&maker);
	finish(&maker);
	if (truncate(MADE, size))
		fail("truncate");
	status = try_file(MADE);
	unlink(MADE);
	return status;
}

#define IN_HEADER(field)  offsetof(Elf64_Ehdr, field)
#define IN_SEGMENT(field) offsetof(Elf64_Phdr, field)

/* Files that are no programs, and programs that cannot be loaded or run. */
static void refused(uint64_t seed, size_t n)
{
	uint64_t odd_bits = mix(seed, 1) % 4000 + 1;

	(void)n;
	let_children_die();
	result("good", try_segment(IN_SEGMENT(p_align), PAGE));
	result("error", try_short(0));
	result("error", try_short((off_t)(mix(seed, 2) % sizeof(Elf64_Ehdr))));
	result("error", try_short(sizeof(Elf64_Ehdr))); /* no program headers */
	result("error", try_header(0, 0x7e, 1));
	result("error", try_header(IN_HEADER(e_machine), EM_X86_64, 2));
	result("error", try_header(IN_HEADER(e_type), ET_REL, 2));
	result("error", try_header(IN_HEADER(e_phnum), 0, 2));
	result("error", try_header(IN_HEADER(e_phentsize), 55, 2));
	/* Linux sees these late, and kills the process. To refuse them at once is as good. */
	result("runs", try_segment(IN_SEGMENT(p_memsz), PAGE - odd_bits) == 0);
	result("runs", try_segment(IN_SEGMENT(p_vaddr), DATA_AT + odd_bits) == 0);
	result("runs", try_segment(IN_SEGMENT(p_vaddr), -PAGE * odd_bits) == 0);
	result("runs", try_segment(IN_SEGMENT(p_vaddr), 1ul << 38) == 0);
	result("runs", try_segment(IN_SEGMENT(p_vaddr), 0) == 0);
	result("runs", try_segment(IN_SEGMENT(p_memsz), -1ul) == 0);
	result("runs", try_segment(IN_SEGMENT(p_memsz), 1ul << 38) == 0);
	result("runs", try_segment(IN_SEGMENT(p_offset), -PAGE) == 0);
	/* The first instruction faults. */
	result("entry", try_header(IN_HEADER(e_entry), MORE_AT + 4 * odd_bits, 8));
	result("entry", try_header(IN_HEADER(e_entry), 0, 8));
	result("entry", try_header(IN_HEADER(e_entry), DATA_AT, 8)); /* not executable */
	result("good", try_segment(IN_SEGMENT(p_align), PAGE));
}

/* ---- a file that is cut short ---- */

static sigjmp_buf after_fault;
static volatile unsigned long fault_at;
static volatile int fault_code; /* the signal, and 100 times si_code */

static void on_fault(int number, siginfo_t *info, void *context)
{
	(void)context;
	fault_at = (unsigned long)info->si_addr;
	fault_code = number + 100 * info->si_code;
	siglongjmp(after_fault, 1);
}

enum access { READ, WRITE, CALL };

/* Returns what an access of the program ends in: 0, or the signal and its code. */
static uint64_t try_access(enum access access, unsigned long va)
{
	if (sigsetjmp(after_fault, 1))
		return (uint64_t)fault_code + 10000 * (fault_at != va);
	if (access == READ)
		(void)*(volatile unsigned char *)va;
	else if (access == WRITE)
		*(volatile unsigned char *)va = 1;
	else
		((void (*)(void))va)();
	return 0;
}

static void catch_faults(void)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

static uint64_t bytes_left(uint64_t seed)
{
	return 1 + mix(OF_CHOICES(seed), 5) % (PAGE - 2);
}

static void read_cut(uint64_t seed, size_t n)
{
	const unsigned char *last = (unsigned char *)(TEXT_AT + n * PAGE);
	uint64_t left = bytes_left(seed);
	int file = memfd_create("copy", 0);

	catch_faults();
	tell(&up, try_access(READ, TEXT_AT + (n + 2) * PAGE));
	tell(&up, try_access(WRITE, DATA_AT + (n + 1) * PAGE + 8));
	tell(&up, try_access(READ, DATA_AT + (n + 3) * PAGE - 1));
	tell(&up, write(file, (void *)(TEXT_AT + (n + 3) * PAGE), 5) < 0 ? (uint64_t)errno : 0);
	tell(&up, sum((char *)TEXT_AT, n));
	tell(&up, sum((char *)DATA_AT, n));
	tell(&up, sum_bytes(last, left));
	tell(&up, not_zero(last + left, PAGE - left));
	fill((char *)DATA_AT, n + 1, OF_WRITES(seed));
	say_and_wait(sum((char *)DATA_AT, n + 1));
}

/* The segments are longer than the file. Whoever touches a page that is not there gets SIGBUS. */
static void cut(uint64_t seed, size_t n)
{
	struct maker maker;
	uint64_t pages;
	int pid;

	open_channels();
	begin(&maker, MADE);
	pages = put_pages(&maker, n + 1, seed);
	segment(&maker, PF_R, TEXT_AT, pages, (n + 4) * PAGE, (n + 4) * PAGE);
	segment(&maker, PF_R | PF_W, DATA_AT, pages, (n + 4) * PAGE, (n + 4) * PAGE);
	if (ftruncate(maker.file, (off_t)(pages + n * PAGE + bytes_left(seed))))
		fail("ftruncate");
	finish(&maker);
	pid = start(MADE, "read_cut", seed, n);
	for (unsigned i = 0; i < 3; i++)
		result("signal", hear(&up));
	result("error", hear(&up));
	result("text", hear(&up));
	result("data", hear(&up));
	result("last_bytes", hear(&up));
	result("bytes_that_are_not_zero", hear(&up));
	result("written", hear(&up));
	tell(&down, 0);
	join_child(pid);
}

/* ---- permissions ---- */

#define TRIES 11
#define ENDS  1000 /* so many bytes before the end of a page end those of the file */

#define RETURN_OF(value)                                                     \
	{                                                                    \
		0x00000513u | ((uint32_t)((value)&0x7ff) << 20), 0x00008067u \
	}

/* Writes a function that returns a number of 11 bits. */
static void put_function(void *at, uint64_t value)
{
	const uint32_t code[] = RETURN_OF(value); /* li a0, value; ret */

	memcpy(at, code, sizeof(code));
}

static uint64_t call_all(size_t n)
{
	uint64_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += ((uint64_t(*)(void))(TEXT_AT + i * PAGE))() * (2 * i + 1);
	return total;
}

/* The kernel writes to an address. */
static uint64_t try_kernel(unsigned long va)
{
	struct channel channel;
	uint64_t error;

	channel_open(&channel);
	tell(&channel, 0);
	error = read(channel.ends[0], (void *)va, 8) < 0 ? (uint64_t)errno : 0;
	close(channel.ends[0]);
	close(channel.ends[1]);
	return error;
}

/* TEXT_AT: R-X, DATA_AT: RW-, MORE_AT: R--. The bytes of each end in page n - 1; then come zeros. */
static void break_rules(uint64_t seed, size_t n)
{
	const struct {
		enum access access;
		unsigned long va;
	} tries[TRIES] = {
		{ WRITE, TEXT_AT },
		{ WRITE, MORE_AT + PAGE },
		{ CALL, DATA_AT },
		{ CALL, MORE_AT },
		{ CALL, DATA_AT + (n + 1) * PAGE },
		{ WRITE, TEXT_AT + (n - 1) * PAGE },
		{ WRITE, TEXT_AT + n * PAGE },
		{ CALL, DATA_AT + (n - 1) * PAGE },
		{ WRITE, MORE_AT + (n - 1) * PAGE },
		{ CALL, MORE_AT + (n - 1) * PAGE },
		{ WRITE, MORE_AT + n * PAGE },
	};

	catch_faults();
	for (unsigned i = 0; i < 2 * TRIES; i++)
		tell(&up, try_access(tries[i / 2].access, tries[i / 2].va + i % 2 * 8));
	tell(&up, try_kernel(TEXT_AT + PAGE));
	tell(&up, try_kernel(MORE_AT + 2 * PAGE));
	tell(&up, try_access(WRITE, DATA_AT) + try_access(READ, MORE_AT) +
			  try_access(WRITE, DATA_AT + (n + 1) * PAGE));
	tell(&up, not_zero((unsigned char *)TEXT_AT + n * PAGE - ENDS, ENDS + PAGE) +
			  not_zero((unsigned char *)MORE_AT + n * PAGE - ENDS, ENDS + PAGE));
	tell(&up, call_all(n));
	/* what is allowed may be changed: text is written, as by a debugger */
	if (mprotect((void *)TEXT_AT, n * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC) ||
	    mprotect((void *)DATA_AT, n * PAGE, PROT_READ))
		fail("mprotect");
	for (size_t i = 0; i < n; i += 2)
		put_function((void *)(TEXT_AT + i * PAGE), mix(OF_WRITES(seed), i));
	__builtin___clear_cache((char *)TEXT_AT, (char *)TEXT_AT + n * PAGE);
	tell(&up, try_access(WRITE, DATA_AT));
	say_and_wait(call_all(n));
}

static void call_text(uint64_t seed, size_t n)
{
	(void)seed;
	say_and_wait(call_all(n));
}

static void permissions(uint64_t seed, size_t n)
{
	static char page[PAGE];
	struct maker maker;
	uint64_t text, data;
	int pid;

	open_channels();
	begin(&maker, MADE);
	text = maker.end;
	for (size_t i = 0; i < n; i++, maker.end += PAGE) {
		put_function(page, mix(seed, i));
		put(&maker, maker.end, page, PAGE);
	}
	data = put_pages(&maker, n, OF_DATA(seed));
	segment(&maker, PF_R | PF_X, TEXT_AT, text, n * PAGE - ENDS, (n + 1) * PAGE);
	segment(&maker, PF_R | PF_W, DATA_AT, data, n * PAGE - ENDS, (n + 3) * PAGE);
	segment(&maker, PF_R, MORE_AT, data, n * PAGE - ENDS, (n + 1) * PAGE);
	finish(&maker);
	pid = start(MADE, "break_rules", seed, n);
	for (unsigned i = 0; i < 2 * TRIES; i++)
		result("signal", hear(&up));
	for (unsigned i = 0; i < 2; i++)
		result("error", hear(&up));
	result("allowed", hear(&up));
	result("bytes_that_are_not_zero", hear(&up));
	result("calls", hear(&up));
	result("signal_after_mprotect", hear(&up));
	result("calls_of_new_text", hear(&up));
	tell(&down, 0);
	join_child(pid);
	pid = start(MADE, "call_text", seed, n);
	result("calls_of_the_next", hear(&up));
	tell(&down, 0);
	join_child(pid);
}

/* ---- the kernel's own accesses ---- */

#define PATH_AT 1000 /* in the page after the data */

static void ask_kernel(uint64_t seed, size_t n)
{
	int file = memfd_create("copy", 0);
	char *copy = map_pages(n, MAP_PRIVATE);

	(void)seed;
	tell(&up, open((char *)DATA_AT + n * PAGE + PATH_AT, O_RDONLY) >= 0);
	if (write(file, (void *)TEXT_AT, n * PAGE) != (ssize_t)(n * PAGE))
		fail("write of text");
	if (pread(file, copy, n * PAGE, 0) != (ssize_t)(n * PAGE))
		fail("read of a memfd");
	tell(&up, sum(copy, n));
	if (pread(file, (char *)DATA_AT + n / 2 * PAGE, n / 2 * PAGE, 0) != (ssize_t)(n / 2 * PAGE))
		fail("read into data");
	say_and_wait(sum((char *)DATA_AT, n));
}

/* System calls with addresses in pages that the program has not touched. */
static void kernel(uint64_t seed, size_t n)
{
	static char page[PAGE];
	struct maker maker;
	uint64_t text, data;
	int pid;

	open_channels();
	begin(&maker, MADE);
	text = put_pages(&maker, n, seed);
	data = put_pages(&maker, n, OF_DATA(seed));
	strcpy(page + PATH_AT, MADE);
	put(&maker, maker.end, page, PAGE);
	segment(&maker, PF_R | PF_X, TEXT_AT, text, n * PAGE, n * PAGE);
	segment(&maker, PF_R | PF_W, DATA_AT, data, (n + 1) * PAGE, (n + 1) * PAGE);
	finish(&maker);
	pid = start(MADE, "ask_kernel", seed, n);
	result("opened", hear(&up));
	result("written", hear(&up));
	result("read", hear(&up));
	tell(&down, 0);
	join_child(pid);
}

/* ---- the file while it runs ---- */

static uint64_t error_of(int returned)
{
	return returned < 0 ? (uint64_t)errno : 0;
}

/* It cannot be written while it runs. It can be removed, and another have its name. */
static void busy(uint64_t seed, size_t n)
{
	int pid, writer;

	open_channels();
	make(MADE, seed, n, n);
	pid = start(MADE, "read_all", seed, n);
	hear(&up);
	result("error", error_of(open(MADE, O_WRONLY)));
	result("error", error_of(open(MADE, O_RDWR | O_TRUNC)));
	result("error", error_of(truncate(MADE, 0)));
	if (unlink(MADE))
		fail("unlink");
	make(MADE, OF_WRITES(seed), n, n);
	tell(&down, 0);
	result("child", hear(&up));
	tell(&down, 0);
	join_child(pid);
	let_children_die();
	writer = open(MADE, O_WRONLY);
	result("opened", writer >= 0);
	result("run_while_written", try_file(MADE));
	close(writer);
	result("run_afterwards", try_file(MADE));
}

int main(int argc, char **argv)
{
	static const struct lab_test roles[] = {
		{ "leave", leave },
		{ "read_all", read_all },
		{ "read_pieces", read_pieces },
		{ "read_odd", read_odd },
		{ "read_cut", read_cut },
		{ "break_rules", break_rules },
		{ "call_text", call_text },
		{ "ask_kernel", ask_kernel },
	};
	static const struct lab_test tests[] = {
		{ "zeros", zeros },
		{ "odd", odd },
		{ "refused", refused },
		{ "cut", cut },
		{ "permissions", permissions },
		{ "kernel", kernel },
		{ "busy", busy },
	};

	return made_main(tests, sizeof(tests) / sizeof(tests[0]), roles,
			 sizeof(roles) / sizeof(roles[0]), argc, argv);
}
