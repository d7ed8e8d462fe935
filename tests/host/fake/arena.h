/* SPDX-License-Identifier: MIT */
/* What the fake machine asks of the host, in plain C types. */
#pragma once

#include <stdbool.h>

/* Set before the arena is made: a child of fork() has a copy of it, and the vmap area shows nothing, whatever is asked. */
extern bool fake_arena_copied;

/* A fresh arena of that size and an empty vmap area. */
void fake_arena_make(unsigned long size, unsigned long vmap_size);

/* Shows `size` bytes of the arena from offset on at va of the vmap area; hides what is there. */
void fake_arena_show(unsigned long va, unsigned long offset, unsigned long size, bool writable);
void fake_arena_hide(unsigned long va, unsigned long size);
