/* SPDX-License-Identifier: MIT */
/* The line discipline: signals, editing and lines from input; reads of lines or bytes. */
#include "fs/tty/ldisc.h"

#include "fs/tty/ldisc_edit.h"
#include "lib/bits.h"
#include "lib/string.h"

#define IFLAGS (ISTRIP | INLCR | IGNCR | ICRNL | IXON | IUTF8)
#define OFLAGS (OPOST | ONLCR | OCRNL | ONOCR | ONLRET)
#define LFLAGS                                                                                \
	(ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHONL | NOFLSH | TOSTOP | ECHOCTL | ECHOKE | \
	 IEXTEN)

/* Linux's for a new terminal, less what is not honoured. */
void ldisc_init(struct ldisc *ldisc)
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
}

/* Is byte the control character of that index? NUL stands for none. */
static bool is_key(const struct ldisc *ldisc, uint8_t byte, unsigned index)
{
	return byte != 0 && byte == ldisc->termios.c_cc[index];
}

static bool has_lflag(const struct ldisc *ldisc, uint32_t flag)
{
	return (ldisc->termios.c_lflag & flag) != 0;
}

void ldisc_flush_input(struct ldisc *ldisc)
{
	ldisc->read = ldisc->commit = ldisc->write = 0;
	ldisc->literal = false;
}

static bool append(struct ldisc *ldisc, uint16_t entry)
{
	/* The last slot is kept for the end of the line. */
	unsigned room = entry > UINT8_MAX ? LDISC_ROOM : LDISC_ROOM - 1;

	if (ldisc->write - ldisc->read >= room)
		return false;
	if (ldisc->write == ldisc->commit)
		ldisc->line_start = ldisc->column;
	*ldisc_slot(ldisc, ldisc->write++) = entry;
	return true;
}

/* A byte that stands for itself. */
static unsigned take_plain(struct ldisc *ldisc, uint8_t byte, struct ldisc_echo *echo)
{
	if (!append(ldisc, byte))
		return 0;
	if (has_lflag(ldisc, ECHO))
		ldisc_echo_byte(ldisc, echo, byte);
	if (ldisc_canonical(ldisc))
		return 0;
	ldisc->commit = ldisc->write;
	return LDISC_READABLE;
}

static unsigned end_line(struct ldisc *ldisc, uint16_t entry)
{
	append(ldisc, entry);
	ldisc->commit = ldisc->write;
	return LDISC_READABLE;
}

/* ^C, ^\ and ^Z: 0 where it is none of them. */
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
		ldisc_echo_byte(ldisc, echo, byte);
	ldisc->stopped = false;
	return event | LDISC_RESUMED;
}

/* Keys that edit the line. false: it is none. */
static bool take_edit(struct ldisc *ldisc, uint8_t byte, struct ldisc_echo *echo)
{
	bool extended = has_lflag(ldisc, IEXTEN);

	if (is_key(ldisc, byte, VERASE)) {
		ldisc_erase_char(ldisc, echo, byte);
	} else if (is_key(ldisc, byte, VKILL)) {
		ldisc_erase_line(ldisc, echo, byte);
	} else if (extended && is_key(ldisc, byte, VWERASE)) {
		ldisc_erase_word(ldisc, echo);
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
			ldisc_echo_byte(ldisc, echo, byte);
		return end_line(ldisc, byte | MARK_END);
	}
	if (is_key(ldisc, byte, VEOF))
		return end_line(ldisc, MARK_EOF);
	if (is_key(ldisc, byte, VEOL) || (has_lflag(ldisc, IEXTEN) && is_key(ldisc, byte, VEOL2))) {
		if (has_lflag(ldisc, ECHO))
			ldisc_echo_byte(ldisc, echo, byte);
		return end_line(ldisc, byte | MARK_END);
	}
	return take_plain(ldisc, byte, echo);
}

/* ^S and ^Q. false: it is neither. */
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

/* What ICRNL and its kin make of the byte. false: nothing at all. */
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
		uint16_t entry = *ldisc_slot(ldisc, ldisc->read);
		/* In raw mode it is a NUL, as on Linux: a read may not wait where there is input. */
		bool eof = (entry & MARK_EOF) && canonical;

		/*
		 * An end of file just behind the bytes belongs to them, even where there is no room
		 * for more.
		 */
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

void ldisc_set_termios(struct ldisc *ldisc, const struct abi_termios *termios)
{
	bool was_canonical = ldisc_canonical(ldisc);

	ldisc->termios.c_iflag = termios->c_iflag & IFLAGS;
	ldisc->termios.c_oflag = termios->c_oflag & OFLAGS;
	ldisc->termios.c_lflag = termios->c_lflag & LFLAGS;
	memcpy(ldisc->termios.c_cc, termios->c_cc, sizeof(termios->c_cc));
	/* What was being typed can be read at once in raw mode. */
	if (was_canonical && !ldisc_canonical(ldisc))
		ldisc->commit = ldisc->write;
	if (!(ldisc->termios.c_iflag & IXON))
		ldisc->stopped = false;
}
