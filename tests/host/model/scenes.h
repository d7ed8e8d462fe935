/* SPDX-License-Identifier: MIT */
/* What is stopped, and what happens meanwhile: the tables of the systematic test. */
#pragma once

#include <stdbool.h>

/* A script whose last line is stopped; it must have so many pauses at least. */
struct scene {
	const char *name;
	const char *setup;
	unsigned least;
};

extern const struct scene scenes[]; /* ended by a name of NULL */

/* Operations that run at each pause, one at a time. */
extern const char *const scene_meanwhile[];
unsigned scene_meanwhile_count(const struct scene *scene);

bool scene_has_swap(const struct scene *scene);

/* And what is tried in the end. */
extern const char scene_afterwards[];
