/* SPDX-License-Identifier: MIT */
/* The Linux layer's: flags of pidfd_open and pidfd_send_signal. */
#pragma once

#include "abi/fcntl.h"

#define PIDFD_NONBLOCK O_NONBLOCK
#define PIDFD_THREAD   O_EXCL /* stays among the flags of the open file */

#define PIDFD_SIGNAL_THREAD	   1
#define PIDFD_SIGNAL_THREAD_GROUP  2
#define PIDFD_SIGNAL_PROCESS_GROUP 4
