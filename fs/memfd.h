/* Files without a name, in memory. */
#pragma once

#include "proc/file.h"

/* An empty file open for reading and writing; NULL: out of memory. */
struct file *memfd_file_create(void);
