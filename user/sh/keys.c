/* SPDX-License-Identifier: MIT */
/* Reads keys. Unknown escape sequences are read to their end too, so that none enters the line. */
#include "sh/keys.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define ESCAPE 0x1b

static int keys_read_byte(void)
{
	unsigned char byte;
	ssize_t n;

	do
		n = read(STDIN_FILENO, &byte, 1);
	while (n < 0 && errno == EINTR);
	return n == 1 ? byte : KEY_END_OF_INPUT;
}

static int by_letter(int letter)
{
	switch (letter) {
	case 'A':
		return KEY_UP;
	case 'B':
		return KEY_DOWN;
	case 'C':
		return KEY_RIGHT;
	case 'D':
		return KEY_LEFT;
	case 'H':
		return KEY_HOME;
	case 'F':
		return KEY_END;
	default:
		return KEY_NONE;
	}
}

static int by_number(int number)
{
	switch (number) {
	case 1:
	case 7:
		return KEY_HOME;
	case 4:
	case 8:
		return KEY_END;
	case 3:
		return KEY_DELETE;
	default:
		return KEY_NONE;
	}
}

#define NUMBERS	   2 /* the first numbers of a sequence, which are used; more are ignored */
#define NUMBER_MAX 9999

static unsigned size[NUMBERS];

static int keys_take_size(const unsigned *numbers)
{
	if (!numbers[0] || !numbers[1])
		return KEY_NONE;
	size[0] = numbers[0];
	size[1] = numbers[1];
	return KEY_SIZE;
}

void key_size(unsigned *rows_ret, unsigned *columns_ret)
{
	*rows_ret = size[0];
	*columns_ret = size[1];
}

/*
 * Reads the rest of a sequence after ESC [: numbers, and one byte that ends it. A control byte also
 * ends it and is returned as a key.
 */
static int keys_read_sequence(void)
{
	unsigned numbers[NUMBERS] = { 0 }, last = 0, n = 0;
	int byte;

	for (;;) {
		byte = keys_read_byte();
		if (byte < 0x20)
			return byte;
		if (byte >= '0' && byte <= '9')
			last = (last * 10 + (unsigned)byte - '0') % (NUMBER_MAX + 1);
		if (byte < 0x40 && byte != ';')
			continue;
		if (n < NUMBERS)
			numbers[n++] = last;
		if (byte == '~')
			return by_number((int)numbers[0]);
		if (byte == 'R')
			return keys_take_size(numbers);
		if (byte != ';')
			return by_letter(byte);
		last = 0;
	}
}

bool key_waits(void)
{
	int n;

	return ioctl(STDIN_FILENO, FIONREAD, &n) == 0 && n > 0;
}

int key_read(void)
{
	int byte = keys_read_byte();

	if (byte != ESCAPE)
		return byte;
	do
		byte = keys_read_byte();
	while (byte == ESCAPE);
	if (byte == '[')
		return keys_read_sequence();
	if (byte == 'O') {
		byte = keys_read_byte();
		return byte < 0x20 ? byte : by_letter(byte);
	}
	return byte < 0x20 ? byte : KEY_NONE;
}
