/* SPDX-License-Identifier: MIT */
/* The pages of text that only the stop about them may touch. */
#pragma once

#define CODE_PAGES 48

const char *code_start(void);
