/* SPDX-License-Identifier: MIT */
/* Waiting for a key, and for what else changes what is shown meanwhile. */
#pragma once

enum event { EVENT_KEY, EVENT_WINDOW, EVENT_CHILD };

/* From now on nothing of this interrupts anything but event_wait(). */
void events_begin(void);

/* A key: there is something to read, or its end. The window's size, or a child's state, has changed. */
enum event event_wait(void);

/* In a child: the signals are as programs expect them. */
void events_end(void);
