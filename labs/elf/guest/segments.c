/* SPDX-License-Identifier: MIT */
/* The tests of the lab elf about segments: where they begin and end, and what may be done with them. */
#include "made.h"

/* ---- where segments begin and end ---- */

struct piece {
	unsigned long va;
	size_t filesz, memsz;
};

#define PIECES	    8
#define PIECE_PAGES 16 /* of the file for each */

/*
 * Bytes of the file anywhere in a page, then bytes of zeros, of which every other segment has so few
 * that they end in the same page: the file goes on after the segment. expect.py makes the same.
 */
static struct piece piece_of(uint64_t seed, unsigned i)
{
	uint64_t choice = mix(OF_CHOICES(seed), i), in_page = choice % PAGE;
	size_t filesz = 1 + (choice >> 12) % (5 * PAGE);

	return (struct piece){
		.va = DATA_AT + i * MIB + in_page,
		.filesz = filesz,
		.memsz = filesz + 1 + (choice >> 32) % (i % 2 ? 16 : 4 * PAGE),
	};
}

/* Returns the first address after the pages of a segment. */
static unsigned long end_of(const struct piece *piece)
{
	return (piece->va + piece->memsz + PAGE - 1) & -PAGE;
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
		uint64_t bad = touch_first(&piece, i + (unsigned)n);

		bad += not_zero(bytes + piece.filesz, end_of(&piece) - piece.va - piece.filesz);
		tell(&up, bad);
		tell(&up, sum_bytes(bytes, piece.filesz));
		memset(bytes, 0xa5, piece.memsz);
	}
	hear(&down);
}

/* Zeros after the bytes of the file. The program runs n times, and writes over all that it has. */
static void zeros(uint64_t seed, size_t n)
{
	static uint64_t words[WORDS];
	uint64_t offset, total = 0;
	int file;

	open_channels();
	for (size_t run = 0; run < n; run++) {
		int pid = start(MADE, "read_pieces", seed, run);

		for (unsigned i = 0; i < PIECES; i++) {
			result("bytes_that_are_not_zero", hear(&up));
			result("segment", hear(&up));
		}
		tell(&down, 0);
		join_child(pid);
	}
	offset = offset_of(MADE, piece_of(seed, 0).va) & -PAGE;
	file = open_file(MADE);
	for (size_t i = 0; i < PIECES * PIECE_PAGES; i++) {
		read_at(file, offset + i * PAGE, words, PAGE);
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

/* Segments of all kinds, which expect.py has made: what the program finds in each. */
static void odd(uint64_t seed, size_t n)
{
	size_t r = 1 + mix(OF_CHOICES(seed), 0) % (PAGE - 2);
	const struct {
		unsigned long va;
		size_t memsz;
	} all[ODD] = {
		{ DATA_AT + r, 3 * PAGE },	     { DATA_AT + MIB + r, 3 * PAGE },
		{ DATA_AT + 2 * MIB + r, 0 },	     { DATA_AT + 2 * MIB + PAGE - 1, 1 },
		{ DATA_AT + 3 * MIB + r, 3 * PAGE }, { DATA_AT + 4 * MIB, PAGE },
		{ DATA_AT + 5 * MIB, 4 * PAGE },     { DATA_AT + 5 * MIB + PAGE, 2 * PAGE },
		{ DATA_AT + 6 * MIB + r, 5 * PAGE }, { DATA_AT + 7 * MIB + PAGE + r, 2 * PAGE },
	};
	int pid;

	(void)n;
	open_channels();
	pid = start(MADE, "read_odd", seed, ODD);
	for (unsigned i = 0; i < ODD; i++) {
		tell(&down, all[i].va);
		tell(&down, all[i].memsz);
		result("segment", hear(&up));
	}
	join_child(pid);
}

/* ---- what is refused ---- */

/* Files that are no programs, and programs that cannot be loaded or run: expect.py has made and numbered n of them. */
static void refused(uint64_t seed, size_t n)
{
	(void)seed;
	let_children_die();
	result("good", try_file("/made/good"));
	for (size_t i = 0; i < n; i++) {
		char path[32];

		snprintf(path, sizeof(path), "/made/%zu", i);
		result("error", try_file(path));
	}
	result("good", try_file("/made/good"));
}

/* ---- a file that is cut short ---- */

enum access { READ, WRITE, CALL };

/* Why an access was refused, as the machine's list of faults tells. */
enum reason { UNMAPPED, FORBIDDEN, LOST, NOT_REFUSED };

static enum reason reason_of(int pid, unsigned long va)
{
	static struct faultline_trace trace;

	if (syscall(SYS_faultline, FAULTLINE_TRACE, 0, &trace, sizeof(trace), 0) != 1)
		fail("FAULTLINE_TRACE");
	for (uint64_t i = trace.count; i > 0; i--) {
		const struct faultline_fault *fault = &trace.faults[i - 1];

		if (fault->pid != pid || fault->address != va || fault->result == 0)
			continue;
		return fault->kind == FAULTLINE_DENY_MAPERR   ? UNMAPPED
		       : fault->kind == FAULTLINE_DENY_ACCERR ? FORBIDDEN
							      : LOST;
	}
	return NOT_REFUSED;
}

static void make_access(enum access access, unsigned long va)
{
	if (access == READ)
		(void)*(volatile unsigned char *)va;
	else if (access == WRITE)
		*(volatile unsigned char *)va = 1;
	else
		((void (*)(void))va)();
}

/* Tells what an access ends in, which a child makes: its status, and why it was refused. */
static void tell_access(enum access access, unsigned long va)
{
	int pid = fork_child();

	if (pid == 0) {
		make_access(access, va);
		_exit(0);
	}
	tell(&up, (uint64_t)wait_child(pid));
	tell(&up, reason_of(pid, va));
}

static void hear_access(void)
{
	result("ended_with", hear(&up));
	result("reason", hear(&up));
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

	let_children_die();
	tell_access(READ, TEXT_AT + (n + 2) * PAGE);
	tell_access(WRITE, DATA_AT + (n + 1) * PAGE + 8);
	tell_access(READ, DATA_AT + (n + 3) * PAGE - 1);
	tell(&up, write(file, (void *)(TEXT_AT + (n + 3) * PAGE), 5) < 0 ? (uint64_t)errno : 0);
	tell(&up, sum((char *)TEXT_AT, n));
	tell(&up, sum((char *)DATA_AT, n));
	tell(&up, sum_bytes(last, left));
	tell(&up, not_zero(last + left, PAGE - left));
	fill((char *)DATA_AT, n + 1, OF_WRITES(seed));
	say_and_wait(sum((char *)DATA_AT, n + 1));
}

/* The segments are longer than the file. Whoever touches a page that is not there is killed. */
static void cut(uint64_t seed, size_t n)
{
	int pid;

	open_channels();
	pid = start(MADE, "read_cut", seed, n);
	for (unsigned i = 0; i < 3; i++)
		hear_access();
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

/* Writes a function that returns a number of 11 bits. */
static void put_function(void *at, uint64_t value)
{
	const uint32_t code[] = {
		0x00000513u | (uint32_t)(value & 0x7ff) << 20, /* li a0, value */
		0x00008067u,				       /* ret */
	};

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

	let_children_die();
	for (unsigned i = 0; i < 2 * TRIES; i++)
		tell_access(tries[i / 2].access, tries[i / 2].va + i % 2 * 8);
	tell(&up, try_kernel(TEXT_AT + PAGE));
	tell(&up, try_kernel(MORE_AT + 2 * PAGE));
	make_access(WRITE, DATA_AT);
	make_access(READ, MORE_AT);
	make_access(WRITE, DATA_AT + (n + 1) * PAGE);
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
	tell_access(WRITE, DATA_AT);
	say_and_wait(call_all(n));
}

static void call_text(uint64_t seed, size_t n)
{
	(void)seed;
	say_and_wait(call_all(n));
}

static void permissions(uint64_t seed, size_t n)
{
	int pid;

	open_channels();
	pid = start(MADE, "break_rules", seed, n);
	for (unsigned i = 0; i < 2 * TRIES; i++)
		hear_access();
	for (unsigned i = 0; i < 2; i++)
		result("error", hear(&up));
	result("bytes_that_are_not_zero", hear(&up));
	result("calls", hear(&up));
	hear_access(); /* data is not written any more */
	result("calls_of_new_text", hear(&up));
	tell(&down, 0);
	join_child(pid);
	pid = start(MADE, "call_text", seed, n);
	result("calls_of_the_next", hear(&up));
	tell(&down, 0);
	join_child(pid);
}

/* ---- the kernel's own accesses ---- */

#define PATH_AT 1000 /* in the page after the data, where expect.py has put it */

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
	int pid;

	open_channels();
	pid = start(MADE, "ask_kernel", seed, n);
	result("opened", hear(&up));
	result("written", hear(&up));
	result("read", hear(&up));
	tell(&down, 0);
	join_child(pid);
}

int main(int argc, char **argv)
{
	static const struct lab_test roles[] = {
		{ "leave", leave },
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
	};

	return made_main(tests, sizeof(tests) / sizeof(tests[0]), roles,
			 sizeof(roles) / sizeof(roles[0]), argc, argv);
}
