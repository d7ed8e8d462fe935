/* SPDX-License-Identifier: MIT */
/* sigaltstack: its errors and states, a stack overflow that a handler sees (R31), frames that can't be written, and
 * rt_sigreturn without a good frame. */
#include "t.h"

#include <setjmp.h>
#include <ucontext.h>

#define BAD ((void *)8)

static sigjmp_buf out;
static char *stack;
static volatile int on_it;

static void state(const char *what)
{
	stack_t now;

	if (sigaltstack(NULL, &now) == 0)
		say("%s: flags %#x, size %zu, %s\n", what, (unsigned)now.ss_flags, now.ss_size,
		    now.ss_sp == stack ? "ours"
		    : now.ss_sp	       ? "another"
				       : "none");
}

static stack_t *to(void *sp, int flags, size_t size)
{
	static stack_t new;

	new = (stack_t){ .ss_sp = sp, .ss_flags = flags, .ss_size = size };
	return &new;
}

static void errors(void)
{
	state("at first");
	TRY(sigaltstack(to(stack, 0, 2047), NULL));
	TRY(sigaltstack(to(stack, 7, 65536), NULL));
	TRY(syscall(SYS_sigaltstack, BAD, NULL));
	TRY(sigaltstack(to(stack, SS_DISABLE, 1), NULL));
	state("disabled");
	TRY(sigaltstack(to(stack, SS_ONSTACK, 65536), NULL));
	state("set");
	TRY(syscall(SYS_sigaltstack, NULL, BAD));
}

static void look(int sig)
{
	char here;

	(void)sig;
	on_it = &here >= stack && &here < stack + 65536;
	state("in a handler");
	TRY(sigaltstack(to(stack, SS_DISABLE, 0), NULL));
}

static void handlers(void)
{
	struct sigaction action = { .sa_handler = look };

	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	say("without SA_ONSTACK: on it %d\n", on_it);
	TRY(sigaltstack(to(stack, 0, 65536), NULL));
	action.sa_flags = SA_ONSTACK;
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	say("with SA_ONSTACK: on it %d\n", on_it);
	TRY(sigaltstack(to(stack, (int)(1u << 31), 65536), NULL));
	raise(SIGUSR1);
	state("after one that disarms itself");
}

static void set_one(int sig)
{
	(void)sig;
	TRY(sigaltstack(to(stack, 0, 65536), NULL));
	state("set in a handler");
}

/* What the frame says of the stack is brought back, that there was none too. */
static void set_in_handler(void)
{
	struct sigaction action = { .sa_handler = set_one };

	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	state("after its return");
}

/* What a handler writes to the frame is the other stack when it returns, whatever of it has changed. */
static stack_t changed;

static void change(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)info;
	((ucontext_t *)context)->uc_stack = changed;
}

static void changed_in_the_frame(void)
{
	const stack_t stacks[] = {
		{ .ss_sp = stack, .ss_size = 65536 },
		{ .ss_sp = stack + 4096, .ss_size = 65536 },
		{ .ss_sp = stack, .ss_size = 32768 },
		{ .ss_sp = stack, .ss_flags = SS_DISABLE, .ss_size = 65536 },
		{ .ss_sp = stack, .ss_size = 16 },
	};
	struct sigaction action = { .sa_sigaction = change, .sa_flags = SA_SIGINFO };

	sigaction(SIGUSR1, &action, NULL);
	for (size_t i = 0; i < sizeof(stacks) / sizeof(stacks[0]); i++) {
		sigaltstack(to(stack, 0, 65536), NULL);
		changed = stacks[i];
		raise(SIGUSR1);
		state("changed in the frame");
	}
	signal(SIGUSR1, SIG_DFL);
	sigaltstack(to(stack, 0, 65536), NULL);
}

static int in_a_new_image(void *self)
{
	char *args[] = { self, "again", NULL };

	sigaltstack(to(stack, 0, 65536), NULL);
	execv(self, args);
	return 1;
}

static int recurse(int n)
{
	volatile char room[2048];

	room[0] = (char)n;
	return n < 0 ? 0 : recurse(n + 1) + room[0];
}

static void leave(int sig)
{
	siglongjmp(out, sig);
}

static void overflow(void)
{
	struct sigaction action = { .sa_handler = leave, .sa_flags = SA_ONSTACK };

	TRY(sigaltstack(to(stack, 0, 65536), NULL));
	sigaction(SIGSEGV, &action, NULL);
	for (int i = 0; i < 3; i++)
		if (!sigsetjmp(out, 1))
			recurse(0);
	say("three overflows seen\n");
	signal(SIGSEGV, SIG_DFL);
}

static int overflow_without(void *unused)
{
	struct sigaction action = { .sa_handler = leave };

	(void)unused;
	sigaction(SIGSEGV, &action, NULL);
	if (!sigsetjmp(out, 1))
		recurse(0);
	return 1;
}

/* The handler of the alternate stack needs more than there is of it. */
static void deeper(int sig)
{
	raise(sig);
}

static int used_up(void *unused)
{
	struct sigaction action = { .sa_handler = deeper, .sa_flags = SA_ONSTACK | SA_NODEFER };

	(void)unused;
	sigaltstack(to(stack, 0, 8192), NULL);
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	return 1;
}

static int stack_in_a_hole(void *unused)
{
	struct sigaction action = { .sa_handler = deeper, .sa_flags = SA_ONSTACK };

	(void)unused;
	sigaltstack(to(before_hole(1) + 4 * PAGE, 0, 65536), NULL);
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	return 1;
}

static int read_only_stack(void *unused)
{
	struct sigaction action = { .sa_handler = deeper, .sa_flags = SA_ONSTACK };
	char *p = mmap(NULL, 65536, PROT_READ, ANON, -1, 0);

	(void)unused;
	sigaltstack(to(p, 0, 65536), NULL);
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	return 1;
}

/* rt_sigreturn with sp where no frame is; how: what is wrong with it. */
static int sigreturn_at(void *how)
{
	char *at = anon(2 * PAGE);
	uint32_t *reserved = (uint32_t *)(at + 128 + 176 + 772);

	if (!strcmp(how, "in a hole"))
		munmap(at, 2 * PAGE);
	else if (!strcmp(how, "with reserved words"))
		*reserved = 1;
	__asm__ volatile("mv sp, %0\n\tli a7, 139\n\tecall" ::"r"(at) : "memory");
	return 1;
}

/* A frame of zeros is a good one: pc 0. */
int main(int argc, char **argv)
{
	stack = anon(65536);
	if (argc > 1) {
		set_in_handler();
		return 0;
	}
	set_in_handler();
	errors();
	changed_in_the_frame();
	handlers();
	in_child("a new image", in_a_new_image, argv[0]);
	overflow();
	in_child("overflow without another stack", overflow_without, NULL);
	in_child("the other stack used up", used_up, NULL);
	in_child("a stack in a hole", stack_in_a_hole, NULL);
	in_child("a read-only stack", read_only_stack, NULL);
	in_child("sigreturn in a hole", sigreturn_at, "in a hole");
	in_child("sigreturn with reserved words", sigreturn_at, "with reserved words");
	in_child("sigreturn of zeros", sigreturn_at, "of zeros");
	return 0;
}
