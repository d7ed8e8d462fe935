/* SPDX-License-Identifier: MIT */
/* Delivers signals on the way to user mode: handlers, stops, kills, and restarted system calls. */
#pragma once

#include "linux/signal/signal.h"

/* Acts on signals before the return to user mode. Returns unless one kills the process. */
void signal_user_return(struct trap_frame *frame);
