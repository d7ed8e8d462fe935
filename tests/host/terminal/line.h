/* SPDX-License-Identifier: MIT */
/* What POSIX (chapter 11) and Linux's termios(3) say of a terminal's bytes: lines kept as text. */
#pragma once

#include "lib/tty/ldisc.h"

/* A character of the input: a byte with these marks. */
#define LINE_ENDS    0x100u /* the last one of a line */
#define LINE_NO_BYTE 0x200u /* an end of file */
#define LINE_BYTE    0xffu

/* Of the kernel's header it uses names and limits only. Start with all zeros and line_set(). */
struct line_model {
	struct abi_termios termios;
	/* All that was typed and not read, the line being edited behind the first `whole`. */
	unsigned text[LDISC_ROOM];
	size_t n, whole;
	bool literal, stopped;
	unsigned column;      /* of the cursor */
	unsigned line_column; /* where the line being edited begins on the screen */
	struct ldisc_echo echo;
};

static inline bool line_has(const struct line_model *line, uint32_t lflag)
{
	return (line->termios.c_lflag & lflag) != 0;
}

/* Is the byte that control character? */
static inline bool line_is(const struct line_model *line, uint8_t byte, unsigned index)
{
	return byte != 0 && byte == line->termios.c_cc[index];
}

/* Types a byte. Returns LDISC_*, but for LDISC_READABLE. Its echo is in line->echo. */
unsigned line_type(struct line_model *line, uint8_t byte);

/* Is there room for another byte, or for half of what fits? */
bool line_room(const struct line_model *line);
bool line_much_room(const struct line_model *line);

/* Is it a byte that acts at once, and is it a signal's? */
bool line_urgent(const struct line_model *line, uint8_t byte, bool *signal);

/* Reads up to n bytes: of a line, or in raw mode of all. *end: a line has ended, or no input is left. */
size_t line_read(struct line_model *line, uint8_t *to, size_t n, bool *end);

/* A program writes the byte. Returns how many bytes of `to` the screen gets. */
size_t line_write(struct line_model *line, uint8_t byte, uint8_t *to);

/* tcsetattr(), and tcflush() of the input. */
void line_set(struct line_model *line, const struct abi_termios *termios);
void line_flush(struct line_model *line);
