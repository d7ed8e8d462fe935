/* SPDX-License-Identifier: MIT */
/* rt_sigreturn of frames made by hand: half good, at odd places, with odd registers; what becomes of each. */
#include "t.h"

#include <sched.h>
#include <ucontext.h>

#define UC    128
#define REGS  (UC + 176)
#define FCSR  (REGS + 512)
#define WORDS (REGS + 256 + 516)
#define SIZE  (REGS + 256 + 528)

#define REG_SP_AT (REGS + 2 * 8)
#define REG_S2_AT (REGS + 18 * 8)

static unsigned char good[SIZE];
static char *place, *other, *room;
static uint64_t faulting_sp;

static void keep(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)context;
	memcpy(good, info, SIZE);
}

/* What the registers are when the kernel refuses a frame: those of the frame, or those before. */
static void refused(int sig, siginfo_t *info, void *context)
{
	ucontext_t *ucontext = context;
	const unsigned long *regs = ucontext->uc_mcontext.__gregs;

	say("  signal %d, code %#x, address %#lx; pc %s, sp %s, s2 %#lx\n", sig, info->si_code,
	    (unsigned long)info->si_addr, regs[REG_PC] == 0x7770 ? "of the frame" : "another",
	    regs[REG_SP] == 0x123450	  ? "of the frame"
	    : regs[REG_SP] == faulting_sp ? "as before"
					  : "another",
	    regs[REG_S0 + 10]);
	_exit(5);
}

static void set(size_t at, uint64_t value, size_t n)
{
	memcpy(good + at, &value, n);
}

static void catch (int flags)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO | flags, .sa_sigaction = refused };
	stack_t stack = { .ss_sp = other, .ss_size = 65536 };

	sigaltstack(&stack, NULL);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGILL, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

static _Noreturn void return_from(char *at)
{
	faulting_sp = (uint64_t)at;
	asm volatile("mv sp, %0\n\tli s2, 0x55\n\tli a7, 139\n\tecall\n\tunimp" ::"r"(at)
		     : "memory");
	__builtin_unreachable();
}

/* Where a good frame goes on: with nothing but s2 and fcsr. */
asm(".text\n"
    "resumed:\n"
    "	.option push\n	.option norelax\n	lla gp, __global_pointer$\n	.option pop\n"
    "	frcsr a1\n"
    "	fmv.x.d a2, fs2\n"
    "	mv a0, s2\n"
    "	j tell_resumed\n");
void resumed(void);
void tell_resumed(long s2, long fcsr, long fs2);

void tell_resumed(long s2, long fcsr, long fs2)
{
	sigset_t now;
	stack_t stack;

	sigprocmask(SIG_BLOCK, NULL, &now);
	sigaltstack(NULL, &stack);
	say("  resumed: s2 %#lx, fcsr %#lx, fs2 %#lx, mask %#lx, stack %#x %#zx\n", s2, fcsr, fs2,
	    *(unsigned long *)&now, (unsigned)stack.ss_flags, stack.ss_size);
	_exit(0);
}

static _Noreturn void put(char *at)
{
	memcpy(at, good, SIZE);
	return_from(at);
}

/* Registers that no frame should have, with a handler on a stack of its own. */
static int words(void *which)
{
	set(WORDS + 4 * (size_t)which, 0x53465457, 4);
	set(REGS, 0x7770, 8);
	set(REG_SP_AT, 0x123450, 8);
	set(REG_S2_AT, 0x66, 8);
	catch (SA_ONSTACK);
	put(place);
}

/* The handler's frame goes where sp is. */
static int words_on_the_stack(void *unused)
{
	(void)unused;
	set(WORDS, 1, 4);
	set(REG_S2_AT, 0x66, 8);
	set(REG_SP_AT, (uint64_t)room + 8 * PAGE, 8);
	catch (0);
	put(place);
}

static int at_offset(void *offset)
{
	set(REG_S2_AT, 0x66, 8);
	put(place + (size_t)offset);
}

/* The frame goes on in a hole, n bytes before its end. */
static int cut(void *n)
{
	char *at = place + 2 * PAGE - SIZE + (size_t)n;

	set(REG_S2_AT, 0x66, 8);
	set(REGS, 0x7770, 8);
	catch (SA_ONSTACK);
	memcpy(at, good, SIZE - (size_t)n);
	return_from(at);
}

static int pc(void *value)
{
	set(REGS, (uint64_t)value, 8);
	catch (SA_ONSTACK);
	put(place);
}

static int fcsr(void *value)
{
	set(FCSR, (uint64_t)value, 4);
	set(FCSR + 4, 0xffffffff, 4);
	put(place);
}

static int mask(void *value)
{
	set(UC + 40, (uint64_t)value, 8);
	put(place);
}

static int stack(void *flags)
{
	catch (SA_ONSTACK);
	set(UC + 16, (uint64_t)room, 8);
	set(UC + 24, (uint64_t)flags, 4);
	set(UC + 32, 3 * PAGE, 8);
	put(place);
}

static int too_small_a_stack(void *size)
{
	catch (SA_ONSTACK);
	set(UC + 16, (uint64_t)room, 8);
	set(UC + 24, 0, 4);
	set(UC + 32, (uint64_t)size, 8);
	put(place);
}

#define FLOATS	(REGS + 256)
#define THEIRS	0x7468656972730000
#define READ_AT 16 /* so many of the registers can be read */

static pid_t other_process;
static volatile int *is_over;

/* Has registers of its own all the time. */
static int keep_floats(void)
{
	uint64_t low, middle, high;

	asm volatile("fmv.d.x fs0, %0\n\tfmv.d.x fs2, %0\n\tfmv.d.x ft10, %0" ::"r"(THEIRS));
	while (!*is_over)
		sched_yield();
	asm volatile("fmv.x.d %0, fs0\n\tfmv.x.d %1, fs2\n\tfmv.x.d %2, ft10"
		     : "=r"(low), "=r"(middle), "=r"(high));
	return low != THEIRS || middle != THEIRS || high != THEIRS;
}

static void say_theirs(unsigned found)
{
	int status = -1;

	*is_over = 1;
	waitpid(other_process, &status, 0);
	say("  %u registers of the other process, which %s\n", found,
	    status == 0 ? "kept all" : "has others");
}

static void look_at_floats(int sig, siginfo_t *info, void *context)
{
	const ucontext_t *ucontext = context;
	unsigned found = 0;

	(void)sig, (void)info;
	for (unsigned i = 0; i < 32; i++)
		found += ucontext->uc_mcontext.__fpregs.__d.__f[i] == THEIRS;
	say_theirs(found);
	_exit(5);
}

/* R9: the registers end in a hole, and those of another process are in the FPU. */
static int floats_that_cannot_be_read(void *handled)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO | SA_ONSTACK,
				    .sa_sigaction = look_at_floats };
	size_t there = FLOATS + READ_AT * 8;
	char *at = place + 2 * PAGE - there;
	pid_t mine;

	catch (SA_ONSTACK);
	if (handled)
		sigaction(SIGSEGV, &action, NULL);
	else
		signal(SIGSEGV, SIG_DFL);
	is_over = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	other_process = fork();
	if (other_process == 0)
		_exit(keep_floats());
	mine = handled ? 0 : fork();
	if (mine == 0) {
		for (unsigned i = 0; i < 50; i++)
			sched_yield();
		for (unsigned i = 0; i < 32; i++)
			set(FLOATS + i * 8, 0x6d696e65, 8);
		memcpy(at, good, there);
		return_from(at);
	}
	waitpid(mine, NULL, 0);
	say_theirs(0);
	return 0;
}

static void tries(const char *what, int (*f)(void *), const long *values, size_t n)
{
	char line[64];

	for (size_t i = 0; i < n; i++) {
		snprintf(line, sizeof(line), "%s %#lx", what, values[i]);
		in_child(line, f, (void *)values[i]);
	}
}
#define TRIES(what, f, ...)                                 \
	do {                                                \
		const long values[] = { __VA_ARGS__ };      \
		tries(what, f, values, sizeof(values) / 8); \
	} while (0)

int main(void)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO, .sa_sigaction = keep };

	place = before_hole(2);
	other = anon(65536);
	room = anon(16 * PAGE);
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	set(REGS, (uint64_t)resumed, 8);
	set(REG_SP_AT, (uint64_t)room + 16 * PAGE - 64, 8);
	TRIES("a word set", words, 0, 1, 2);
	in_child("a word set, the handler on the frame's stack", words_on_the_stack, NULL);
	TRIES("at offset", at_offset, 0, 16, 8, 4, 1, 2048, 2 * PAGE - SIZE);
	TRIES("cut by", cut, 1, 4, 12, 13, 300, 528, 900, SIZE - 200, SIZE - 1);
	TRIES("floats that cannot be read", floats_that_cannot_be_read, 0, 1);
	TRIES("pc", pc, 0, 0x3ffffffffe, 0x4000000000, -2, (long)0xffffffff80200000,
	      (long)0xffffffc080200000, (long)0x8000000000000000);
	TRIES("fcsr", fcsr, 0, 0x1f, 0x80, 0xa0, 0xff, 0xffffffff);
	TRIES("mask", mask, 0, -1, 1 << 8, 1 << 18);
	TRIES("stack", stack, 0, 1, 2, 3, 1l << 31, (1l << 31) | 2);
	TRIES("stack of size", too_small_a_stack, 0, 2047, 2048, -1);
	return 0;
}
