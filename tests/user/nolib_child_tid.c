/* SPDX-License-Identifier: MIT */
/* R60: the word of set_tid_address() is cleared where another process has the memory, and nowhere else; a new image has
 * none. It has no C library, which would set one. NOLIB */
#include "nolib.h"

#include <stddef.h>

#define CLONE_VM	     0x00000100
#define CLONE_VFORK	     0x00004000
#define CLONE_CHILD_CLEARTID 0x00200000
#define SHARES_MEMORY	     (CLONE_VM | CLONE_VFORK | SIGCHLD_FLAG)
#define SIGKILL_NUMBER	     9

static volatile int word;
static char *program;

static long clone(long flags, volatile int *tid)
{
	return sys_call(SYS_clone, flags, 0, 0, 0, (long)tid, 0);
}

static void set_word(volatile int *at)
{
	*at = 5;
	sys_call(SYS_set_tid_address, (long)at, 0, 0, 0, 0, 0);
}

static void exec(char *how)
{
	char *args[] = { program, how, NULL };

	sys_execve(program, args, NULL);
	sys_exit(97);
}

/* Ends while a child has the memory, which says what became of the word. */
static void end_before_child(void)
{
	long pid = sys_call(SYS_getpid, 0, 0, 0, 0, 0, 0);

	if (clone(SHARES_MEMORY, NULL) != 0)
		sys_exit(96);
	sys_call(SYS_kill, pid, SIGKILL_NUMBER, 0, 0, 0, 0);
	while (sys_call(SYS_getppid, 0, 0, 0, 0, 0, 0) == pid)
		sys_call(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
	put_number("", word, "\n");
	sys_exit(0);
}

static void with_a_child(void)
{
	set_word(&word);
	end_before_child();
}

static void after_an_exec(void)
{
	set_word(&word);
	exec("image");
}

/* In a process of its own. Returns when none of its children is left. */
static void run(const char *what, void (*act)(void))
{
	int fds[2];
	char byte;

	put(what);
	sys_call(SYS_pipe2, (long)fds, 0, 0, 0, 0, 0);
	if (sys_fork() == 0)
		act();
	sys_close(fds[1]);
	while (sys_read(fds[0], &byte, 1) > 0)
		;
	sys_close(fds[0]);
	sys_wait4(-1, NULL, 0);
}

/* Memory that two processes map is not one that they share. */
static void alone(void)
{
	volatile int *shared =
		(int *)sys_mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	put("alone in its memory: ");
	if (sys_fork() == 0) {
		set_word(shared);
		sys_exit(0);
	}
	sys_wait4(-1, NULL, 0);
	put_number("", *shared, "\n");
}

/* The child leaves the memory by an exec. */
static void left_by_exec(void)
{
	put("a child that executes another image: ");
	word = 5;
	if (clone(SHARES_MEMORY | CLONE_CHILD_CLEARTID, &word) == 0)
		exec("quiet");
	sys_wait4(-1, NULL, 0);
	put_number("", word, "\n");
}

int main(int argc, char **argv)
{
	program = argv[0];
	if (argc > 1 && argv[1][0] == 'q')
		return 0;
	word = 5;
	if (argc > 1)
		end_before_child();
	alone();
	left_by_exec();
	run("with a child in its memory: ", with_a_child);
	run("the same after an exec: ", after_an_exec);
	return 0;
}
