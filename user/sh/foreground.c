/* SPDX-License-Identifier: MIT */
/* Waits for a job, and gives it the terminal and takes it back. */
#define _GNU_SOURCE
#include "sh/foreground.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sh/jobs.h"
#include "sh/terminal.h"

static int tell_end(const struct job *job)
{
	int status = job->status, sig = WTERMSIG(status);

	if (!WIFSIGNALED(status))
		return WEXITSTATUS(status);
	if (sig == SIGINT)
		dprintf(STDERR_FILENO, "\n");
	else if (sig != SIGPIPE)
		dprintf(STDERR_FILENO, "sh: %s: killed by SIG%s (%s)\n", job->name,
			sigabbrev_np(sig) ? sigabbrev_np(sig) : "?", strsignal(sig));
	return 128 + sig;
}

static int foreground_tell_stop(struct job *job)
{
	if (job->stop_signal == SIGTSTP)
		dprintf(STDERR_FILENO, "\n");
	job_show(job, STDERR_FILENO);
	job->told = true;
	return 128 + job->stop_signal;
}

int foreground_wait(struct job *job)
{
	int status;

	job_wait(job);
	if (job_state(job) == JOB_STOPPED)
		job->has_modes = terminal_get_modes(&job->modes);
	else
		terminal_keep_tostop();
	terminal_take_back();
	if (job_state(job) == JOB_STOPPED)
		return foreground_tell_stop(job);
	status = tell_end(job);
	job_remove(job);
	return status;
}

int foreground_resume(struct job *job)
{
	/* First the terminal: who sees the job's name may press Ctrl-C at once. */
	terminal_give(job_group(job));
	dprintf(STDERR_FILENO, "%s\n", job->text);
	if (job->has_modes)
		terminal_set_modes(&job->modes);
	job_continue(job);
	return foreground_wait(job);
}
