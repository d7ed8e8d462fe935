/* SPDX-License-Identifier: MIT */
/* The line discipline: what keys do to lines, to the screen and to readers. */
#include <string.h>

#include "lib/tty/ldisc.h"
#include "tests/host/lib/test.h"

static struct ldisc ldisc;
static char screen[65536];
static size_t shown;
static unsigned events;

static void start(void)
{
	ldisc_init(&ldisc, false);
	shown = 0;
	events = 0;
}

static void key(char byte)
{
	struct ldisc_echo echo;

	events |= ldisc_input(&ldisc, (uint8_t)byte, &echo);
	assert_true(shown + echo.n < sizeof(screen));
	memcpy(screen + shown, echo.bytes, echo.n);
	shown += echo.n;
}

static void type(const char *keys)
{
	for (; *keys; keys++)
		key(*keys);
}

static void expect_screen(const char *what)
{
	assert_int_equal(strlen(what), shown);
	assert_memory_equal(what, screen, shown);
}

/* Reads up to n bytes as a program would. */
static void expect_read(size_t n, const char *what, bool end)
{
	uint8_t bytes[8192];
	bool got_end;
	size_t got = ldisc_read(&ldisc, bytes, n, &got_end);

	assert_int_equal(strlen(what), got);
	assert_memory_equal(what, bytes, got);
	assert_int_equal(end, got_end);
}

/* A console that stands for streams: every byte passes but VEOF and VLNEXT, nothing is shown. */
TEST(plain_line_is_bytes)
{
	start();
	ldisc_init(&ldisc, true);
	type("a\r\003\b\tb\n");
	expect_read(100, "a\r\003\b\tb\n", true);
	type("\026\004\026\026x\004");
	expect_read(100, "\004\026x", true);
	key('\004');
	expect_read(100, "", true);
	assert_true(ldisc_available(&ldisc) == 0);
	expect_screen("");
}

TEST(line_is_read_when_it_ends)
{
	start();
	type("ab");
	assert_int_equal(0, ldisc_available(&ldisc));
	assert_int_equal(0, events);
	key('\r');
	assert_int_equal(LDISC_READABLE, events);
	expect_screen("ab\r\n");
	expect_read(100, "ab\n", true);
}

TEST(one_line_a_read)
{
	start();
	type("one\ntwo\n");
	expect_read(100, "one\n", true);
	expect_read(2, "tw", false);
	expect_read(100, "o\n", true);
	assert_int_equal(0, ldisc_available(&ldisc));
}

TEST(end_of_file)
{
	start();
	key('\004');
	assert_true(ldisc_available(&ldisc) != 0);
	expect_read(100, "", true);
	type("abc\004");
	expect_screen("abc");
	/* Also where the bytes just fill the buffer: the next read must not see another end. */
	expect_read(3, "abc", true);
	assert_int_equal(0, ldisc_available(&ldisc));
}

TEST(erase)
{
	start();
	type("x\177\177ab\177c\n");
	expect_screen("x\b \bab\b \bc\r\n");
	expect_read(100, "ac\n", true);
}

TEST(erase_leaves_ended_lines)
{
	start();
	type("a\n\177\177\025b\n");
	expect_read(100, "a\n", true);
	expect_read(100, "b\n", true);
}

TEST(erase_control_and_tab)
{
	start();
	type("\001\177");
	expect_screen("^A\b \b\b \b");
	shown = 0;
	type("ab\t\177");
	expect_screen("ab\t\b \b\b \b\b \b\b \b\b \b\b \b");
}

TEST(erase_utf8)
{
	struct abi_termios termios;

	start();
	termios = ldisc.termios;
	termios.c_iflag |= IUTF8;
	ldisc_set_termios(&ldisc, &termios);
	type("a\303\244\177\n");
	expect_screen("a\303\244\b \b\r\n");
	expect_read(100, "a\n", true);
}

TEST(kill_line)
{
	start();
	type("abc\025d\n");
	expect_screen("abc\b \b\b \b\b \bd\r\n");
	expect_read(100, "d\n", true);
}

TEST(kill_long_line)
{
	start();
	for (unsigned i = 0; i < 1000; i++)
		key('y');
	shown = 0;
	key('\025');
	expect_screen("^U\r\n");
	type("z\n");
	expect_read(100, "z\n", true);
}

TEST(erase_word)
{
	start();
	type("cp one two  \027x\n");
	expect_read(100, "cp one x\n", true);
	type("\027\027\n");
	expect_read(100, "\n", true);
}

TEST(interrupt_throws_input_away)
{
	start();
	type("a\nbc\003");
	assert_true(events & LDISC_INTERRUPT);
	expect_screen("a\r\nbc^C");
	assert_int_equal(0, ldisc_available(&ldisc));
	type("d\n");
	expect_read(100, "d\n", true);
}

TEST(quit_and_no_signals)
{
	struct abi_termios termios;

	start();
	key('\034');
	assert_int_equal(LDISC_QUIT | LDISC_RESUMED, events);
	termios = ldisc.termios;
	termios.c_lflag &= ~(uint32_t)ISIG;
	ldisc_set_termios(&ldisc, &termios);
	events = 0;
	type("\003\n");
	assert_int_equal(LDISC_READABLE, events);
	expect_read(100, "\003\n", true);
}

TEST(literal_next)
{
	start();
	type("a\026\003b\n");
	assert_false(events & LDISC_INTERRUPT);
	expect_read(100, "a\003b\n", true);
}

TEST(stop_and_go)
{
	start();
	key('\023');
	assert_true(ldisc.stopped);
	key('\021');
	assert_false(ldisc.stopped);
	assert_int_equal(LDISC_RESUMED, events);
	expect_screen("");
	assert_int_equal(0, ldisc_available(&ldisc));
}

/* Who cannot see why nothing comes presses these; the signal's program could not write its last words. */
TEST(what_else_starts_output)
{
	static const uint8_t keys[] = { '\003', '\034', '\032' };
	struct abi_termios termios;

	start();
	for (unsigned noflsh = 0; noflsh < 2; noflsh++) {
		for (unsigned i = 0; i < sizeof(keys); i++) {
			key('\023');
			events = 0;
			key(keys[i]);
			assert_false(ldisc.stopped);
			assert_true(events & LDISC_RESUMED);
		}
		termios = ldisc.termios;
		termios.c_lflag |= NOFLSH;
		ldisc_set_termios(&ldisc, &termios);
	}
	key('\023');
	type("x\r\n\004"); /* there is no IXANY */
	assert_true(ldisc.stopped);
	termios.c_lflag &= ~(uint32_t)ISIG;
	ldisc_set_termios(&ldisc, &termios);
	key('\003');
	assert_true(ldisc.stopped);
	termios.c_iflag &= ~(uint32_t)IXON;
	ldisc_set_termios(&ldisc, &termios);
	assert_false(ldisc.stopped);
	key('\023');
	assert_false(ldisc.stopped);
}

TEST(raw_mode)
{
	struct abi_termios termios;

	start();
	type("typed");
	termios = ldisc.termios;
	termios.c_lflag &= ~(uint32_t)(ICANON | ECHO | ISIG | IEXTEN);
	termios.c_iflag &= ~(uint32_t)(ICRNL | IXON);
	ldisc_set_termios(&ldisc, &termios);
	shown = 0;
	type("\003\r\177\004");
	expect_screen("");
	expect_read(7, "typed\003\r", false);
	expect_read(100, "\177\004", true);
}

TEST(raw_mode_hands_over_what_was_typed)
{
	struct abi_termios termios;

	start();
	type("ab");
	assert_int_equal(0, ldisc_available(&ldisc));
	termios = ldisc.termios;
	termios.c_lflag &= ~ICANON;
	ldisc_set_termios(&ldisc, &termios);
	assert_int_equal(2, ldisc_available(&ldisc));
	key('c');
	expect_read(8, "abc", true);
}

/* What a program is told of must be there for it: a read that skips it would wait for more. */
TEST(end_of_file_is_nul_in_raw_mode)
{
	struct abi_termios termios;

	start();
	type("a\004\004b\004");
	termios = ldisc.termios;
	termios.c_lflag &= ~ICANON;
	ldisc_set_termios(&ldisc, &termios);
	assert_int_equal(5, ldisc_available(&ldisc));
	for (unsigned i = 0; i < 5; i++) {
		uint8_t byte = 0xff;
		bool end;

		assert_int_equal(1, ldisc_read(&ldisc, &byte, 1, &end));
		assert_int_equal("a\0\0b\0"[i], byte);
		assert_int_equal(i == 4, end);
	}
}

TEST(full_line)
{
	uint8_t bytes[LDISC_ROOM];
	bool end;

	start();
	for (unsigned i = 0; i < 2 * LDISC_ROOM; i++)
		key('y');
	shown = 0;
	key('\n');
	assert_int_equal(LDISC_ROOM, ldisc_read(&ldisc, bytes, sizeof(bytes), &end));
	assert_true(end);
	assert_int_equal('\n', bytes[LDISC_ROOM - 1]);
}

TEST(output)
{
	struct abi_termios termios;
	uint8_t to[LDISC_EXPAND_MAX];

	start();
	assert_int_equal(2, ldisc_output(&ldisc, '\n', to));
	assert_memory_equal("\r\n", to, 2);
	assert_int_equal(1, ldisc_output(&ldisc, 0, to));
	assert_int_equal(0, to[0]);
	termios = ldisc.termios;
	termios.c_oflag &= ~(uint32_t)OPOST;
	ldisc_set_termios(&ldisc, &termios);
	assert_int_equal(1, ldisc_output(&ldisc, '\n', to));
	assert_memory_equal("\n", to, 1);
}
