/* SPDX-License-Identifier: MIT */
/* Names of addresses of the running program, from its file's symbols. */
#pragma once

#include "lib/types.h"

/* Enough bytes for any name with its offset. */
#define SYMBOL_TEXT_MAX 80

/*
 * Writes " <name+0x12>" where the running image's file has a symbol for addr, else an empty string.
 * addr lies in a mapping of that file. Returns true if the symbol is a variable's. Call in a
 * process, without a spinning lock; may wait.
 */
bool symbol_text(vaddr_t addr, char *buf, size_t size);
