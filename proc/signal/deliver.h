/* SPDX-License-Identifier: MIT */
/* On the way to user mode: handlers, stops, ends, and system calls that are made again. */
#pragma once

#include "proc/signal/signal.h"

/*
 * Something is to be done for signals before user mode: acts on it; returns unless the process
 * ends.
 */
void signal_user_return(struct trap_frame *frame);
