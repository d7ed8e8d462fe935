/* SPDX-License-Identifier: MIT */
/* System calls of a traced thread: with all its registers in the frame, and with stops before and after. */
#pragma once

struct trap_frame;

/* Has the call made in trap_user_return(). Returns what is its result until then. */
long traced_call_later(struct trap_frame *frame);
