/* SPDX-License-Identifier: MIT */
/* The vDSO: what is announced and mapped, its symbols, each function beside the system call, and handlers that return through it. */
#include "thread.h"

#include <elf.h>
#include <link.h>
#include <sys/auxv.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unwind.h>

#ifndef SYS_riscv_hwprobe
#define SYS_riscv_hwprobe 258
#endif
#ifndef SYS_riscv_flush_icache
#define SYS_riscv_flush_icache 259
#endif

#define KEYS	   10
#define WHICH_CPUS 1
#define ROUNDS	   2000
#define THREADS	   4

struct pair {
	int64_t key;
	uint64_t value;
};

struct mapping {
	char *start, *end;
	char prot[5];
	unsigned long offset;
};

static const char *vdso; /* the ELF header */
static struct mapping code, data;

static long (*vdso_gettime)(clockid_t, struct timespec *);
static long (*vdso_getres)(clockid_t, struct timespec *);
static long (*vdso_gettimeofday)(struct timeval *, struct timezone *);
static long (*vdso_getcpu)(unsigned *, unsigned *, void *);
static long (*vdso_flush_icache)(void *, void *, unsigned long);
static long (*vdso_hwprobe)(struct pair *, size_t, size_t, void *, unsigned);
static const char *vdso_sigreturn;

/* ---- what is there ---- */

static void find_mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[256], name[64], prot[5];
	unsigned long start, end, offset;

	while (fgets(line, sizeof(line), maps)) {
		struct mapping *to = NULL;

		if (sscanf(line, "%lx-%lx %4s %lx %*s %*s %63s", &start, &end, prot, &offset,
			   name) != 5)
			continue;
		if (strcmp(name, "[vdso]") == 0)
			to = &code;
		else if (strcmp(name, "[vvar]") == 0)
			to = &data;
		if (!to)
			continue;
		*to = (struct mapping){ (char *)start, (char *)end, "", offset };
		memcpy(to->prot, prot, sizeof(prot));
	}
	fclose(maps);
}

static void look(void)
{
	find_mappings();
	say("code %s at %lx, data %s at %lx\n", code.prot, code.offset, data.prot, data.offset);
	say("the data is right below the code: %d\n", data.start && data.end == code.start);
	say("the code is announced: %d\n", code.start && code.start == vdso);
	say("it is one page of ELF: %d\n",
	    code.end - code.start == PAGE && memcmp(vdso, ELFMAG, SELFMAG) == 0);
}

static void first_of_auxv(void)
{
	int fd = open("/proc/self/auxv", O_RDONLY);
	Elf64_auxv_t first;

	if (read(fd, &first, sizeof(first)) == sizeof(first))
		say("auxv begins with %lu\n", (unsigned long)first.a_type);
	close(fd);
}

/* ---- its symbols ---- */

struct symbols {
	const Elf64_Sym *table;
	const char *names;
	const Elf64_Half *versions;
	const Elf64_Verdef *defs;
	const uint32_t *hash;
	const char *soname;
};

static const void *at(Elf64_Addr address)
{
	return vdso + address;
}

static void show_segment(const Elf64_Phdr *segment)
{
	static const struct {
		unsigned type;
		const char *name;
	} types[] = { { PT_LOAD, "load" },
		      { PT_DYNAMIC, "dynamic" },
		      { PT_GNU_EH_FRAME, "eh_frame" } };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].type == segment->p_type)
			say("segment: %s, flags %u\n", types[i].name, segment->p_flags);
}

static void read_dynamic(const Elf64_Dyn *entry, struct symbols *symbols)
{
	Elf64_Xword soname = 0;

	for (; entry->d_tag != DT_NULL; entry++) {
		const void *there = at(entry->d_un.d_ptr);

		if (entry->d_tag == DT_SYMTAB)
			symbols->table = there;
		else if (entry->d_tag == DT_STRTAB)
			symbols->names = there;
		else if (entry->d_tag == DT_VERSYM)
			symbols->versions = there;
		else if (entry->d_tag == DT_VERDEF)
			symbols->defs = there;
		else if (entry->d_tag == DT_HASH)
			symbols->hash = there;
		else if (entry->d_tag == DT_GNU_HASH)
			say("it has a GNU hash\n");
		else if (entry->d_tag == DT_SONAME)
			soname = entry->d_un.d_val;
	}
	symbols->soname = symbols->names + soname;
}

static const char *version_of(const struct symbols *symbols, Elf64_Half index)
{
	const Elf64_Verdef *def = symbols->defs;

	for (;; def = (const void *)((const char *)def + def->vd_next)) {
		const Elf64_Verdaux *aux = (const void *)((const char *)def + def->vd_aux);

		if (def->vd_ndx == (index & 0x7fff))
			return symbols->names + aux->vda_name;
		if (!def->vd_next)
			return "?";
	}
}

static const void *symbol(const struct symbols *symbols, const char *name)
{
	for (uint32_t i = 0; i < symbols->hash[1]; i++) {
		const Elf64_Sym *one = &symbols->table[i];

		if (strcmp(symbols->names + one->st_name, name) != 0)
			continue;
		say("%s@%s: type %d, binding %d\n", name, version_of(symbols, symbols->versions[i]),
		    ELF64_ST_TYPE(one->st_info), ELF64_ST_BIND(one->st_info));
		return at(one->st_value);
	}
	say("%s is missing\n", name);
	exit(1);
}

static void find_symbols(void)
{
	const Elf64_Ehdr *header = (const void *)vdso;
	const Elf64_Phdr *segments = at(header->e_phoff);
	struct symbols symbols = { 0 };

	say("type %u, machine %u\n", header->e_type, header->e_machine);
	for (int i = 0; i < header->e_phnum; i++) {
		show_segment(&segments[i]);
		if (segments[i].p_type == PT_DYNAMIC)
			read_dynamic(at(segments[i].p_vaddr), &symbols);
	}
	say("it calls itself %s\n", symbols.soname);
	vdso_sigreturn = symbol(&symbols, "__vdso_rt_sigreturn");
	vdso_gettime = symbol(&symbols, "__vdso_clock_gettime");
	vdso_gettimeofday = symbol(&symbols, "__vdso_gettimeofday");
	vdso_getres = symbol(&symbols, "__vdso_clock_getres");
	vdso_getcpu = symbol(&symbols, "__vdso_getcpu");
	vdso_flush_icache = symbol(&symbols, "__vdso_flush_icache");
	vdso_hwprobe = symbol(&symbols, "__vdso_riscv_hwprobe");
}

/* ---- clocks: the call, the function, the call, the function ---- */

static int64_t ns_of(struct timespec t)
{
	return t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t by_call(clockid_t clock)
{
	struct timespec t;

	return syscall(SYS_clock_gettime, clock, &t) ? -1 : ns_of(t);
}

static int64_t by_vdso(clockid_t clock)
{
	struct timespec t;

	return vdso_gettime(clock, &t) ? -1 : ns_of(t);
}

/* Returns how often a reading was less than the one before it, by either way. */
static int backwards(clockid_t clock)
{
	int64_t before = 0;
	int n = 0;

	for (int i = 0; i < ROUNDS; i++) {
		int64_t called = by_call(clock), read = by_vdso(clock);

		n += called < before || read < called || read < 0;
		before = read;
	}
	return n;
}

static void clocks(void)
{
	for (clockid_t clock = -1; clock <= 12; clock++) {
		struct timespec called = { 7, 7 }, read = { 8, 8 };
		int64_t by = by_call(clock);
		long error = syscall(SYS_clock_getres, clock, &called) ? -errno : 0;

		if (by == -1) {
			say("clock %d: call %s, vDSO %ld\n", clock, strerrorname_np(errno),
			    vdso_gettime(clock, &read));
			continue;
		}
		say("clock %d: %d backwards; resolution %ld and %ld, alike: %d, without a place %ld\n",
		    clock, backwards(clock), error, vdso_getres(clock, &read),
		    ns_of(called) == ns_of(read), vdso_getres(clock, NULL));
	}
	say("resolution of none: %ld\n", vdso_getres(99, NULL));
	say("clock 4096: %ld\n", vdso_gettime(4096, &(struct timespec){ 0 }));
}

static int64_t us_of(struct timeval t)
{
	return t.tv_sec * 1000000 + t.tv_usec;
}

static void time_of_day(void)
{
	struct timeval called = { 0 }, read;
	struct timezone zone = { 7, 7 };
	int64_t before = 0;
	int n = 0;

	for (int i = 0; i < ROUNDS; i++) {
		if (syscall(SYS_gettimeofday, &called, NULL) || vdso_gettimeofday(&read, NULL))
			n++;
		n += us_of(called) < before || us_of(read) < us_of(called);
		before = us_of(read);
	}
	say("time of day: %d backwards\n", n);
	say("with a zone: %ld", vdso_gettimeofday(NULL, &zone));
	say(", %d and %d; with nothing: %ld\n", zone.tz_minuteswest, zone.tz_dsttime,
	    vdso_gettimeofday(NULL, NULL));
}

/* ---- the same, by threads that compare with one another ---- */

static _Atomic int64_t latest[2];
static _Atomic int lost;

static void *compare(void *arg)
{
	const clockid_t clock = (clockid_t)(intptr_t)arg;

	for (int i = 0; i < 5 * ROUNDS; i++) {
		int64_t before = latest[clock];
		int64_t now = i % 2 ? by_call(clock) : by_vdso(clock);

		if (now < before)
			lost++;
		while (before < now &&
		       !__atomic_compare_exchange_n((int64_t *)&latest[clock], &before, now, 0,
						    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			;
	}
	return NULL;
}

static void threads(void)
{
	pthread_t thread[THREADS];

	for (int i = 0; i < THREADS; i++)
		MUST(pthread_create(&thread[i], NULL, compare, (void *)(intptr_t)(i % 2)));
	for (int i = 0; i < THREADS; i++)
		MUST(pthread_join(thread[i], NULL));
	say("threads: %d backwards\n", lost);
}

/* ---- the others ---- */

static void other_calls(void)
{
	struct pair called[KEYS + 2], read[KEYS + 2];
	unsigned cpu = 99, node = 99;
	unsigned long set = 1;

	say("getcpu: %ld", vdso_getcpu(&cpu, &node, NULL));
	say(", a hart: %d, node %u; with nothing: %ld\n", cpu < 99, node,
	    vdso_getcpu(NULL, NULL, NULL));
	say("flush_icache: %ld, with a bad flag: %ld\n", vdso_flush_icache(NULL, NULL, 0),
	    vdso_flush_icache(NULL, NULL, 99));
	for (int i = 0; i < KEYS + 2; i++)
		called[i] = read[i] = (struct pair){ i < KEYS ? i : i == KEYS ? -1 : 1l << 40, 7 };
	TRY(syscall(SYS_riscv_hwprobe, called, KEYS + 2, 0, NULL, 0));
	say("hwprobe: %ld", vdso_hwprobe(read, KEYS + 2, 0, NULL, 0));
	say(", alike: %d, of no pair: %ld\n", memcmp(called, read, sizeof(read)) == 0,
	    vdso_hwprobe(NULL, 0, 0, NULL, 0));
	read[0] = (struct pair){ 3, 7 };
	say("of a hart: %ld", vdso_hwprobe(read, 1, sizeof(set), &set, 0));
	say(", %lu; with a bad flag: %ld\n", (unsigned long)read[0].value,
	    vdso_hwprobe(read, 1, 0, NULL, 99));
	say("which harts: %ld\n", vdso_hwprobe(read, 1, sizeof(set), &set, WHICH_CPUS));
}

/* ---- handlers ---- */

static const char *returns_to;

static void note_return(int sig)
{
	(void)sig;
	returns_to = __builtin_return_address(0);
}

static void handler_returns(void)
{
	signal(SIGUSR1, note_return);
	raise(SIGUSR1);
	say("a handler returns to the vDSO: %d\n", returns_to == vdso_sigreturn);
}

/*
 * The first instruction of trap_at_once() traps: what unwinds must not look for the one before it, which is another function's.
 * Its caller is in trap_below(), whose frame the registers of the sigframe lead to.
 */
extern char trap_at_once[], trap_below_end[];
void trap_below(void);

__asm__(".text\n"
	".type before_trap, @function\n"
	"before_trap:\n"
	"	.cfi_startproc\n"
	"	.cfi_def_cfa_offset 4096\n"
	"	nop\n"
	"	.cfi_endproc\n"
	".type trap_at_once, @function\n"
	"trap_at_once:\n"
	"	.cfi_startproc\n"
	"	.option push\n"
	"	.option norvc\n"
	"	ebreak\n"
	"	.option pop\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".globl trap_below\n"
	".type trap_below, @function\n"
	"trap_below:\n"
	"	.cfi_startproc\n"
	"	addi sp, sp, -48\n"
	"	.cfi_def_cfa_offset 48\n"
	"	sd ra, 40(sp)\n"
	"	.cfi_offset ra, -8\n"
	"	sd s1, 32(sp)\n"
	"	.cfi_offset s1, -16\n"
	"	li s1, 77\n"
	"	call trap_at_once\n"
	"	ld s1, 32(sp)\n"
	"	ld ra, 40(sp)\n"
	"	addi sp, sp, 48\n"
	"	ret\n"
	"	.cfi_endproc\n"
	"trap_below_end:\n");

struct walk {
	int depth, handler, trapped, below, above;
	uintptr_t s1;
};

static void trap(void);

static _Unwind_Reason_Code step(struct _Unwind_Context *context, void *arg)
{
	struct walk *walk = arg;
	int is_exact = 0;
	uintptr_t pc = _Unwind_GetIPInfo(context, &is_exact);

	walk->depth++;
	if (pc == (uintptr_t)vdso_sigreturn && !walk->handler)
		walk->handler = walk->depth;
	else if (pc == (uintptr_t)trap_at_once && is_exact && walk->handler)
		walk->trapped = walk->depth - walk->handler;
	else if (pc > (uintptr_t)trap_below && pc < (uintptr_t)trap_below_end && walk->trapped)
		walk->below = walk->depth - walk->handler;
	else if (_Unwind_FindEnclosingFunction((void *)pc) == (void *)trap && walk->below)
		walk->above = walk->depth - walk->handler;
	if (walk->trapped && !walk->below)
		walk->s1 = _Unwind_GetGR(context, 9);
	return walk->depth < 64 ? _URC_NO_REASON : _URC_END_OF_STACK;
}

static void unwind(int sig, siginfo_t *info, void *context)
{
	struct walk walk = { 0 };

	(void)sig;
	(void)info;
	_Unwind_Backtrace(step, &walk);
	say("unwound from a handler: the frame at the trap is %d above it, its caller's %d, that one's %d\n",
	    walk.trapped, walk.below, walk.above);
	say("s1 there: %lu\n", (unsigned long)walk.s1);
	((ucontext_t *)context)->uc_mcontext.__gregs[REG_PC] += 4;
}

static __attribute__((noinline)) void trap(void)
{
	trap_below();
	__asm__ volatile("" : : : "memory"); /* no tail call */
}

static void unwinds(void)
{
	struct sigaction action = { .sa_sigaction = unwind, .sa_flags = SA_SIGINFO };

	MUST(sigaction(SIGTRAP, &action, NULL));
	trap();
}

/* ---- what a program may do with it ---- */

static void protections(void)
{
	size_t n = (size_t)(data.end - data.start);
	long before;

	TRY(mprotect(data.start, n, PROT_READ | PROT_WRITE));
	TRY(mprotect(data.start, n, PROT_READ | PROT_EXEC));
	TRY(mprotect(data.start, n, PROT_READ));
	TRY(mprotect(code.start, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC));
	TRY(mprotect(code.start, PAGE, PROT_READ | PROT_EXEC));
	TRY(madvise(code.start, PAGE, MADV_DONTNEED));
	before = number_in_status(getpid(), "VmLck");
	TRY(mlock(code.start, PAGE));
	TRY(mlock(data.start, n));
	say("locked: %ld\n", number_in_status(getpid(), "VmLck") - before);
	TRY(munlock(code.start, PAGE));
	TRY(mremap(code.start, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
	TRY(mremap(data.start, 0, PAGE, MREMAP_MAYMOVE));
	TRY(mremap(code.start, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP));
	say("and it still works: %d\n", backwards(CLOCK_MONOTONIC));
}

/* A byte of the ELF header that means nothing. */
#define UNUSED 15

static int child_has_it(void *arg)
{
	(void)arg;
	return vdso[UNUSED];
}

/* A debugger's way to write. A child gets what was written. */
static void pokes(void)
{
	char byte = 3;
	int fd = open("/proc/self/mem", O_RDWR);
	uint32_t word;

	TRY(pwrite(fd, "", 1, data.start - (char *)0));
	TRY(pread(fd, &word, sizeof(word), code.start - (char *)0));
	TRY(pwrite(fd, &word, sizeof(word), code.start - (char *)0));
	TRY(pwrite(fd, &byte, 1, &vdso[UNUSED] - (char *)0));
	in_child("a child has the change", child_has_it, NULL);
	close(fd);
}

static int child_uses(void *arg)
{
	(void)arg;
	returns_to = NULL;
	raise(SIGUSR1);
	return backwards(CLOCK_REALTIME) || returns_to != vdso_sigreturn ? 1 : 0;
}

static int moves(void *arg)
{
	char *to = mmap(NULL, PAGE, PROT_NONE, ANON, -1, 0);

	(void)arg;
	if (mremap(code.start, 1, 1, MREMAP_MAYMOVE | MREMAP_FIXED, to) != to)
		return 1;
	raise(SIGUSR1);
	return returns_to == to + (vdso_sigreturn - vdso) ? 0 : 2;
}

static int unmaps(void *arg)
{
	(void)arg;
	if (munmap(code.start, PAGE) || munmap(data.start, (size_t)(data.end - data.start)))
		return 1;
	say("unmapped\n");
	raise(SIGUSR1);
	return 2;
}

/* The parent's stays as it was. */
static int scribbles(void *arg)
{
	(void)arg;
	if (mprotect(code.start, PAGE, PROT_READ | PROT_WRITE))
		return 1;
	memset(code.start, 0, PAGE);
	return 0;
}

int main(void)
{
	vdso = (const char *)getauxval(AT_SYSINFO_EHDR);
	if (!vdso) {
		say("there is no vDSO\n");
		return 1;
	}
	first_of_auxv();
	look();
	find_symbols();
	clocks();
	time_of_day();
	threads();
	other_calls();
	handler_returns();
	unwinds();
	protections();
	pokes();
	in_child("used by a child", child_uses, NULL);
	in_child("moved", moves, NULL);
	in_child("unmapped", unmaps, NULL);
	in_child("written to", scribbles, NULL);
	in_child("used by another child", child_uses, NULL);
	return 0;
}
