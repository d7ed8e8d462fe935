/* SPDX-License-Identifier: MIT */
/* Starts programs and waits for them, a static one and a dynamic one: execbench.py counts instructions. */

/*
 * execbench DYNAMIC: each row runs a program ROUNDS times by fork, execve and wait4, after a few times that do not
 * count. The static program is this one. The instruction "slti x0, x0, N" tells the plugin (count.c) where a row begins
 * and ends.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS	 32
#define WARM	 8
#define START_US 3000000 /* the start-up work of Linux goes on for a while */

#define MARK(n) __asm__ volatile("slti x0, x0, %0" : : "i"(n) : "memory")

static int failed;

static void start(const char *path)
{
	char *argv[] = { (char *)(unsigned long)path, (char *)(unsigned long)"child", NULL },
	     *envp[] = { NULL };
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		execve(path, argv, envp);
		_exit(1);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		failed = 1;
}

static void rounds(const char *path, int count)
{
	for (int i = 0; i < count; i++)
		start(path);
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "child") == 0)
		return 0;
	if (argc != 2)
		return 2;
	usleep(START_US);
	rounds(argv[0], WARM);
	MARK(256);
	rounds(argv[0], ROUNDS);
	MARK(512);
	rounds(argv[1], WARM);
	MARK(257);
	rounds(argv[1], ROUNDS);
	MARK(513);
	puts(failed ? "failed" : "done");
	return failed;
}
