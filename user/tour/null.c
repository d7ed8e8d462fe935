/* Stop 6: a fault that nobody can serve. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tour.h"

_Noreturn static void read_null(void)
{
	const volatile int *volatile nowhere = NULL;

	_exit(*nowhere);
}

void stop_null(void)
{
	int status = 0;
	pid_t pid;

	title(6, text(T_NULL), "a fault refused: *(int *)NULL");
	say(T_NULL_WHY);
	fflush(stdout); /* so that on a terminal the report stands behind it */
	pid = fork();
	if (pid == 0)
		read_null();
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		die("fork");
	printf("   ");
	if (WIFSIGNALED(status))
		paint(RED, text(T_NULL_STATUS), WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		paint(RED, text(T_NULL_ALIVE), (unsigned)status);
	printf("\n");
	say(count_has_kinds() ? T_NULL_REPORT : T_NULL_REPORT_LINUX);
}
