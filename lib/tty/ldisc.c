/* SPDX-License-Identifier: MIT */
/* The line discipline: echo, line editing and signal keys on input; reads of lines or bytes. */
#include "lib/tty/ldisc.h"

#include "lib/bits.h"
#include "lib/string.h"

/* Breaks and bad parity never come, and IMAXBEL has no effect, as on Linux: these are kept for who looks whether it has what it asked for. */
#define IFLAGS                                                                               \
	(IGNBRK | BRKINT | IGNPAR | PARMRK | INPCK | ISTRIP | INLCR | IGNCR | ICRNL | IXON | \
	 IMAXBEL | IUTF8)
#define OFLAGS (OPOST | ONLCR | OCRNL | ONOCR | ONLRET)
#define LFLAGS                                                                                \
	(ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHONL | NOFLSH | TOSTOP | ECHOCTL | ECHOKE | \
	 IEXTEN)

/* Marks in an entry of the ring. */
#define MARK_END 0x100u /* the last entry of a line */
#define MARK_EOF 0x200u /* no byte but an end of file, which ends the line too */

#define TAB_WIDTH 8u
#define DEL	  0x7f

/* Linux's defaults for a new terminal, without the flags that are not implemented. */
void ldisc_init(struct ldisc *ldisc, bool plain)
{
	static const struct abi_termios defaults = {
		.c_iflag = ICRNL | IXON,
		.c_oflag = OPOST | ONLCR,
		.c_cflag = B38400 | CS8 | CREAD | HUPCL,
		.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
		.c_cc = {
			[VINTR] = 003, [VQUIT] = 034, [VERASE] = 0177, [VKILL] = 025, [VEOF] = 004,
			[VMIN] = 1, [VSTART] = 021, [VSTOP] = 023, [VSUSP] = 032, [VWERASE] = 027,
			[VREPRINT] = 022, [VDISCARD] = 017, [VLNEXT] = 026,
		},
	};

	memset(ldisc, 0, sizeof(*ldisc));
	ldisc->termios = defaults;
	if (!plain)
		return;
	ldisc->termios.c_iflag = 0;
	ldisc->termios.c_oflag = 0;
	ldisc->termios.c_lflag = ICANON | IEXTEN;
}

/* Is byte the control character of that index? A NUL in c_cc disables the key. */
static bool is_key(const struct ldisc *ldisc, uint8_t byte, unsigned index)
{
	return byte != 0 && byte == ldisc->termios.c_cc[index];
}

static bool has_lflag(const struct ldisc *ldisc, uint32_t flag)
{
	return (ldisc->termios.c_lflag & flag) != 0;
}

static uint16_t *slot(struct ldisc *ldisc, unsigned at)
{
	return &ldisc->ring[at % LDISC_RING];
}

/* ---- output and echo ---- */

/* Returns the column of the cursor after the byte has been shown. */
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
	/* Control characters and UTF-8 continuation bytes do not move the cursor. */
	if (byte < ' ' || byte == DEL ||
	    ((byte & 0xc0) == 0x80 && (ldisc->termios.c_iflag & IUTF8)))
		return column;
	return column + 1;
}

static size_t ldisc_show(struct ldisc *ldisc, uint8_t byte, uint8_t *to)
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
		return ldisc_show(ldisc, byte, to);
	if (byte == '\r' && (oflag & ONOCR) && ldisc->column == 0)
		return 0;
	if (byte == '\r' && (oflag & OCRNL))
		byte = '\n';
	else if (byte == '\n' && (oflag & ONLCR))
		n = ldisc_show(ldisc, '\r', to);
	return n + ldisc_show(ldisc, byte, to + n);
}

size_t ldisc_output_plain(struct ldisc *ldisc, const uint8_t *from, size_t n)
{
	size_t plain = 0;

	while (plain < n && from[plain] >= ' ' && from[plain] < DEL)
		plain++;
	ldisc->column += (unsigned)plain;
	return plain;
}

static UNCHECKED inline bool is_control(uint8_t byte)
{
	return byte < ' ' || byte == DEL;
}

/* Is it echoed as ^X where ECHOCTL is set? */
static UNCHECKED inline bool is_caret(uint8_t byte)
{
	return is_control(byte) && byte != '\t' && byte != '\n';
}

static bool has_caret(const struct ldisc *ldisc, uint8_t byte)
{
	return is_caret(byte) && has_lflag(ldisc, ECHOCTL);
}

static void ldisc_put(struct ldisc *ldisc, struct ldisc_echo *echo, uint8_t byte)
{
	if (echo->n + LDISC_EXPAND_MAX <= LDISC_ECHO_MAX)
		echo->n += ldisc_output(ldisc, byte, echo->bytes + echo->n);
}

static void echo_byte(struct ldisc *ldisc, struct ldisc_echo *echo, uint8_t byte)
{
	if (has_caret(ldisc, byte)) {
		ldisc_put(ldisc, echo, '^');
		byte ^= 0x40;
	}
	ldisc_put(ldisc, echo, byte);
}

/* ---- line editing ---- */

/*
 * Returns the column of the cursor after the line's bytes from `at` to `end`, exclusive. They may be
 * many, so the usual ones come first.
 */
static UNCHECKED unsigned column_behind(const struct ldisc *ldisc, unsigned column, unsigned at,
					unsigned end)
{
	bool carets = has_lflag(ldisc, ECHOCTL);

	for (; at != end; at++) {
		uint8_t byte = (uint8_t)ldisc->ring[at % LDISC_RING];

		if (byte >= ' ' && byte < DEL)
			column++;
		else if (carets && is_caret(byte))
			column += 2;
		else
			column = column_after(ldisc, column, byte);
	}
	return column;
}

/* Returns the position of the line's last character, which may be several bytes long. */
static unsigned last_char(struct ldisc *ldisc)
{
	unsigned at = ldisc->write - 1;

	if (ldisc->termios.c_iflag & IUTF8)
		while (at != ldisc->commit && (*slot(ldisc, at) & 0xc0) == 0x80)
			at--;
	return at;
}

/* Shortens the line to `end` and blanks the rest on the screen. */
static void cut_line(struct ldisc *ldisc, struct ldisc_echo *echo, unsigned end)
{
	unsigned from = column_behind(ldisc, ldisc->line_start, ldisc->commit, end);
	unsigned to = column_behind(ldisc, from, end, ldisc->write);
	unsigned width = to > from ? to - from : 0;

	ldisc->write = end;
	if (!has_lflag(ldisc, ECHO))
		return;
	for (; width != 0; width--) {
		ldisc_put(ldisc, echo, '\b');
		ldisc_put(ldisc, echo, ' ');
		ldisc_put(ldisc, echo, '\b');
	}
	ldisc->column = from;
}

static void erase_char(struct ldisc *ldisc, struct ldisc_echo *echo, uint8_t key)
{
	if (ldisc->write == ldisc->commit)
		return;
	if (has_lflag(ldisc, ECHOE)) {
		cut_line(ldisc, echo, last_char(ldisc));
		return;
	}
	ldisc->write = last_char(ldisc);
	if (has_lflag(ldisc, ECHO))
		echo_byte(ldisc, echo, key);
}

static bool is_word(uint16_t entry)
{
	uint8_t byte = (uint8_t)entry;

	return byte == '_' || byte >= 0x80 || (byte >= '0' && byte <= '9') ||
	       ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z');
}

static void erase_word(struct ldisc *ldisc, struct ldisc_echo *echo)
{
	unsigned end = ldisc->write;

	while (end != ldisc->commit && !is_word(*slot(ldisc, end - 1)))
		end--;
	while (end != ldisc->commit && is_word(*slot(ldisc, end - 1)))
		end--;
	cut_line(ldisc, echo, end);
}

static void erase_line(struct ldisc *ldisc, struct ldisc_echo *echo, uint8_t key)
{
	const uint32_t visually = ECHO | ECHOE | ECHOK | ECHOKE;
	uint32_t lflag = ldisc->termios.c_lflag;

	if (ldisc->write == ldisc->commit)
		return;
	/* The line stays on the screen if erasing it takes more than one echo can hold. */
	if ((lflag & visually) == visually &&
	    (ldisc->write - ldisc->commit) * 2 * 3 <= LDISC_ECHO_MAX) {
		cut_line(ldisc, echo, ldisc->commit);
		return;
	}
	ldisc->write = ldisc->commit;
	if (lflag & ECHO)
		echo_byte(ldisc, echo, key);
	if ((lflag & (ECHO | ECHOK)) == (ECHO | ECHOK))
		echo_byte(ldisc, echo, '\n');
}

/* ---- input ---- */

void ldisc_flush_input(struct ldisc *ldisc)
{
	ldisc->read = ldisc->commit = ldisc->write;
	ldisc->literal = false;
}

static bool ldisc_append(struct ldisc *ldisc, uint16_t entry)
{
	/* The last slot is reserved for the end of the line. */
	unsigned room = entry > UINT8_MAX ? LDISC_ROOM : LDISC_ROOM - 1;

	if (ldisc->write - ldisc->read >= room)
		return false;
	if (ldisc->write == ldisc->commit)
		ldisc->line_start = ldisc->column;
	*slot(ldisc, ldisc->write++) = entry;
	return true;
}

/* Adds a byte without special meaning. */
static unsigned take_plain(struct ldisc *ldisc, uint8_t byte, struct ldisc_echo *echo)
{
	if (!ldisc_append(ldisc, byte))
		return 0;
	if (has_lflag(ldisc, ECHO))
		echo_byte(ldisc, echo, byte);
	if (ldisc_canonical(ldisc))
		return 0;
	ldisc->commit = ldisc->write;
	return LDISC_READABLE;
}

static unsigned end_line(struct ldisc *ldisc, uint16_t entry)
{
	ldisc_append(ldisc, entry);
	ldisc->commit = ldisc->write;
	return LDISC_READABLE;
}

/* Returns the event of the keys ^C, ^\ and ^Z, or 0 for other bytes. */
static unsigned signal_of(const struct ldisc *ldisc, uint8_t byte)
{
	if (!has_lflag(ldisc, ISIG))
		return 0;
	return is_key(ldisc, byte, VINTR)   ? LDISC_INTERRUPT
	       : is_key(ldisc, byte, VQUIT) ? LDISC_QUIT
	       : is_key(ldisc, byte, VSUSP) ? LDISC_SUSPEND
					    : 0;
}

static unsigned take_signal(struct ldisc *ldisc, uint8_t byte, struct ldisc_echo *echo)
{
	unsigned event = signal_of(ldisc, byte);

	if (event == 0)
		return 0;
	if (!has_lflag(ldisc, NOFLSH))
		ldisc_flush_input(ldisc);
	if (has_lflag(ldisc, ECHO))
		echo_byte(ldisc, echo, byte);
	ldisc->stopped = false;
	return event | LDISC_RESUMED;
}

/* Handles the keys that edit the line. Returns false for other bytes. */
static bool take_edit(struct ldisc *ldisc, uint8_t byte, struct ldisc_echo *echo)
{
	bool extended = has_lflag(ldisc, IEXTEN);

	if (is_key(ldisc, byte, VERASE)) {
		erase_char(ldisc, echo, byte);
	} else if (is_key(ldisc, byte, VKILL)) {
		erase_line(ldisc, echo, byte);
	} else if (extended && is_key(ldisc, byte, VWERASE)) {
		erase_word(ldisc, echo);
	} else if (extended && is_key(ldisc, byte, VLNEXT)) {
		ldisc->literal = true;
	} else {
		return false;
	}
	return true;
}

static unsigned take_canonical(struct ldisc *ldisc, uint8_t byte, struct ldisc_echo *echo)
{
	if (take_edit(ldisc, byte, echo))
		return 0;
	if (byte == '\n') {
		if (has_lflag(ldisc, ECHO | ECHONL))
			echo_byte(ldisc, echo, byte);
		return end_line(ldisc, byte | MARK_END);
	}
	if (is_key(ldisc, byte, VEOF))
		return end_line(ldisc, MARK_EOF);
	if (is_key(ldisc, byte, VEOL) || (has_lflag(ldisc, IEXTEN) && is_key(ldisc, byte, VEOL2))) {
		if (has_lflag(ldisc, ECHO))
			echo_byte(ldisc, echo, byte);
		return end_line(ldisc, byte | MARK_END);
	}
	return take_plain(ldisc, byte, echo);
}

/* Handles ^S and ^Q. Returns false for other bytes. */
static bool take_flow(struct ldisc *ldisc, uint8_t byte, unsigned *events)
{
	if (!(ldisc->termios.c_iflag & IXON))
		return false;
	if (is_key(ldisc, byte, VSTART)) {
		ldisc->stopped = false;
		*events = LDISC_RESUMED;
	} else if (is_key(ldisc, byte, VSTOP)) {
		ldisc->stopped = true;
	} else {
		return false;
	}
	return true;
}

/* Applies IGNCR, ICRNL and INLCR to the byte. Returns false if it is dropped. */
static bool translate(const struct ldisc *ldisc, uint8_t *byte)
{
	uint32_t iflag = ldisc->termios.c_iflag;

	if (*byte == '\r' && (iflag & IGNCR))
		return false;
	if (*byte == '\r' && (iflag & ICRNL))
		*byte = '\n';
	else if (*byte == '\n' && (iflag & INLCR))
		*byte = '\r';
	return true;
}

unsigned ldisc_input(struct ldisc *ldisc, uint8_t byte, struct ldisc_echo *echo)
{
	unsigned events = 0;

	echo->n = 0;
	if (ldisc->termios.c_iflag & ISTRIP)
		byte &= 0x7f;
	if (ldisc->literal) {
		ldisc->literal = false;
		return take_plain(ldisc, byte, echo);
	}
	if (take_flow(ldisc, byte, &events))
		return events;
	events = take_signal(ldisc, byte, echo);
	if (events != 0 || !translate(ldisc, &byte))
		return events;
	return ldisc_canonical(ldisc) ? take_canonical(ldisc, byte, echo)
				      : take_plain(ldisc, byte, echo);
}

static bool has_room_for(const struct ldisc *ldisc, unsigned n)
{
	if (ldisc_canonical(ldisc) && ldisc->commit == ldisc->read)
		return true;
	return ldisc->write - ldisc->read + n < LDISC_ROOM;
}

bool ldisc_has_room(const struct ldisc *ldisc)
{
	return has_room_for(ldisc, 1);
}

bool ldisc_has_much_room(const struct ldisc *ldisc)
{
	return has_room_for(ldisc, LDISC_ROOM / 2);
}

bool ldisc_is_urgent(const struct ldisc *ldisc, uint8_t byte, bool *signal_ret)
{
	if (ldisc->termios.c_iflag & ISTRIP)
		byte &= 0x7f;
	*signal_ret = signal_of(ldisc, byte) != 0;
	return *signal_ret || ((ldisc->termios.c_iflag & IXON) &&
			       (is_key(ldisc, byte, VSTART) || is_key(ldisc, byte, VSTOP)));
}

bool ldisc_is_quote(const struct ldisc *ldisc, uint8_t byte)
{
	return ldisc_canonical(ldisc) && has_lflag(ldisc, IEXTEN) && is_key(ldisc, byte, VLNEXT);
}

/* Removes n bytes at index `at`. */
static void held_drop(struct ldisc_held *held, size_t at, size_t n)
{
	held->n -= (uint16_t)n;
	memmove(held->bytes + at, held->bytes + at + n, held->n - at);
}

bool ldisc_held_take(struct ldisc_held *held, const struct ldisc *ldisc, uint8_t *byte_ret)
{
	bool is_signal = false;
	size_t at = 0;

	if (held->n != 0 && !ldisc_has_room(ldisc))
		while (at < held->n && ((at != 0 && ldisc_is_quote(ldisc, held->bytes[at - 1])) ||
					!ldisc_is_urgent(ldisc, held->bytes[at], &is_signal)))
			at++;
	if (at == held->n)
		return false;
	*byte_ret = held->bytes[at];
	if (is_signal && ldisc_signal_flushes(ldisc))
		held_drop(held, 0, at + 1);
	else
		held_drop(held, at, 1);
	return true;
}

/* ---- reads and settings ---- */

size_t ldisc_available(const struct ldisc *ldisc)
{
	return ldisc->commit - ldisc->read;
}

size_t ldisc_read(struct ldisc *ldisc, uint8_t *to, size_t n, bool *end_ret)
{
	bool canonical = ldisc_canonical(ldisc);
	bool end = false;
	size_t done = 0;

	while (!end && ldisc->read != ldisc->commit) {
		uint16_t entry = *slot(ldisc, ldisc->read);
		/* In raw mode it reads as NUL, as on Linux: a read with input must not wait. */
		bool eof = (entry & MARK_EOF) && canonical;

		/* An end of file directly after the bytes is taken too, even if `to` is full. */
		if (done == n && !eof)
			break;
		ldisc->read++;
		if (!eof)
			to[done++] = (uint8_t)entry;
		end = (entry & (MARK_END | MARK_EOF)) != 0 && canonical;
	}
	*end_ret = end || ldisc->read == ldisc->commit;
	return done;
}

void ldisc_read_again(const struct ldisc *ldisc, unsigned from, bool canonical, uint8_t *to,
		      size_t n)
{
	for (size_t done = 0; done < n; from++) {
		uint16_t entry = ldisc->ring[from % LDISC_RING];

		if (!(entry & MARK_EOF) || !canonical)
			to[done++] = (uint8_t)entry;
	}
}

void ldisc_set_termios(struct ldisc *ldisc, const struct abi_termios *termios)
{
	bool was_canonical = ldisc_canonical(ldisc);

	ldisc->termios.c_iflag = termios->c_iflag & IFLAGS;
	ldisc->termios.c_oflag = termios->c_oflag & OFLAGS;
	ldisc->termios.c_lflag = termios->c_lflag & LFLAGS;
	memcpy(ldisc->termios.c_cc, termios->c_cc, sizeof(termios->c_cc));
	/* In raw mode the unfinished line can be read at once. */
	if (was_canonical && !ldisc_canonical(ldisc))
		ldisc->commit = ldisc->write;
	if (!(ldisc->termios.c_iflag & IXON))
		ldisc->stopped = false;
}
