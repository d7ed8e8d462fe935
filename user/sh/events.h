/* SPDX-License-Identifier: MIT */
/* Waits for a key, a change of the window's size, a child event or a time-out. */
#pragma once

#include <stdbool.h>

enum event { EVENT_KEY, EVENT_WINDOW, EVENT_CHILD, EVENT_TIME };

/* Installs the handlers and blocks the signals. From now on they interrupt only events_wait(). */
void events_begin(void);

/*
 * Waits for an event. EVENT_KEY: there is input, or its end. EVENT_WINDOW: the window's size has
 * changed. EVENT_CHILD: a child's state has changed. EVENT_TIME: only if `restless`; 0.3 seconds
 * have passed.
 */
enum event events_wait(bool restless);

/* Restores the signals' default actions and mask. Call it in a child before it runs a program. */
void events_end(void);
