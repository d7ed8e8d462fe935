/* SPDX-License-Identifier: MIT */
/* Process 1 of the core: runs the program that the runner's files name, or else those of these that its archive has. */
#include "core/core.h"
#include "lib/slurp.h"

#define CANNOT_READ 125
#define CANNOT_EXEC 127

static int run_program(char *path, char **argv, char **envp)
{
	int status = -1;
	long pid = sys_fork();

	if (pid == 0) {
		sys_execve(path, argv, envp);
		print("init: cannot run ", path, "\n", (char *)0);
		sys_exit(CANNOT_EXEC);
	}
	if (pid < 0)
		print("init: cannot fork: error ", digits(-pid), "\n", (char *)0);
	while (pid > 0 && sys_wait4(-1, &status, 0) != pid)
		; /* somebody else's child, which has lost its parent */
	return status;
}

/* Does what the files say. Returns the program's status as a shell gives it, or -ENOENT if there are none. */
static int run_ordered(void)
{
	static struct strings argv, envp, disk;
	long n = read_strings("/run/argv", &argv);
	int status;

	if (n < 0 && n != -ENOENT) {
		print("init: cannot read /run/argv: error ", digits(-n), "\n", (char *)0);
		return CANNOT_READ;
	}
	if (n < 2)
		return -ENOENT;
	if (read_strings("/run/swap", &disk) > 0 && sys_swapon(disk.at[0], 0) != 0)
		print("init: cannot use for swap: ", disk.at[0], "\n", (char *)0);
	(void)read_strings("/run/env", &envp);
	status = run_program(argv.at[0], argv.at + 1, envp.at);
	return status & 0x7f ? 128 + (status & 0x7f) : status >> 8 & 0xff;
}

/* Returns 1 if one of them fails, or none is there. */
static int run_tour(void)
{
	static char *const programs[] = { "/heap", "/zero",  "/cow",   "/paging",
					  "/swap", "/pager", "/calls", "/messages" };
	char *none = 0;
	int ran = 0;

	for (unsigned i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
		int fd = (int)sys_open(programs[i], O_RDONLY), status;
		char *words[] = { programs[i], (char *)0 };

		if (fd < 0)
			continue;
		sys_close(fd);
		status = run_program(programs[i], words, &none);
		ran++;
		if (status) {
			print("init: ", programs[i], " ended with ", digits(status), "\n",
			      (char *)0);
			return 1;
		}
	}
	return ran == 0;
}

int main(int argc, char **argv, char **envp)
{
	int status = run_ordered();

	(void)argc, (void)argv, (void)envp;
	return status < 0 ? run_tour() : status;
}
