/* SPDX-License-Identifier: MIT */
/* The implemented actions of the system call syslog. */
#pragma once

#define SYSLOG_ACTION_CLOSE	  0
#define SYSLOG_ACTION_OPEN	  1
#define SYSLOG_ACTION_READ_ALL	  3
#define SYSLOG_ACTION_SIZE_BUFFER 10
