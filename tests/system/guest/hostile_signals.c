/* SPDX-License-Identifier: MIT */
/* Signals where they are not wanted: odd stacks, frames made by hand, handlers that spoil their own. */
#include "hostile.h"

#include <ucontext.h>

static uint64_t thread_pointer;
static unsigned handled;
static unsigned char good_frame[FRAME_SIZE]; /* as a handler found it */
static char resume_stack[16 * PAGE] __attribute__((aligned(16), used));

/* Registers may be anything when a handler is entered, those that C relies on too. */
asm(".text\n"
    ".globl handler_entry\n"
    "handler_entry:\n"
    "	.option push\n"
    "	.option norelax\n"
    "	lla gp, __global_pointer$\n"
    "	lla t0, thread_pointer\n"
    "	ld tp, 0(t0)\n"
    "	tail on_signal\n"
    "frame_resumed:\n"
    "	lla gp, __global_pointer$\n"
    "	lla t0, thread_pointer\n"
    "	ld tp, 0(t0)\n"
    "	lla sp, resume_stack + 65536 - 16\n"
    "	tail on_resumed\n"
    "	.option pop\n");

void frame_resumed(void);
void on_signal(int sig, siginfo_t *info, void *context);
void on_resumed(void);

/* What a program that made its frame by hand goes on with. */
void on_resumed(void)
{
	count(RESUMED);
	random_calls(4);
	_exit(0);
}

static void spoil(unsigned char *frame)
{
	static const uint64_t stacks[][3] = {
		{ 0, 2, 0 },
		{ -16ull, 0, 1 << 16 },
		{ 0xffffffc080200000, 0, 1 << 16 },
		{ 8, 1u << 31, -1ull },
	};
	uint64_t pc = some_address(), stack[3];
	uint32_t word = (uint32_t)chance();

	switch (below(8)) {
	case 0:
		memcpy(frame + FRAME_PC, &pc, sizeof(pc));
		break;
	case 1:
		memcpy(frame + FRAME_FCSR, &word, sizeof(word));
		break;
	case 2:
		memcpy(frame + FRAME_WORDS + 4 * below(3), &word, sizeof(word));
		break;
	case 3:
		memcpy(stack, stacks[below(4)], sizeof(stack));
		memcpy(frame + FRAME_INFO + 16, stack, sizeof(stack));
		break;
	case 4:
		fill_at_random(frame + FRAME_INFO + 40, 8); /* the mask */
		break;
	case 5:
		fill_at_random(frame + FRAME_PC + 256, 256); /* floating point */
		break;
	case 6:
		fill_at_random(frame + FRAME_PC + 8 * below(32), 8);
		break;
	default:
		for (unsigned i = 0; i < 4; i++)
			fill_at_random(frame + below(FRAME_SIZE), 1);
	}
}

/* Of an instruction, which would come again. */
static bool is_fault(const siginfo_t *info)
{
	int sig = info->si_signo;

	return info->si_code > 0 && info->si_code < SI_KERNEL &&
	       (sig == SIGSEGV || sig == SIGBUS || sig == SIGILL || sig == SIGTRAP);
}

void on_signal(int sig, siginfo_t *info, void *context)
{
	ucontext_t *ucontext = context;
	unsigned long *pc = &ucontext->uc_mcontext.__gregs[REG_PC];

	(void)sig;
	count(HANDLERS);
	if (++handled > HANDLERS_MAX)
		_exit(0);
	if (is_counting(*pc)) {
		*pc = count_again(*pc);
		return;
	}
	if (is_fault(info))
		*pc += 4;
	if (handled == 1)
		memcpy(good_frame, info, FRAME_SIZE);
	if (ONE_IN(steps_left ? 40 : 6))
		spoil((unsigned char *)info);
	if (ONE_IN(3))
		random_call();
}

static void set_stack(uint64_t sp, uint64_t size, uint64_t flags)
{
	const uint64_t stack[3] = { sp, flags, size };

	call3(SYS_sigaltstack, (uint64_t)stack, 0, 0);
}

static void set_handler(int sig, uint64_t flags, uint64_t mask)
{
	const uint64_t action[3] = { (uint64_t)handler_entry, flags, mask };
	const uint64_t arg[6] = { (uint64_t)sig, (uint64_t)action, 0, 8 };

	call(SYS_rt_sigaction, arg);
}

void handlers_begin(void)
{
	asm("mv %0, tp" : "=r"(thread_pointer));
	handled = 0;
	set_stack((uint64_t)STACK, STACK_SIZE, 0);
	for (int sig = 1; sig <= 64; sig++)
		if (sig != SIGKILL && sig != SIGSTOP && sig != SIGCHLD && sig != SIGTSTP)
			set_handler(sig, SA_SIGINFO | (ONE_IN(3) ? 0 : SA_ONSTACK), 0);
}

static void signal_self(int sig)
{
	call3(SYS_tkill, (uint64_t)getpid(), (uint64_t)sig, 0);
}

static int some_signal(void)
{
	static const int signals[] = { SIGUSR1, SIGUSR2, 40, SIGTERM, SIGSEGV, SIGHUP };

	return ONE_OF(signals);
}

/* Addresses and sizes of stacks where hardly any frame can be. */
static void odd_stack(uint64_t *sp, uint64_t *size)
{
	const uint64_t stacks[][2] = {
		{ (uint64_t)READ_ONLY, 8 * PAGE },
		{ (uint64_t)FORBIDDEN, 4 * PAGE },
		{ (uint64_t)HOLE - 2048, 2 * PAGE },
		{ (uint64_t)HOLE - 2 * PAGE, 2 * PAGE + below(4096) },
		{ (uint64_t)SHARED_FILE, 8 * PAGE },
		{ (uint64_t)GROWING - 64 * PAGE, 64 * PAGE + below(PAGE) },
		{ (uint64_t)STACK, 2048 },
		{ (uint64_t)STACK + 1, 4095 },
		{ (uint64_t)&sp - 200 * PAGE, 100 * PAGE },
		{ -16ull, PAGE },
		{ -PAGE, 3 * PAGE },
		{ 8, -1ull },
		{ 0x4000000000 - PAGE, 2 * PAGE },
		{ 0xffffffc080200000, 1 << 16 },
		{ (uint64_t)odd_stack & -PAGE, PAGE },
		{ some_address(), some_length() },
	};
	unsigned i = (unsigned)below(16);

	*sp = stacks[i][0];
	*size = stacks[i][1];
}

void act_odd_stack(void)
{
	uint64_t sp, size;

	odd_stack(&sp, &size);
	set_stack(sp, size, ONE_IN(4) ? 1u << 31 : 0);
	for (unsigned i = 0; i < 3; i++) {
		int sig = some_signal();

		set_handler(sig, SA_SIGINFO | SA_ONSTACK | (ONE_IN(2) ? SA_NODEFER : 0), 0);
		signal_self(sig);
		random_calls(2);
	}
}

#define ON_STACK(sp, instructions)                                                            \
	asm volatile(".option push\n\t.option norvc\n\t"                                      \
		     "mv s2, sp\n\tmv sp, %0\n\t" instructions "\n\tmv sp, s2\n\t.option pop" \
		     :                                                                        \
		     : "r"(sp), "r"(a0), "r"(a1), "r"(a7)                                     \
		     : "s2", "t0", "memory")

static void signal_at(uint64_t sp)
{
	register uint64_t a0 asm("a0") = (uint64_t)getpid();
	register uint64_t a1 asm("a1") = (uint64_t)some_signal();
	register uint64_t a7 asm("a7") = SYS_tkill;

	switch (below(7)) {
	case 0:
		ON_STACK(sp, "ebreak");
		break;
	case 1:
		ON_STACK(sp, ".word 0");
		break;
	case 2:
		ON_STACK(sp, "ld t0, 0(sp)");
		break;
	case 3:
		ON_STACK(sp, "sd t0, -8(sp)");
		break;
	case 4:
		ON_STACK(sp, "jalr t0, sp");
		break;
	default:
		ON_STACK(sp, "ecall");
	}
}

/* The program's own stack pointer is anywhere when a signal comes. */
void act_odd_sp(void)
{
	uint64_t sp, size;

	if (ONE_IN(2))
		set_stack(0, 0, 2);
	for (unsigned i = 0; i < 3; i++) {
		odd_stack(&sp, &size);
		signal_at(sp + (ONE_IN(3) ? below(size | 1) : size));
	}
}

/* sp is there, and rt_sigreturn is called; where it comes back from that, the process ends. */
static _Noreturn void return_from(uint64_t at)
{
	count(CALLS_DONE + SYS_rt_sigreturn);
	asm volatile("mv sp, %0\n\tli a7, 139\n\tecall\n\tli a0, 0\n\tli a7, 93\n\tecall" ::"r"(at)
		     : "memory");
	__builtin_unreachable();
}

static uint64_t frame_place(void)
{
	switch (below(6)) {
	case 0:
		return (uint64_t)FRAMES + below(FRAMES_SIZE) - PAGE;
	case 1: /* its end, or a little less than that, is the last byte */
		return (uint64_t)FRAMES + FRAMES_SIZE - FRAME_SIZE + below(24) - 8;
	case 2:
		return some_address();
	case 3:
		return (uint64_t)SHARED_FILE + 8 * PAGE - FRAME_SIZE;
	default:
		return (uint64_t)FRAMES + 16 * below(64);
	}
}

static bool is_writable(uint64_t at)
{
	return (at >= (uint64_t)FRAMES && at + FRAME_SIZE <= (uint64_t)FRAMES + FRAMES_SIZE) ||
	       (at >= (uint64_t)SHARED_FILE && at + FRAME_SIZE <= (uint64_t)SHARED_FILE + 8 * PAGE);
}

/* A frame that a handler found, with its end changed, or one of random bytes. */
void act_frame(void)
{
	unsigned char frame[FRAME_SIZE];
	uint64_t resume = (uint64_t)frame_resumed, at = frame_place();

	handled = 0;
	set_handler(SIGUSR1, SA_SIGINFO, 0);
	signal_self(SIGUSR1);
	memcpy(frame, good_frame, sizeof(frame));
	memcpy(frame + FRAME_PC, &resume, sizeof(resume));
	for (unsigned n = (unsigned)below(4); n; n--)
		spoil(frame);
	if (ONE_IN(8))
		fill_at_random(frame, sizeof(frame) - (ONE_IN(2) ? 12 : 0));
	if (is_writable(at))
		memcpy((void *)at, frame, sizeof(frame));
	return_from(at);
}

/* Frames go to a stack in a file that another process cuts off and makes longer meanwhile. */
void act_cut_stack(void)
{
	long pid = call3(SYS_clone, SIGCHLD, 0, 0);

	for (unsigned i = 0; pid == 0 && i < 40; i++) {
		call3(SYS_ftruncate, shared_fd, below(9) * PAGE, 0);
		sched_yield();
	}
	if (pid <= 0)
		_exit(0);
	set_stack((uint64_t)SHARED_FILE, 8 * PAGE, 0);
	set_handler(SIGUSR1, SA_SIGINFO | SA_ONSTACK, 0);
	for (unsigned i = 0; i < 40; i++) {
		signal_self(SIGUSR1);
		sched_yield();
	}
}
