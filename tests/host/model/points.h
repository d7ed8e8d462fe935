/* SPDX-License-Identifier: MIT */
/* The systematic parts of the model's test: each prints TAP and gives the exit status. */
#pragma once

/*
 * Every verb stopped at each of its pauses, and every wait answered late, early, and after the world
 * has changed: with work of every kind and a kill there.
 */
int points_of_scenes(void);

/*
 * Accesses, reclaim and swapoff with pages in swap, stopped also where they take and release locks: with one
 * in `step` of the things above at each of these points.
 */
int points_of_woven(unsigned step);

/* The model forgets a rule: it must be found, and shrunk to a few lines that show it. */
int points_of_shrinker(void);
