/* SPDX-License-Identifier: MIT */
/* The layer that makes an operating system of the core: one table of hooks, which the core calls. */
#pragma once

#include "lib/types.h"

struct counted_kind;
struct fdtable;
struct file;
struct object;
struct process;
struct thread;
struct trap_frame;

/* Why an access or an instruction is refused. */
enum refusal {
	REFUSED_UNMAPPED,  /* nothing is mapped there */
	REFUSED_FORBIDDEN, /* what is mapped there does not allow it */
	REFUSED_LOST,	   /* the page can't be had */
	REFUSED_ILLEGAL,   /* an instruction that does not exist, or is not for programs */
	REFUSED_MISALIGNED,
	REFUSED_BREAKPOINT,
	REFUSED_PHYSICAL, /* the machine has refused it */
};

/* The type of a system call: its arguments are in the frame. Returns its result, or a negative errno. */
typedef long (*syscall_fn)(struct trap_frame *frame);

/* const */
struct os_layer {
	size_t thread_size,
		process_size; /* of what struct thread, and struct process, is the first part of */
	const syscall_fn *calls; /* SYS_LIMIT of them, by number; none is NULL */
	/* Of a struct file, a struct fdtable, and a struct pipe, with what the layer keeps behind it: that is all zeros at first. */
	size_t file_size, fdtable_size, pipe_size;
#define HOOK(type, name, args) type(*name) args;
#include "base/os_layer.def"
#undef HOOK
};

/* Has the linker gather it; os_layer_init() finds it. */
#define OS_LAYER(name) const struct os_layer name __attribute__((used, section(".os_layers")))

extern struct os_layer os_layer; /* const after boot */

/*
 * Fills os_layer from the tables that are linked in, of which there must be one. Returns NULL, or what is wrong with them
 * in words. Called once, at the start of the boot.
 */
const char *os_layer_init(const struct os_layer *begin, const struct os_layer *end);
