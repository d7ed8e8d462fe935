/* SPDX-License-Identifier: MIT */
/* How the meter reads the counters: the faults first or last, so that the reading is not measured. */
#pragma once

#include "tour.h"

void count_faults(struct counts *ret);
void count_rest(struct counts *ret);
