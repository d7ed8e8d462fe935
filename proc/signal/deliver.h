/* SPDX-License-Identifier: MIT */
/* Delivers signals on the way to user mode: handlers, stops, kills, and restarted system calls. */
#pragma once

#include "proc/signal/signal.h"

/*
 * Acts on the signals of the running process before it returns to user mode. Does not return if a
 * signal kills the process.
 */
void signal_user_return(struct trap_frame *frame);
