/* SPDX-License-Identifier: MIT */
/* The boot option journal=KIB. */
#pragma once

/* Starts the journal (record/journal.h). Without memory for it, the log says so, and nothing is recorded. */
void boot_journal(void);
