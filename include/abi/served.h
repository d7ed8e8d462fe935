/* SPDX-License-Identifier: MIT */
/* Open files that a program serves: what the kernel asks the server of an endpoint, and what the server answers. */
/*
 * The kernel chooses a number for each open file, the cookie. It is the badge of all that comes for the file. A request is a call
 * whose first word is SERVED_WORD(). The server answers at once: it never holds a caller. If it has nothing to give or no room, it
 * answers -EAGAIN, and the kernel waits. The last close is a pulse, IPC_PULSE_CLOSED.
 *
 * The first word of an answer is a count or a negative errno, the second one the file's state. A state is a set of POLL* bits (what
 * can be done without waiting), with a generation above it. Each change of the set, and each event that a waiter may wait for, has
 * a higher generation than the one before. The kernel knows the state of the highest generation that an answer or ipc_post() had.
 *
 * If a server ends before it has answered, the kernel makes the same request of the next one. So that this does no harm, requests
 * have numbers: the server notes in memory that outlives it what it did for the last number of each operation.
 */
#pragma once

#include <stdint.h>

/* The operation, and the number of the request: of one file and operation, one is under way at a time, and they count up. */
#define SERVED_WORD(op, number) ((uint64_t)(number) << 32 | (op))
#define SERVED_OP(word)		((uint32_t)(word)&0xffff)
#define SERVED_NUMBER(word)	((uint32_t)((word) >> 32))

/*
 * Word 1: O_* and, above them, the pid of the process that opens it; word 2: its effective uid and, above, gid; word 3: the badge of
 * the send end whose name is opened. These come from the kernel only, and so are true. The server answers 0.
 */
#define SERVED_OPEN 0x5301

/*
 * Word 1: how many bytes are wanted. The answer is how many there are, 0 for the end of the file. Up to SERVED_SHORT bytes are in the
 * last two words of the answer, if no more are wanted; else the server has written them to the caller's buffer from its start on.
 */
#define SERVED_READ 0x5302

/*
 * Word 1: how many bytes there are. The answer is how many the server has taken, but not 0. Up to SERVED_SHORT bytes are in the last
 * two words of the request; more are in the caller's buffer.
 */
#define SERVED_WRITE 0x5303

#define SERVED_SHORT 16

/*
 * Word 1: the request of an ioctl; word 2: its argument. If the request has a size (_IOR, _IOW, _IOWR), the argument is where the
 * caller's buffer is. The answer is the result of the call, 0 or more.
 */
#define SERVED_CTL 0x5304

#define SERVED_STATE(generation, mask) ((uint64_t)(generation) << 16 | (mask))
#define SERVED_GENERATION(state)       ((state) >> 16)
#define SERVED_MASK(state)	       ((uint32_t)(state)&0xffff)

/* What ipc_files() tells of a file. `open` is words 1 to 3 of its SERVED_OPEN, which may not be answered yet. */
struct served_file {
	uint64_t cookie;
	uint64_t state;
	uint64_t open[3];
};

#define SERVED_FILES_MOST 64 /* in one call */
