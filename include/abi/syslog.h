/* SPDX-License-Identifier: MIT */
/* Actions of the system call syslog, those that are built. */
#pragma once

#define SYSLOG_ACTION_CLOSE	  0
#define SYSLOG_ACTION_OPEN	  1
#define SYSLOG_ACTION_READ_ALL	  3
#define SYSLOG_ACTION_SIZE_BUFFER 10
