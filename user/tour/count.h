/* SPDX-License-Identifier: MIT */
/* The counters, for the meter. It reads the faults closest to the code that it measures. */
#pragma once

#include "tour.h"

/*
 * Reading the other counters may fault. So call count_rest() before tour_count_faults() at the start of
 * a measurement, and after it at the end.
 */
void tour_count_faults(struct counts *ret);
void count_rest(struct counts *ret);
