/* SPDX-License-Identifier: MIT */
/* The prompt's terminal: its modes, its width and its foreground process group. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>
#include <termios.h>

/* Returns true if standard input and output are a terminal, and saves its modes. */
bool terminal_begin(void);

/* Sets the modes for reading single keys; restores the saved modes. */
void terminal_for_keys(void);
void terminal_for_programs(void);

unsigned terminal_columns(void);
/* Sets the window's size. The kernel sends SIGWINCH if it has changed. */
void terminal_set_size(unsigned rows, unsigned columns);

/* Does the terminal understand escape sequences? */
bool terminal_is_smart(void);

/* Is there job control? Then each job has its own process group; else it stays in the prompt's. */
bool terminal_has_jobs(void);
/* Makes the group the foreground process group, if there is job control. */
void terminal_give(pid_t group);
/* Puts the prompt into the foreground and restores the saved modes. */
void terminal_take_back(void);

/* Replaces the saved modes. */
void terminal_keep_modes(const struct termios *modes);

/* Saves TOSTOP as the program that has ended left it, for the programs that follow. */
void terminal_keep_tostop(void);

/* Reads the modes of a program that has stopped; sets them again when it continues. */
bool terminal_get_modes(struct termios *ret);
void terminal_set_modes(const struct termios *modes);
