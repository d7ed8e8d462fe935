/* SPDX-License-Identifier: MIT */
/* Gives back what is kept only for speed, before free memory is compared. */
#pragma once

/*
 * Empties caches of frames and slabs. Clean cached file pages go too where their object can fill
 * them again.
 */
void mm_trim(void);
