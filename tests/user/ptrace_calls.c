/* SPDX-License-Identifier: MIT */
/* Tracing: memory and registers, stops at system calls, and events of clone, exec and exit. */
#include "traced.h"

#include <pthread.h>
#include <sched.h>
#include <spawn.h>

/* ---- memory ---- */

__attribute__((noinline, aligned(8))) static int answer(void)
{
	return 1;
}

static const volatile long in_rodata = 0x1111;
static volatile long in_data = 0x2222;
static volatile char *none, *shared, *shared_ro;

static void calls_twice(void)
{
	int (*volatile f)(void) = answer;

	say("answer %d\n", f());
	raise(SIGUSR1);
	say("answer %d\n", f());
	say("constant %#lx, variable %#lx\n", in_rodata, in_data);
	raise(SIGUSR1);
}

static void tell_word(const char *what, pid_t pid, const volatile void *at)
{
	long word = -1;

	if (ptrace(PEEKDATA, pid, (unsigned long)at, (unsigned long)&word))
		result(what, -1);
	else
		say("%s: %#lx\n", what, word);
}

/* li a0, 42; ret */
#define LI_42  0x02a00513ul
#define RETURN 0x00008067ul

/* POKEDATA ignores the protection of private pages, which it copies; a shared page must be writable: EIO. */
static void memory(void)
{
	int (*volatile f)(void) = answer;
	unsigned long at = (unsigned long)answer;
	pid_t pid;

	none = mmap(NULL, PAGE, RW, ANON, -1, 0);
	none[0] = 7;
	mprotect((void *)none, PAGE, PROT_NONE);
	shared = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	shared_ro = mmap(NULL, PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid = traced_child(calls_twice);
	go_on(pid, 0);
	news("stop", pid);
	TRY(ptrace(POKETEXT, pid, at, LI_42 | RETURN << 32));
	TRY(ptrace(POKEDATA, pid, (unsigned long)&in_rodata, 0x3333));
	TRY(ptrace(POKEDATA, pid, (unsigned long)&in_data, 0x4444));
	tell_word("constant", pid, &in_rodata);
	say("here: answer %d, %#lx, %#lx\n", f(), in_rodata, in_data);
	TRY(ptrace(POKEDATA, pid, (unsigned long)shared, 0x5555));
	say("shared: %#lx\n", *(volatile long *)shared);
	TRY(ptrace(POKEDATA, pid, (unsigned long)shared_ro, 0x5555));
	tell_word("shared, read-only", pid, shared_ro);
	tell_word("no access", pid, none);
	TRY(ptrace(POKEDATA, pid, (unsigned long)none, 8));
	tell_word("no access", pid, none);
	tell_word("unmapped", pid, (void *)16);
	TRY(ptrace(POKEDATA, pid, 16, 1));
	tell_word("kernel", pid, (void *)0xffffffff80200000);
	TRY(ptrace(PEEKDATA, pid, at, 8));
	go_on(pid, 0);
	news("stop", pid);
	tell_word("constant", pid, &in_rodata);
	end_of(pid);
	say("here: answer %d\n", f());
}

/* ---- registers ---- */

static double half(double x)
{
	__asm__ volatile("" : "+f"(x));
	return x * 0.5;
}

static void computes(void)
{
	register double f __asm__("fs0") = 1.5;
	register long x __asm__("s5") = 77;

	__asm__ volatile("" : "+f"(f), "+r"(x));
	__asm__ volatile(".option push\n.option norvc\nebreak\n.option pop" : "+f"(f), "+r"(x));
	say("%g, %ld, %g\n", f, x, half(f));
}

static void does_not_compute(void)
{
	register double f __asm__("fs1") = 0;

	__asm__ volatile(".option push\n.option norvc\nebreak\n.option pop" : "=f"(f));
	say("%g\n", f);
}

/* GETREGSET and SETREGSET are cut to the buffer, which must be a multiple of a register: EINVAL. */
static void sizes(pid_t pid, int kind, const char *what)
{
	char bytes[400];
	struct iovec iov = { bytes, sizeof(bytes) };

	say("%s\n", what);
	TRY(ptrace(GETREGSET, pid, (unsigned long)kind, (unsigned long)&iov));
	say("%zu bytes\n", iov.iov_len);
	iov.iov_len = 24;
	TRY(ptrace(GETREGSET, pid, (unsigned long)kind, (unsigned long)&iov));
	say("%zu bytes\n", iov.iov_len);
	TRY(ptrace(SETREGSET, pid, (unsigned long)kind, (unsigned long)&iov));
	iov.iov_len = 12;
	TRY(ptrace(GETREGSET, pid, (unsigned long)kind, (unsigned long)&iov));
	TRY(ptrace(SETREGSET, pid, (unsigned long)kind, (unsigned long)&iov));
	iov.iov_len = 0;
	TRY(ptrace(GETREGSET, pid, (unsigned long)kind, (unsigned long)&iov));
	iov.iov_base = (void *)16;
	iov.iov_len = 256;
	TRY(ptrace(GETREGSET, pid, (unsigned long)kind, (unsigned long)&iov));
	TRY(ptrace(SETREGSET, pid, (unsigned long)kind, (unsigned long)&iov));
	TRY(ptrace(SETREGSET, pid, (unsigned long)kind, 16));
}

/* What a tracer writes to registers is there when the tracee goes on, floating-point ones it has not used yet too. */
static void registers(void)
{
	struct {
		double f[32];
		uint64_t fcsr;
	} floats;
	struct iovec iov = { &floats, sizeof(floats) };
	pid_t pid = traced_child(computes);
	struct regs regs;

	go_on(pid, 0);
	news("computes", pid);
	regs = regs_of(pid);
	say("s5 %ld\n", (long)regs.X(21));
	TRY(ptrace(GETREGSET, pid, NT_PRFPREG, (unsigned long)&iov));
	say("fs0 %g\n", floats.f[8]);
	floats.f[8] = 2.5;
	TRY(ptrace(SETREGSET, pid, NT_PRFPREG, (unsigned long)&iov));
	regs.X(21) = 78;
	regs.pc += 4;
	set_regs(pid, regs);
	sizes(pid, NT_PRSTATUS, "general");
	sizes(pid, NT_PRFPREG, "floating point");
	sizes(pid, 0x900, "vectors");
	sizes(pid, 3, "another kind");
	go_on(pid, 0);
	news("end", pid);
	pid = traced_child(does_not_compute);
	go_on(pid, 0);
	news("does not compute yet", pid);
	floats.f[9] = 3.5;
	TRY(ptrace(SETREGSET, pid, NT_PRFPREG, (unsigned long)&iov));
	regs = regs_of(pid);
	regs.pc += 4;
	set_regs(pid, regs);
	go_on(pid, 0);
	news("end", pid);
}

/* ---- system calls ---- */

struct call_info {
	uint8_t op, pad[3];
	uint32_t arch;
	uint64_t pc, sp;
	union {
		struct {
			uint64_t nr, args[6];
		} entry;
		struct {
			int64_t value;
			uint8_t is_error;
		} exit;
	};
};

static void tell_call(pid_t pid)
{
	struct call_info info = { 0 };
	long size = ptrace(GETCALL, pid, sizeof(info), (unsigned long)&info);
	struct regs regs = regs_of(pid);

	if (info.op == 1)
		say("  %ld bytes: call %ld(%ld, %ld, .., %ld); a0 %ld, message %ld\n", size,
		    (long)info.entry.nr, (long)info.entry.args[0], (long)info.entry.args[1],
		    (long)info.entry.args[5], (long)regs.X(A0), (long)message_of(pid));
	else if (info.op == 2)
		say("  %ld bytes: result %ld, error %d; a0 %ld, message %ld\n", size,
		    (long)info.exit.value, info.exit.is_error, (long)regs.X(A0),
		    (long)message_of(pid));
	else
		say("  %ld bytes: no call\n", size);
	if (info.pc != regs.pc || info.sp != regs.X(SP) || info.arch != 0xc00000f3)
		say("  not its pc, sp and machine\n");
}

static long results[8];

static void makes_calls(void)
{
	results[0] = syscall(SYS_lseek, 1001, 2, 3, 4, 5, 6);
	results[1] = syscall(SYS_lseek, 1001, 2, 3, 4, 5, 6);
	results[2] = syscall(SYS_lseek, 1001, 2, 3, 4, 5, 6);
	results[3] = syscall(SYS_lseek, 1001, 2, 3, 4, 5, 6);
	results[4] = syscall(3999, 1001, 2, 3, 4, 5, 6);
	results[5] = syscall(SYS_getpid, 0, 0, 0, 0, 0, 0);
	raise(SIGUSR1);
}

static int next_call(pid_t pid, int sig)
{
	int status = 0;

	if (ptrace(CALL, pid, 0, (unsigned long)sig) || waitpid(pid, &status, __WALL) != pid)
		result("call", -1);
	return status;
}

/* Before a call the tracer may change its number: with -1 none is made, and a0 is its result. */
static void calls(void)
{
	pid_t pid = traced_child(makes_calls);
	struct regs regs;

	TRY(ptrace(SETOPTIONS, pid, 0, O_GOOD));
	for (int n = 0; n < 6; n++) {
		tell_status("before", next_call(pid, 0));
		tell_call(pid);
		regs = regs_of(pid);
		if (n == 0)
			tell_info("  info", pid);
		if (n == 1)
			regs.X(A7) = -1ul; /* no call */
		if (n == 2) {
			regs.X(A7) = -1ul;
			regs.X(A0) = 55; /* and a result */
		}
		if (n == 3) {
			regs.X(A7) = SYS_dup; /* another one, with the first argument as it was */
			regs.X(A0) = 1;
		}
		set_regs(pid, regs);
		tell_status("after", next_call(pid, 0));
		if (n != 5)
			tell_call(pid);
		if (n == 5) {
			regs = regs_of(pid);
			regs.X(A0) = 12345;
			set_regs(pid, regs);
		}
	}
	go_on(pid, 0);
	news("stop", pid);
	tell_call(pid);
	for (int n = 0; n < 6; n++)
		tell_word("result", pid, &results[n]);
	end_of(pid);
}

static void waits_for_nothing(void)
{
	struct timespec time = { 0, 50000000 };
	sigset_t none_set;

	sigemptyset(&none_set);
	nanosleep(&time, NULL); /* what the tracer sees interrupted, and going on */
	pause();
	say("end of the pause\n");
	sigsuspend(&none_set);
}

static void catch_nothing(int sig)
{
	(void)sig;
}

/* What a tracer sees of interrupted calls; none of that reaches the program. */
static void interrupted(void)
{
	pid_t pid;
	struct regs before, regs;

	signal(SIGUSR2, catch_nothing);
	pid = traced_child(waits_for_nothing);
	tell_status("sleep", next_call(pid, 0));
	before = regs_of(pid);
	say("  a7 %ld, a0 %ld\n", (long)before.X(A7), (long)before.X(A0));
	kill(pid, SIGUSR1);
	tell_status("interrupted", next_call(pid, 0));
	say("  a0 %ld\n", (long)regs_of(pid).X(A0));
	tell_status("signal", next_call(pid, 0));
	regs = regs_of(pid);
	say("  the pc %ld bytes on, a7 %ld\n", (long)(regs.pc - before.pc), (long)regs.X(A7));
	tell_status("again", next_call(pid, 0));
	say("  a7 %ld\n", (long)regs_of(pid).X(A7));
	tell_status("after", next_call(pid, 0));
	say("  a0 %ld\n", (long)regs_of(pid).X(A0));
	tell_status("pause", next_call(pid, 0));
	kill(pid, SIGUSR1);
	tell_status("interrupted", next_call(pid, 0));
	say("  a0 %ld\n", (long)regs_of(pid).X(A0));
	tell_status("signal", next_call(pid, 0));
	tell_status("again", next_call(pid, 0));
	kill(pid, SIGUSR2);
	tell_status("interrupted", next_call(pid, 0));
	tell_status("signal", next_call(pid, 0));
	tell_status("the handler returns", next_call(pid, SIGUSR2));
	say("  a7 %ld\n", (long)regs_of(pid).X(A7));
	tell_status("returned", next_call(pid, 0));
	say("  a0 %ld\n", (long)regs_of(pid).X(A0));
	go_on(pid, 0);
	while (state_of(pid) != 'S')
		nap(1);
	end_of(pid);
}

/* ---- events ---- */

static char *path;

static int ends_at_once(void *arg)
{
	(void)arg;
	return 5;
}

static char stack[4 * PAGE] __attribute__((aligned(16)));

static void forks(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(3);
	waitpid(pid, NULL, 0);
}

static void vforks(void)
{
	pid_t pid = vfork();

	if (pid == 0)
		_exit(3);
	waitpid(pid, NULL, 0);
}

static void clones(void)
{
	pid_t pid = clone(ends_at_once, stack + sizeof(stack), CLONE_VM | SIGUSR2, NULL);

	waitpid(pid, NULL, __WALL);
}

/* CLONE_UNTRACED keeps a child from being traced, whatever the options. */
static void clones_untraced(void)
{
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_UNTRACED | SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(3);
	waitpid(pid, NULL, 0);
}

/* CLONE_PTRACE gives the child the tracer of its parent, without an option. */
static void clones_traced(void)
{
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_PTRACE | SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(3);
	waitpid(pid, NULL, 0);
}

static void clones_anew(void)
{
	uint64_t args[8] = { 0 };
	pid_t pid = (pid_t)syscall(SYS_clone3, args, sizeof(args));
	int status = -1;

	if (pid == 0)
		_exit(3);
	say("of its child: %d", waitpid(pid, &status, __WALL) == pid);
	say(", %x\n", status);
}

/* The stop after the call has the result, also of one that the kernel makes on its way back to the program. */
static void clone3_is_seen(void)
{
	pid_t pid = traced_child(clones_anew);

	TRY(ptrace(SETOPTIONS, pid, 0, O_GOOD));
	tell_status("before", next_call(pid, 0));
	say("  clone3: %d\n", regs_of(pid).X(A7) == SYS_clone3);
	tell_status("after", next_call(pid, 0));
	say("  a pid: %d\n", (long)regs_of(pid).X(A0) > pid);
	go_on(pid, 0);
	news("the end", pid);
}

/* In the order of the ids, as the news of two processes come in any order. */
static void creates(const char *what, void (*f)(void), unsigned long options, bool is_event)
{
	pid_t pid, child = 0;
	int status;

	say("%s\n", what);
	pid = traced_child(f);
	TRY(ptrace(SETOPTIONS, pid, 0, options));
	go_on(pid, 0);
	if (is_event) {
		news("the parent", pid);
		tell_info("  info", pid);
		child = (pid_t)message_of(pid);
	} else {
		child = waitpid(-1, &status, __WALL);
		if (child == pid) {
			tell_status("the parent", status);
			return;
		}
		tell_status("a child", status);
	}
	if (is_event)
		news("the child", child);
	tell_info("  info", child);
	tell_state("  state", child);
	go_on(child, 0);
	news("the child", child);
	if (is_event)
		go_on(pid, 0);
	for (;;) {
		status = news("the parent", pid);
		if (!WIFSTOPPED(status))
			break;
		if (status >> 16 == EV_VFORK_DONE)
			say("  the child's id: %d\n", message_of(pid) == (unsigned long)child);
		go_on(pid, WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status));
	}
}

static void *ends_as_thread(void *arg)
{
	return arg;
}

static void makes_threads(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, ends_as_thread, NULL);
	pthread_join(thread, NULL);
	raise(SIGURG);
	pthread_create(&thread, NULL, ends_as_thread, NULL);
	pthread_join(thread, NULL);
	raise(SIGURG); /* stops for the tracer, until it knows the thread's end */
	exit(4);
}

/* Seized: a new thread stops by an event, too. */
static void new_threads(void)
{
	pid_t pid = traced_child(makes_threads);
	unsigned long options = O_OF(EV_CLONE) | O_OF(EV_EXIT);
	int status;

	TRY(ptrace(DETACH, pid, 0, SIGSTOP));
	waitpid(pid, &status, WUNTRACED);
	TRY(ptrace(SEIZE, pid, 0, options));
	kill(pid, SIGCONT);
	news("its stop", pid);
	go_on(pid, 0);
	news("the stop is over", pid);
	go_on(pid, 0);
	news("SIGCONT", pid);
	go_on(pid, 0);
	for (int n = 0; n < 2; n++) {
		pid_t tid;

		news("the first", pid);
		tid = (pid_t)message_of(pid);
		news("the new one", tid);
		tell_info("  info", tid);
		go_on(pid, 0);
		go_on(tid, 0);
		news("the new one", tid);
		say("  status %#lx\n", (long)message_of(tid));
		tell_state("  state", tid);
		go_on(tid, 0);
		news("the new one", tid);
		news("the first", pid);
		go_on(pid, 0);
	}
	news("the first", pid);
	say("  status %#lx\n", (long)message_of(pid));
	go_on(pid, 0);
	news("the first", pid);
}

static void *executes_as_thread(void *arg)
{
	char *argv[] = { path, "x", NULL }, *env[] = { NULL };

	execve(path, argv, env);
	return arg;
}

static void executes_in_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, executes_as_thread, NULL);
	for (;;)
		pause();
}

/* The thread gets the id of the process. */
static void thread_execs(void)
{
	pid_t pid = traced_child(executes_in_thread), tid;

	TRY(ptrace(SETOPTIONS, pid, 0, O_OF(EV_CLONE) | O_OF(EV_EXEC)));
	go_on(pid, 0);
	news("the first", pid);
	tid = (pid_t)message_of(pid);
	news("the other", tid);
	go_on(pid, 0);
	go_on(tid, 0);
	news("exec", pid);
	say("the former id: %d\n", message_of(pid) == (unsigned long)tid);
	go_on(pid, 0);
	news("end", pid);
	news_now("the former id", tid, 0);
}

static void raises(void)
{
	raise(SIGTERM);
}

static void exits(void)
{
	_exit(6);
}

/* PTRACE_EVENT_EXIT comes while the tracee has its memory, with its status as the message. */
static void exit_events(void)
{
	pid_t pid = traced_child(exits);

	TRY(ptrace(SETOPTIONS, pid, 0, O_OF(EV_EXIT)));
	go_on(pid, 0);
	news("exit", pid);
	say("  status %#lx\n", (long)message_of(pid));
	tell_word("  memory", pid, &in_data);
	go_on(pid, 0);
	news("end", pid);
	pid = traced_child(raises);
	TRY(ptrace(SETOPTIONS, pid, 0, O_OF(EV_EXIT)));
	go_on(pid, 0);
	news("signal", pid);
	go_on(pid, SIGTERM);
	news("exit", pid);
	say("  status %#lx\n", (long)message_of(pid));
	go_on(pid, 0);
	news("end", pid);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return 8;
	path = argv[0];
	memory();
	registers();
	calls();
	interrupted();
	clone3_is_seen();
	creates("fork", forks, O_OF(EV_FORK), true);
	creates("vfork", vforks, O_OF(EV_VFORK) | O_OF(EV_VFORK_DONE), true);
	creates("clone", clones, O_OF(EV_CLONE), true);
	creates("no event", clones_untraced, O_OF(EV_FORK), false);
	creates("not asked for", forks, O_OF(EV_CLONE), false);
	creates("traced by the program", clones_traced, 0, false);
	new_threads();
	thread_execs();
	exit_events();
	return 0;
}
