/* SPDX-License-Identifier: MIT */
/* Waiting for a key, and for what else changes what is shown meanwhile. */
#pragma once

#include <stdbool.h>

enum event { EVENT_KEY, EVENT_WINDOW, EVENT_CHILD, EVENT_TIME };

/* From now on nothing of this interrupts anything but event_wait(). */
void events_begin(void);

/*
 * A key: there is something to read, or its end. The window's size, or a child's state, has changed.
 * A moment has passed, where `restless`.
 */
enum event event_wait(bool restless);

/* In a child: the signals are as programs expect them. */
void events_end(void);
