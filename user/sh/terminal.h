/* SPDX-License-Identifier: MIT */
/* The prompt's terminal: its modes, its width, who is in the foreground. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>
#include <termios.h>

/* Looks at standard input and output; true: there is somebody to talk to. */
bool terminal_begin(void);

/* Keys come one by one; then the modes that were found, for programs and at the end. */
void terminal_for_keys(void);
void terminal_for_programs(void);

unsigned terminal_columns(void);
/* For programs too; they, and we, get SIGWINCH where it has changed. */
void terminal_set_size(unsigned rows, unsigned columns);

/* Escape sequences are understood. */
bool terminal_is_smart(void);

/* Programs get groups of their own, and the terminal; else they stay in ours. */
bool terminal_has_jobs(void);
void terminal_give(pid_t group);
/* The modes too are as they were found. */
void terminal_take_back(void);

/* From now on programs find these modes. */
void terminal_keep_modes(const struct termios *modes);

/* TOSTOP is for programs to come: it stays as the one that has ended left it. */
void terminal_keep_tostop(void);

/* What a program that has stopped made of the modes, and has again when it goes on. */
bool terminal_get_modes(struct termios *ret);
void terminal_set_modes(const struct termios *modes);
