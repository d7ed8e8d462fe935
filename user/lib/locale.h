/* SPDX-License-Identifier: MIT */
/* Which language the environment asks for. */
#pragma once

#include <stdbool.h>

bool locale_is_chinese(void);
