/* SPDX-License-Identifier: MIT */
/* What every call and signal has come to: into the hash, into the totals, and as lines where they are wanted. */
#include "vm_fuzz.h"

static const char *const names[OPS] = {
	[OP_MMAP] = "mmap",
	[OP_MUNMAP] = "munmap",
	[OP_MPROTECT] = "mprotect",
	[OP_MREMAP] = "mremap",
	[OP_MADVISE] = "madvise",
	[OP_MSYNC] = "msync",
	[OP_MINCORE] = "mincore",
	[OP_MLOCK] = "mlock",
	[OP_MLOCK2] = "mlock2",
	[OP_MUNLOCK] = "munlock",
	[OP_MLOCKALL] = "mlockall",
	[OP_MUNLOCKALL] = "munlockall",
	[OP_BRK] = "brk",
	[OP_LOAD] = "load",
	[OP_STORE] = "store",
	[OP_AMO] = "amoadd",
	[OP_FETCH] = "fetch",
	[OP_PREAD] = "pread",
	[OP_PWRITE] = "pwrite",
	[OP_READ] = "read",
	[OP_WRITE] = "write",
	[OP_PIPE_WRITE] = "write to a pipe",
	[OP_PIPE_READ] = "read from a pipe",
	[OP_FTRUNCATE] = "ftruncate",
	[OP_FALLOCATE] = "fallocate",
	[OP_SEAL] = "seal",
	[OP_MEMFD] = "memfd_create",
	[OP_FORK] = "fork",
	[OP_LOOK] = "look",
	[OP_SWEEP] = "sweep",
	[OP_UFFD] = "userfaultfd",
	[OP_REGISTER] = "register",
	[OP_UNREGISTER] = "unregister",
	[OP_COPY] = "copy",
	[OP_ZEROPAGE] = "zeropage",
	[OP_POISON] = "poison",
	[OP_MOVE] = "move",
};
static const char *const signal_names[] = { "SIGSEGV, not mapped", "SIGSEGV, no right", "SIGBUS" };

struct tally *tally;
bool verbose;
int plant = -1;
static uint64_t now;

void tally_begin(void)
{
	if (!tally)
		tally = mmap(NULL, sizeof(*tally), RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (tally == MAP_FAILED)
		_exit(98);
	memset(tally, 0, sizeof(*tally));
	tally->hash = 14695981039346656037u;
}

void tally_step(uint64_t path)
{
	now = path;
}

void mix(uint64_t value)
{
	uint64_t z = (tally->hash ^ value) * 0x9e3779b97f4a7c15;

	tally->hash = z ^ z >> 29;
}

long answer(long value)
{
	return value == -1 ? -errno : value;
}

long place(long value)
{
	unsigned page;

	if (value < 0)
		return value;
	if (!page_of((void *)value, &page))
		return ELSEWHERE;
	return (long)(page * PAGE + (unsigned long)value % PAGE);
}

const char *prot_name(int prot)
{
	static const char *const texts[] = {
		"---", "r--", "-w-", "rw-", "--x", "r-x", "-wx", "rwx"
	};

	return texts[prot & 7];
}

/* The step's number: 17, or 17.3 for the third step of a child that step 17 has made. */
static int number(char *text, size_t size)
{
	int n = now ? snprintf(text, size, "%u", (unsigned)(now & 0xffffff))
		    : snprintf(text, size, "end");

	for (uint64_t rest = now >> 24; rest; rest >>= 8)
		n += snprintf(text + n, size - (size_t)n, ".%u", (unsigned)(rest & 0xff));
	return n;
}

static bool planted(void)
{
	return plant >= 0 && now == (uint64_t)plant;
}

void tell(enum op op, long value, const char *fmt, ...)
{
	char line[400];
	va_list ap;
	int n;

	if (planted())
		value ^= 1;
	mix((uint64_t)op << 56 ^ (uint64_t)value);
	if (value < 0 && value > -134)
		tally->bad[op][-value]++;
	else
		tally->good[op]++;
	if (!verbose)
		return;
	n = number(line, sizeof(line));
	n += snprintf(line + n, sizeof(line) - (size_t)n, " %s(", names[op]);
	va_start(ap, fmt);
	n += vsnprintf(line + n, sizeof(line) - (size_t)n, fmt, ap);
	va_end(ap);
	if (value < 0 && value > -134)
		say("%s) = %s\n", line, strerrorname_np((int)-value));
	else if (value == ELSEWHERE)
		say("%s) = elsewhere\n", line);
	else
		say("%s) = %#lx\n", line, value);
}

void note(const char *fmt, ...)
{
	char line[400];
	va_list ap;
	int n;

	if (!verbose)
		return;
	n = number(line, sizeof(line));
	line[n++] = ' ';
	va_start(ap, fmt);
	(void)vsnprintf(line + n, sizeof(line) - (size_t)n, fmt, ap);
	va_end(ap);
	say("%s\n", line);
}

void tell_signal(int sig, int code, const void *addr)
{
	char line[100];
	unsigned page;
	uint64_t where = (uint64_t)addr;

	if (page_of(addr, &page))
		where = page * PAGE + where % PAGE;
	mix((uint64_t)sig << 40 ^ (uint64_t)code << 32);
	mix(where);
	tally->signals[sig == SIGBUS ? 2 : code == SEGV_ACCERR]++;
	if (!verbose)
		return;
	number(line, sizeof(line));
	say("%s   SIG%s, code %d, at %#lx\n", line, sigabbrev_np(sig), code, (long)where);
}

void tally_print(void)
{
	for (int op = 0; op < (faults ? OPS : OP_UFFD); op++) {
		char line[400];
		int n = snprintf(line, sizeof(line), "%s: %u", names[op], tally->good[op]);

		if (op == OP_SWEEP && !wide)
			continue;
		for (int e = 0; e < 134; e++)
			if (tally->bad[op][e])
				n += snprintf(line + n, sizeof(line) - (size_t)n, ", %s %u",
					      strerrorname_np(e), tally->bad[op][e]);
		say("%s\n", line);
	}
	for (int i = 0; i < 3; i++)
		say("%s: %u\n", signal_names[i], tally->signals[i]);
}
