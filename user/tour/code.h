/* SPDX-License-Identifier: MIT */
/* The pages of text that only stop 4 may touch, so that none is mapped before it. */
#pragma once

#define CODE_PAGES 48

const char *code_start(void);
