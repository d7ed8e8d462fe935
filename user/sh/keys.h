/* SPDX-License-Identifier: MIT */
/* What was typed: bytes, and the keys that come as several. */
#pragma once

#include <stdbool.h>

/* Up to 0xff: a byte as it is. */
enum {
	KEY_END_OF_INPUT = -1,
	KEY_LEFT = 0x100,
	KEY_RIGHT,
	KEY_UP,
	KEY_DOWN,
	KEY_HOME,
	KEY_END,
	KEY_DELETE,
	KEY_SIZE, /* no key: the terminal's answer to where its cursor is */
	KEY_NONE
};

#define CONTROL(letter) ((letter)&0x1f)
#define KEY_ERASE	0x7f

/* More has been typed already: what is shown now will not be looked at. */
bool key_waits(void);

/* Waits for a key. KEY_NONE: one that means nothing here. */
int key_read(void);

/* What the last KEY_SIZE has told: from 1 to 9999. */
void key_size(unsigned *rows_ret, unsigned *columns_ret);
