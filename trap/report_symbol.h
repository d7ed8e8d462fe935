/* SPDX-License-Identifier: MIT */
/* Addresses of the running program by the names that its file has for them. */
#pragma once

#include "lib/types.h"

/* Room for any name with its offset. */
#define SYMBOL_TEXT_MAX 80

/*
 * " <name+0x12>" where the running image's file has a symbol there, else nothing. addr: in a
 * mapping of that file. => true: it is a variable's; in a process; no spinning lock held; may wait
 */
bool symbol_text(vaddr_t addr, char *buf, size_t size);
