/* SPDX-License-Identifier: MIT */
/* Endpoints: messages between programs, by system calls of Faultline's own. */
/*
 * docs/ABI.md has every error; user/lib/ipc.h has functions for programs.
 *
 * An endpoint has one receive end and any number of send ends, which are descriptors. A program
 * with a send end calls: it gives four words and waits. A program with the receive end receives the
 * words, the badge of the send end, and a number for this call, the rcvid. It replies with the
 * rcvid and four words, whenever it likes and in any order, and the call returns them. Until then it
 * reads from and writes to the buffers that the call names, and takes and gives descriptors.
 *
 * A pulse is received like a call, but has no rcvid: no thread waits for an answer.
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
#define SYS_ipc_read	      0x4656
#define SYS_ipc_write	      0x4657
#define SYS_ipc_take	      0x4658
#define SYS_ipc_give	      0x4659
#define SYS_ipc_notify	      0x465a
#define SYS_ipc_object	      0x465b
#define SYS_ipc_post	      0x465c
#define SYS_ipc_reopen	      0x465d
#define SYS_ipc_files	      0x465e
#define SYS_ipc_join	      0x465f
/* With the Linux layer: (directory, path, mode, send end). */
#define SYS_ipc_name	      0x4660 /* of the layer */
#define SYS_ipc_drop	      0x4661
#define SYS_IPC_LIMIT	      0x4662

#define IPC_WORDS 4
#define IPC_FDS	  8  /* the most descriptors of a call, each way */
#define IPC_PAGES 64 /* the most pages that both buffers of a call may lie on */

/* Deadlines are absolute times of CLOCK_MONOTONIC in nanoseconds. */
#define IPC_NEVER UINT64_MAX /* waits for ever */
#define IPC_NOW	  0	     /* does not wait */

/* Flags. */
#define IPC_CLOEXEC    02000000u /* as O_CLOEXEC */
#define IPC_TELL_CLOSE 1u	 /* ipc_badge: a pulse comes when the last descriptor is closed */
#define IPC_KEEPS      2u	 /* ipc_badge: ipc_reopen() makes the next receive end */

/* The code of a pulse is its first word; its value is the second. */
#define IPC_PULSE_NOTIFIED 1 /* ipc_notify(): all bits since the last one */
#define IPC_PULSE_CLOSED   2 /* the send end is closed, see IPC_TELL_CLOSE */
#define IPC_PULSE_UNBLOCK  3 /* a signal came to the caller; the value is the rcvid of its call */

/*
 * The first word of the call by which the kernel asks for a missing page of an object (ipc_object()). The second word is the
 * index of the page, and the third one how many pages: 1. The server writes the bytes by ipc_write(), from the start on
 * and without gaps. The first word of its answer is how many bytes these are: what follows in the page is zeros. With 0, or
 * with more than it has written, there is no such page, and the access is SIGBUS.
 */
#define IPC_READ_PAGE 0x46500001

/*
 * Of ipc_post(), in place of a cookie: what the kernel keeps of the server's answers about a file is not true any more. The state is
 * then the number of the file; IPC_ALL_FILES: of all of them (docs/servers.md: leases). The kernel may forget more than that.
 */
#define IPC_LEASES    0
#define IPC_ALL_FILES UINT64_MAX

/* Of ipc_join(): each way is shut by its own writer only, and has hung up when both are, as of TCP. */
#define IPC_HALF_OPEN 1
/*
 * Of ipc_join(): the files of a message, which wait in the kernel under the number that came with it, are for whoever receives at the file
 * `from`.
 */
#define IPC_WAIT_AT   2

/* In the badge of what the kernel asks for a file that the server serves (abi/served.h). Send ends of its own need others. */
#define IPC_BADGE_SERVED (1ull << 63)

struct ipc_message {
	uint64_t word[IPC_WORDS];
	uint64_t badge; /* of the send end; only ipc_receive() fills this in */
};

/* What goes with a call besides its words. Set all of it to 0 first. */
struct ipc_transfer {
	const void *send; /* what the server may read */
	uint64_t send_length;
	void *receive; /* what the server may write */
	uint64_t receive_length;
	uint32_t flags; /* IPC_CLOEXEC: of the descriptors that the server gives */
	uint32_t nfds;	/* how many descriptors the server may take */
	uint32_t nroom; /* how many the server may give */
	uint32_t zero;
	int32_t fd[IPC_FDS];
	int32_t room[IPC_FDS]; /* the call sets these to the numbers that the given ones have */
};
