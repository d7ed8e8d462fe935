/* SPDX-License-Identifier: MIT */
/* Keys: single bytes, and escape sequences of several bytes. */
#pragma once

#include <stdbool.h>

/* A key up to 0xff is the byte itself. */
enum {
	KEY_END_OF_INPUT = -1,
	KEY_LEFT = 0x100,
	KEY_RIGHT,
	KEY_UP,
	KEY_DOWN,
	KEY_HOME,
	KEY_END,
	KEY_DELETE,
	KEY_SIZE, /* not a key: the terminal's answer with its cursor's position */
	KEY_NONE
};

#define CONTROL(letter) ((letter)&0x1f)
#define KEY_ERASE	0x7f

/* Has more been typed already? Then the row need not be drawn before the next key. */
bool key_waits(void);

/* Waits for a key. Returns KEY_NONE for a sequence without a meaning here. */
int key_read(void);

/* Stores the values of the last KEY_SIZE, each from 1 to 9999. */
void key_size(unsigned *rows_ret, unsigned *columns_ret);
