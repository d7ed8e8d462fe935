/* SPDX-License-Identifier: MIT */
/* Memory that stays when the process that wrote to it has died. */
#pragma once

#include <stddef.h>

void *shared_memory(size_t size);
