/* SPDX-License-Identifier: MIT */
/* The likely cause of a refused access in words, as its address tells it. */
#pragma once

#include "trap/report_place.h"

/* Enough bytes for any cause. */
#define REASON_TEXT_MAX 120

/*
 * Writes the likely cause. right: the access, one of VM_PROT_*; outcome: what vm_fault() returned;
 * kind: of which fault (enum fault_kind). Takes no lock and reads nothing but place.
 */
void cause_text(const struct place *place, unsigned right, int outcome, unsigned kind, char *buf,
		size_t size);
