/* SPDX-License-Identifier: MIT */
/* The commands jobs, fg, bg and kill. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sh/builtin.h"
#include "sh/foreground.h"
#include "sh/jobs.h"

#define MISUSE 2

int jobs_list(int argc, char **argv)
{
	(void)argc, (void)argv;
	for (struct job *job = job_after(0); job; job = job_after(job->number))
		if (job_state(job) != JOB_ENDED)
			job_show(job, STDOUT_FILENO);
	return 0;
}

/* Returns the job that the arguments name, or NULL after an error message. */
static struct job *take_job(int argc, char **argv)
{
	struct job *job = argc > 2 || jobs_are_copy() ? NULL : job_find(argv[1]);

	if (argc > 2)
		dprintf(STDERR_FILENO, "usage: %s [%%N]\n", argv[0]);
	else if (jobs_are_copy())
		dprintf(STDERR_FILENO, "sh: %s: not in a pipeline or in the background\n", argv[0]);
	else if (!job && argc > 1)
		dprintf(STDERR_FILENO, "sh: %s: %s: no such job\n", argv[0], argv[1]);
	else if (!job)
		dprintf(STDERR_FILENO, "sh: %s: there is no job\n", argv[0]);
	return job;
}

int jobs_foreground(int argc, char **argv)
{
	struct job *job = take_job(argc, argv);

	if (!job)
		return 1;
	return foreground_resume(job);
}

int jobs_background(int argc, char **argv)
{
	struct job *job = take_job(argc, argv);

	if (!job)
		return 1;
	if (job_state(job) == JOB_RUNNING) {
		dprintf(STDERR_FILENO, "sh: bg: job %u is already running\n", job->number);
		return 1;
	}
	dprintf(STDERR_FILENO, "[%u] %s &\n", job->number, job->text);
	job_continue(job);
	return 0;
}

/* Returns the signal with a name (with or without SIG) or a number; -1: there is none. */
static int job_signal_of(const char *word)
{
	char *end;
	long number = strtol(word, &end, 10);

	if (*word >= '0' && *word <= '9' && !*end)
		return number < NSIG ? (int)number : -1;
	if (strncmp(word, "SIG", 3) == 0)
		word += 3;
	for (int sig = 1; sig < NSIG; sig++)
		if (sigabbrev_np(sig) && strcmp(sigabbrev_np(sig), word) == 0)
			return sig;
	return -1;
}

/* A stopped process handles SIGTERM and SIGHUP only after SIGCONT. */
static bool kill_job(const struct job *job, int sig)
{
	bool sent = job_signal(job, sig);

	if (sent && (sig == SIGTERM || sig == SIGHUP) && job_state(job) == JOB_STOPPED)
		job_signal(job, SIGCONT);
	return sent;
}

/* Returns 0, or 1 after an error message. */
static int job_kill_one(const char *word, int sig)
{
	struct job *job = *word == '%' ? job_find(word) : NULL;
	char *end;
	long pid = strtol(word, &end, 10);

	if (*word == '%' && !job) {
		dprintf(STDERR_FILENO, "sh: kill: %s: no such job\n", word);
		return 1;
	}
	if (!job && (*word < '0' || *word > '9' || *end || pid <= 0 || pid > 0x3fffffff)) {
		dprintf(STDERR_FILENO, "sh: kill: %s is not a process id\n", word);
		return 1;
	}
	if (job ? kill_job(job, sig) : kill((pid_t)pid, sig) == 0)
		return 0;
	dprintf(STDERR_FILENO, "sh: kill: %s: %s\n", word,
		errno == ESRCH ? "no such process" : strerror(errno));
	return 1;
}

int jobs_kill(int argc, char **argv)
{
	int first = 1, sig = SIGTERM, status = 0;

	if (argc > 1 && *argv[1] == '-') {
		sig = job_signal_of(argv[1] + 1);
		first = 2;
	}
	if (sig < 0) {
		dprintf(STDERR_FILENO, "sh: kill: %s: no such signal\n", argv[1] + 1);
		return MISUSE;
	}
	if (first >= argc) {
		dprintf(STDERR_FILENO, "usage: kill [-SIGNAL] %%N|PID...\n");
		return MISUSE;
	}
	for (int i = first; i < argc; i++)
		status |= job_kill_one(argv[i], sig);
	return status;
}
