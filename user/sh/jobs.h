/* SPDX-License-Identifier: MIT */
/* The jobs: lines whose programs have been started and not all ended, or of whose end nobody was told. */
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
	int status;	 /* of the last of the line, once it has ended, as waitpid tells it */
	int stop_signal; /* of the last that stopped */
	bool told;	 /* of its state */
	unsigned turn;	 /* the higher, the later it was started or stopped */
	bool has_modes;	 /* the terminal's, when it stopped: */
	struct termios modes;
	char text[JOB_TEXT_BYTES]; /* the line */
	char name[JOB_NAME_BYTES]; /* of its last program */
};

/* A new one, of n bytes of a line, without processes. NULL: there are too many. */
struct job *job_add(const char *text, size_t n, const char *name, bool background);
void job_add_process(struct job *job, pid_t pid);
void job_remove(struct job *job);

/* Running while any of it runs, ended when all have. */
enum job_state job_state(const struct job *job);

/* The process group, and the process that is told as the job's. */
pid_t job_group(const struct job *job);
pid_t job_pid(const struct job *job);

/* Waits until it has ended, or stopped. */
void job_wait(struct job *job);

/* To all of it that has not ended. false: with errno */
bool job_signal(const struct job *job, int sig);
/* SIGCONT, and it runs from now on. */
void job_continue(struct job *job);

/* %N or N, of those that have not ended; NULL, %% and %+: the last that stopped, else the last. */
struct job *job_find(const char *word);
/* The one of the least number above `number` that is in use; NULL: none. */
struct job *job_after(unsigned number);

/* Does any run, and may write to the terminal? */
bool jobs_run(void);

/* Takes what news there is of all, without waiting. */
void jobs_look(void);
/* The same; is there anything to tell? */
bool jobs_have_news(void);
/* The same; says who has stopped or ended since, and forgets who has ended. */
void jobs_tell(void);
/* In a child of the prompt, which has a copy of the table and can't wait for anybody of it. */
void jobs_become_copy(void);
bool jobs_are_copy(void);

/* "[1] Stopped  TEXT" */
void job_show(const struct job *job, int fd);

/* true: nothing speaks against leaving, or it has been said already and nothing was done since. */
bool jobs_may_leave(void);
