/* SPDX-License-Identifier: MIT */
/* Faultline's own system call (abi/faultline.h), as far as a layer adds something of its own to it. */
#pragma once

#include "abi/faultline.h"
#include "lib/types.h"

struct space;
struct trap_frame;
struct uspace;

/* The arguments of a query. */
struct faultline_query {
	unsigned what;
	uint64_t which;
	vaddr_t buf;
	uint64_t size;
	uint64_t from;
};

struct faultline_query faultline_query_of(const struct trap_frame *frame);

/* Copies out an answer of one structure. Returns 1, -EINVAL (no room for it) or -EFAULT. */
long faultline_answer(const struct faultline_query *q, const void *from, size_t size);

/* Adds what is told of a space to what is told of its process. Takes the space's lock. */
void faultline_space(struct space *space, struct faultline_process *process);

/* FAULTLINE_WALK in that space. */
long faultline_walk(const struct faultline_query *q, struct uspace *uspace);

/* Answers what is asked about the machine, whoever asks. Returns what the call returns; -EINVAL for what is about processes. */
long faultline_answer_query(struct faultline_query *q);
