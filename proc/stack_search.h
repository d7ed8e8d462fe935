/* SPDX-License-Identifier: MIT */
/* Finds what threads that wait refer to: the ledger's last resort (hardened build only). */
#pragma once

#include "lib/types.h"

/*
 * Returns how many words on the kernel stacks of all threads but the running one, and in their saved
 * registers, are addresses in [start, end). A reference that a thread holds while it waits is
 * among them. Call with no other thread running.
 */
size_t stack_search(uintptr_t start, uintptr_t end);
