/* SPDX-License-Identifier: MIT */
/* The line discipline's screen: output processing, echo, and the erasing of what was echoed. */
#include "fs/tty/ldisc_edit.h"

#include "lib/bits.h"

#define TAB_WIDTH 8u
#define DEL	  0x7f

/* Where the cursor is after a byte has been shown. */
static unsigned column_after(const struct ldisc *ldisc, unsigned column, uint8_t byte)
{
	switch (byte) {
	case '\r':
		return 0;
	case '\n':
		return ldisc->termios.c_oflag & ONLRET ? 0 : column;
	case '\b':
		return column > 0 ? column - 1 : 0;
	case '\t':
		return ALIGN_DOWN(column, TAB_WIDTH) + TAB_WIDTH;
	default:
		break;
	}
	/* Control characters move nothing, nor do the further bytes of one character. */
	if (byte < ' ' || byte == DEL ||
	    ((byte & 0xc0) == 0x80 && (ldisc->termios.c_iflag & IUTF8)))
		return column;
	return column + 1;
}

static size_t show(struct ldisc *ldisc, uint8_t byte, uint8_t *to)
{
	ldisc->column = column_after(ldisc, ldisc->column, byte);
	*to = byte;
	return 1;
}

size_t ldisc_output(struct ldisc *ldisc, uint8_t byte, uint8_t *to)
{
	uint32_t oflag = ldisc->termios.c_oflag;
	size_t n = 0;

	if (!(oflag & OPOST))
		return show(ldisc, byte, to);
	if (byte == '\r' && (oflag & ONOCR) && ldisc->column == 0)
		return 0;
	if (byte == '\r' && (oflag & OCRNL))
		byte = '\n';
	else if (byte == '\n' && (oflag & ONLCR))
		n = show(ldisc, '\r', to);
	return n + show(ldisc, byte, to + n);
}

static bool is_control(uint8_t byte)
{
	return byte < ' ' || byte == DEL;
}

/* Shown as ^X? */
static bool has_caret(const struct ldisc *ldisc, uint8_t byte)
{
	return is_control(byte) && byte != '\t' && byte != '\n' &&
	       (ldisc->termios.c_lflag & ECHOCTL);
}

static void put(struct ldisc *ldisc, struct ldisc_echo *echo, uint8_t byte)
{
	if (echo->n + LDISC_EXPAND_MAX <= LDISC_ECHO_MAX)
		echo->n += ldisc_output(ldisc, byte, echo->bytes + echo->n);
}

void ldisc_echo_byte(struct ldisc *ldisc, struct ldisc_echo *echo, uint8_t byte)
{
	if (has_caret(ldisc, byte)) {
		put(ldisc, echo, '^');
		byte ^= 0x40;
	}
	put(ldisc, echo, byte);
}

/* Where the cursor was when the line was shown up to (not including) `end`. */
static unsigned column_at(struct ldisc *ldisc, unsigned end)
{
	unsigned column = ldisc->line_start;

	for (unsigned at = ldisc->commit; at != end; at++) {
		uint8_t byte = (uint8_t)*ldisc_slot(ldisc, at);

		if (has_caret(ldisc, byte))
			column += 2;
		else
			column = column_after(ldisc, column, byte);
	}
	return column;
}

/* The place of the line's last character, which may be several bytes. */
static unsigned last_char(struct ldisc *ldisc)
{
	unsigned at = ldisc->write - 1;

	if (ldisc->termios.c_iflag & IUTF8)
		while (at != ldisc->commit && (*ldisc_slot(ldisc, at) & 0xc0) == 0x80)
			at--;
	return at;
}

/*
 * Takes the line back to `end`, on the screen too: from the column where that is to the cursor all
 * is blanked.
 */
static void cut_line(struct ldisc *ldisc, struct ldisc_echo *echo, unsigned end)
{
	unsigned from = column_at(ldisc, end);
	unsigned to = column_at(ldisc, ldisc->write);
	unsigned width = to > from ? to - from : 0;

	ldisc->write = end;
	if (!(ldisc->termios.c_lflag & ECHO))
		return;
	for (; width != 0; width--) {
		put(ldisc, echo, '\b');
		put(ldisc, echo, ' ');
		put(ldisc, echo, '\b');
	}
	ldisc->column = from;
}

void ldisc_erase_char(struct ldisc *ldisc, struct ldisc_echo *echo, uint8_t key)
{
	if (ldisc->write == ldisc->commit)
		return;
	if (ldisc->termios.c_lflag & ECHOE) {
		cut_line(ldisc, echo, last_char(ldisc));
		return;
	}
	ldisc->write = last_char(ldisc);
	if (ldisc->termios.c_lflag & ECHO)
		ldisc_echo_byte(ldisc, echo, key);
}

static bool is_word(uint16_t entry)
{
	uint8_t byte = (uint8_t)entry;

	return byte == '_' || byte >= 0x80 || (byte >= '0' && byte <= '9') ||
	       ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z');
}

void ldisc_erase_word(struct ldisc *ldisc, struct ldisc_echo *echo)
{
	unsigned end = ldisc->write;

	while (end != ldisc->commit && !is_word(*ldisc_slot(ldisc, end - 1)))
		end--;
	while (end != ldisc->commit && is_word(*ldisc_slot(ldisc, end - 1)))
		end--;
	cut_line(ldisc, echo, end);
}

void ldisc_erase_line(struct ldisc *ldisc, struct ldisc_echo *echo, uint8_t key)
{
	const uint32_t visually = ECHO | ECHOE | ECHOK | ECHOKE;
	uint32_t lflag = ldisc->termios.c_lflag;

	if (ldisc->write == ldisc->commit)
		return;
	/* A line whose erasing is more than one echo holds is left on the screen. */
	if ((lflag & visually) == visually &&
	    (ldisc->write - ldisc->commit) * 2 * 3 <= LDISC_ECHO_MAX) {
		cut_line(ldisc, echo, ldisc->commit);
		return;
	}
	ldisc->write = ldisc->commit;
	if (lflag & ECHO)
		ldisc_echo_byte(ldisc, echo, key);
	if ((lflag & (ECHO | ECHOK)) == (ECHO | ECHOK))
		ldisc_echo_byte(ldisc, echo, '\n');
}
