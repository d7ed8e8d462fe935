/* SPDX-License-Identifier: MIT */
/* The signals that refused accesses and instructions become. */
#pragma once

#include "base/os_layer.h"

/* Hooks of base/os_layer.def. */
bool signal_of_refusal(enum refusal why, vaddr_t addr);
void signal_end_refused(enum refusal why);
const char *signal_name_of_refusal(enum refusal why);
int signal_refused_now(void);
