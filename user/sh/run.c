/* SPDX-License-Identifier: MIT */
/* Runs a line. Each pipeline is a job with its own process group, in foreground or background. */
#define _GNU_SOURCE
#include "sh/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sh/builtin.h"
#include "sh/copies.h"
#include "sh/events.h"
#include "sh/foreground.h"
#include "sh/jobs.h"
#include "sh/parse.h"
#include "sh/terminal.h"

#define MISUSE	   2
#define CANNOT_RUN 126
#define NOT_FOUND  127

static void run_complain(const char *what, const char *why)
{
	dprintf(STDERR_FILENO, "sh: %s: %s\n", what, why);
}

static void try(const char *path, char **words, int *err)
{
	execve(path, words, environ);
	if (errno != ENOENT && errno != ENOTDIR)
		*err = errno;
}

/* Tries to execute the program along PATH. Returns the errno of the failure. */
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

static _Noreturn void run_become(char **words)
{
	int err = ENOENT;

	if (strchr(words[0], '/')) {
		execve(words[0], words, environ);
		err = errno;
	} else if (*words[0]) {
		err = search(words);
	}
	run_complain(words[0], err == ENOENT	? "not found"
			       : err == ENOEXEC ? "not a program for this machine"
						: strerror(err));
	_exit(err == ENOENT ? NOT_FOUND : CANNOT_RUN);
}

static bool run_apply(const struct command *command)
{
	for (unsigned i = 0; i < command->nredirects; i++) {
		const struct redirect *redirect = &command->redirects[i];
		int fd = open(redirect->path, redirect->flags | O_CLOEXEC, 0666);

		if (fd < 0) {
			run_complain(redirect->path, strerror(errno));
			return false;
		}
		dup2(fd, redirect->fd);
	}
	return true;
}

/* Programs get the default actions of the signals that the prompt ignores. */
static void default_signals(void)
{
	static const int ignored[] = { SIGINT, SIGQUIT, SIGTERM, SIGTTIN, SIGTTOU, SIGTSTP };

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_DFL);
}

/* Without job control a background program reads /dev/null and ignores Ctrl-C. */
static void leave_terminal_alone(void)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	if (null >= 0)
		dup2(null, STDIN_FILENO);
}

static void begin_child(pid_t group, bool background)
{
	jobs_become_copy();
	if (terminal_has_jobs()) {
		setpgid(0, group);
		if (!background)
			terminal_give(getpgrp());
	}
	default_signals();
	events_end();
	if (background && !terminal_has_jobs())
		leave_terminal_alone();
}

static _Noreturn void child(struct command *command, int in, int out)
{
	const struct builtin *builtin = builtin_find(command->words[0]);

	if (in >= 0)
		dup2(in, STDIN_FILENO);
	if (out >= 0)
		dup2(out, STDOUT_FILENO);
	if (!run_apply(command))
		_exit(1);
	if (!builtin)
		run_become(command->words);
	copies_note(getpid(), command->words[0]);
	/* cppcheck-suppress nullPointerRedundantCheck ; run_become() does not come back */
	int status = builtin->run((int)command->nwords, command->words);
	fflush(stdout);
	_exit(ferror(stdout) ? 1 : status);
}

/*
 * Starts a command of a job. Its input is *in, if that is not negative. Unless it is the last, its
 * output is a new pipe, whose other end *in becomes.
 */
static bool run_start(struct job *job, struct command *command, bool background, bool last, int *in)
{
	int ends[2] = { -1, -1 };
	pid_t group = job->nprocesses ? job_group(job) : 0, pid;

	if (!last && pipe2(ends, O_CLOEXEC) != 0)
		return false;
	pid = fork();
	if (pid == 0) {
		begin_child(group, background);
		child(command, *in, ends[1]);
	}
	if (pid > 0) {
		if (builtin_find(command->words[0]))
			copies_note(pid, command->words[0]);
		job_add_process(job, pid);
		if (terminal_has_jobs())
			setpgid(pid, job_group(job));
		if (!background)
			terminal_give(job_group(job));
	}
	if (*in >= 0)
		close(*in);
	if (ends[1] >= 0)
		close(ends[1]);
	*in = ends[0];
	return pid > 0;
}

/* Starts all commands of the pipeline. Returns false, with errno, if one cannot be started. */
static bool start_all(struct job *job, struct pipeline *pipeline)
{
	unsigned count = pipeline->ncommands, n = 0;
	bool background = pipeline->background;
	int in = -1, err = 0;

	while (n < count && run_start(job, &pipeline->commands[n], background, n + 1 == count, &in))
		n++;
	if (n < count)
		err = errno;
	if (in >= 0)
		close(in);
	errno = err;
	return n == count;
}

static int run_programs(struct pipeline *pipeline, const char *line)
{
	struct command *last = &pipeline->commands[pipeline->ncommands - 1];
	struct job *job = job_add(line, pipeline->extent, last->words[0], pipeline->background);
	bool complete;
	int status;

	if (!job) {
		run_complain("cannot start it", "there are too many jobs");
		return CANNOT_RUN;
	}
	complete = start_all(job, pipeline);
	if (!complete)
		run_complain("cannot start it", strerror(errno));
	if (pipeline->background && job->nprocesses) {
		if (terminal_has_jobs())
			dprintf(STDERR_FILENO, "[%u] %d\n", job->number, (int)job_pid(job));
		return complete ? 0 : CANNOT_RUN;
	}
	status = foreground_wait(job);
	return complete ? status : CANNOT_RUN;
}

/* Runs a command in the prompt's process and restores the standard streams afterwards. */
static int run_here(const struct builtin *builtin, struct command *command)
{
	int kept[3], status = 1;

	fflush(stdout);
	for (int fd = 0; fd < 3; fd++)
		kept[fd] = command->nredirects ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : -1;
	if (run_apply(command))
		status = builtin->run((int)command->nwords, command->words);
	fflush(stdout);
	for (int fd = 0; fd < 3; fd++)
		if (kept[fd] >= 0) {
			dup2(kept[fd], fd);
			close(kept[fd]);
		}
	return status;
}

/* line: the text of the pipeline */
static int run_pipeline(struct pipeline *pipeline, const char *line)
{
	struct command *first = &pipeline->commands[0];
	const struct builtin *builtin = builtin_find(first->words[0]);

	jobs_look();
	if (pipeline->ncommands == 1 && !pipeline->background && builtin && builtin->here)
		return run_here(builtin, first);
	return run_programs(pipeline, line);
}

int run_line(const char *line)
{
	static struct pipeline pipeline;
	const char *wrong = parse_check(line, &pipeline);
	enum join join = JOIN_ALWAYS;
	int status = 0;

	if (wrong) {
		dprintf(STDERR_FILENO, "sh: %s\n", wrong);
		return MISUSE;
	}
	for (; *line && status != 128 + SIGINT; line = pipeline.rest) {
		parse(line, &pipeline);
		if (pipeline.ncommands &&
		    (join == JOIN_ALWAYS || (join == JOIN_IF_TRUE) == (status == 0)))
			status = run_pipeline(&pipeline, line);
		join = pipeline.join;
	}
	return status;
}
