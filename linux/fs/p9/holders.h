/* SPDX-License-Identifier: MIT */
/* What sessions with 9P servers refer to. */
#pragma once

/* For the ledger: finds what the sessions and their requests refer to. */
void p9_sessions_find_held(void);
