/* SPDX-License-Identifier: MIT */
/* A process's file system state: descriptors, the working directory, the umask. */
#pragma once

/* Sets process_fs of proc/process.h. Call once at boot, when the root directory exists. */
void process_fs_init(void);
