/* SPDX-License-Identifier: MIT */
/* What the prompt does itself. */
#pragma once

#include <stdbool.h>

struct builtin {
	const char *name;
	const char *usage; /* its arguments, for help */
	const char *what, *what_in_chinese;
	int (*run)(int argc, char **argv); /* its exit status */
	bool here; /* it changes the prompt itself; the others run in a child, as programs do */
};

/* NULL: a program's name. */
const struct builtin *builtin_find(const char *name);
/* NULL: there are not so many. */
const struct builtin *builtin_at(unsigned index);

/* help.c: */
int help(int argc, char **argv);

/* small.c: */
int small_echo(int argc, char **argv);
int small_cat(int argc, char **argv);
int small_sleep(int argc, char **argv);
int small_clear(int argc, char **argv);

/* files.c: */
int files_ls(int argc, char **argv);
int files_rm(int argc, char **argv);
int files_mkdir(int argc, char **argv);

/* text.c: */
int text_wc(int argc, char **argv);
int text_grep(int argc, char **argv);

/* stty.c: */
int stty(int argc, char **argv);

/* job_commands.c: */
int jobs_list(int argc, char **argv);
int jobs_foreground(int argc, char **argv);
int jobs_background(int argc, char **argv);
int jobs_kill(int argc, char **argv);

/* watch*.c: what the kernel tells of itself. */
int watch_ps(int argc, char **argv);
int watch_free(int argc, char **argv);
int watch_maps(int argc, char **argv);
int watch_faults(int argc, char **argv);
int watch_trace(int argc, char **argv);
int watch_walk(int argc, char **argv);
int watch_frame(int argc, char **argv);
int watch_log(int argc, char **argv);
