/* SPDX-License-Identifier: MIT */
/* Calls of endpoints for programs, in C and C++, with or without a C library. */
#pragma once

#include "abi/ipc.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The functions return a negative errno themselves; they do not set errno. */

static inline long ipc_raw(long number, long a, struct ipc_message *message, long with_rcvid,
			   uint64_t rcvid, uint64_t deadline)
{
	register long a0 __asm__("a0") = a;
	register uint64_t a1 __asm__("a1") = with_rcvid ? rcvid : message->word[0];
	register uint64_t a2 __asm__("a2") = message->word[with_rcvid ? 0 : 1];
	register uint64_t a3 __asm__("a3") = message->word[with_rcvid ? 1 : 2];
	register uint64_t a4 __asm__("a4") = message->word[with_rcvid ? 2 : 3];
	register uint64_t a5 __asm__("a5") = with_rcvid ? message->word[3] : deadline;
	register uint64_t a6 __asm__("a6") = deadline;
	register long a7 __asm__("a7") = number;

	__asm__ volatile("ecall"
			 : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6)
			 : "r"(a7)
			 : "memory");
	if (a0 >= 0) {
		message->word[0] = a1;
		message->word[1] = a2;
		message->word[2] = a3;
		message->word[3] = a4;
		message->badge = a5;
	}
	return a0;
}

static inline long ipc_raw2(long number, long a, uint64_t b, uint64_t c)
{
	register long a0 __asm__("a0") = a;
	register uint64_t a1 __asm__("a1") = b;
	register uint64_t a2 __asm__("a2") = c;
	register long a7 __asm__("a7") = number;

	__asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a7) : "memory");
	return a0;
}

/* Makes an endpoint. Returns the descriptor of its receive end. */
static inline int ipc_create(unsigned flags)
{
	return (int)ipc_raw2(SYS_ipc_create, (long)flags, 0, 0);
}

/* Makes a send end with that badge. `fd` is the receive end. Returns a descriptor. */
static inline int ipc_badge(int fd, uint64_t badge, unsigned flags)
{
	return (int)ipc_raw2(SYS_ipc_badge, fd, badge, flags);
}

/* Sends four words and waits for four; `fd` is a send end. Returns 0. */
static inline long ipc_call(int fd, struct ipc_message *message, uint64_t deadline)
{
	return ipc_raw(SYS_ipc_call, fd, message, 0, 0, deadline);
}

/* Waits for a call; `fd` is the receive end. Returns the rcvid, which is above 0. */
static inline long ipc_receive(int fd, struct ipc_message *message, uint64_t deadline)
{
	return ipc_raw(SYS_ipc_receive, fd, message, 1, 0, deadline);
}

/* Answers a call with message->word. Returns 0; -ESRCH if the caller has gone. */
static inline long ipc_reply(int fd, long rcvid, const struct ipc_message *message)
{
	struct ipc_message copy = *message;

	return ipc_raw(SYS_ipc_reply, fd, &copy, 1, (uint64_t)rcvid, 0);
}

/* Both in one system call: answers `rcvid` (0: nobody) and waits for the next call. */
static inline long ipc_reply_receive(int fd, long rcvid, struct ipc_message *message,
				     uint64_t deadline)
{
	return ipc_raw(SYS_ipc_reply_receive, fd, message, 1, (uint64_t)rcvid, deadline);
}

#ifdef __cplusplus
}
#endif
