/* SPDX-License-Identifier: MIT */
/* Signals against a model of sets and flags: sig_model SEED STEPS takes random steps and compares after each. */

/*
 * A step changes an action or the mask, sends, waits, or makes a child that dies of signals or calls
 * exec. It is first done in the model, which says which handlers will run, in which order, with which
 * masks; each handler looks there whether it is the next. A step of which this process would die or
 * stop is left out. A handler may itself take steps. What is printed in the end is the same on Linux.
 */

#include "t.h"

#include <limits.h>
#include <stdbool.h>
#include <ucontext.h>

#define SIGNALS	   64
#define QUEUE_MAX  5 /* of one real-time signal */
#define FRAMES	   128
#define SENDS	   6
#define STACK_SIZE (512 << 10)
#define FIRST_RT   32
#define BIT(sig)   (1ul << ((sig)-1))
#define KEPT	   (~(BIT(SIGKILL) | BIT(SIGSTOP))) /* what a mask may have */

#define STOPS	     (BIT(SIGTSTP) | BIT(SIGTTIN) | BIT(SIGTTOU) | BIT(SIGSTOP))
#define IGNORED_SIGS (BIT(SIGCHLD) | BIT(SIGCONT) | BIT(SIGURG) | BIT(SIGWINCH))
#define FIRST_SIGS \
	(BIT(SIGSEGV) | BIT(SIGBUS) | BIT(SIGILL) | BIT(SIGTRAP) | BIT(SIGFPE) | BIT(SIGSYS))

typedef unsigned long set;

/* Those that are sent. */
static const int used[] = { SIGHUP,  SIGFPE, SIGUSR1,  SIGSEGV, SIGUSR2, SIGTERM, SIGCHLD, SIGCONT,
			    SIGTSTP, SIGURG, SIGWINCH, 34,	35,	 40,	  64 };
#define USED (sizeof(used) / sizeof(used[0]))

/* The kernel's, which is not glibc's. */
struct action {
	unsigned long handler, flags;
	set mask;
};

struct info {
	int code, value;
};

enum where { TO_THREAD, TO_PROCESS };

struct frame {
	int sig;
	struct info info;
	set saved;
	bool alternate;
};

#define STOPPED 99 /* instead of the signal that it dies of */

static struct model {
	struct action actions[SIGNALS + 1];
	set blocked, pending[2];
	struct {
		unsigned n;
		struct info infos[QUEUE_MAX];
	} queue[2][SIGNALS + 1];
	struct frame frames[FRAMES]; /* handlers that run or are about to; the last one is next */
	unsigned nframes;
	bool has_alternate;
	int dead;
} model, scratch;

enum kind { ACT, MASK, SEND, WAIT, SUSPEND, CHILD, KINDS };

struct step {
	enum kind kind;
	int sig, how, value;
	unsigned way; /* of sending */
	struct action action;
	set mask;
};

static char *alternate;
static bool only_looks; /* handlers take no steps: in a child, whose fate is known */
static unsigned long state, step_number;
static unsigned tally[KINDS], handled, left_out, deaths, execs, resets;

static unsigned long below(unsigned long n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state * 0x2545f4914f6cdd1dul >> 8) % n;
}

#define EXPECT(holds, ...)                                                 \
	do {                                                               \
		if (!(holds)) {                                            \
			say("line %d, step %lu: ", __LINE__, step_number); \
			say(__VA_ARGS__);                                  \
			say("\n");                                         \
			_exit(3);                                          \
		}                                                          \
	} while (0)

/* ---- the model ---- */

static bool ignores(const struct model *m, int sig)
{
	unsigned long handler = m->actions[sig].handler;

	return handler == (unsigned long)SIG_IGN ||
	       (handler == (unsigned long)SIG_DFL && BIT(sig) & IGNORED_SIGS);
}

static void discard(struct model *m, set sigs)
{
	for (int sig = 1; sig <= SIGNALS; sig++)
		if (sigs & BIT(sig))
			m->queue[TO_THREAD][sig].n = m->queue[TO_PROCESS][sig].n = 0;
	m->pending[TO_THREAD] &= ~sigs;
	m->pending[TO_PROCESS] &= ~sigs;
}

static void post(struct model *m, enum where where, int sig, struct info info)
{
	unsigned *n = &m->queue[where][sig].n;

	if (BIT(sig) & STOPS)
		discard(m, BIT(SIGCONT));
	if (sig == SIGCONT)
		discard(m, STOPS);
	if (ignores(m, sig) && !(m->blocked & BIT(sig)))
		return;
	if (*n == (sig < FIRST_RT ? 1 : QUEUE_MAX))
		return;
	m->queue[where][sig].infos[(*n)++] = info;
	m->pending[where] |= BIT(sig);
}

/* Takes the first signal of those: the thread's first, then exceptions, then the lowest, the oldest. */
static int take(struct model *m, set of, struct info *info)
{
	for (enum where where = TO_THREAD; where <= TO_PROCESS; where++) {
		set some = m->pending[where] & of;
		int sig;

		if (some == 0)
			continue;
		some = some & FIRST_SIGS ? some & FIRST_SIGS : some;
		sig = __builtin_ctzl(some) + 1;
		*info = m->queue[where][sig].infos[0];
		memmove(m->queue[where][sig].infos, m->queue[where][sig].infos + 1,
			(QUEUE_MAX - 1) * sizeof(*info));
		if (--m->queue[where][sig].n == 0)
			m->pending[where] &= ~BIT(sig);
		return sig;
	}
	return 0;
}

static void enter(struct model *m, int sig, struct info info, set saved)
{
	struct action *action = &m->actions[sig];
	bool inside = m->nframes != 0 && m->frames[m->nframes - 1].alternate;

	EXPECT(m->nframes < FRAMES, "too many frames");
	m->frames[m->nframes++] = (struct frame){
		.sig = sig,
		.info = info,
		.saved = saved,
		.alternate = inside || (action->flags & SA_ONSTACK && m->has_alternate),
	};
	m->blocked |= action->mask | (action->flags & SA_NODEFER ? 0 : BIT(sig));
	if (action->flags & SA_RESETHAND)
		action->handler = (unsigned long)SIG_DFL;
}

/* What happens on the way to the program. `saved`: the mask that the first handler's return restores. */
static void settle(struct model *m, set saved)
{
	struct info info;
	int sig;

	while (!m->dead && (sig = take(m, ~m->blocked, &info)) != 0) {
		if (m->actions[sig].handler > 1) {
			enter(m, sig, info, saved);
			saved = m->blocked;
		} else if (!ignores(m, sig)) {
			m->dead = BIT(sig) & STOPS ? STOPPED : sig;
		}
	}
}

/* The last handler returns. */
static void leave(struct model *m)
{
	m->blocked = m->frames[--m->nframes].saved;
	settle(m, m->blocked);
}

/* Does the step. Returns false if it would sleep. */
static bool apply(struct model *m, const struct step *step)
{
	unsigned frames = m->nframes;
	set mask = step->mask & KEPT, saved = m->blocked;
	struct info info = { step->way == 2 || step->way == 3 ? SI_QUEUE
			     : step->way == 0		      ? SI_USER
							      : SI_TKILL,
			     step->value };

	switch (step->kind) {
	case ACT:
		m->actions[step->sig] = step->action;
		m->actions[step->sig].mask &= KEPT;
		if (ignores(m, step->sig))
			discard(m, BIT(step->sig));
		return true;
	case MASK:
		m->blocked = step->how == SIG_BLOCK	? m->blocked | mask
			     : step->how == SIG_UNBLOCK ? m->blocked & ~mask
							: mask;
		break;
	case SEND:
		post(m, step->way == 0 || step->way == 2 ? TO_PROCESS : TO_THREAD, step->sig, info);
		break;
	case WAIT:
		return true; /* it takes what is blocked */
	case SUSPEND:
		m->blocked = mask;
		settle(m, saved);
		return m->dead || m->nframes != frames;
	case CHILD:
		info = (struct info){ step->how, step->value };
		if (m->actions[SIGCHLD].handler != (unsigned long)SIG_IGN)
			post(m, TO_PROCESS, SIGCHLD, info);
		break;
	default:
		break;
	}
	settle(m, m->blocked);
	return true;
}

/* Lets all handlers of `scratch` return, or it die. */
static int end_of_scratch(void)
{
	while (!scratch.dead && scratch.nframes != 0)
		leave(&scratch);
	return scratch.dead;
}

/* Can this process go on after the step? */
static bool survives(const struct step *step)
{
	scratch = model;
	return apply(&scratch, step) && end_of_scratch() == 0;
}

/* ---- what the kernel says ---- */

static void check_status(void)
{
	static const char *const names[] = { "SigPnd:", "ShdPnd:", "SigBlk:", "SigIgn:",
					     "SigCgt:" };
	set found[5] = { 0 },
	    expected[5] = { model.pending[TO_THREAD], model.pending[TO_PROCESS], model.blocked };
	char text[4096];
	int fd = open("/proc/self/status", O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	EXPECT(n > 0, "no status");
	close(fd);
	text[n] = 0;
	for (int sig = 1; sig <= SIGNALS; sig++) {
		unsigned long handler = model.actions[sig].handler;

		expected[3] |= handler == (unsigned long)SIG_IGN ? BIT(sig) : 0;
		expected[4] |= handler > 1 ? BIT(sig) : 0;
	}
	for (int i = 0; i < 5; i++) {
		const char *at = strstr(text, names[i]);

		EXPECT(at, "no %s", names[i]);
		found[i] = strtoul(at + 7, NULL, 16);
		EXPECT(found[i] == expected[i], "%s %#lx, not %#lx", names[i], found[i],
		       expected[i]);
	}
}

static void check_action(int sig)
{
	struct action found, *expected = &model.actions[sig];

	EXPECT(syscall(SYS_rt_sigaction, sig, NULL, &found, 8) == 0, "no action of %d", sig);
	EXPECT(memcmp(&found, expected, sizeof(found)) == 0,
	       "action of %d: %#lx %#lx %#lx, not %#lx %#lx %#lx", sig, found.handler, found.flags,
	       found.mask, expected->handler, expected->flags, expected->mask);
}

static void check_sets(void)
{
	set found;

	EXPECT(syscall(SYS_rt_sigprocmask, 0, NULL, &found, 8) == 0 && found == model.blocked,
	       "mask %#lx, not %#lx", found, model.blocked);
	EXPECT(syscall(SYS_rt_sigpending, &found, 8) == 0, "no pending");
	EXPECT(found == ((model.pending[0] | model.pending[1]) & model.blocked),
	       "pending %#lx, not %#lx", found, model.pending[0] | model.pending[1]);
}

static void check_all(void)
{
	check_sets();
	check_status();
	for (int sig = 1; sig <= SIGNALS; sig++)
		check_action(sig);
}

static void check_info(int sig, const siginfo_t *info, const struct info *expected)
{
	EXPECT(info->si_signo == sig && info->si_code == expected->code,
	       "%d: si_signo %d, si_code %d, not %d", sig, info->si_signo, info->si_code,
	       expected->code);
	if (expected->code == SI_QUEUE)
		EXPECT(info->si_value.sival_int == expected->value, "%d: value %d, not %d", sig,
		       info->si_value.sival_int, expected->value);
	if (sig == SIGCHLD && expected->code > 0)
		EXPECT(info->si_status == expected->value, "status %d, not %d", info->si_status,
		       expected->value);
	else
		EXPECT(info->si_pid == getpid(), "%d: sent by %d", sig, info->si_pid);
}

static void random_step(void);

static void handler(int sig, siginfo_t *info, void *context)
{
	const struct frame *frame = &model.frames[model.nframes - 1];
	const ucontext_t *u = context;
	char here;
	set saved;

	handled++;
	EXPECT(model.nframes != 0, "handler of %d, and none should run", sig);
	EXPECT(frame->sig == sig, "handler of %d, not %d", sig, frame->sig);
	memcpy(&saved, &u->uc_sigmask, sizeof(saved));
	EXPECT(saved == frame->saved, "%d interrupts mask %#lx, not %#lx", sig, saved,
	       frame->saved);
	EXPECT((&here >= alternate && &here < alternate + STACK_SIZE) == frame->alternate,
	       "handler of %d on the wrong stack", sig);
	check_info(sig, info, &frame->info);
	check_sets();
	check_action(sig);
	if (model.nframes < 6 && !only_looks && below(4) == 0)
		random_step();
	leave(&model);
}

/* ---- steps ---- */

static int some_signal(void)
{
	return used[below(USED)];
}

static set some_set(void)
{
	set sigs = 0;

	for (unsigned i = 0; i < USED; i++)
		sigs |= below(2) ? BIT(used[i]) : 0;
	return below(8) ? sigs : ~sigs;
}

static long send(const struct step *step)
{
	siginfo_t info = { .si_code = SI_QUEUE };
	long pid = getpid();

	info.si_pid = (pid_t)pid;
	info.si_value.sival_int = step->value;
	switch (step->way) {
	case 0:
		return syscall(SYS_kill, pid, step->sig);
	case 1:
		return syscall(SYS_tgkill, pid, pid, step->sig);
	case 2:
		return syscall(SYS_rt_sigqueueinfo, pid, step->sig, &info);
	case 3:
		return syscall(SYS_rt_tgsigqueueinfo, pid, pid, step->sig, &info);
	default:
		return syscall(SYS_tkill, pid, step->sig);
	}
}

static struct step some_send(void)
{
	struct step step = { .kind = SEND,
			     .sig = some_signal(),
			     .way = (unsigned)below(5),
			     .value = (int)below(1000) };
	unsigned where = step.way == 0 || step.way == 2 ? TO_PROCESS : TO_THREAD;

	if (model.queue[where][step.sig].n == QUEUE_MAX)
		step.sig = SIGURG;
	return step;
}

static bool set_mask(int how, set mask)
{
	struct step step = { .kind = MASK, .how = how, .mask = mask };
	set old = model.blocked, found;

	if (!survives(&step))
		return false;
	apply(&model, &step);
	EXPECT(syscall(SYS_rt_sigprocmask, how, &mask, &found, 8) == 0 && found == old,
	       "the mask was %#lx, not %#lx", found, old);
	return true;
}

static bool act(void)
{
	static const unsigned long flags[] = { SA_NOCLDSTOP, SA_NOCLDWAIT, SA_SIGINFO,	SA_ONSTACK,
					       SA_RESTART,   SA_NODEFER,   SA_RESETHAND };
	struct step step = { .kind = ACT, .sig = some_signal() };
	struct action found, old = model.actions[step.sig];

	step.action.handler = below(10) < 7 ? (unsigned long)handler : below(2);
	for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		step.action.flags |= below(3) == 0 ? flags[i] : 0;
	step.action.mask = below(2) ? some_set() : 0;
	if (!survives(&step))
		return false;
	resets += old.handler == 0 && old.flags & SA_RESETHAND;
	apply(&model, &step);
	EXPECT(syscall(SYS_rt_sigaction, step.sig, &step.action, &found, 8) == 0 &&
		       memcmp(&found, &old, sizeof(old)) == 0,
	       "the action of %d was %#lx %#lx %#lx, not %#lx %#lx %#lx", step.sig, found.handler,
	       found.flags, found.mask, old.handler, old.flags, old.mask);
	check_action(step.sig);
	return true;
}

static bool do_send(void)
{
	struct step step = some_send();

	if (!survives(&step))
		return false;
	apply(&model, &step);
	EXPECT(send(&step) == 0, "no signal %d by way %u: %d", step.sig, step.way, errno);
	return true;
}

static bool do_wait(void)
{
	const struct timespec at_once = { 0, 0 };
	struct info expected;
	siginfo_t info;
	set of = some_set();
	long found;
	int sig = take(&model, of, &expected);

	found = syscall(SYS_rt_sigtimedwait, &of, &info, &at_once, 8);
	EXPECT(found == (sig ? sig : -1) && (sig || errno == EAGAIN), "sigtimedwait: %ld, not %d",
	       found, sig);
	if (sig)
		check_info(sig, &info, &expected);
	return true;
}

static bool suspend(void)
{
	struct step step = { .kind = SUSPEND, .mask = some_set() };

	if (!survives(&step))
		return false;
	apply(&model, &step);
	EXPECT(syscall(SYS_rt_sigsuspend, &step.mask, 8) == -1 && errno == EINTR, "sigsuspend: %d",
	       errno);
	return true;
}

static bool alternate_stack(void)
{
	stack_t stack = { .ss_sp = alternate, .ss_size = STACK_SIZE };

	if (model.nframes != 0)
		return false;
	model.has_alternate = !model.has_alternate;
	stack.ss_flags = model.has_alternate ? 0 : SS_DISABLE;
	EXPECT(sigaltstack(&stack, NULL) == 0, "sigaltstack: %d", errno);
	return true;
}

/* A child has the actions and the mask, and nothing is pending. */
static void be_child(struct model *m)
{
	discard(m, ~0ul);
	m->blocked = KEPT;
}

static void say_set(char *to, set sigs)
{
	snprintf(to, 20, "%lx", sigs);
}

static _Noreturn void call_exec(void)
{
	char texts[4][20], name[PATH_MAX];
	char *args[] = { name, "exec", texts[0], texts[1], texts[2], texts[3], NULL };
	set ignored = 0;

	for (int sig = 1; sig <= SIGNALS; sig++)
		ignored |= model.actions[sig].handler == (unsigned long)SIG_IGN ? BIT(sig) : 0;
	say_set(texts[0], model.blocked);
	say_set(texts[1], ignored);
	say_set(texts[2], model.pending[TO_THREAD]);
	say_set(texts[3], model.pending[TO_PROCESS]);
	EXPECT(readlink("/proc/self/exe", name, sizeof(name)) > 0, "no name");
	name[readlink("/proc/self/exe", name, sizeof(name) - 1)] = 0;
	execv(name, args);
	_exit(4);
}

static _Noreturn void run_child(const struct step *sends, bool execs_it)
{
	struct step unblock = { .kind = MASK, .how = SIG_SETMASK };
	set all = ~0ul;

	discard(&model, ~0ul);
	check_sets();
	be_child(&model);
	only_looks = true;
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, 8);
	for (unsigned i = 0; i < SENDS; i++) {
		apply(&model, &sends[i]);
		EXPECT(send(&sends[i]) == 0, "no signal");
	}
	check_all();
	if (execs_it)
		call_exec();
	apply(&model, &unblock);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &unblock.mask, NULL, 8);
	check_all();
	_exit(0);
}

/* What the child dies of if it unblocks all; 0: it survives. */
static int fate(const struct step *sends)
{
	scratch = model;
	be_child(&scratch);
	for (unsigned i = 0; i < SENDS; i++)
		apply(&scratch, &sends[i]);
	scratch.blocked = 0;
	settle(&scratch, 0);
	return end_of_scratch();
}

static bool child(void)
{
	bool execs_it = below(4) == 0, reaps;
	struct step sends[SENDS], step = { .kind = CHILD };
	unsigned long state_before = state;
	int status = 0, fatal;
	struct model before;
	long pid, got;

	if (model.nframes != 0)
		return false;
	for (unsigned i = 0; i < SENDS; i++)
		sends[i] = some_send();
	fatal = execs_it ? 0 : fate(sends);
	if (fatal == STOPPED)
		return false;
	step.how = fatal ? CLD_KILLED : CLD_EXITED;
	step.value = fatal;
	if (!survives(&step))
		return false;
	reaps = model.actions[SIGCHLD].handler == (unsigned long)SIG_IGN ||
		model.actions[SIGCHLD].flags & SA_NOCLDWAIT;
	before = model;
	apply(&model, &step);
	pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (pid == 0) {
		model = before;
		state = state_before;
		run_child(sends, execs_it);
	}
	while ((got = wait4((pid_t)pid, &status, 0, NULL)) == -1 && errno == EINTR)
		;
	if (reaps) {
		EXPECT(got == -1 && errno == ECHILD, "wait4: %ld, and the child is not waited for",
		       got);
	} else {
		EXPECT(got == pid, "wait4: %ld, errno %d", got, errno);
		EXPECT(fatal ? WIFSIGNALED(status) && WTERMSIG(status) == fatal
			     : WIFEXITED(status) && WEXITSTATUS(status) == 0,
		       "status %#x, not signal %d", status, fatal);
	}
	deaths += fatal != 0;
	execs += execs_it;
	return true;
}

static void random_step(void)
{
	unsigned frames = model.nframes, which = (unsigned)below(20);
	bool done = false;

	if (which < 6)
		done = act();
	else if (which < 10)
		done = set_mask((int)below(3), some_set());
	else if (which < 16)
		done = do_send();
	else if (which < 17)
		done = do_wait();
	else if (which < 18)
		done = suspend();
	else if (which < 19)
		done = alternate_stack();
	else
		done = below(3) == 0 && child();
	EXPECT(model.nframes == frames, "%u handlers have not run", model.nframes - frames);
	check_sets();
	left_out += !done;
	tally[which < 6	   ? ACT
	      : which < 10 ? MASK
	      : which < 16 ? SEND
	      : which < 17 ? WAIT
	      : which < 18 ? SUSPEND
			   : CHILD] += done;
}

/* After exec: what is left of the caller's signals. */
static int check_exec(char **args)
{
	set ignored = strtoul(args[1], NULL, 16);

	model.blocked = strtoul(args[0], NULL, 16);
	model.pending[TO_THREAD] = strtoul(args[2], NULL, 16);
	model.pending[TO_PROCESS] = strtoul(args[3], NULL, 16);
	for (int sig = 1; sig <= SIGNALS; sig++)
		model.actions[sig].handler = ignored & BIT(sig) ? 1 : 0;
	check_all();
	return 0;
}

int main(int argc, char **argv)
{
	const struct rlimit no_core = { 0, 0 };
	unsigned long steps;
	set none = 0;

	if (argc == 6)
		return check_exec(argv + 2);
	if (argc != 3)
		return 2;
	steps = strtoul(argv[2], NULL, 10);
	state = strtoul(argv[1], NULL, 10) * 2 + 1;
	setrlimit(RLIMIT_CORE, &no_core);
	alternate = mmap(NULL, STACK_SIZE, RW, ANON, -1, 0);
	EXPECT(alternate != MAP_FAILED, "no stack");
	for (int sig = 1; sig <= SIGNALS; sig++)
		if (sig != SIGKILL && sig != SIGSTOP)
			EXPECT(syscall(SYS_rt_sigaction, sig, &model.actions[sig], NULL, 8) == 0,
			       "no action");
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, 8);
	for (step_number = 0; step_number < steps; step_number++) {
		random_step();
		if (step_number % 16 == 0)
			check_all();
	}
	check_all();
	say("actions %u, masks %u, signals sent %u, waits %u, suspends %u, others %u; left out %u\n",
	    tally[ACT], tally[MASK], tally[SEND], tally[WAIT], tally[SUSPEND], tally[CHILD],
	    left_out);
	say("handlers %u, children killed %u, execs %u, actions that were reset %u\n", handled,
	    deaths, execs, resets);
	return 0;
}
