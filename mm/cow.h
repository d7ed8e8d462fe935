/* A page of its own for who writes to a private mapping. */
#pragma once

#include "mm/fault.h"

/*
 * Makes fault->page a copy of fault->source in the topped-up frame. Always 0. => no spinning lock
 * held; source is referenced, so that it stays what it is
 */
int cow_copy(struct fault *fault);
