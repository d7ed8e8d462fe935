/* SPDX-License-Identifier: MIT */
/* Which in-kernel tests run: those that the word test= of the command line names. */
#pragma once

#include "tests/kernel/glob.h"
#include "tests/kernel/ktest.h"

/* Is the test to be run? */
bool choice_has(const struct ktest *test);

/* Finds a pattern of test= that is for no test. => false: there is none */
bool choice_unknown(struct glob *ret);

/* Finds the test whose name is most like a pattern, and notes the next ones. => NULL: none is like it */
const struct ktest *choice_suggest(struct glob glob);
