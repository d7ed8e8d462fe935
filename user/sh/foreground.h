/* SPDX-License-Identifier: MIT */
/* The job in the foreground: it has the terminal until it ends or stops. */
#pragma once

struct job;

/*
 * Waits until it has ended or stopped, takes the terminal back, and says what there is to say. The
 * status of the last of the line, 128 + signal if one killed or stopped it. => it has the terminal
 */
int foreground_wait(struct job *job);

/* Gives it the terminal, as it had left it, and lets it go on. */
int foreground_resume(struct job *job);
