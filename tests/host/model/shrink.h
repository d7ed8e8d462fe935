/* SPDX-License-Identifier: MIT */
/* Makes a script that fails short: leaves out what it fails without. */
#pragma once

#include "run.h"

/*
 * Shrinks run->script, which failed with run->why, as far as `runs` tries go. False: by itself, in
 * a fresh process, it does not fail.
 */
bool shrink(struct run *run, unsigned runs);
