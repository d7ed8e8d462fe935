/* SPDX-License-Identifier: MIT */
/* A terminal's keys: what fs/ldisc lets programs read, against a terminal that keeps its lines as text. */

/*
 * An input: keys, and, behind the byte FF, what is not a key:
 *   FF 01 N       reads up to N bytes
 *   FF 02 BYTE    a program writes this byte
 *   FF 03 I L O   other flags: bits of the tables below
 *   FF 04 INDEX BYTE   another control character
 *   FF 05         input is thrown away
 *   FF FF         the key FF
 */
#include "fs/tty/ldisc.h"
#include "fuzz.h"
#include "lib/string.h"

static const uint32_t iflags[8] = { ISTRIP, INLCR, IGNCR, ICRNL, IXON, IUTF8 };
static const uint32_t lflags[8] = { ISIG,  ICANON, ECHO,   ECHOE,
				    ECHOK, NOFLSH, IEXTEN, ECHONL | ECHOCTL | ECHOKE };
static const uint32_t oflags[8] = { OPOST, ONLCR, OCRNL, ONOCR, ONLRET };

/* Marks behind a byte's value. */
#define ENDS	  0x100u
#define NO_BYTE	  0x200u
#define BYTE_MASK 0xffu

/* The other terminal: all that was typed and not read, the line under edit behind `whole`. */
static struct {
	unsigned text[LDISC_ROOM];
	size_t n, whole;
	bool literal, stopped;
} tty;

static struct ldisc ldisc;

static bool has(uint32_t flag)
{
	return (ldisc.termios.c_lflag & flag) != 0;
}

static bool is(uint8_t key, unsigned index)
{
	return key != 0 && key == ldisc.termios.c_cc[index];
}

static void add(unsigned what)
{
	if (tty.n < LDISC_ROOM - (what > BYTE_MASK ? 0 : 1))
		tty.text[tty.n++] = what;
}

static bool word_char(unsigned c)
{
	return c >= 0x80 || c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

static void erase_char(void)
{
	if (tty.n == tty.whole)
		return;
	tty.n--;
	if (ldisc.termios.c_iflag & IUTF8)
		while (tty.n > tty.whole && (tty.text[tty.n] & 0xc0) == 0x80)
			tty.n--;
}

static void erase_word(void)
{
	while (tty.n > tty.whole && !word_char(tty.text[tty.n - 1] & BYTE_MASK))
		tty.n--;
	while (tty.n > tty.whole && word_char(tty.text[tty.n - 1] & BYTE_MASK))
		tty.n--;
}

static void end_line(unsigned what)
{
	add(what);
	tty.whole = tty.n;
}

static void plain(uint8_t key)
{
	add(key);
	if (!has(ICANON))
		tty.whole = tty.n;
}

static void canonical(uint8_t key)
{
	if (is(key, VERASE))
		erase_char();
	else if (is(key, VKILL))
		tty.n = tty.whole;
	else if (has(IEXTEN) && is(key, VWERASE))
		erase_word();
	else if (has(IEXTEN) && is(key, VLNEXT))
		tty.literal = true;
	else if (key == '\n')
		end_line(key | ENDS);
	else if (is(key, VEOF))
		end_line(NO_BYTE | ENDS);
	else if (is(key, VEOL) || (has(IEXTEN) && is(key, VEOL2)))
		end_line(key | ENDS);
	else
		plain(key);
}

/* Types a key. Returns the flags that are expected, except LDISC_READABLE. */
static unsigned type(uint8_t key)
{
	uint32_t iflag = ldisc.termios.c_iflag;
	bool was_literal = tty.literal;

	if (iflag & ISTRIP)
		key &= 0x7f;
	tty.literal = false;
	if (was_literal) {
		plain(key);
		return 0;
	}
	if (iflag & IXON && (is(key, VSTART) || is(key, VSTOP))) {
		tty.stopped = !is(key, VSTART);
		return tty.stopped ? 0 : LDISC_RESUMED;
	}
	if (has(ISIG) && (is(key, VINTR) || is(key, VQUIT) || is(key, VSUSP))) {
		if (!has(NOFLSH))
			tty.n = tty.whole = 0;
		tty.stopped = false;
		return LDISC_RESUMED | (is(key, VINTR)	 ? LDISC_INTERRUPT
					: is(key, VQUIT) ? LDISC_QUIT
							 : LDISC_SUSPEND);
	}
	if (key == '\r' && iflag & IGNCR)
		return 0;
	if (key == '\r' && iflag & ICRNL)
		key = '\n';
	else if (key == '\n' && iflag & INLCR)
		key = '\r';
	if (has(ICANON))
		canonical(key);
	else
		plain(key);
	return 0;
}

/* Keys that need no room: those that do something at once. */
static void check_urgent(uint8_t key)
{
	bool is_signal, urgent = ldisc_is_urgent(&ldisc, key, &is_signal);

	if (ldisc.termios.c_iflag & ISTRIP)
		key &= 0x7f;
	fuzz_equal(is_signal, has(ISIG) && (is(key, VINTR) || is(key, VQUIT) || is(key, VSUSP)));
	fuzz_equal(urgent, is_signal || (ldisc.termios.c_iflag & IXON &&
					 (is(key, VSTART) || is(key, VSTOP))));
	fuzz_equal(ldisc_is_quote(&ldisc, key), has(ICANON) && has(IEXTEN) && is(key, VLNEXT));
}

static void check_room(void)
{
	bool needs_none = has(ICANON) && tty.whole == 0;

	fuzz_equal(ldisc_has_room(&ldisc), needs_none || tty.n + 1 < LDISC_ROOM);
	fuzz_equal(ldisc_has_much_room(&ldisc), needs_none || tty.n + LDISC_ROOM / 2 < LDISC_ROOM);
}

static void do_key(uint8_t key)
{
	struct ldisc_echo echo;
	size_t whole = tty.whole;
	unsigned events;

	check_urgent(key);
	events = ldisc_input(&ldisc, key, &echo);

	fuzz_check(echo.n <= LDISC_ECHO_MAX);
	fuzz_equal(events & ~LDISC_READABLE, type(key));
	fuzz_check(tty.whole <= whole || events & LDISC_READABLE);
	fuzz_equal(ldisc.stopped, tty.stopped);
}

/* Up to n bytes of one line; in raw mode of all, an end of file being a NUL. */
static size_t read_text(uint8_t *to, size_t n, bool *end_ret)
{
	size_t at = 0, got = 0;
	bool end = false;

	while (at < tty.whole && !end && (got < n || (tty.text[at] & NO_BYTE && has(ICANON)))) {
		unsigned what = tty.text[at++];

		if (!(what & NO_BYTE && has(ICANON)))
			to[got++] = (uint8_t)what;
		end = what & ENDS && has(ICANON);
	}
	memmove(tty.text, tty.text + at, (tty.n - at) * sizeof(tty.text[0]));
	tty.n -= at;
	tty.whole -= at;
	*end_ret = end || tty.whole == 0;
	return got;
}

static void do_read(size_t n)
{
	uint8_t ours[UINT8_MAX], theirs[UINT8_MAX];
	bool end, their_end;
	size_t got = ldisc_read(&ldisc, ours, n, &end);

	fuzz_equal(got, read_text(theirs, n, &their_end));
	fuzz_check(got <= n && memcmp(ours, theirs, got) == 0);
	fuzz_equal(end, their_end);
}

/* What a byte of a program's looks like, the column being known. */
static void do_write(uint8_t byte)
{
	uint32_t oflag = ldisc.termios.c_oflag;
	bool first = ldisc.column == 0;
	uint8_t to[LDISC_EXPAND_MAX] = { 0 };
	size_t n = ldisc_output(&ldisc, byte, to);

	if (!(oflag & OPOST) || (byte != '\r' && byte != '\n'))
		fuzz_check(n == 1 && to[0] == byte);
	else if (byte == '\n' && oflag & ONLCR)
		fuzz_check(n == 2 && to[0] == '\r' && to[1] == '\n');
	else if (byte == '\r' && oflag & ONOCR && first)
		fuzz_check(n == 0);
	else
		fuzz_check(n == 1 && to[0] == (oflag & OCRNL ? '\n' : byte));
}

static uint32_t pick(const uint32_t flags[8], uint8_t bits)
{
	uint32_t picked = 0;

	for (unsigned i = 0; i < 8; i++)
		picked |= bits & 1u << i ? flags[i] : 0;
	return picked;
}

static void do_flags(uint8_t i, uint8_t l, uint8_t o)
{
	struct abi_termios termios = ldisc.termios;

	/* Lines become bytes at once; bytes stay whole where lines begin again. */
	if (has(ICANON) && !(pick(lflags, l) & ICANON))
		tty.whole = tty.n;
	termios.c_iflag = pick(iflags, i);
	termios.c_lflag = pick(lflags, l);
	termios.c_oflag = pick(oflags, o);
	ldisc_set_termios(&ldisc, &termios);
	tty.stopped &= (termios.c_iflag & IXON) != 0;
}

static void do_character(uint8_t index, uint8_t byte)
{
	struct abi_termios termios = ldisc.termios;

	termios.c_cc[index % sizeof(termios.c_cc)] = byte;
	ldisc_set_termios(&ldisc, &termios);
}

static void do_other(const uint8_t *op)
{
	switch (op[0]) {
	case 1:
		do_read(op[1]);
		break;
	case 2:
		do_write(op[1]);
		break;
	case 3:
		do_flags(op[1], op[2], op[3]);
		break;
	case 4:
		do_character(op[1], op[2]);
		break;
	case 5:
		ldisc_flush_input(&ldisc);
		tty.n = tty.whole = 0;
		tty.literal = false;
		break;
	case 0xff:
		do_key(0xff);
		break;
	default:
		break;
	}
}

bool fuzz_one(const uint8_t *data, size_t size)
{
	static const uint8_t length[] = { 1, 2, 2, 4, 3, 1 };
	uint8_t op[4];

	ldisc_init(&ldisc, false);
	memset(&tty, 0, offsetof(__typeof__(tty), stopped) + 1);
	for (size_t at = 0; at < size;) {
		if (data[at++] != 0xff) {
			do_key(data[at - 1]);
		} else {
			for (size_t i = 0; i < sizeof(op); i++)
				op[i] = at + i < size ? data[at + i] : 0;
			do_other(op);
			at += op[0] < sizeof(length) ? length[op[0]] : 1;
		}
		fuzz_check(ldisc.write - ldisc.read <= LDISC_ROOM);
		fuzz_equal(ldisc.write - ldisc.read, tty.n);
		fuzz_equal(ldisc_available(&ldisc), tty.whole);
		check_room();
	}
	do_read(UINT8_MAX);
	return size > 0;
}
