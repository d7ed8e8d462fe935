/* SPDX-License-Identifier: MIT */
/* A terminal's keys: what lib/tty/ldisc.c lets programs read, against the model of tests/host/terminal. */

/*
 * An input: keys, and, behind the byte FF, what is not a key:
 *   FF 01 N       reads up to N bytes
 *   FF 02 BYTE    a program writes this byte
 *   FF 03 I L O   other flags: bits of the tables below
 *   FF 04 INDEX BYTE   another control character
 *   FF 05         input is thrown away
 *   FF FF         the key FF
 */
#include "fuzz.h"
#include "lib/string.h"
#include "lib/tty/ldisc.h"
#include "terminal/line.h"

static const uint32_t iflags[8] = { ISTRIP, INLCR, IGNCR, ICRNL, IXON, IUTF8 };
static const uint32_t lflags[8] = { ISIG,  ICANON, ECHO,   ECHOE,
				    ECHOK, NOFLSH, IEXTEN, ECHONL | ECHOCTL | ECHOKE };
static const uint32_t oflags[8] = { OPOST, ONLCR, OCRNL, ONOCR, ONLRET };

/* The other terminal. */
static struct line_model line;

static struct ldisc ldisc;

/* Keys that need no room: those that do something at once. */
static void check_urgent(uint8_t key)
{
	bool is_signal, their_signal;

	fuzz_equal(ldisc_is_urgent(&ldisc, key, &is_signal),
		   line_urgent(&line, key, &their_signal));
	fuzz_equal(is_signal, their_signal);
	if (line.termios.c_iflag & ISTRIP)
		key &= 0x7f;
	fuzz_equal(ldisc_is_quote(&ldisc, key), line_has(&line, ICANON) &&
							line_has(&line, IEXTEN) &&
							line_is(&line, key, VLNEXT));
}

static void check_room(void)
{
	fuzz_equal(ldisc_has_room(&ldisc), line_room(&line));
	fuzz_equal(ldisc_has_much_room(&ldisc), line_much_room(&line));
}

static void do_key(uint8_t key)
{
	struct ldisc_echo echo;
	size_t whole = line.whole;
	unsigned events;

	check_urgent(key);
	events = ldisc_input(&ldisc, key, &echo);

	fuzz_check(echo.n <= LDISC_ECHO_MAX);
	fuzz_equal(events & ~LDISC_READABLE, line_type(&line, key));
	fuzz_check(line.whole <= whole || events & LDISC_READABLE);
	fuzz_equal(ldisc.stopped, line.stopped);
	fuzz_equal(echo.n, line.echo.n);
	fuzz_check(memcmp(echo.bytes, line.echo.bytes, echo.n) == 0);
}

static void do_read(size_t n)
{
	uint8_t ours[UINT8_MAX], theirs[UINT8_MAX];
	bool end, their_end;
	size_t got = ldisc_read(&ldisc, ours, n, &end);

	fuzz_equal(got, line_read(&line, theirs, n, &their_end));
	fuzz_check(got <= n && memcmp(ours, theirs, got) == 0);
	fuzz_equal(end, their_end);
}

static void do_write(uint8_t byte)
{
	uint8_t ours[LDISC_EXPAND_MAX], theirs[LDISC_EXPAND_MAX];
	size_t n = ldisc_output(&ldisc, byte, ours);

	fuzz_equal(n, line_write(&line, byte, theirs));
	fuzz_check(memcmp(ours, theirs, n) == 0);
	fuzz_equal(ldisc.column, line.column);
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

	termios.c_iflag = pick(iflags, i);
	termios.c_lflag = pick(lflags, l);
	termios.c_oflag = pick(oflags, o);
	ldisc_set_termios(&ldisc, &termios);
	line_set(&line, &termios);
}

static void do_character(uint8_t index, uint8_t byte)
{
	struct abi_termios termios = ldisc.termios;

	termios.c_cc[index % sizeof(termios.c_cc)] = byte;
	ldisc_set_termios(&ldisc, &termios);
	line_set(&line, &termios);
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
		line_flush(&line);
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
	memset(&line, 0, sizeof(line));
	line_set(&line, &ldisc.termios);
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
		fuzz_equal(ldisc.write - ldisc.read, line.n);
		fuzz_equal(ldisc_available(&ldisc), line.whole);
		check_room();
	}
	do_read(UINT8_MAX);
	return size > 0;
}
