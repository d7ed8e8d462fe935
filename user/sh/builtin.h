/* SPDX-License-Identifier: MIT */
/* The commands that the prompt implements itself, because the image has no programs for them. */
#pragma once

#include <stdbool.h>

struct builtin {
	const char *name;
	const char *usage; /* its arguments, for help */
	const char *what, *what_in_chinese;
	int (*run)(int argc, char **argv); /* returns the exit status */
	bool here; /* runs in the prompt's own process, which it changes; others run in a child */
	bool familiar; /* works as in other shells: help gives its name, `help NAME` the rest */
};

/* Returns NULL if the prompt has no command of that name. */
const struct builtin *builtin_find(const char *name);
/* Returns NULL after the last command. */
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

/* swap.c: */
int swap_command_on(int argc, char **argv);
int swap_off(int argc, char **argv);

/* film.c: */
int film(int argc, char **argv);

/* watch*.c: commands that show the kernel's state. */
int watch_ps(int argc, char **argv);
int watch_memory_free(int argc, char **argv);
int watch_maps(int argc, char **argv);
int watch_faults(int argc, char **argv);
int watch_trace(int argc, char **argv);
int watch_walk(int argc, char **argv);
int watch_frame(int argc, char **argv);
int watch_log(int argc, char **argv);
int watch_servers(int argc, char **argv);
