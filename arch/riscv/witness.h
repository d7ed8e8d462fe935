/* SPDX-License-Identifier: MIT */
/* The kernel's promise to a firmware that looks for missing fences. */
#pragma once

/*
 * Promises such a firmware, if there is one, that no fence is owed at any return to user mode. Called
 * once, at boot.
 */
void witness_start(void);
