/* SPDX-License-Identifier: MIT */
/* Priorities of requests to disks: who may set which, of whom, and who inherits them; and personality. */
#include "thread.h"

#include <grp.h>
#include <sys/personality.h>
#include <sys/select.h>
#include <sys/utsname.h>

enum { NONE, REAL_TIME, BEST, IDLE };
enum { PROCESS = 1, GROUP, USER };

static const char *program;

static int prio(int class, int data)
{
	return class << 13 | data;
}

static void tell(const char *who)
{
	say("%s: own %ld, group's %ld, personality %x\n", who, syscall(SYS_ioprio_get, PROCESS, 0),
	    syscall(SYS_ioprio_get, GROUP, 0), personality(0xffffffff));
}

static int tell_in_child(void *who)
{
	tell(who);
	return 0;
}

static int tell_after_exec(void *unused)
{
	char *const words[] = { "ioprio", "tell", NULL };

	(void)unused;
	execv(program, words);
	return 1;
}

static void *tell_in_thread(void *who)
{
	tell(who);
	TRY(syscall(SYS_ioprio_set, PROCESS, 0, prio(BEST, 6)));
	TRY(syscall(SYS_ioprio_get, PROCESS, 0));
	return NULL;
}

static int values(void *unused)
{
	(void)unused;
	MUST(setpgid(0, 0));
	tell("at first");
	for (int class = 0; class < 9; class ++)
		for (int data = 0; data < 10; data += 3)
			TRY(syscall(SYS_ioprio_set, PROCESS, 0, prio(class, data)));
	tell("many");
	TRY(syscall(SYS_ioprio_set, PROCESS, 0, prio(BEST, 900 << 3 | 2)));
	tell("a hint");
	TRY(syscall(SYS_ioprio_set, PROCESS, gettid(), prio(BEST, 5) | 1 << 16));
	tell("more bits");
	in_child("its child", tell_in_child, "a child");
	in_child("exec", tell_after_exec, NULL);
	join(start(tell_in_thread, "a thread"));
	TRY(syscall(SYS_ioprio_get, PROCESS, 0));
	for (int whose = 0; whose < 5; whose++) {
		TRY(syscall(SYS_ioprio_get, whose, 999999));
		TRY(syscall(SYS_ioprio_set, whose, 999999, prio(BEST, 0)));
	}
	TRY(syscall(SYS_ioprio_get, PROCESS, -1));
	TRY(syscall(SYS_ioprio_set, 99, 0, prio(8, 0)));
	return 0;
}

/* Where none was set it follows from the rest. */
static int follows(void *unused)
{
	struct sched_param param = { 1 };

	(void)unused;
	MUST(setpgid(0, 0));
	for (int nice = -20; nice < 20; nice += 6) {
		MUST(setpriority(PRIO_PROCESS, 0, nice));
		tell("nice");
	}
	MUST(sched_setscheduler(0, SCHED_RR, &param));
	tell("real time");
	param.sched_priority = 0;
	MUST(sched_setscheduler(0, SCHED_IDLE, &param));
	tell("idle");
	TRY(syscall(SYS_ioprio_set, PROCESS, 0, prio(BEST, 1)));
	tell("set");
	TRY(syscall(SYS_ioprio_set, PROCESS, 0, 0));
	tell("not any more");
	return 0;
}

static int group(void *unused)
{
	int fds[2];
	char byte;
	pid_t pid;

	(void)unused;
	MUST(setpgid(0, 0));
	MUST(pipe(fds));
	pid = fork();
	if (pid == 0) {
		close(fds[1]);
		(void)!read(fds[0], &byte, 1);
		_exit(0);
	}
	TRY(syscall(SYS_ioprio_set, PROCESS, pid, prio(BEST, 6)));
	tell("the parent");
	TRY(syscall(SYS_ioprio_set, GROUP, 0, prio(IDLE, 0)));
	TRY(syscall(SYS_ioprio_get, PROCESS, pid));
	TRY(syscall(SYS_ioprio_set, PROCESS, pid, prio(BEST, 6)));
	tell("the parent");
	MUST(setgroups(0, NULL));
	MUST(setresuid(1000, 1000, 1000));
	TRY(syscall(SYS_ioprio_set, PROCESS, pid, prio(BEST, 1)));
	TRY(syscall(SYS_ioprio_set, PROCESS, 0, prio(BEST, 1)));
	TRY(syscall(SYS_ioprio_set, PROCESS, 0, prio(REAL_TIME, 1)));
	TRY(syscall(SYS_ioprio_set, PROCESS, 0, prio(REAL_TIME, 9)));
	TRY(syscall(SYS_ioprio_set, PROCESS, 0, prio(IDLE, 1)));
	TRY(syscall(SYS_ioprio_set, USER, 0, prio(BEST, 2)));
	TRY(syscall(SYS_ioprio_set, USER, 1000, prio(BEST, 2)));
	TRY(syscall(SYS_ioprio_get, USER, 0));
	TRY(syscall(SYS_ioprio_get, USER, 1000));
	TRY(syscall(SYS_ioprio_get, PROCESS, pid));
	close(fds[1]);
	return 0;
}

/* ---- where mmap begins ---- */

static int is_up(const char *low, const char *high)
{
	return (uintptr_t)low > 0x4000000000 / 3 * 2 && low < high &&
	       (uintptr_t)high < 0x2ab0000000;
}

static int layout_of_child(void *unused)
{
	char *a = anon(PAGE), *b = anon(PAGE);

	(void)unused;
	say("the child's is upwards: %d\n", is_up(a, b));
	return 0;
}

static void layout(void)
{
	char *a = anon(3 * PAGE), *b = anon(PAGE), *c = anon(PAGE);
	struct rlimit stack;

	getrlimit(RLIMIT_STACK, &stack);
	say("stack %ld MiB, personality %x\n",
	    stack.rlim_cur == RLIM_INFINITY ? -1 : (long)(stack.rlim_cur >> 20),
	    personality(0xffffffff));
	if (!is_up(a, b)) {
		say("downwards: %d\n", a > b && b > c);
		return;
	}
	say("upwards: %d\n", is_up(a, b) && is_up(b, c));
	munmap(b, PAGE);
	munmap(a, 2 * PAGE);
	say("the lowest hole: %d\n", anon(2 * PAGE) == a);
	say("where it fits: %d\n", anon(2 * PAGE) > c);
	say("the next: %d\n", anon(PAGE) == b);
	say("as asked: %d\n",
	    mmap((void *)0x20000000, PAGE, RW, ANON, -1, 0) == (void *)0x20000000);
	say("where it is taken: %d\n", (char *)mmap(c, PAGE, RW, ANON, -1, 0) > c);
	c = mremap(a, 2 * PAGE, 100 * PAGE, MREMAP_MAYMOVE);
	say("moved: %d\n", is_up(a, c));
	say("too much: %d\n", mmap(NULL, 90 * GIB, PROT_NONE, ANON, -1, 0) == MAP_FAILED);
	say("much: %d\n", mmap(NULL, 60 * GIB, PROT_NONE, ANON, -1, 0) != MAP_FAILED);
	say("heap: %d\n", sbrk(MIB) != (void *)-1);
	in_child("its child", layout_of_child, NULL);
}

static int exec_for_layout(void *unused)
{
	char *const words[] = { "ioprio", "layout", NULL };

	(void)unused;
	execv(program, words);
	return 1;
}

static int layouts(void *unused)
{
	struct rlimit stack = { 8 * MIB, RLIM_INFINITY };

	(void)unused;
	MUST(setrlimit(RLIMIT_STACK, &stack));
	in_child("by default", exec_for_layout, NULL);
	TRY(personality(ADDR_COMPAT_LAYOUT));
	layout_of_child(NULL);
	in_child("compatible", exec_for_layout, NULL);
	TRY(personality(ADDR_COMPAT_LAYOUT | ADDR_NO_RANDOMIZE));
	in_child("and not randomized", exec_for_layout, NULL);
	TRY(personality(PER_LINUX));
	stack.rlim_cur = RLIM_INFINITY;
	MUST(setrlimit(RLIMIT_STACK, &stack));
	in_child("any stack", exec_for_layout, NULL);
	stack.rlim_cur = 100 * GIB;
	MUST(setrlimit(RLIMIT_STACK, &stack));
	in_child("a large stack", exec_for_layout, NULL);
	return 0;
}

static int personalities(void *unused)
{
	(void)unused;
	MUST(setpgid(0, 0));
	TRY(personality(0xffffffff));
	TRY(personality(ADDR_NO_RANDOMIZE));
	tell("set");
	in_child("its child", tell_in_child, "a child");
	join(start(tell_in_thread, "a thread"));
	in_child("exec", tell_after_exec, NULL);
	TRY(personality(PER_LINUX));
	tell("set back");
	return 0;
}

/* What the bits change, and that those without a meaning are kept. */
static int bits(void *unused)
{
	static const unsigned sets[] = { 0x1,	    0x8,       0x80000000, 0x00ff, 0xfffffffe,
					 0x0400000, 0x4000000, 0x0020000,  0 };
	struct utsname name;

	(void)unused;
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		struct timeval time = { 0, 1000 };
		char *p, *q;

		say("%x\n", personality(sets[i]));
		p = mmap(NULL, PAGE, PROT_READ, ANON, -1, 0);
		q = mmap(NULL, 3 * PAGE, PROT_NONE, ANON, -1, 0);
		mprotect(q + PAGE, PAGE, PROT_READ);
		select(0, NULL, NULL, NULL, &time);
		uname(&name);
		say("%x: %s release; read %d, %d; left %d\n", personality(0xffffffff),
		    name.release[0] == '2' ? "old" : "new", is_executable(p),
		    is_executable(q + PAGE), time.tv_usec != 0);
	}
	return 0;
}

int main(int argc, char **argv)
{
	program = argv[0];
	if (argc > 1 && strcmp(argv[1], "layout") == 0) {
		layout();
		return 0;
	}
	if (argc > 1) {
		tell("after exec");
		return 0;
	}
	in_child("values", values, NULL);
	in_child("follows", follows, NULL);
	in_child("group", group, NULL);
	in_child("personalities", personalities, NULL);
	in_child("layouts", layouts, NULL);
	in_child("bits", bits, NULL);
	return 0;
}
