/* SPDX-License-Identifier: MIT */
/* System V IPC: what the rest of the kernel needs of all three kinds. */
#pragma once

/* Called once during boot, before there is a process. */
void sysv_init(void);

/* For the ledger: the references that identifiers have. */
void sysv_find_held(void);
