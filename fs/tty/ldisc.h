/* SPDX-License-Identifier: MIT */
/* A terminal's line discipline. Pure: no lock, no device. */
#pragma once

#include "abi/ioctl.h"
#include "lib/types.h"

#define LDISC_ROOM	 4096u /* bytes of input kept; a line is shorter */
#define LDISC_ECHO_MAX	 512u  /* bytes that one byte of input can echo */
#define LDISC_EXPAND_MAX 2u    /* bytes that one byte of output becomes at most */

/* What ldisc_input() says has happened. */
#define LDISC_READABLE	1u /* there may be more to read now */
#define LDISC_INTERRUPT 2u
#define LDISC_QUIT	4u
#define LDISC_RESUMED	8u /* output may go on */
#define LDISC_SUSPEND	16u

struct ldisc {
	struct abi_termios termios;
	/* Counters that run free; read <= commit <= write, write - read <= LDISC_ROOM. */
	unsigned read;
	unsigned commit; /* up to here it may be read; from here on the line can be edited */
	unsigned write;
	uint16_t ring[LDISC_ROOM]; /* a byte, and the marks of ldisc.c */
	unsigned column;	   /* of the cursor, as far as we know */
	unsigned line_start;	   /* the column where the line under edit began */
	bool literal;		   /* the next byte is taken as it is (^V) */
	bool stopped;		   /* output waits (^S) */
};

/* What is to go to the screen. */
struct ldisc_echo {
	uint8_t bytes[LDISC_ECHO_MAX];
	size_t n;
};

void ldisc_init(struct ldisc *ldisc);

/* A byte from the keyboard: LDISC_* of what it did; its echo is in *echo. */
unsigned ldisc_input(struct ldisc *ldisc, uint8_t byte, struct ldisc_echo *echo);

/*
 * May a byte be given to ldisc_input() and not be lost? false: somebody has to read first. A line
 * that is too long and not ended always gets room: the key that ends it may be the next.
 */
bool ldisc_has_room(const struct ldisc *ldisc);

/* So much that it is worth while to go on with input that had to wait. */
bool ldisc_has_much_room(const struct ldisc *ldisc);

/* A byte that needs no room and is for now: a signal's, ^S or ^Q. signal_ret: it is a signal's. */
bool ldisc_is_urgent(const struct ldisc *ldisc, uint8_t byte, bool *signal_ret);

/* Does the byte take away the meaning of the one behind it (^V)? */
bool ldisc_is_quote(const struct ldisc *ldisc, uint8_t byte);

/*
 * Bytes that a read may take now: in canonical mode those of one line. The end of file counts as
 * one.
 */
size_t ldisc_available(const struct ldisc *ldisc);

/*
 * Takes up to n bytes, of no more than one line in canonical mode: their count. *end_ret: the line,
 * or what there is, ends with them (an end of file gives 0 bytes and an end; in raw mode one that was
 * typed before gives a NUL).
 */
size_t ldisc_read(struct ldisc *ldisc, uint8_t *to, size_t n, bool *end_ret);

/*
 * A byte from a program: what goes to the screen for it, at most LDISC_EXPAND_MAX bytes; their
 * count.
 */
size_t ldisc_output(struct ldisc *ldisc, uint8_t byte, uint8_t *to);

/* Takes over the flags and characters that are honoured; the others stay as they are. */
void ldisc_set_termios(struct ldisc *ldisc, const struct abi_termios *termios);

/* Throws away input that nobody has read. */
void ldisc_flush_input(struct ldisc *ldisc);

static inline bool ldisc_canonical(const struct ldisc *ldisc)
{
	return (ldisc->termios.c_lflag & ICANON) != 0;
}

/* A signal's key throws away what was typed before it. */
static inline bool ldisc_signal_flushes(const struct ldisc *ldisc)
{
	return (ldisc->termios.c_lflag & NOFLSH) == 0;
}

/* Who is not in the foreground is not to write. */
static inline bool ldisc_stops_background(const struct ldisc *ldisc)
{
	return (ldisc->termios.c_lflag & TOSTOP) != 0;
}
