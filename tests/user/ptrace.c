/* SPDX-License-Identifier: MIT */
/* Tracing: attaching, stops for signals, stops of the process, and the ends of tracer and tracee. */
#include "traced.h"

#include <pthread.h>
#include <sys/prctl.h>

static volatile sig_atomic_t handled;

static void handler(int sig)
{
	(void)sig;
	handled++;
}

/* ---- signals ---- */

static void kills_itself(void)
{
	signal(SIGUSR1, handler);
	kill(getpid(), SIGUSR1);
	say("handled %d\n", (int)handled);
	kill(getpid(), SIGTERM);
	say("after SIGTERM\n");
	kill(getpid(), SIGCHLD);
	signal(SIGUSR2, SIG_IGN);
	kill(getpid(), SIGUSR2);
	kill(getpid(), SIGTERM);
	say("not reached\n");
}

/* Each signal stops a tracee first, one that it ignores too; the tracer passes it on, drops it or sends another. */
static void signals(void)
{
	pid_t pid = traced_child(kills_itself);
	siginfo_t info;

	tell_state("first", pid);
	go_on(pid, 0);
	news("caught", pid);
	tell_info("  info", pid);
	tell_state("  state", pid);
	go_on(pid, SIGUSR1);
	news("deadly", pid);
	go_on(pid, 0); /* taken away */
	news("without effect", pid);
	go_on(pid, SIGCHLD);
	news("ignored", pid);
	ptrace(GETSIGINFO, pid, 0, (unsigned long)&info);
	info.si_code = -7;
	info.si_signo = SIGUSR2;
	TRY(ptrace(SETSIGINFO, pid, 0, (unsigned long)&info));
	tell_info("  changed", pid);
	go_on(pid, SIGUSR1); /* another one instead */
	news("deadly", pid);
	TRY(ptrace(CONT, pid, 0, 65));
	go_on(pid, SIGTERM);
	news("end", pid);
	go_on(pid, 0);
}

static void blocks_and_tells(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	signal(SIGUSR1, handler);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGTRAP);
	say("injected, blocked: handled %d\n", (int)handled);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	say("then: handled %d\n", (int)handled);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGTRAP);
	say("the tracer has unblocked it: handled %d\n", (int)handled);
}

/* What the tracer sends takes the way of any signal. */
static void masks(void)
{
	pid_t pid = traced_child(blocks_and_tells);
	uint64_t mask = 0;

	go_on(pid, 0);
	news("trap", pid);
	TRY(ptrace(GETSIGMASK, pid, 8, (unsigned long)&mask));
	say("mask %#lx\n", (long)mask);
	TRY(ptrace(GETSIGMASK, pid, 4, (unsigned long)&mask));
	TRY(ptrace(GETSIGMASK, pid, 8, 8));
	go_on(pid, SIGUSR1);
	news("seen when it is not blocked", pid);
	go_on(pid, SIGUSR1);
	news("trap", pid);
	mask = 1ull << (SIGKILL - 1) | 1ull << (SIGUSR2 - 1);
	TRY(ptrace(SETSIGMASK, pid, 8, (unsigned long)&mask));
	TRY(ptrace(GETSIGMASK, pid, 8, (unsigned long)&mask));
	say("mask %#lx\n", (long)mask);
	kill(pid, SIGUSR1);
	go_on(pid, 0);
	news("sent meanwhile", pid);
	go_on(pid, SIGUSR1);
	news("end", pid);
}

static void nothing(void)
{
}

/* PEEKSIGINFO copies the signals that are pending, and takes none. */
static void pending(void)
{
	struct {
		uint64_t off;
		uint32_t flags;
		int32_t nr;
	} args = { 0, 1, 10 };
	pid_t pid = traced_child(nothing);
	siginfo_t infos[10];
	union sigval value = { 5 };

	sigqueue(pid, SIGRTMIN + 3, value);
	value.sival_int = 6;
	sigqueue(pid, SIGRTMIN + 3, value);
	syscall(SYS_tgkill, pid, pid, SIGUSR1);
	TRY(ptrace(PEEKSIGINFO, pid, (unsigned long)&args, (unsigned long)infos));
	say("values %d, %d\n", infos[0].si_value.sival_int, infos[1].si_value.sival_int);
	args.off = 1;
	TRY(ptrace(PEEKSIGINFO, pid, (unsigned long)&args, (unsigned long)infos));
	say("value %d\n", infos[0].si_value.sival_int);
	args = (__typeof__(args)){ 0, 0, 1 };
	TRY(ptrace(PEEKSIGINFO, pid, (unsigned long)&args, (unsigned long)infos));
	say("SIG%s code %d\n", sigabbrev_np(infos[0].si_signo), infos[0].si_code);
	args.off = 7;
	TRY(ptrace(PEEKSIGINFO, pid, (unsigned long)&args, (unsigned long)infos));
	args = (__typeof__(args)){ 0, 2, 1 };
	TRY(ptrace(PEEKSIGINFO, pid, (unsigned long)&args, (unsigned long)infos));
	args = (__typeof__(args)){ 0, 0, -1 };
	TRY(ptrace(PEEKSIGINFO, pid, (unsigned long)&args, (unsigned long)infos));
	TRY(ptrace(PEEKSIGINFO, pid, 8, (unsigned long)infos));
	args = (__typeof__(args)){ 0, 0, 1 };
	TRY(ptrace(PEEKSIGINFO, pid, (unsigned long)&args, 8));
	TRY(ptrace(KILL, pid, 0, 0));
	news("killed", pid);
}

static void breaks(void)
{
	signal(SIGSEGV, SIG_IGN);
	__asm__ volatile(".option push\n.option norvc\nebreak\n.option pop");
	say("behind the breakpoint\n");
	*(volatile char *)16 = 1;
}

/* A fault whose signal is ignored stops again each time, and kills as soon as the tracer passes it on. */
static void faults(void)
{
	pid_t pid = traced_child(breaks);
	struct regs regs;
	siginfo_t info;
	long word;

	go_on(pid, 0);
	news("ebreak", pid);
	regs = regs_of(pid);
	ptrace(GETSIGINFO, pid, 0, (unsigned long)&info);
	say("code %d, at the pc: %d\n", info.si_code, (uint64_t)info.si_addr == regs.pc);
	TRY(ptrace(PEEKTEXT, pid, regs.pc, (unsigned long)&word));
	say("text %#x\n", (unsigned)word);
	TRY(ptrace(SINGLESTEP, pid, 0, 0));
	regs.pc += 4;
	set_regs(pid, regs);
	go_on(pid, 0);
	news("store", pid);
	ptrace(GETSIGINFO, pid, 0, (unsigned long)&info);
	say("code %d, address %p\n", info.si_code, info.si_addr);
	go_on(pid, 0); /* the same again */
	news("store", pid);
	go_on(pid, SIGSEGV);
	news("end, though it was ignored", pid);
}

/* ---- stops of the process ---- */

/* ATTACH stops with a SIGSTOP that may be dropped; INTERRUPT and LISTEN are for those that were seized: EIO. */
static void attached(void)
{
	pid_t pid = sleeping_child();

	tell_state("before", pid);
	TRY(ptrace(ATTACH, pid, 0, 0));
	news("attached", pid);
	tell_info("  info", pid);
	tell_state("  state", pid);
	TRY(ptrace(ATTACH, pid, 0, 0));
	TRY(ptrace(INTERRUPT, pid, 0, 0));
	TRY(ptrace(LISTEN, pid, 0, 0));
	go_on(pid, SIGSTOP);
	news("group stop", pid);
	tell_info("  info", pid);
	tell_state("  state", pid);
	go_on(pid, 0);
	while (state_of(pid) != 'S')
		nap(1);
	TRY(ptrace(GETEVENTMSG, pid, 0, 0));
	kill(pid, SIGCONT);
	news("SIGCONT", pid);
	TRY(ptrace(DETACH, pid, 0, 65));
	TRY(ptrace(DETACH, pid, 0, SIGTERM));
	news("end", pid);
}

/* A process that was stopped when it was attached is stopped again when it is detached. */
static void attached_when_stopped(void)
{
	pid_t pid = sleeping_child();

	kill(pid, SIGSTOP);
	waitpid(pid, NULL, WUNTRACED);
	TRY(ptrace(ATTACH, pid, 0, 0));
	news("its stop", pid);
	tell_info("  info", pid);
	go_on(pid, 0);
	news("the attachment's", pid);
	tell_info("  info", pid);
	TRY(ptrace(DETACH, pid, 0, 0));
	while (state_of(pid) != 'T')
		nap(1);
	tell_state("detached", pid);
	news_now("news", pid, WUNTRACED);
	kill(pid, SIGCONT);
	while (state_of(pid) != 'S')
		nap(1);
	kill(pid, SIGTERM);
	news("end", pid);
}

/* SEIZE does not stop; a group stop then is an event, and LISTEN leaves the tracee in it until SIGCONT. */
static void seized(void)
{
	pid_t pid = sleeping_child();

	TRY(ptrace(SEIZE, pid, 1, 0));
	TRY(ptrace(SEIZE, pid, 0, 0x800));
	TRY(ptrace(SEIZE, pid, 0, 0));
	tell_state("seized", pid);
	news_now("news", pid, WUNTRACED);
	go_on(pid, 0);
	TRY(ptrace(INTERRUPT, pid, 0, 0));
	news("interrupted", pid);
	tell_info("  info", pid);
	say("  message %ld\n", (long)message_of(pid));
	TRY(ptrace(SETOPTIONS, pid, 0, 0x800));
	TRY(ptrace(SETOPTIONS, pid, 0, 0));
	go_on(pid, 0);
	kill(pid, SIGSTOP);
	news("signal", pid);
	TRY(ptrace(LISTEN, pid, 0, 0));
	go_on(pid, SIGSTOP);
	news("group stop", pid);
	tell_info("  info", pid);
	TRY(ptrace(LISTEN, pid, 0, 0));
	TRY(ptrace(GETEVENTMSG, pid, 0, 0));
	tell_state("listening", pid);
	kill(pid, SIGCONT);
	news("the stop is over", pid);
	tell_info("  info", pid);
	go_on(pid, 0);
	news("signal", pid);
	go_on(pid, 0);
	TRY(ptrace(INTERRUPT, pid, 0, 0));
	news("interrupted", pid);
	TRY(ptrace(LISTEN, pid, 0, 0));
	TRY(ptrace(INTERRUPT, pid, 0, 0));
	news("interrupted again", pid);
	TRY(ptrace(DETACH, pid, 0, 0));
	while (state_of(pid) != 'S')
		nap(1);
	tell_state("detached", pid);
	end_of(pid);
}

/* SIGKILL ends each stop of a tracee. */
static void seized_when_stopped(void)
{
	pid_t pid = sleeping_child();

	kill(pid, SIGSTOP);
	waitpid(pid, NULL, WUNTRACED);
	TRY(ptrace(SEIZE, pid, 0, 0));
	news("its stop", pid);
	TRY(ptrace(LISTEN, pid, 0, 0));
	kill(pid, SIGKILL);
	news("end", pid);
}

/* ---- waiting ---- */

static void sleeps(void)
{
	for (;;)
		pause();
}

/* A tracer is told each stop once, whether or not it asks for stops. */
static void waits(void)
{
	pid_t pid = traced_child(sleeps);
	siginfo_t info = { 0 };

	go_on(pid, 0);
	kill(pid, SIGUSR1);
	TRY(waitid(P_PID, (id_t)pid, &info,
		   WEXITED | WNOWAIT)); /* a tracer need not ask for stops */
	say("code %d, status %d\n", info.si_code, info.si_status);
	TRY(waitid(P_ALL, 0, &info, WSTOPPED));
	say("code %d, status %d, SIG%s\n", info.si_code, info.si_status,
	    sigabbrev_np(info.si_signo));
	news_now("told once", pid, WUNTRACED);
	tell_state("killed when stopped", pid);
	kill(pid, SIGKILL);
	news("end", pid);
	news("nobody is left", pid);
}

static volatile int told_code, told_status;

static void note(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)context;
	told_code = info->si_code;
	told_status = info->si_status;
	handled++;
}

/* SIGCHLD tells a stop for the tracer as CLD_TRAPPED and a group stop as CLD_STOPPED; SA_NOCLDSTOP silences both. */
static void told(void)
{
	struct sigaction action = { .sa_sigaction = note, .sa_flags = SA_SIGINFO | SA_RESTART };
	pid_t pid;

	sigaction(SIGCHLD, &action, NULL);
	handled = 0;
	pid = traced_child(sleeps);
	say("told %d times: code %d, status %d\n", (int)handled, told_code, told_status);
	go_on(pid, SIGSTOP);
	news("group stop", pid);
	say("told %d times: code %d, status %d\n", (int)handled, told_code, told_status);
	action.sa_flags |= SA_NOCLDSTOP;
	sigaction(SIGCHLD, &action, NULL);
	go_on(pid, 0);
	kill(pid, SIGUSR1);
	news("signal", pid);
	say("told %d times\n", (int)handled);
	kill(pid, SIGKILL);
	news("end", pid);
	say("told %d times: code %d, status %d\n", (int)handled, told_code, told_status);
	signal(SIGCHLD, SIG_DFL);
}

/* ---- ends ---- */

/* In a child that traces `pid` and ends. */
static int traces_and_ends(void *arg)
{
	pid_t pid = *(pid_t *)arg;

	TRY(ptrace(ATTACH, pid, 0, 0));
	news("  in the tracer", pid);
	return 0;
}

static int traces_to_kill(void *arg)
{
	pid_t pid = *(pid_t *)arg;

	TRY(ptrace(SEIZE, pid, 0, O_EXITKILL));
	return 0;
}

/* The tracer is not the parent. */
static int traces_to_the_end(void *arg)
{
	pid_t pid = *(pid_t *)arg;

	TRY(ptrace(SEIZE, pid, 0, 0));
	TRY(ptrace(SEIZE, pid, 0, 0));
	kill(pid, SIGTERM);
	news("  in the tracer", pid);
	kill(getppid(), SIGUSR1);
	while (!handled)
		nap(1);
	go_on(pid, SIGTERM);
	news("  in the tracer", pid);
	return 0;
}

/* A tracee goes on when its tracer ends, unless PTRACE_O_EXITKILL was set. */
static void ends(void)
{
	pid_t pid = sleeping_child();

	in_child("the tracer", traces_and_ends, &pid);
	while (state_of(pid) != 'S')
		nap(1);
	tell_state("lives on", pid);
	in_child("the tracer", traces_to_kill, &pid);
	news("with its tracer", pid);
}

/* A process that its parent does not trace ends; who traces it is told first. */
static void others(void)
{
	pid_t pid = sleeping_child(), tracer;

	handled = 0;
	signal(SIGUSR1, handler);
	tracer = fork();
	if (tracer == 0)
		_exit(traces_to_the_end(&pid));
	while (!handled)
		nap(1);
	tell_state("in the parent", pid);
	news_now("in the parent", pid, WUNTRACED);
	go_on(pid, 0);
	TRY(ptrace(ATTACH, pid, 0, 0));
	kill(tracer, SIGUSR1);
	waitpid(tracer, NULL, 0);
	news("in the parent", pid);
	signal(SIGUSR1, SIG_DFL);
}

/* Who has a tracer cannot get another: EPERM. */
static int ends_as_tracee(void *arg)
{
	(void)arg;
	TRY(ptrace(TRACEME, 0, 0, 0));
	TRY(ptrace(TRACEME, 0, 0, 0));
	kill(getpid(), SIGKILL);
	return 1;
}

/* ---- threads ---- */

static pthread_barrier_t barrier;
static volatile pid_t other_tid;

static void *other_thread(void *arg)
{
	other_tid = (pid_t)syscall(SYS_gettid);
	pthread_barrier_wait(&barrier);
	while (!handled)
		nap(1);
	syscall(SYS_exit, 7);
	return arg;
}

static void two_threads(void)
{
	pthread_t thread;

	handled = 0;
	pthread_barrier_init(&barrier, NULL, 2);
	signal(SIGUSR1, handler);
	pthread_create(&thread, NULL, other_thread, NULL);
	pthread_barrier_wait(&barrier);
	kill(getpid(), SIGUSR2);
	for (;;)
		pause();
}

/* Each thread is traced for itself. */
static void threads(void)
{
	pid_t pid = traced_child(two_threads);
	long tid;

	go_on(pid, 0);
	news("the first", pid);
	ptrace(PEEKDATA, pid, (unsigned long)&other_tid, (unsigned long)&tid);
	tid = (int)tid;
	go_on((pid_t)tid, 0);
	TRY(ptrace(SEIZE, (pid_t)tid, 0, 0));
	TRY(ptrace(INTERRUPT, (pid_t)tid, 0, 0));
	news("the other", (pid_t)tid);
	tell_state("  state", (pid_t)tid);
	syscall(SYS_tgkill, pid, tid, SIGUSR1);
	go_on((pid_t)tid, 0);
	news("the other", (pid_t)tid);
	go_on((pid_t)tid, SIGUSR1);
	news("the other", (pid_t)tid);
	news("the other", (pid_t)tid);
	kill(pid, SIGKILL);
	news("the first", pid);
}

/* Killed while one of them is stopped, and the other is not traced. */
static void killed_threads(void)
{
	pid_t pid = traced_child(two_threads);

	go_on(pid, 0);
	news("the first", pid);
	kill(pid, SIGKILL);
	news("the first", pid);
}

/* ---- exec ---- */

static char *path;

static void executes_to(char *what)
{
	char *argv[] = { path, what, NULL }, *env[] = { NULL };

	execve(path, argv, env);
}

static void executes(void)
{
	executes_to("x");
}

/* An exec sends SIGTRAP to a tracee; with PTRACE_O_TRACEEXEC it is an event instead. */
static void execs(void)
{
	pid_t pid = traced_child(executes);

	go_on(pid, 0);
	news("exec", pid);
	tell_info("  info", pid);
	go_on(pid, 0);
	news("end", pid);
	pid = traced_child(executes);
	TRY(ptrace(SETOPTIONS, pid, 0, O_OF(EV_EXEC)));
	go_on(pid, 0);
	news("exec", pid);
	tell_info("  info", pid);
	say("  the former id: %d\n", message_of(pid) == (unsigned long)pid);
	TRY(ptrace(DETACH, pid, 0, 0));
	news("end", pid);
}

/* ---- who may ---- */

/* Most requests are ESRCH unless the tracee is one's own and stopped; oneself and zombies cannot be attached: EPERM. */
static void refusals(void)
{
	pid_t pid = sleeping_child();

	TRY(ptrace(ATTACH, getpid(), 0, 0));
	TRY(ptrace(ATTACH, 0, 0, 0));
	TRY(ptrace(ATTACH, -1, 0, 0));
	TRY(ptrace(ATTACH, 32000, 0, 0));
	TRY(ptrace(SEIZE, 32000, 1, 0));
	go_on(pid, 0);
	TRY(ptrace(KILL, pid, 0, 0));
	TRY(ptrace(INTERRUPT, pid, 0, 0));
	TRY(ptrace(12345, pid, 0, 0));
	TRY(ptrace(ATTACH, pid, 0, 0));
	waitpid(pid, NULL, 0);
	TRY(ptrace(12345, pid, 0, 0));
	TRY(ptrace(GETREGS, pid, 0, 0));
	TRY(ptrace(PEEKUSER, pid, 0, 0));
	TRY(ptrace(GETSIGINFO, pid, 0, 8));
	TRY(ptrace(SETSIGINFO, pid, 0, 8));
	TRY(ptrace(GETEVENTMSG, pid, 0, 8));
	TRY(ptrace(KILL, pid, 0, 0));
	news("killed", pid);
	pid = fork();
	if (pid == 0)
		_exit(0);
	while (state_of(pid) != 'Z')
		nap(1);
	TRY(ptrace(ATTACH, pid, 0, 0));
	waitpid(pid, NULL, 0);
}

/* Who traces must have the ids of the tracee, which must be dumpable: else EPERM. */
static int as_another(void *arg)
{
	pid_t pid = *(pid_t *)arg;

	if (setresgid(1000, 1000, 1000) || setresuid(1000, 1000, 1000))
		return 9;
	TRY(ptrace(ATTACH, pid, 0, 0));
	TRY(ptrace(SEIZE, pid, 0, 0));
	pid = sleeping_child();
	TRY(ptrace(SEIZE, pid, 0,
		   0)); /* the change of ids has made it undumpable, and so its child */
	end_of(pid);
	TRY(prctl(PR_SET_DUMPABLE, 1));
	pid = sleeping_child();
	TRY(ptrace(SEIZE, pid, 0, 0));
	end_of(pid);
	return 0;
}

/* As user 1000 it executes itself, which is root's and has the set-user-ID bit. */
static void executes_as_root(void)
{
	if (setresuid(1000, 1000, 1000) == 0)
		executes_to("ids");
}

static int not_traced(void *arg)
{
	(void)arg;
	executes_as_root();
	return 1;
}

static void seize_and_exec(const char *what)
{
	int go[2], status;
	pid_t pid;

	if (pipe(go))
		return;
	pid = fork();
	if (pid == 0) {
		setresuid(1000, 1000, 1000);
		prctl(PR_SET_DUMPABLE, 1);
		if (read(go[0], &status, 1) == 1)
			executes_to("ids");
		_exit(1);
	}
	while (number_in_status(pid, "Uid") != 1000 || state_of(pid) != 'S')
		nap(1);
	TRY(ptrace(SEIZE, pid, 0, 0));
	if (write(go[1], "", 1) != 1)
		return;
	waitpid(pid, &status, 0);
	ended(what, status);
	close(go[0]);
	close(go[1]);
}

static int without_capabilities(void *arg)
{
	(void)arg;
	if (setresuid(1000, 1000, 1000) || prctl(PR_SET_DUMPABLE, 1))
		return 9;
	seize_and_exec("traced by its user");
	return 0;
}

/* Who traces a set-user-ID program, and might not trace root, is not to command root. */
static void set_id(void)
{
	pid_t pid;

	chmod(path, 04755);
	in_child("not traced", not_traced, NULL);
	pid = traced_child(executes_as_root);
	go_on(pid, 0);
	news("exec", pid);
	go_on(pid, 0);
	news("asked by itself", pid);
	seize_and_exec("traced by root");
	in_child("the tracer", without_capabilities, NULL);
	chmod(path, 0755);
}

static void rights(void)
{
	pid_t pid = sleeping_child();

	in_child("another user", as_another, &pid);
	end_of(pid);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "ids") == 0)
		say("uid %d, acts as %d\n", (int)getuid(), (int)geteuid());
	if (argc > 1)
		return 8;
	path = argv[0];
	signals();
	masks();
	pending();
	faults();
	attached();
	attached_when_stopped();
	seized();
	seized_when_stopped();
	waits();
	told();
	ends();
	others();
	in_child("as a tracee", ends_as_tracee, NULL);
	threads();
	killed_threads();
	execs();
	refusals();
	rights();
	set_id();
	return 0;
}
