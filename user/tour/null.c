/* SPDX-License-Identifier: MIT */
/* Stop 6: a null pointer. The kernel cannot resolve the fault and kills the process. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tour.h"

_Noreturn static void read_null(void)
{
	const volatile int *volatile nowhere = NULL;

	/* gcc-analyzer-suppress null-dereference ; that is what is shown here */
	_exit(*nowhere); /* cppcheck-suppress nullPointer ; the same */
}

/*
 * Flushes the output and, on a terminal, waits until it has been shown. The kernel's report reaches
 * the terminal by another path and must not appear in the middle of a line.
 */
static void let_it_be_seen(void)
{
	const struct timespec moment = { .tv_nsec = 100000000 };

	fflush(stdout);
	if (isatty(STDOUT_FILENO))
		nanosleep(&moment, NULL);
}

void stop_null(void)
{
	int status = 0;
	pid_t pid;

	title(6, text(T_NULL), "a fault refused: *(int *)NULL");
	draw_say(T_NULL_WHY);
	let_it_be_seen();
	pid = fork();
	if (pid == 0)
		read_null();
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		die("fork");
	let_it_be_seen();
	printf("   ");
	if (WIFSIGNALED(status))
		paint(RED, text(T_NULL_STATUS), WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		paint(RED, text(T_NULL_ALIVE), (unsigned)status);
	printf("\n");
	draw_say(count_has_kinds() ? T_NULL_REPORT : T_NULL_REPORT_LINUX);
}
