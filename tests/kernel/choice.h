/* SPDX-License-Identifier: MIT */
/* Which in-kernel tests run: those that the word test= of the command line names. */
#pragma once

#include "tests/kernel/glob.h"
#include "tests/kernel/ktest.h"

/* Is the test to be run? */
bool choice_has(const struct ktest *test);

/* Finds a pattern of test= that matches no test. Returns false if there is none. */
bool choice_unknown(struct glob *ret);

/* Returns the test whose name is most like a pattern, or NULL, and records the next ones. */
const struct ktest *choice_suggest(struct glob glob);
