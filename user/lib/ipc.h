/* SPDX-License-Identifier: MIT */
/* Calls of endpoints for programs, in C and C++, with or without a C library. */
#pragma once

#include "abi/ipc.h"
#include "abi/served.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The functions return a negative errno themselves; they do not set errno. */

static inline long ipc_words(long number, long a, struct ipc_message *message, long with_rcvid,
			     uint64_t rcvid, uint64_t deadline, uint64_t last)
{
	const uint64_t *word = message->word;
	uint64_t first = with_rcvid ? rcvid : *word++;
	uint64_t second = word[0], third = word[1], fourth = word[2];
	uint64_t fifth = with_rcvid ? word[3] : deadline;
	register long a0 __asm__("a0") = a;
	register uint64_t a1 __asm__("a1") = first;
	register uint64_t a2 __asm__("a2") = second;
	register uint64_t a3 __asm__("a3") = third;
	register uint64_t a4 __asm__("a4") = fourth;
	register uint64_t a5 __asm__("a5") = fifth;
	register uint64_t a6 __asm__("a6") = last;
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

static inline long ipc_raw(long number, long a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	register long a0 __asm__("a0") = a;
	register uint64_t a1 __asm__("a1") = b;
	register uint64_t a2 __asm__("a2") = c;
	register uint64_t a3 __asm__("a3") = d;
	register uint64_t a4 __asm__("a4") = e;
	register long a7 __asm__("a7") = number;

	__asm__ volatile("ecall"
			 : "+r"(a0)
			 : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a7)
			 : "memory");
	return a0;
}

/* Makes an endpoint. Returns the descriptor of its receive end. */
static inline int ipc_create(unsigned flags)
{
	return (int)ipc_raw(SYS_ipc_create, (long)flags, 0, 0, 0, 0);
}

/* Makes a send end with that badge. `fd` is the receive end. Returns a descriptor. */
static inline int ipc_badge(int fd, uint64_t badge, unsigned flags)
{
	return (int)ipc_raw(SYS_ipc_badge, fd, badge, flags, 0, 0);
}

/*
 * Sends four words and waits for four; `fd` is a send end. `with` is what else goes with the call, or
 * NULL. Returns how many descriptors the server gave: they are the first of with->room.
 */
static inline long ipc_call_with(int fd, struct ipc_message *message, struct ipc_transfer *with,
				 uint64_t deadline)
{
	return ipc_words(SYS_ipc_call, fd, message, 0, 0, deadline, (uint64_t)with);
}

/* Sends four words and waits for four, without anything else. Returns 0. */
static inline long ipc_call(int fd, struct ipc_message *message, uint64_t deadline)
{
	return ipc_call_with(fd, message, 0, deadline);
}

/*
 * Makes an object of `size` bytes, to be mapped for reading or privately, whose missing pages the server of `fd`, a send end, is
 * asked for: see IPC_READ_PAGE. Returns a descriptor.
 */
static inline int ipc_object(int fd, uint64_t size, unsigned flags)
{
	return (int)ipc_raw(SYS_ipc_object, fd, size, flags, 0, 0);
}

/*
 * The state (SERVED_STATE() of abi/served.h) of the file with that cookie is a new one; `fd` is the receive end. Does not wait.
 * Returns 0; -ENOENT if the file is closed.
 */
static inline long ipc_post(int fd, uint64_t cookie, uint64_t state)
{
	return ipc_raw(SYS_ipc_post, fd, cookie, state, 0, 0);
}

/*
 * The file has changed, or with IPC_ALL_FILES any of them: what was answered about it under a lease (docs/servers.md) is asked anew.
 * `fd` is the receive end. Does not wait. Returns 0.
 */
static inline long ipc_revoke(int fd, uint64_t file)
{
	return ipc_post(fd, IPC_LEASES, file);
}

/*
 * Joins two files of the server of `fd`, the receive end, so that each reads what the other writes. From now on their bytes, and what
 * poll says of them, is the kernel's. Returns 0; -ENOENT if one of them is closed; -EBUSY if one is joined; -ENFILE or -ENOMEM.
 */
static inline long ipc_join(int fd, uint64_t cookie, uint64_t other)
{
	return ipc_raw(SYS_ipc_join, fd, cookie, other, 0, 0);
}

/*
 * Makes a file, which nobody has a descriptor of, and joins it with the file `cookie`, unless that is 0. It waits until the server
 * answers a request for the file `from` with it (abi/served.h), or ipc_drop(). With IPC_HALF_OPEN, who shuts the way in does not shut
 * it for the other one. Returns its cookie, without IPC_BADGE_SERVED; or as ipc_join().
 */
static inline long ipc_connect(int fd, uint64_t cookie, uint64_t from, unsigned flags)
{
	return ipc_raw(SYS_ipc_join, fd, cookie, 0, from, flags);
}

/*
 * The files that came with a message under that number wait for whoever receives at the file `at`, until the server answers with the
 * number, or ipc_drop(). Returns 0, or -ENOENT if they are gone.
 */
static inline long ipc_wait_at(int fd, uint64_t number, uint64_t at)
{
	return ipc_raw(SYS_ipc_join, fd, number, 0, at, IPC_WAIT_AT);
}

/* Closes a file that waits: the one that it is joined with has ECONNRESET. Returns 0, or -ENOENT if it does not wait. */
static inline long ipc_drop(int fd, uint64_t cookie)
{
	return ipc_raw(SYS_ipc_drop, fd, cookie, 0, 0, 0);
}

/*
 * Tells of the files that the server of `fd`, the receive end, has: up to n, with a cookie of at least `from`, in order. Returns how
 * many.
 */
static inline long ipc_files(int fd, uint64_t from, struct served_file *to, unsigned n)
{
	return ipc_raw(SYS_ipc_files, fd, from, (uint64_t)to, n, 0);
}

/*
 * Makes the next receive end of an endpoint whose receive end is closed. `fd` is a send end with IPC_KEEPS. Returns a descriptor;
 * -EBUSY if there is a receive end.
 */
static inline int ipc_reopen(int fd, unsigned flags)
{
	return (int)ipc_raw(SYS_ipc_reopen, fd, flags, 0, 0, 0);
}

/*
 * Gives the send end `fd` a name in the directory `at`, or AT_FDCWD, with these permissions. Who opens it gets a file that the
 * endpoint's server serves.
 */
static inline long ipc_name(int at, const char *path, unsigned mode, int fd)
{
	return ipc_raw(SYS_ipc_name, at, (uint64_t)path, mode, (uint64_t)fd, 0);
}

/* Sends a pulse, IPC_PULSE_NOTIFIED with these bits, and does not wait. Returns 0. */
static inline long ipc_notify(int fd, uint64_t bits)
{
	return ipc_raw(SYS_ipc_notify, fd, bits, 0, 0, 0);
}

/*
 * Waits for a call or a pulse; `fd` is the receive end. Returns the rcvid of a call, which is above 0,
 * or 0 for a pulse.
 */
static inline long ipc_receive(int fd, struct ipc_message *message, uint64_t deadline)
{
	return ipc_words(SYS_ipc_receive, fd, message, 1, 0, 0, deadline);
}

/* Answers a call with message->word. Returns 0; -ESRCH if the caller has gone. */
static inline long ipc_reply(int fd, long rcvid, const struct ipc_message *message)
{
	struct ipc_message copy = *message;

	return ipc_words(SYS_ipc_reply, fd, &copy, 1, (uint64_t)rcvid, 0, 0);
}

/* Both in one system call: answers `rcvid` (0: nobody) and waits for the next call or pulse. */
static inline long ipc_reply_receive(int fd, long rcvid, struct ipc_message *message,
				     uint64_t deadline)
{
	return ipc_words(SYS_ipc_reply_receive, fd, message, 1, (uint64_t)rcvid, 0, deadline);
}

/*
 * For the server of a call that has not been answered yet: copy from or to the buffers of the caller,
 * from `offset` on. Return how many bytes; fewer than n only at the end of the buffer.
 */
static inline long ipc_read(int fd, long rcvid, void *to, uint64_t n, uint64_t offset)
{
	return ipc_raw(SYS_ipc_read, fd, (uint64_t)rcvid, (uint64_t)to, n, offset);
}

static inline long ipc_write(int fd, long rcvid, const void *from, uint64_t n, uint64_t offset)
{
	return ipc_raw(SYS_ipc_write, fd, (uint64_t)rcvid, (uint64_t)from, n, offset);
}

/* Makes a descriptor of the file that the caller's with->fd[index] refers to, and returns it. */
static inline int ipc_take(int fd, long rcvid, unsigned index, unsigned flags)
{
	return (int)ipc_raw(SYS_ipc_take, fd, (uint64_t)rcvid, index, flags, 0);
}

/* Gives the caller a descriptor of the file at `mine`. Returns its index in with->room. */
static inline int ipc_give(int fd, long rcvid, int mine)
{
	return (int)ipc_raw(SYS_ipc_give, fd, (uint64_t)rcvid, (uint64_t)mine, 0, 0);
}

#ifdef __cplusplus
}
#endif
