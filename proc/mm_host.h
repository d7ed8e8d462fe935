/* SPDX-License-Identifier: MIT */
/* What mm/ asks of those who own threads (mm/host.h), answered. */
#pragma once

/* Boot, with the scheduler: sets mm_host. */
void mm_host_init(void);
