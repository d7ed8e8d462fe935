/* SPDX-License-Identifier: MIT */
/* Process 1 of the core: runs those of these programs that its archive has, and ends with 1 if one fails, or none is there. */
#include "core/core.h"

static int run_program(char *path)
{
	char *argv[] = { path, (char *)0 }, *none = 0;
	int status = -1;
	long pid = sys_fork();

	if (pid == 0) {
		sys_execve(path, argv, &none);
		sys_exit(127);
	}
	sys_wait4(pid, &status, 0);
	return status;
}

int main(int argc, char **argv, char **envp)
{
	static char *const programs[] = { "/heap", "/zero",  "/cow",   "/paging",
					  "/swap", "/pager", "/calls", "/messages" };
	int ran = 0;

	(void)argc, (void)argv, (void)envp;
	for (unsigned i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
		int fd = (int)sys_open(programs[i], O_RDONLY), status;

		if (fd < 0)
			continue;
		sys_close(fd);
		status = run_program(programs[i]);
		ran++;
		if (status) {
			print("init: ", programs[i], " ended with ", digits(status), "\n",
			      (char *)0);
			return 1;
		}
	}
	return ran == 0;
}
