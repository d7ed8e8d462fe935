/* SPDX-License-Identifier: MIT */
/* Signal frames hold what they should, where Linux has it, and nothing else: no byte of the kernel's. */
#include "t.h"

#include <stddef.h>
#include <ucontext.h>

/* From sp at the handler's entry: siginfo, ucontext, registers, floating point, three words of zero. */
#define UC	128
#define REGS	(UC + 176)
#define FLOATS	(REGS + 256)
#define FCSR	(FLOATS + 256)
#define WORDS	(FLOATS + 516)
#define SIZE	(FLOATS + 528)
#define PATTERN ((char)0xa7)

enum cause { BY_CALL, BY_LOAD, BY_BREAK, BY_ILLEGAL };

_Static_assert(offsetof(ucontext_t, uc_mcontext) == REGS - UC, "as the C library has it");

static unsigned char frame[SIZE];
/* Not static: the assembly finds them by name. */
uint64_t handler_sp, handler_args[3];
static unsigned char own[64 * PAGE] __attribute__((aligned(4096))); /* the program's stack */
static unsigned char other[16 * PAGE] __attribute__((aligned(4096)));
static int runs;

/* The registers as they are when the handler is entered. */
asm(".text\n"
    "entry:\n"
    "	lla t0, handler_sp\n	sd sp, 0(t0)\n"
    "	lla t0, handler_args\n	sd a0, 0(t0)\n	sd a1, 8(t0)\n	sd a2, 16(t0)\n"
    "	tail keep\n");
void entry(int sig, siginfo_t *info, void *context);
void keep(int sig, siginfo_t *info, void *context);

void keep(int sig, siginfo_t *info, void *context)
{
	ucontext_t *ucontext = context;

	(void)sig;
	runs++;
	memcpy(frame, (void *)handler_sp, SIZE);
	if (info->si_code > 0)
		ucontext->uc_mcontext.__gregs[REG_PC] += 4; /* beyond what faults */
}

static uint64_t word(size_t at)
{
	uint64_t value;

	memcpy(&value, frame + at, sizeof(value));
	return value;
}

/* Nothing is said here: zeros, or what the stack had. Linux leaves some as they are. */
static void quiet(const char *what, size_t from, size_t to)
{
	size_t zeros = 0, pattern = 0;

	for (size_t i = from; i < to; i++) {
		zeros += frame[i] == 0;
		pattern += (char)frame[i] == PATTERN;
	}
	if (zeros + pattern != to - from)
		say("  %s: %zu zeros and %zu of the stack's in %zu bytes\n", what, zeros, pattern,
		    to - from);
}

/* Words that are addresses of the kernel: there are none. (-5 is ours.) */
static void kernels(void)
{
	for (size_t at = 0; at < SIZE; at += 8)
		if (word(at) >= 0xffffffc000000000 && word(at) < -4096ul)
			say("  at %zu there is %#lx\n", at, (unsigned long)word(at));
}

static void tell_info(enum cause how)
{
	siginfo_t info;

	memcpy(&info, frame, sizeof(info));
	say("  signo %d, errno %d, code %d; ", info.si_signo, info.si_errno, info.si_code);
	if (how == BY_LOAD)
		say("address %#lx\n", (unsigned long)info.si_addr);
	else if (how != BY_CALL)
		say("address is the pc %d\n", word(16) == word(REGS));
	else
		say("pid right %d, uid %u, value %#lx\n", info.si_pid == getpid(), info.si_uid,
		    (unsigned long)word(24));
	quiet("padding", 12, 16);
	quiet("rest of the union", how == BY_CALL ? 32 : 24, UC);
}

static void tell_context(const unsigned char *stack)
{
	uint64_t sp = handler_sp;

	say("  flags %#lx, link %#lx, stack %d %#x %#lx, mask %#lx\n", word(UC), word(UC + 8),
	    word(UC + 16) == (uint64_t)other, (unsigned)word(UC + 24), word(UC + 32),
	    word(UC + 40));
	quiet("flags' padding", UC + 28, UC + 32);
	quiet("unused of the mask", UC + 48, REGS - 8);
	quiet("before the registers", REGS - 8, REGS);
	say("  s2 %#lx, s11 %#lx, sp right %d\n", word(REGS + 18 * 8), word(REGS + 27 * 8),
	    stack != own || ((word(REGS + 16) - SIZE) & -16ul) == sp);
	say("  fs2 %#lx, ft0 %#lx, fcsr %#x\n", word(FLOATS + 18 * 8), word(FLOATS),
	    (unsigned)word(FCSR));
	quiet("behind fcsr", FCSR + 8, WORDS);
	quiet("the last words", WORDS, SIZE);
	say("  which are 0: %d\n", word(SIZE - 8) == 0);
}

static void tell(const char *what, enum cause how, const unsigned char *stack, size_t size)
{
	uint64_t sp = handler_sp;

	say("%s: runs %d\n", what, runs);
	say("  sp mod 16: %lu, on the stack %d, a0 %ld, a1 - sp %ld, a2 - sp %ld\n", sp % 16,
	    sp >= (uint64_t)stack && sp + SIZE <= (uint64_t)stack + size, (long)handler_args[0],
	    (long)(handler_args[1] - sp), (long)(handler_args[2] - sp));
	tell_info(how);
	tell_context(stack);
	kernels();
	runs = 0;
}

static void act(int sig, int flags)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO | flags, .sa_sigaction = entry };

	sigaction(sig, &action, NULL);
}

/* A call, or an instruction that faults, on the stack that is all PATTERN, with known s registers. */
#define CAUSE(instructions)                                                              \
	asm volatile(".option push\n\t.option norvc\n\t"                                 \
		     "mv s3, sp\n\tmv sp, %0\n\tli s2, 0x1234567\n\tli s11, -5\n\t"      \
		     "mv a0, %1\n\tmv a1, %2\n\tmv a2, %3\n\tmv a7, %4\n\t" instructions \
		     "\n\tmv sp, s3\n\t.option pop"                                      \
		     :                                                                   \
		     : "r"(own + sizeof(own) - 64), "r"(a), "r"(b), "r"(c), "r"(nr)      \
		     : "s2", "s3", "s11", "a0", "a1", "a2", "a7", "t0", "memory")

static void cause(enum cause how, long nr, long a, long b, const void *c)
{
	memset(own, PATTERN, sizeof(own));
	memset(other, PATTERN, sizeof(other));
	switch (how) {
	case BY_CALL:
		CAUSE("ecall");
		break;
	case BY_LOAD:
		CAUSE("ld t0, 8(zero)");
		break;
	case BY_BREAK:
		CAUSE(".word 0x00100073");
		break;
	case BY_ILLEGAL:
		CAUSE(".word 0");
	}
}

static void try(const char *name, const char *when, enum cause how, long nr, long sig)
{
	siginfo_t queued = { .si_code = SI_QUEUE, .si_pid = getpid() };
	unsigned char *stack = strstr(when, "another") ? other : own;
	char what[64];

	queued.si_value.sival_ptr = (void *)0x1122334455667788;
	snprintf(what, sizeof(what), "%s, %s", name, when);
	cause(how, nr, getpid(), sig, &queued);
	tell(what, how, stack, stack == own ? sizeof(own) : sizeof(other));
}

static void each_kind(const char *when, int flags)
{
	static const int signals[] = { SIGUSR1, SIGUSR2, SIGSEGV, SIGTRAP, SIGILL };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		act(signals[i], flags);
	act(SIGRTMIN + 1, flags);
	try("kill", when, BY_CALL, SYS_kill, SIGUSR1);
	try("tkill", when, BY_CALL, SYS_tkill, SIGUSR2);
	try("sigqueue", when, BY_CALL, SYS_rt_sigqueueinfo, SIGRTMIN + 1);
	try("load", when, BY_LOAD, 0, 0);
	try("breakpoint", when, BY_BREAK, 0, 0);
	try("illegal", when, BY_ILLEGAL, 0, 0);
}

int main(void)
{
	stack_t stack = { .ss_sp = other, .ss_size = sizeof(other) };

	each_kind("floats unused", 0);
	asm volatile("li t0, 0x7fe1\n\tslli t0, t0, 40\n\tfmv.d.x fs2, t0\n\tfmv.d.x ft0, t0\n\t"
		     "csrwi fcsr, 17" ::
			     : "t0", "fs2", "ft0");
	each_kind("floats used", 0);
	sigaltstack(&stack, NULL);
	each_kind("on another stack", SA_ONSTACK);
	return 0;
}
