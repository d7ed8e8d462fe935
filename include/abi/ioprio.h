/* SPDX-License-Identifier: MIT */
/* Priorities of requests to disks: a class, and data whose low bits are the level. */
#pragma once

#define IOPRIO_CLASS_SHIFT 13

#define IOPRIO_CLASS_NONE 0
#define IOPRIO_CLASS_RT	  1
#define IOPRIO_CLASS_BE	  2
#define IOPRIO_CLASS_IDLE 3

#define IOPRIO_LEVELS 8

/* What ioprio_get and ioprio_set apply to. */
#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_WHO_PGRP	   2
#define IOPRIO_WHO_USER	   3
