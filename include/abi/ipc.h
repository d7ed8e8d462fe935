/* SPDX-License-Identifier: MIT */
/* Endpoints: messages between programs, by system calls of Faultline's own. */
/*
 * docs/ABI.md has every error; user/lib/ipc.h has functions for programs.
 *
 * An endpoint has one receive end and any number of send ends, which are descriptors. A program
 * with a send end calls: it gives four words and waits. A program with the receive end receives the
 * words, the badge of the send end, and a number for this call, the rcvid. It replies with the
 * rcvid and four words, whenever it likes and in any order, and the call returns them.
 */
#pragma once

#include <stdint.h>

/* Numbers far above those of Linux, which answers ENOSYS. */
#define SYS_ipc_create	      0x4650
#define SYS_ipc_badge	      0x4651
#define SYS_ipc_call	      0x4652
#define SYS_ipc_receive	      0x4653
#define SYS_ipc_reply	      0x4654
#define SYS_ipc_reply_receive 0x4655
#define SYS_IPC_LIMIT	      0x4656

#define IPC_WORDS 4

/* Deadlines are absolute times of CLOCK_MONOTONIC in nanoseconds. */
#define IPC_NEVER UINT64_MAX /* waits for ever */
#define IPC_NOW	  0	     /* does not wait */

/* Flags of ipc_create and ipc_badge. */
#define IPC_CLOEXEC 02000000u /* as O_CLOEXEC */

struct ipc_message {
	uint64_t word[IPC_WORDS];
	uint64_t badge; /* of the send end; only ipc_receive() fills this in */
};
