/* SPDX-License-Identifier: MIT */
/* A page of its own for who writes to a private mapping. */
#pragma once

#include "mm/fault.h"

/* Gets a copy of the page that the entry holds: 0, and it is fault->page; FAULT_PREPARE. => locks held */
int cow_get(struct fault *fault);
