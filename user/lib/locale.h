/* SPDX-License-Identifier: MIT */
/* The language of messages that the environment asks for. */
#pragma once

#include <stdbool.h>

bool locale_is_chinese(void);
