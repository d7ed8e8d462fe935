/* SPDX-License-Identifier: MIT */
/* What ktest_process.c asks of the layer on the core. Each image has these once: linux/layer.c, or alone/layer.c for the core alone. */
#pragma once

#include "lib/types.h"

struct exec_args;
struct object;
struct process;
struct thread;

/* Makes what processes need, and process 1 with its thread, which others cannot find yet. */
struct process *ktest_layer_start(void);

/*
 * Creates a process with a thread, a space, an empty file that it seems to run, and no limit but KTEST_FILES; others cannot find
 * it yet. Returns NULL on failure, with *err_ret set.
 */
struct process *ktest_layer_create(int *err_ret);
/* Others find it from now on, and it runs. parent NULL: it is process 1. */
void ktest_layer_publish(struct process *parent, struct process *process);

/* Creates another thread of the running process, with all that it has; others cannot find it yet. NULL, with *err_ret set. */
struct thread *ktest_layer_create_thread(int *err_ret);
void ktest_layer_publish_thread(struct thread *thread);

/* The running process gets that image. Returns 0, or a negative errno and has the old one. */
int ktest_layer_exec(struct object *image, const char *path, struct exec_args *args);

/* Ends the running thread with that status, as wait4 packs it; `all`: its process, even if that was killed before. */
void ktest_layer_end(int status, bool all) __attribute__((noreturn));
