/* Programs of one line: a process group that has the terminal until all have ended. */
#define _GNU_SOURCE
#include "sh/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sh/builtin.h"
#include "sh/terminal.h"

#define CANNOT_RUN 126
#define NOT_FOUND  127

static void complain(const char *what, const char *why)
{
	dprintf(STDERR_FILENO, "sh: %s: %s\n", what, why);
}

static void try(const char *path, char **words, int *err)
{
	execve(path, words, environ);
	if (errno != ENOENT && errno != ENOTDIR)
		*err = errno;
}

/* Looks along PATH; returns what kept it from running. */
static int search(char **words)
{
	const char *at = getenv("PATH");
	char path[4096];
	int err = ENOENT;

	for (at = at ? at : "/bin"; *at && err == ENOENT; at += *at == ':') {
		size_t n = strcspn(at, ":");
		int length = snprintf(path, sizeof(path), "%.*s%s%s", (int)n, at, n ? "/" : "",
				      words[0]);

		if (length > 0 && (size_t)length < sizeof(path))
			try(path, words, &err);
		at += n;
	}
	return err;
}

static _Noreturn void become(char **words)
{
	int err = ENOENT;

	if (strchr(words[0], '/')) {
		execve(words[0], words, environ);
		err = errno;
	} else if (*words[0]) {
		err = search(words);
	}
	complain(words[0], err == ENOENT    ? "not found"
			   : err == ENOEXEC ? "not a program that this machine runs"
					    : strerror(err));
	_exit(err == ENOENT ? NOT_FOUND : CANNOT_RUN);
}

static bool apply(const struct command *command)
{
	for (unsigned i = 0; i < command->nredirects; i++) {
		const struct redirect *redirect = &command->redirects[i];
		int fd = open(redirect->path, redirect->flags | O_CLOEXEC, 0666);

		if (fd < 0) {
			complain(redirect->path, strerror(errno));
			return false;
		}
		dup2(fd, redirect->fd);
	}
	return true;
}

/* What the prompt ignores kills programs as ever. */
static void default_signals(void)
{
	static const int ignored[] = { SIGINT, SIGQUIT, SIGTERM, SIGTTIN, SIGTTOU, SIGTSTP };

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_DFL);
}

static _Noreturn void child(struct command *command, pid_t group, int in, int out)
{
	const struct builtin *builtin = builtin_find(command->words[0]);

	if (terminal_has_jobs()) {
		setpgid(0, group);
		terminal_give(getpgrp());
	}
	default_signals();
	if (in >= 0)
		dup2(in, STDIN_FILENO);
	if (out >= 0)
		dup2(out, STDOUT_FILENO);
	if (!apply(command))
		_exit(1);
	if (!builtin)
		become(command->words);
	/* cppcheck-suppress nullPointerRedundantCheck ; become() does not come back */
	int status = builtin->run((int)command->nwords, command->words);
	fflush(stdout);
	_exit(ferror(stdout) ? 1 : status);
}

/* Starts one; its standard output is a pipe to the next where there is one, whose end is *in. */
static pid_t start(struct command *command, bool last, pid_t group, int *in)
{
	int ends[2] = { -1, -1 };
	pid_t pid;

	if (!last && pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	pid = fork();
	if (pid == 0)
		child(command, group, *in, ends[1]);
	if (pid > 0 && terminal_has_jobs()) {
		setpgid(pid, group ? group : pid);
		terminal_give(group ? group : pid);
	}
	if (*in >= 0)
		close(*in);
	if (ends[1] >= 0)
		close(ends[1]);
	*in = ends[0];
	return pid;
}

/* Waits for all that were started; the status of the last of the line. */
static int collect(const pid_t *pids, unsigned n)
{
	int status = 0;

	for (unsigned i = 0; i < n; i++)
		while (waitpid(pids[i], &status, 0) < 0)
			if (errno != EINTR)
				break;
	return status;
}

static int tell(const char *name, int status)
{
	int sig = WTERMSIG(status);

	if (!WIFSIGNALED(status))
		return WEXITSTATUS(status);
	if (sig == SIGINT)
		dprintf(STDERR_FILENO, "\n");
	else if (sig != SIGPIPE)
		dprintf(STDERR_FILENO, "sh: %s: killed by SIG%s (%s)\n", name,
			sigabbrev_np(sig) ? sigabbrev_np(sig) : "?", strsignal(sig));
	return 128 + sig;
}

static int run_programs(struct pipeline *pipeline)
{
	pid_t pids[COMMANDS_MAX];
	unsigned n = 0, count = pipeline->ncommands;
	int in = -1, status;

	while (n < count) {
		pids[n] = start(&pipeline->commands[n], n + 1 == count, n ? pids[0] : 0, &in);
		if (pids[n] < 0) {
			complain("cannot start it", strerror(errno));
			break;
		}
		n++;
	}
	if (in >= 0)
		close(in);
	status = collect(pids, n);
	if (n < count)
		return CANNOT_RUN;
	return tell(pipeline->commands[n - 1].words[0], status);
}

int run(struct pipeline *pipeline)
{
	struct command *first = &pipeline->commands[0];
	const struct builtin *builtin = builtin_find(first->words[0]);
	int status;

	if (pipeline->ncommands == 1 && builtin && builtin->here)
		return builtin->run((int)first->nwords, first->words);
	status = run_programs(pipeline);
	terminal_take_back();
	return status;
}
