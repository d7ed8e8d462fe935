/* SPDX-License-Identifier: MIT */
/* The model of a terminal's bytes. */
#include "line.h"

#include <string.h>

/* ---- the screen ---- */

static bool is_control(uint8_t byte)
{
	return byte < 0x20 || byte == 0x7f;
}

static bool has_caret(const struct line_model *line, uint8_t byte)
{
	return line_has(line, ECHOCTL) && is_control(byte) && byte != '\t' && byte != '\n';
}

/* Returns where the cursor is after the byte. */
static unsigned moved(const struct line_model *line, unsigned column, uint8_t byte)
{
	bool continues = line->termios.c_iflag & IUTF8 && (byte & 0xc0) == 0x80;

	if (byte == '\r' || (byte == '\n' && line->termios.c_oflag & ONLRET))
		return 0;
	if (byte == '\b')
		return column == 0 ? 0 : column - 1;
	if (byte == '\t')
		return (column / 8 + 1) * 8;
	return is_control(byte) || continues ? column : column + 1;
}

size_t line_write(struct line_model *line, uint8_t byte, uint8_t *to)
{
	uint32_t oflag = line->termios.c_oflag;
	size_t n = 0;

	if (oflag & OPOST) {
		if (byte == '\r' && oflag & ONOCR && line->column == 0)
			return 0;
		if (byte == '\n' && oflag & ONLCR)
			to[n++] = '\r';
		if (byte == '\r' && oflag & OCRNL)
			byte = '\n';
	}
	to[n++] = byte;
	for (size_t i = 0; i < n; i++)
		line->column = moved(line, line->column, to[i]);
	return n;
}

static void show(struct line_model *line, uint8_t byte)
{
	if (line->echo.n + LDISC_EXPAND_MAX <= LDISC_ECHO_MAX)
		line->echo.n += line_write(line, byte, line->echo.bytes + line->echo.n);
}

static void echo(struct line_model *line, uint8_t byte)
{
	if (has_caret(line, byte)) {
		show(line, '^');
		show(line, byte ^ 0x40);
	} else {
		show(line, byte);
	}
}

/* ---- the line being edited ---- */

/* Returns the cursor's column if the line ended before its character `end`. */
static unsigned column_of(const struct line_model *line, size_t end)
{
	unsigned column = line->line_column;

	for (size_t at = line->whole; at < end; at++) {
		uint8_t byte = (uint8_t)line->text[at];

		column = has_caret(line, byte) ? column + 2 : moved(line, column, byte);
	}
	return column;
}

/* Cuts the line there and blanks the rest on the screen. */
static void cut(struct line_model *line, size_t end)
{
	unsigned from = column_of(line, end), to = column_of(line, line->n);

	line->n = end;
	if (!line_has(line, ECHO))
		return;
	for (; to > from; to--)
		for (const char *blank = "\b \b"; *blank; blank++)
			show(line, (uint8_t)*blank);
	line->column = from;
}

static void erase_char(struct line_model *line, uint8_t key)
{
	size_t end = line->n;

	if (end == line->whole)
		return;
	end--;
	if (line->termios.c_iflag & IUTF8)
		while (end > line->whole && (line->text[end] & 0xc0) == 0x80)
			end--;
	if (line_has(line, ECHOE)) {
		cut(line, end);
		return;
	}
	line->n = end;
	if (line_has(line, ECHO))
		echo(line, key);
}

static bool in_word(unsigned c)
{
	return c >= 0x80 || c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

static void erase_word(struct line_model *line)
{
	size_t end = line->n;

	while (end > line->whole && !in_word(line->text[end - 1]))
		end--;
	while (end > line->whole && in_word(line->text[end - 1]))
		end--;
	cut(line, end);
}

static void kill_line(struct line_model *line, uint8_t key)
{
	if (line->n == line->whole)
		return;
	/* What takes more than one echo may hold stays on the screen. */
	if (line_has(line, ECHO) && line_has(line, ECHOE) && line_has(line, ECHOK) &&
	    line_has(line, ECHOKE) && (line->n - line->whole) * 6 <= LDISC_ECHO_MAX) {
		cut(line, line->whole);
		return;
	}
	line->n = line->whole;
	if (!line_has(line, ECHO))
		return;
	echo(line, key);
	if (line_has(line, ECHOK))
		echo(line, '\n');
}

/* ---- input ---- */

/* Returns false if there is no room; the last place is for the end of a line. */
static bool add(struct line_model *line, unsigned what)
{
	if (line->n >= LDISC_ROOM - (what > LINE_BYTE ? 0 : 1))
		return false;
	if (line->n == line->whole)
		line->line_column = line->column;
	line->text[line->n++] = what;
	return true;
}

static void end_line(struct line_model *line, unsigned what, bool is_shown)
{
	if (is_shown)
		echo(line, (uint8_t)what);
	add(line, what);
	line->whole = line->n;
}

static void plain(struct line_model *line, uint8_t key)
{
	if (!add(line, key))
		return;
	if (line_has(line, ECHO))
		echo(line, key);
	if (!line_has(line, ICANON))
		line->whole = line->n;
}

static void canonical(struct line_model *line, uint8_t key)
{
	bool extended = line_has(line, IEXTEN);

	if (line_is(line, key, VERASE))
		erase_char(line, key);
	else if (line_is(line, key, VKILL))
		kill_line(line, key);
	else if (extended && line_is(line, key, VWERASE))
		erase_word(line);
	else if (extended && line_is(line, key, VLNEXT))
		line->literal = true;
	else if (key == '\n')
		end_line(line, key | LINE_ENDS, line_has(line, ECHO | ECHONL));
	else if (line_is(line, key, VEOF))
		end_line(line, LINE_NO_BYTE | LINE_ENDS, false);
	else if (line_is(line, key, VEOL) || (extended && line_is(line, key, VEOL2)))
		end_line(line, key | LINE_ENDS, line_has(line, ECHO));
	else
		plain(line, key);
}

static bool is_signal(const struct line_model *line, uint8_t key)
{
	return line_has(line, ISIG) && (line_is(line, key, VINTR) || line_is(line, key, VQUIT) ||
					line_is(line, key, VSUSP));
}

static bool is_flow(const struct line_model *line, uint8_t key)
{
	return line->termios.c_iflag & IXON &&
	       (line_is(line, key, VSTART) || line_is(line, key, VSTOP));
}

bool line_urgent(const struct line_model *line, uint8_t key, bool *signal)
{
	if (line->termios.c_iflag & ISTRIP)
		key &= 0x7f;
	*signal = is_signal(line, key);
	return *signal || is_flow(line, key);
}

unsigned line_type(struct line_model *line, uint8_t key)
{
	uint32_t iflag = line->termios.c_iflag;
	bool was_literal = line->literal;

	line->echo.n = 0;
	line->literal = false;
	if (iflag & ISTRIP)
		key &= 0x7f;
	if (was_literal) {
		plain(line, key);
		return 0;
	}
	if (is_flow(line, key)) {
		line->stopped = !line_is(line, key, VSTART);
		return line->stopped ? 0 : LDISC_RESUMED;
	}
	if (is_signal(line, key)) {
		if (!line_has(line, NOFLSH))
			line->n = line->whole = 0;
		if (line_has(line, ECHO))
			echo(line, key);
		line->stopped = false;
		return LDISC_RESUMED | (line_is(line, key, VINTR)   ? LDISC_INTERRUPT
					: line_is(line, key, VQUIT) ? LDISC_QUIT
								    : LDISC_SUSPEND);
	}
	if (key == '\r' && iflag & IGNCR)
		return 0;
	if (key == '\r' && iflag & ICRNL)
		key = '\n';
	else if (key == '\n' && iflag & INLCR)
		key = '\r';
	if (line_has(line, ICANON))
		canonical(line, key);
	else
		plain(line, key);
	return 0;
}

/* A single line that is not whole is never in the way of the key that ends it. */
static bool has_room_for(const struct line_model *line, size_t n)
{
	return (line_has(line, ICANON) && line->whole == 0) || line->n + n < LDISC_ROOM;
}

bool line_room(const struct line_model *line)
{
	return has_room_for(line, 1);
}

bool line_much_room(const struct line_model *line)
{
	return has_room_for(line, LDISC_ROOM / 2);
}

/* ---- programs ---- */

size_t line_read(struct line_model *line, uint8_t *to, size_t n, bool *end)
{
	bool lines = line_has(line, ICANON), ended = false;
	size_t at = 0, got = 0;

	/* An end of file behind the last byte is taken with it. In raw mode it reads as a NUL. */
	while (at < line->whole && !ended &&
	       (got < n || (line->text[at] & LINE_NO_BYTE && lines))) {
		unsigned what = line->text[at++];

		if (!(what & LINE_NO_BYTE && lines))
			to[got++] = (uint8_t)what;
		ended = what & LINE_ENDS && lines;
	}
	memmove(line->text, line->text + at, (line->n - at) * sizeof(line->text[0]));
	line->n -= at;
	line->whole -= at;
	*end = ended || line->whole == 0;
	return got;
}

void line_flush(struct line_model *line)
{
	line->n = line->whole = 0;
	line->literal = false;
}

/* Lines become bytes at once; bytes stay whole where lines begin again. */
void line_set(struct line_model *line, const struct abi_termios *termios)
{
	const uint32_t iflags = IGNBRK | BRKINT | IGNPAR | PARMRK | INPCK | ISTRIP | INLCR | IGNCR |
				ICRNL | IXON | IMAXBEL | IUTF8,
		       oflags = OPOST | ONLCR | OCRNL | ONOCR | ONLRET,
		       lflags = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHONL | NOFLSH | TOSTOP |
				ECHOCTL | ECHOKE | IEXTEN;

	if (line_has(line, ICANON) && !(termios->c_lflag & ICANON))
		line->whole = line->n;
	line->termios.c_iflag = termios->c_iflag & iflags;
	line->termios.c_oflag = termios->c_oflag & oflags;
	line->termios.c_lflag = termios->c_lflag & lflags;
	memcpy(line->termios.c_cc, termios->c_cc, sizeof(termios->c_cc));
	line->stopped &= (termios->c_iflag & IXON) != 0;
}
