/* SPDX-License-Identifier: MIT */
/* A terminal's line discipline. Pure: no lock, no device. The kernel's console and ttyd (user/ttyd) have one source. */
#pragma once

#include "abi/ioctl.h"
#include "lib/types.h"

#define LDISC_ROOM	 4096u		  /* bytes of input that it holds; a line is shorter */
#define LDISC_RING	 (2 * LDISC_ROOM) /* and those that were read last */
#define LDISC_HELD_MAX	 256u /* small, because the kernel searches it with a lock held */
#define LDISC_ECHO_MAX	 512u /* upper bound for the echo of one byte of input */
#define LDISC_EXPAND_MAX 2u   /* upper bound for the output of one byte */

/* What ldisc_input() reports. */
#define LDISC_READABLE	1u /* there may be more to read now */
#define LDISC_INTERRUPT 2u
#define LDISC_QUIT	4u
#define LDISC_RESUMED	8u /* output may continue */
#define LDISC_SUSPEND	16u

struct ldisc {
	struct abi_termios termios;
	/* Free-running counters: read <= commit <= write, and write - read <= LDISC_ROOM. */
	unsigned read;
	unsigned commit; /* input before it can be read; the line after it can still be edited */
	unsigned write;
	unsigned column;     /* of the cursor, as far as it is known */
	unsigned line_start; /* the column at which the line being edited began */
	bool literal;	     /* the next byte loses its special meaning (after ^V) */
	bool stopped;	     /* output is stopped (by ^S) */
	/*
	 * Each entry is a byte with the marks of ldisc.c. It is last: all that is before is the state, whose positions say which entries count.
	 * An entry is written only behind what counts; after an erase, this may be where one has counted.
	 */
	uint16_t ring[LDISC_RING];
};

/* Input for which the line discipline has no room yet, the oldest byte first. */
struct ldisc_held {
	uint16_t n;
	uint8_t bytes[LDISC_HELD_MAX];
};

/* Bytes to send to the screen. */
struct ldisc_echo {
	uint8_t bytes[LDISC_ECHO_MAX];
	size_t n;
};

/*
 * Linux's modes of a new terminal. If it is `plain`, bytes pass both ways as they are, without an
 * echo or signals; lines stay, because the end of the input needs them (VEOF, and VLNEXT before what
 * is none).
 */
void ldisc_init(struct ldisc *ldisc, bool plain);

/* Processes a byte from the keyboard. Returns what it did (LDISC_*) and sets *echo to its echo. */
unsigned ldisc_input(struct ldisc *ldisc, uint8_t byte, struct ldisc_echo *echo);

/*
 * Can a byte be given to ldisc_input() without being lost? If not, a program has to read first.
 * There is always room if the only input is an unfinished line, however long: the next key may end
 * it.
 */
bool ldisc_has_room(const struct ldisc *ldisc);

/* Is there enough room to resume input that had to wait? */
bool ldisc_has_much_room(const struct ldisc *ldisc);

/*
 * Does the byte need no room and take effect at once? These are the keys of signals, ^S and ^Q.
 * *signal_ret is set to whether it is the key of a signal.
 */
bool ldisc_is_urgent(const struct ldisc *ldisc, uint8_t byte, bool *signal_ret);

/* Does the byte remove the special meaning of the next one (^V)? */
bool ldisc_is_quote(const struct ldisc *ldisc, uint8_t byte);

/*
 * Returns how many bytes can be read now: in canonical mode, those of complete lines. An end of
 * file counts as one.
 */
size_t ldisc_available(const struct ldisc *ldisc);

/*
 * Takes up to n bytes, in canonical mode from one line only, and returns their number. *end_ret is
 * set if they end the line or no input is left. An end of file gives 0 bytes and *end_ret. One
 * typed before a change to raw mode gives a NUL.
 */
size_t ldisc_read(struct ldisc *ldisc, uint8_t *to, size_t n, bool *end_ret);

/*
 * The n bytes that were read when the position was `from`, once more, if no more than LDISC_ROOM were read since. `canonical`: the mode that it
 * was read in.
 */
void ldisc_read_again(const struct ldisc *ldisc, unsigned from, bool canonical, uint8_t *to,
		      size_t n);

/*
 * Takes out the byte that is to be given to ldisc_input() next: the first one if there is room, or else one that need not wait for those
 * before it. The key of a signal also discards those, as it would if there were room. Returns false if there is no such byte.
 */
bool ldisc_held_take(struct ldisc_held *held, const struct ldisc *ldisc, uint8_t *byte_ret);

/* Stores what a program's byte puts on the screen. Returns its length, LDISC_EXPAND_MAX at most. */
size_t ldisc_output(struct ldisc *ldisc, uint8_t byte, uint8_t *to);

/* Returns how many of the first bytes ldisc_output() would store as they are, and counts them as shown. A control character ends them. */
size_t ldisc_output_plain(struct ldisc *ldisc, const uint8_t *from, size_t n);

/* Sets the flags that are implemented and the control characters. Other flags do not change. */
void ldisc_set_termios(struct ldisc *ldisc, const struct abi_termios *termios);

/* Discards input that has not been read. */
void ldisc_flush_input(struct ldisc *ldisc);

static inline bool ldisc_canonical(const struct ldisc *ldisc)
{
	return (ldisc->termios.c_lflag & ICANON) != 0;
}

/* Does the key of a signal discard the input before it? */
static inline bool ldisc_signal_flushes(const struct ldisc *ldisc)
{
	return (ldisc->termios.c_lflag & NOFLSH) == 0;
}

/* Are writes from background process groups stopped? */
static inline bool ldisc_stops_background(const struct ldisc *ldisc)
{
	return (ldisc->termios.c_lflag & TOSTOP) != 0;
}
