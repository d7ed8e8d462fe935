/* SPDX-License-Identifier: MIT */
/* A pseudo-terminal's bytes and modes, in memory that outlives the server. Pure: no file, no call. */
/*
 * The state is changed in place. Before that, what there is of it without the bytes of its rings is kept in `saved`, and `changing` is set; after
 * it, one store clears that. So a server that is killed in between leaves behind how it was, and the next one puts it back
 * (term_recover()). Bytes are added to a ring only behind those that count, so what counts stays whole meanwhile.
 *
 * Each function that changes something has the number of the request, and notes under it what it has done. The same request again does
 * nothing, and gives the same answer; a read gives the same bytes, which are still in the ring.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "abi/ioctl.h"
#include "lib/tty/ldisc.h"

#define TERM_OUTPUT_MOST 4096 /* bytes that programs have written, and nobody has read yet */
#define TERM_ECHO_MOST \
	1024 /* more of what the terminal itself writes; what there is no room for is lost, as on Linux */
#define TERM_READ_MOST 4096 /* that one request reads */
#define TERM_WRITE_MOST \
	2048 /* that one request writes: less than there is in a ring beside what counts */
#define TERM_RING 16384 /* and those of the last read; a power of 2 */

enum term_end { TERM_MASTER, TERM_SLAVE, TERM_ENDS };
enum term_op { TERM_READ, TERM_WRITE, TERM_CTL, TERM_OPS };

/* What was done for a request. */
struct term_note {
	uint32_t number;
	int32_t result;
	uint32_t from; /* of a read: the position of the first byte in its ring */
	uint8_t events;
	uint8_t first; /* of a read in packet mode: the byte before the others */
	bool is_packet, is_canonical;
};

/* What is saved, beside the line discipline's state. */
struct term_head {
	uint32_t put,
		got; /* positions in `output`: the end of what was written, and of what was read */
	struct abi_winsize winsize;
	bool held_off;	/* output is stopped by TCXONC: ^Q does not resume it */
	bool packet;	/* TIOCPKT */
	uint8_t status; /* TIOCPKT_*, which the master has not read yet */
	struct ldisc_held held;
	struct term_note note[TERM_ENDS][TERM_OPS];
};

struct term {
	_Atomic uint32_t changing;
	struct term_head head;
	struct {
		struct term_head head;
		char ldisc[offsetof(struct ldisc, ring)];
	} saved;
	uint8_t output[TERM_RING];
	struct ldisc ldisc;
};

/* What a function has done beyond its result. */
struct term_done {
	unsigned events;    /* SERVED_TTY_* */
	bool master, slave; /* who waits there should look again */
};

void term_init(struct term *term);
/* A server that was killed may have left it half changed. */
void term_recover(struct term *term);

/*
 * What a program writes at an end: at the master it is typed, at the slave it is shown. Returns how many of n bytes there was room for, or
 * -EAGAIN: none.
 */
ssize_t term_write(struct term *term, enum term_end end, uint32_t number, const uint8_t *from,
		   size_t n, struct term_done *done);

/*
 * Up to n bytes, and at most TERM_READ_MOST; of the slave, in canonical mode, of one line. Returns how many, 0 for an end of file, or -EAGAIN:
 * there are none.
 */
ssize_t term_read(struct term *term, enum term_end end, uint32_t number, uint8_t *to, size_t n,
		  struct term_done *done);

/* Requests of ioctl, by whichever end. Return 0 or a negative errno. */
int term_set_modes(struct term *term, enum term_end end, uint32_t number,
		   const struct abi_termios *modes, bool flushes, struct term_done *done);
int term_set_winsize(struct term *term, enum term_end end, uint32_t number,
		     const struct abi_winsize *winsize, struct term_done *done);
int term_flush(struct term *term, enum term_end end, uint32_t number, unsigned long which,
	       struct term_done *done);
int term_flow(struct term *term, enum term_end end, uint32_t number, unsigned long what,
	      struct term_done *done);
int term_type(struct term *term, enum term_end end, uint32_t number, uint8_t byte,
	      struct term_done *done);
int term_set_packet(struct term *term, uint32_t number, bool on, struct term_done *done);

/* What can be done at an end now: POLL*, SERVED_TIMED, SERVED_TOSTOP. */
unsigned term_events(const struct term *term, enum term_end end);
/* How many bytes can be read there. */
size_t term_unread(const struct term *term, enum term_end end);
/* VMIN, and VTIME above 8 bits. In canonical mode, as if one byte was waited for. */
unsigned term_waits(const struct term *term);
