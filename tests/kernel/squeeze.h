/* SPDX-License-Identifier: MIT */
/* Takes memory away, so that a test soon comes to the end of it. */
#pragma once

#include "lib/types.h"

struct page;
struct relief;

/* Lists of pages: NULL is an empty one. squeeze_push() puts a page in front. */
struct page *squeeze_push(struct page *list, struct page *page);
struct page *squeeze_next(const struct page *page);

/* Takes memory in large blocks until few frames are left. Returns a list of them. */
struct page *squeeze(size_t frames_left);

/* Takes all that is left but the reserve, too. Returns the longer list. */
struct page *squeeze_all(struct page *list);

/* Gives all back. */
void squeeze_end(struct page *list);

/* relieve(), as if no more frames were free than the low watermark. */
int relieve_when_low(struct relief *relief);
