/* SPDX-License-Identifier: MIT */
/* Jobs: pipelines with a process that has not ended, or whose end is not reported yet. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>
#include <termios.h>

#include "sh/parse.h"

#define JOBS_MAX       32
#define JOB_TEXT_BYTES 64
#define JOB_NAME_BYTES 32

enum job_state { JOB_RUNNING, JOB_STOPPED, JOB_ENDED };

struct job {
	unsigned number; /* from 1 on; 0: unused */
	pid_t pids[COMMANDS_MAX];
	enum job_state states[COMMANDS_MAX];
	unsigned nprocesses;
	int status;	 /* of its last process, once that has ended, as waitpid() gives it */
	int stop_signal; /* of the process that stopped last */
	bool told;	 /* its state has been shown to the user */
	unsigned turn;	 /* higher: started or stopped later */
	bool has_modes;	 /* `modes` holds the terminal's modes from when it stopped */
	struct termios modes;
	char text[JOB_TEXT_BYTES]; /* the line */
	char name[JOB_NAME_BYTES]; /* of its last program */
};

/* Adds a job without processes for n bytes of a line. Returns NULL if there are too many jobs. */
struct job *job_add(const char *text, size_t n, const char *name, bool background);
void job_add_process(struct job *job, pid_t pid);
void job_remove(struct job *job);

/* A job runs while any process of it runs, and has ended when all have. */
enum job_state job_state(const struct job *job);

/* Returns the process group, and the process whose pid is shown for the job: the last one. */
pid_t job_group(const struct job *job);
pid_t job_pid(const struct job *job);

/* Waits until the job has ended or, with job control, stopped. */
void job_wait(struct job *job);

/* Sends a signal to the processes that have not ended. Returns false, with errno, if it fails. */
bool job_signal(const struct job *job, int sig);
/* Sends SIGCONT and marks the job as running. */
void job_continue(struct job *job);

/*
 * Finds a job that has not ended, by %N or N. NULL, %% and %+ mean the job stopped last or, if none
 * has stopped, the job started last. Returns NULL if there is no such job.
 */
struct job *job_find(const char *word);
/* Returns the job with the lowest number above `number`, or NULL. job_after(0) is the first. */
struct job *job_after(unsigned number);

/* Does any job run? It may write to the terminal. */
bool jobs_run(void);

/* Collects the status changes of all processes, without waiting. */
void jobs_look(void);
/* Calls jobs_look(). Returns whether there is a change that the user has not been shown. */
bool jobs_have_news(void);
/* Calls jobs_look(), reports the jobs that stopped or ended since, and removes those that ended. */
void jobs_tell(void);
/* For a child of the prompt: it has a copy of the table, but the processes are not its children. */
void jobs_become_copy(void);
bool jobs_are_copy(void);

/* Prints "[1] Stopped  TEXT". */
void job_show(const struct job *job, int fd);

/*
 * May the prompt exit? Returns false, after a warning, if there are stopped jobs. Returns true the
 * next time, unless a job was started or continued since.
 */
bool jobs_may_leave(void);
