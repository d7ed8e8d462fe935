/* SPDX-License-Identifier: MIT */
/* A page of its own for who writes to a private mapping. */
#pragma once

#include "mm/fault.h"

/*
 * Makes the topped-up frame a copy of fault->source, or zeros where that is NULL. Always 0.
 * => no spinning lock held; source is referenced, so that it stays what it is
 */
int cow_copy(struct fault *fault);
