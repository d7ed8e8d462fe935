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
 * As SERVED_OPEN, for two files at once: the cookie of the other one is one higher. The server may join them, by ipc_join(). Of
 * sockets, the caller's other groups come with it, as with connect.
 */
#define SERVED_OPEN_PAIR 0x5305

/*
 * Of an open by socket() or socketpair(), word 3 has the domain, the type and the protocol, which have no names of SOCK_* in them.
 * These are for the name /srv/socket.
 */
#define SERVED_SOCKET(domain, type, protocol) \
	(1ull << 63 | (uint64_t)(protocol) << 32 | (uint64_t)(type) << 16 | (domain))
#define SERVED_IS_SOCKET(word)	     ((word) >> 63 != 0)
#define SERVED_SOCKET_DOMAIN(word)   ((uint32_t)(word)&0xffff)
#define SERVED_SOCKET_TYPE(word)     ((uint32_t)((word) >> 16) & 0xffff)
#define SERVED_SOCKET_PROTOCOL(word) ((uint32_t)((word) >> 32) & 0xffff)
#define SERVED_SOCKET_NGROUPS(word) \
	((uint32_t)((word) >> 48) & 0x3f) /* of socketpair(): how many come with it */

/*
 * The domain of a table of sockets, as a file in /proc/net shows it; its type is which one. What is asked of it is recvmsg only, with a
 * position in the text instead of MSG_*, and it is answered with what there is from there on: nothing at the end.
 */
#define SERVED_TABLE	      0xffff
#define SERVED_TABLE_UNIX     1
#define SERVED_TABLE_TCP      2
#define SERVED_TABLE_TCP6     3
#define SERVED_TABLE_UDP      4
#define SERVED_TABLE_UDP6     5
#define SERVED_TABLE_UDPLITE  6
#define SERVED_TABLE_UDPLITE6 7
#define SERVED_TABLE_NETLINK  8
#define SERVED_TABLE_DEVICES  9
#define SERVED_TABLE_INET6    10 /* addresses */
#define SERVED_TABLE_ROUTES6  11
#define SERVED_TABLE_COUNTS   12

/*
 * Of an open of /dev/ptmx, word 3 has the number of the new pseudo-terminal. It is a SERVED_OPEN_PAIR: the first file is the master, the other one
 * the slave, and both stay open until no program has either end open. This is for the name /srv/tty.
 *
 * The kernel knows who has what open and whose controlling terminal it is. The server has the bytes and the modes: it is asked to read
 * and write at either end, and for the SERVED_CTL of these requests: TCGETS, TCGETS2, TCSETS and its like, TIOCGWINSZ, TIOCSWINSZ, TIOCPKT
 * and TIOCGPKT, with the buffer of their structure or number; TCFLSH, TCXONC, FIONREAD, and TIOCSTI, whose argument is the byte. Word 2 of
 * the answer to these and to a write is what the kernel is to do: SERVED_TTY_*, which are signals for the process group in the foreground, and events
 * that may be SIGIO.
 *
 * SERVED_TTY_WAITS asks for how long a read waits: word 2 of the answer is VMIN, and VTIME above 8 bits. It is asked if the state of the
 * slave has SERVED_TIMED.
 */
#define SERVED_TTY(index)      (1ull << 61 | (index))
#define SERVED_IS_TTY(word)    ((word) >> 61 == 1)
#define SERVED_TTY_INDEX(word) ((uint32_t)(word))
#define SERVED_TTY_WAITS       (1ull << 33)
#define SERVED_TTY_INTERRUPT   1  /* SIGINT */
#define SERVED_TTY_QUIT	       2  /* SIGQUIT */
#define SERVED_TTY_SUSPEND     4  /* SIGTSTP */
#define SERVED_TTY_RESIZED     8  /* SIGWINCH */
#define SERVED_TTY_TYPED       16 /* there is more to read at the slave */
#define SERVED_TTY_SHOWN       32 /* and at the master */
#define SERVED_TTY_RESUMED     64 /* the slave can be written to again, which was stopped */

/*
 * Word 1: the request of an ioctl; word 2: its argument. If the request has a size (_IOR, _IOW, _IOWR), the argument is where the
 * caller's buffer is. The answer is the result of the call, 0 or more.
 *
 * Of a socket, requests about an interface (SIOCGIFADDR) have a struct ifreq as argument, which the server reads and writes. The
 * argument of SIOCGIFCONF is where there is room for a list of these; 0: nowhere. The answer is how many bytes it has.
 *
 * Or word 1 is SERVED_SOCKET_CALL() of the call's number, and words 2 and 3 and the buffers are as the list below says. In the
 * answer word 2 is how long the address or the option is; the server writes as much of it as there is room for.
 *
 *	getsockname, getpeername	word 3: SERVED_SHUT_*, of a stream; the address, out
 *	setsockopt			word 2: level, and the option above it; its value, in; in the answer word 2: of SO_RCVLOWAT,
 *					what it is from now on
 *	getsockopt			words 2 and 3: as in setsockopt and getsockname; its value, out
 *	shutdown			word 2: how
 *	bind				struct served_address, in
 *	connect				word 2: 1 if the caller does not wait; word 3: as in getsockname; struct served_address and then
 *					the caller's other groups, in: up to SERVED_GROUPS_MOST, or one more if there are more
 *	listen				word 2: how many may wait; struct served_address without an address, and groups, in
 *	sendmsg				word 2: MSG_*, and how long the message is above it; word 3: how long its control messages are;
 *					struct served_address, then these, then the message, in
 *	recvmsg				words 2 and 3: as in sendmsg, for how much there is room; struct served_address, the control
 *					messages, the message, out; in the answer word 2: how long the control messages are; word 3: MSG_*
 *	accept				word 2: 0, or the address of whoever has connected is wanted, out; in the answer word 3: the
 *					cookie of a file that ipc_connect() has made for this one. The program gets a descriptor of it.
 *
 * Control messages are as programs have them (struct cmsghdr), and the server sets MSG_CTRUNC if there is no room for all of
 * them. Those of AF_UNIX are the kernel's.
 *
 * The number of a message's open files, `files` of struct served_address, is for ipc_join() with IPC_WAIT_AT before the answer to
 * sendmsg: else they are closed. The answer to recvmsg has it, with MSG_PEEK or without; and ipc_drop() is for a message that is
 * lost.
 *
 * If one of the last four has to wait, it is answered -EAGAIN, and asked once more when the file's state is a newer one. So is connect,
 * also after -EINPROGRESS and -EALREADY.
 */
#define SERVED_CTL 0x5304

#define SERVED_SOCKET_CALL(nr) (1ull << 32 | (nr))
#define SERVED_INTERFACE       40 /* bytes of a struct ifreq */
#define SERVED_ADDRESS_MOST    128
#define SERVED_MESSAGE_MOST    65536
#define SERVED_CONTROL_MOST    4096 /* bytes of control messages */
#define SERVED_OPTION_MOST     256  /* bytes of an option's value that the server gets or gives */
#define SERVED_GROUPS_MOST     32

/* The ways of a stream that are shut by who writes there: by the other side, and by this one. Both are after a reset. */
#define SERVED_SHUT_IN	1
#define SERVED_SHUT_OUT 2

/* Who calls, and with what address. Of an AF_UNIX path it is the name's own file that counts, where it is. */
struct served_address {
	uint64_t dev, ino; /* 0: the address is no path */
	uint32_t pid, uid, gid;
	uint32_t length;   /* of the address; 0: none */
	uint64_t files;	   /* in flight with the message; 0: none */
	uint32_t says_who; /* of sendmsg: the sender has named who it is */
	uint32_t ngroups;  /* of connect and listen: how many come behind this */
	uint8_t address[SERVED_ADDRESS_MOST];
};

#define SERVED_STATE(generation, mask) ((uint64_t)(generation) << 16 | (mask))
#define SERVED_GENERATION(state)       ((state) >> 16)
#define SERVED_MASK(state)	       ((uint32_t)(state)&0xffff)

/* In the set, of a file that is joined with another one: its close resets that, which learns of it by ECONNRESET. */
#define SERVED_RESETS 0x8000

/* In the set, of the slave of a pseudo-terminal: reads wait as VMIN and VTIME say; and who writes from the background gets SIGTTOU. */
#define SERVED_TIMED  0x0800
#define SERVED_TOSTOP 0x4000

/*
 * What ipc_files() tells of a file. `open` is words 1 to 3 of its SERVED_OPEN, which may not be answered yet. `peer` is the cookie of
 * the file that it is joined with, which may be closed; 0: none. `from` is the file for whose users ipc_connect() has made it, and it
 * `waits` until one of them takes it; 0: it was opened.
 */
struct served_file {
	uint64_t cookie;
	uint64_t state;
	uint64_t open[3];
	uint64_t peer;
	uint64_t from;
	uint64_t waits;
};

/* `open[2]` of the files of a message, which are here as one file. */
#define SERVED_IN_FLIGHT (1ull << 62)

#define SERVED_FILES_MOST 64 /* in one call */
