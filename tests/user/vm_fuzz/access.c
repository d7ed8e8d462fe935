/* SPDX-License-Identifier: MIT */
/* Touches: loads, stores and fetches whose faults are told, and then mended, jumped out of, or stepped over. */
#include "vm_fuzz.h"

#include <setjmp.h>
#include <ucontext.h>

#define RETURN 0x8082 /* c.jr ra */

enum mend { STEP_OVER, JUMP_OUT, MEND };

static struct {
	volatile bool active, faulted;
	volatile bool fetches;
	enum mend mend;
	int left; /* how often it may still be mended */
	sigjmp_buf out;
} attempt;

/* Lets the access be: maps what is not there, gives the permissions. */
static bool mend(int sig, int code, const void *addr)
{
	unsigned page;
	long value;

	if (attempt.left-- == 0 || !page_of(addr, &page))
		return false;
	if (sig == SIGSEGV && code == SEGV_ACCERR) {
		value = CALL(SYS_mprotect, at(page), PAGE, RW);
		tell(OP_MPROTECT, value, "%u+1 %s: mends", page, prot_name(RW));
		if (value == 0)
			arena_protect((struct range){ page, 1 }, RW);
		return value == 0;
	}
	if (sig == SIGBUS && faults_mend(page))
		return true;
	value = CALL(SYS_mmap, at(page), PAGE, RW, ANON | MAP_FIXED, -1, 0);
	tell(OP_MMAP, place(value), "%u+1 %s: mends", page, prot_name(RW));
	if (value >= 0)
		arena_map((struct range){ page, 1 }, RW, KIND_PRIVATE, false);
	return value >= 0;
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
	unsigned long *regs = ((ucontext_t *)context)->uc_mcontext.__gregs;

	if (is_watcher(context)) {
		regs[REG_PC] += 4;
		return;
	}
	if (!attempt.active) {
		say("a fault that nothing has asked for: signal %d at %p, pc %#lx\n", sig,
		    info->si_addr, regs[REG_PC]);
		_exit(96);
	}
	tell_signal(sig, info->si_code, info->si_addr);
	if (attempt.mend == MEND && mend(sig, info->si_code, info->si_addr))
		return;
	attempt.faulted = true;
	if (attempt.mend == JUMP_OUT)
		siglongjmp(attempt.out, 1);
	regs[REG_PC] = attempt.fetches ? regs[REG_RA] : regs[REG_PC] + 4;
}

void access_begin(void)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };

	if (sigaction(SIGSEGV, &action, NULL) != 0 || sigaction(SIGBUS, &action, NULL) != 0)
		_exit(98);
}

#define TOUCH(text, ...)                                                                  \
	__asm__ volatile(".option push\n.option norvc\n" text "\n.option pop" __VA_ARGS__ \
			 : "memory")

static void touch(enum access access, volatile void *p, uint64_t *value)
{
	uint64_t v = *value;

	switch (access) {
	case LOAD_BYTE:
		TOUCH("lbu %0, 0(%1)", : "+&r"(v) : "r"(p));
		break;
	case LOAD_WORD:
		TOUCH("ld %0, 0(%1)", : "+&r"(v) : "r"(p));
		break;
	case STORE_BYTE:
		TOUCH("sb %0, 0(%1)", : "+&r"(v) : "r"(p));
		break;
	case STORE_WORD:
		TOUCH("sd %0, 0(%1)", : "+&r"(v) : "r"(p));
		break;
	default:
		/*
		 * Where neither is allowed QEMU 7.2 with one hart tells the load of an AMO, all others the store: a load
		 * goes first.
		 */
		TOUCH("lw zero, 0(%1)", : "+&r"(v) : "r"(p));
		if (!attempt.faulted)
			TOUCH("amoadd.w %0, %0, (%1)", : "+&r"(v) : "r"(p));
		break;
	}
	*value = v;
}

/* The access, faults told. False if it did not happen. */
bool try_access(enum access access, volatile void *p, uint64_t *value)
{
	attempt.faulted = false;
	attempt.active = true;
	if (attempt.mend != JUMP_OUT || sigsetjmp(attempt.out, 1) == 0)
		touch(access, p, value);
	attempt.active = false;
	return !attempt.faulted;
}

bool try_fetch(volatile void *p)
{
	attempt.faulted = false;
	attempt.fetches = true;
	attempt.active = true;
	__asm__ volatile("fence.i\njalr ra, 0(%0)" : : "r"(p) : "ra", "memory");
	attempt.active = false;
	attempt.fetches = false;
	return !attempt.faulted;
}

/* Nothing is mapped at these on either kernel. */
static const uintptr_t nowhere[] = {
	0, 8, MIB, 0x4000000000, 0xffffffc000000000, -PAGE, 1ul << 63
};

static volatile char *some_byte(enum access access, unsigned *page, unsigned *off)
{
	*page = one_in(8) ? range_any().first : range_mapped().first;
	*off = rnd(4) ? rnd(PAGE) : rnd(2) ? 0 : PAGE - 1;
	if (access == ADD_WORD)
		*off &= ~3u;
	else if (access != LOAD_BYTE && access != STORE_BYTE && one_in(3) &&
		 *page + 1 < area_end(*page))
		*off = PAGE - 1 - rnd(7); /* over the edge */
	else if (access != LOAD_BYTE && access != STORE_BYTE)
		*off &= ~7u;
	return at(*page) + *off;
}

/*
 * A load and an atomic tell what was there. An atomic faults as a store does; but QEMU 7.2, with one hart, lets a load
 * fault before, which may be another signal: it gets the page that a load can have in either case.
 */
void do_touch(void)
{
	static const enum op ops[ACCESSES] = { OP_LOAD, OP_LOAD, OP_STORE, OP_STORE, OP_AMO };
	static const unsigned char weights[ACCESSES] = { 4, 3, 5, 4, 1 };
	enum access access = (enum access)pick(weights, ACCESSES);
	uint64_t value = chance_word(), before = 0;
	unsigned page, off;
	volatile char *p = some_byte(access, &page, &off);
	bool done;

	attempt.mend = one_in(6) ? MEND : one_in(3) ? JUMP_OUT : STEP_OVER;
	attempt.left = 2;
	if (one_in(60)) {
		p = (volatile char *)nowhere[rnd(sizeof(nowhere) / sizeof(nowhere[0]))];
		page = npages();
	}
	if (access == STORE_BYTE)
		value &= 0xff;
	done = (access != ADD_WORD || try_access(LOAD_BYTE, p, &before)) &&
	       try_access(access, p, &value);
	attempt.mend = STEP_OVER;
	if (access == STORE_BYTE || access == STORE_WORD || !done)
		value = 0;
	tell(ops[access], done ? (long)(value & INT64_MAX) : -EFAULT, "%u:%#x, kind %d", page, off,
	     (int)access);
	if (page < npages())
		arena_sync((struct range){ page, page + 1 < area_end(page) ? 2 : 1 });
}

/* Calls a return instruction in the arena. Where the bytes are something else they are not run. */
void do_fetch(void)
{
	unsigned page = range_mapped().first, off = rnd(PAGE / 8) * 8;
	volatile char *p = at(page) + off;
	uint64_t value = 0, code = RETURN;
	bool never = !cells[page].mapped || !(cells[page].prot & (PROT_EXEC | PROT_UNKNOWN));
	bool there = try_access(LOAD_WORD, p, &value) && (value & 0xffff) == RETURN;

	if (!there)
		there = try_access(STORE_WORD, p, &code);
	if (there || never)
		tell(OP_FETCH, try_fetch(p) ? 0 : -EFAULT, "%u:%#x", page, off);
	arena_sync((struct range){ page, 1 });
}
