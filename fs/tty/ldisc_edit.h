/* SPDX-License-Identifier: MIT */
/* Between the files of the line discipline: marks in the ring, and the echo. */
#pragma once

#include "fs/tty/ldisc.h"

#define MARK_END 0x100u /* the last of a line */
#define MARK_EOF 0x200u /* no byte: an end of file, the end of a line too */

static inline uint16_t *ldisc_slot(struct ldisc *ldisc, unsigned at)
{
	return &ldisc->ring[at % LDISC_ROOM];
}

/*
 * Puts a byte, as it is shown, to the echo and moves the column: control characters as ^X where
 * ECHOCTL says so.
 */
void ldisc_echo_byte(struct ldisc *ldisc, struct ldisc_echo *echo, uint8_t byte);

/* Editing of the line that is not committed: the last character, word, or all of it goes. */
void ldisc_erase_char(struct ldisc *ldisc, struct ldisc_echo *echo, uint8_t key);
void ldisc_erase_word(struct ldisc *ldisc, struct ldisc_echo *echo);
void ldisc_erase_line(struct ldisc *ldisc, struct ldisc_echo *echo, uint8_t key);
