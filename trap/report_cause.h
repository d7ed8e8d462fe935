/* SPDX-License-Identifier: MIT */
/* Why an access was refused, as far as where it went tells, in words. */
#pragma once

#include "trap/report_place.h"

/* Room for any cause. */
#define REASON_TEXT_MAX 120

/* right: one of RIGHT_*; outcome: what vm_fault() answered. Pure. */
void cause_text(const struct place *place, unsigned right, int outcome, char *buf, size_t size);
