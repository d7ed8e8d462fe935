/* SPDX-License-Identifier: MIT */
/* The table of jobs and the states of their processes, which waitpid() reports. */
#define _GNU_SOURCE
#include "sh/jobs.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sh/terminal.h"

static struct job table[JOBS_MAX];
static unsigned turns;
static bool warned; /* of stopped jobs, and no job was started or continued since */
static bool copy;

/* Stores the job's text, cut between characters if it is too long. */
static void set_text(struct job *job, const char *text, size_t n)
{
	size_t used = 0, bytes;
	unsigned columns;

	while (n > 0 && (*text == ' ' || *text == '\t'))
		text++, n--;
	while (used < n) {
		bytes = line_char(text + used, n - used, &columns);
		if (used + bytes > JOB_TEXT_BYTES - sizeof("..."))
			break;
		used += bytes;
	}
	snprintf(job->text, sizeof(job->text), "%.*s%s", (int)used, text, used < n ? "..." : "");
}

struct job *job_add(const char *text, size_t n, const char *name, bool background)
{
	/* One job is reserved for the commands that control the others, such as kill. */
	unsigned limit = background ? JOBS_MAX - 1 : JOBS_MAX;

	for (unsigned i = 0; i < limit; i++) {
		struct job *job = &table[i];

		if (job->number)
			continue;
		*job = (struct job){ .number = i + 1, .told = true, .turn = ++turns };
		set_text(job, text, n);
		snprintf(job->name, sizeof(job->name), "%s", name);
		warned = false;
		return job;
	}
	return NULL;
}

void job_add_process(struct job *job, pid_t pid)
{
	job->pids[job->nprocesses++] = pid;
}

void job_remove(struct job *job)
{
	job->number = 0;
}

struct job *job_after(unsigned number)
{
	for (unsigned i = number; i < JOBS_MAX; i++)
		if (table[i].number)
			return &table[i];
	return NULL;
}

enum job_state job_state(const struct job *job)
{
	enum job_state state = JOB_ENDED;

	for (unsigned i = 0; i < job->nprocesses; i++)
		if (job->states[i] < state)
			state = job->states[i];
	return state;
}

pid_t job_group(const struct job *job)
{
	return job->pids[0];
}

pid_t job_pid(const struct job *job)
{
	return job->pids[job->nprocesses - 1];
}

static struct job *find_process(pid_t pid, unsigned *index_ret)
{
	for (struct job *job = job_after(0); job; job = job_after(job->number))
		for (unsigned i = 0; i < job->nprocesses; i++)
			if (job->pids[i] == pid && job->states[i] != JOB_ENDED) {
				*index_ret = i;
				return job;
			}
	return NULL;
}

/* Records a status of waitpid(). */
static void jobs_note(pid_t pid, int status)
{
	unsigned index;
	struct job *job = find_process(pid, &index);
	enum job_state before;

	if (!job)
		return;
	before = job_state(job);
	if (WIFSTOPPED(status)) {
		job->states[index] = JOB_STOPPED;
		job->stop_signal = WSTOPSIG(status);
	} else if (WIFCONTINUED(status)) {
		job->states[index] = JOB_RUNNING;
	} else {
		job->states[index] = JOB_ENDED;
		if (index + 1 == job->nprocesses)
			job->status = status;
	}
	if (job_state(job) == before)
		return;
	job->told = job_state(job) == JOB_RUNNING;
	if (job_state(job) == JOB_STOPPED)
		job->turn = ++turns;
}

void jobs_look(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED)) > 0)
		jobs_note(pid, status);
}

static void all_are(struct job *job, enum job_state state)
{
	for (unsigned i = 0; i < job->nprocesses; i++)
		if (job->states[i] != JOB_ENDED)
			job->states[i] = state;
}

/* Without job control nothing could continue a stopped job, so a stop does not end the wait. */
void job_wait(struct job *job)
{
	int status, options = terminal_has_jobs() ? WUNTRACED : 0;

	while (job_state(job) == JOB_RUNNING || (!options && job_state(job) == JOB_STOPPED)) {
		pid_t pid = waitpid(-1, &status, options);

		if (pid > 0)
			jobs_note(pid, status);
		else if (errno != EINTR)
			all_are(job, JOB_ENDED);
	}
}

bool job_signal(const struct job *job, int sig)
{
	bool sent = false;

	if (terminal_has_jobs())
		return kill(-job_group(job), sig) == 0;
	for (unsigned i = 0; i < job->nprocesses; i++)
		if (job->states[i] != JOB_ENDED)
			sent |= kill(job->pids[i], sig) == 0;
	return sent;
}

void job_continue(struct job *job)
{
	all_are(job, JOB_RUNNING);
	job->told = true;
	warned = false;
	job_signal(job, SIGCONT);
}

/* Returns the job stopped last or, if none has stopped, the job started last; NULL: no job. */
static struct job *current(void)
{
	struct job *best = NULL;

	for (struct job *job = job_after(0); job; job = job_after(job->number)) {
		enum job_state state = job_state(job);

		if (state == JOB_ENDED || (best && state < job_state(best)))
			continue;
		if (!best || state > job_state(best) || job->turn > best->turn)
			best = job;
	}
	return best;
}

struct job *job_find(const char *word)
{
	unsigned long number;
	struct job *job;
	char *end;

	if (!word || strcmp(word, "%%") == 0 || strcmp(word, "%+") == 0)
		return current();
	word += *word == '%';
	number = strtoul(word, &end, 10);
	if (*word < '0' || *word > '9' || *end || number == 0 || number > JOBS_MAX)
		return NULL;
	job = &table[number - 1];
	return job->number && job_state(job) != JOB_ENDED ? job : NULL;
}

static const char *how(const struct job *job, char *room, size_t size)
{
	int status = job->status;

	if (job_state(job) == JOB_RUNNING)
		return "Running";
	if (job_state(job) == JOB_STOPPED)
		return "Stopped";
	if (WIFSIGNALED(status))
		snprintf(room, size, "SIG%s",
			 sigabbrev_np(WTERMSIG(status)) ? sigabbrev_np(WTERMSIG(status)) : "?");
	else if (WEXITSTATUS(status))
		snprintf(room, size, "Exit %d", WEXITSTATUS(status));
	else
		return "Done";
	return room;
}

static const char *why(const struct job *job)
{
	if (job_state(job) != JOB_STOPPED)
		return "";
	return job->stop_signal == SIGTTIN   ? " (wants to read)"
	       : job->stop_signal == SIGTTOU ? " (wants the terminal)"
					     : "";
}

void job_show(const struct job *job, int fd)
{
	char room[16];

	dprintf(fd, "[%u] %-8s %s%s\n", job->number, how(job, room, sizeof(room)), job->text,
		why(job));
}

bool jobs_run(void)
{
	for (struct job *job = job_after(0); job; job = job_after(job->number))
		if (job_state(job) == JOB_RUNNING)
			return true;
	return false;
}

bool jobs_have_news(void)
{
	jobs_look();
	for (struct job *job = job_after(0); job; job = job_after(job->number))
		if (!job->told)
			return true;
	return false;
}

void jobs_tell(void)
{
	jobs_look();
	for (struct job *job = job_after(0); job; job = job_after(job->number)) {
		if (!job->told && terminal_has_jobs())
			job_show(job, STDERR_FILENO);
		job->told = true;
		if (job_state(job) == JOB_ENDED)
			job_remove(job);
	}
}

void jobs_become_copy(void)
{
	copy = true;
}

bool jobs_are_copy(void)
{
	return copy;
}

bool jobs_may_leave(void)
{
	jobs_look();
	if (copy || warned || !terminal_has_jobs())
		return true;
	for (struct job *job = job_after(0); job && !warned; job = job_after(job->number))
		warned = job_state(job) == JOB_STOPPED;
	if (warned)
		dprintf(STDERR_FILENO, "sh: there are stopped jobs\n");
	return !warned;
}
