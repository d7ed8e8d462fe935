/* Runs what a line asks for, in the foreground. */
#pragma once

#include "sh/parse.h"

/* Waits until all programs of it have ended: the last one's status, 128 + signal if that killed it. */
int run(struct pipeline *pipeline);
