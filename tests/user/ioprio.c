/* SPDX-License-Identifier: MIT */
/* Priorities of requests to disks: who may set which, of whom, and who inherits them; and personality, which is as little heeded. */
#include "thread.h"

#include <grp.h>
#include <sys/personality.h>

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

int main(int argc, char **argv)
{
	program = argv[0];
	if (argc > 1) {
		tell("after exec");
		return 0;
	}
	in_child("values", values, NULL);
	in_child("follows", follows, NULL);
	in_child("group", group, NULL);
	in_child("personalities", personalities, NULL);
	return 0;
}
