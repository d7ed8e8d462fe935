/* SPDX-License-Identifier: MIT */
/* The foreground job, which has the terminal until it ends or stops. */
#pragma once

struct job;

/*
 * Waits until the job has ended or stopped, takes the terminal back, and prints why the job stopped
 * or which signal killed it. Returns the status of its last process, or 128 + N if signal N killed
 * or stopped it. Call it with the job's process group in the foreground.
 */
int foreground_wait(struct job *job);

/* Gives the job the terminal with the modes it had when it stopped, continues it, and waits. */
int foreground_resume(struct job *job);
