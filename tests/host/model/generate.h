/* SPDX-License-Identifier: MIT */
/* Random operations that make sense where the model stands. */
#pragma once

#include "script.h"

#include <stdint.h>

/* Begins a sequence of numbers that is the same in every run. */
void generate_seed(uint64_t seed, bool woven);

/* Makes one operation; and those that run at its pauses: how many, at most `room`. */
size_t generate(struct op *ops, size_t room);
