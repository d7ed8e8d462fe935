/* SPDX-License-Identifier: MIT */
/* The ChaCha20 block function (RFC 8439's, with a 64-bit counter). */
#include "lib/chacha.h"

static uint32_t load32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void store32(uint8_t *p, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static inline uint32_t rotate(uint32_t v, unsigned n)
{
	return v << n | v >> (32 - n);
}

/* A macro, so that all sixteen words stay in registers. */
#define QUARTER(a, b, c, d)              \
	do {                             \
		a += b;                  \
		d = rotate(d ^ (a), 16); \
		c += d;                  \
		b = rotate(b ^ (c), 12); \
		a += b;                  \
		d = rotate(d ^ (a), 8);  \
		c += d;                  \
		b = rotate(b ^ (c), 7);  \
	} while (0)

/* Twenty rounds: ten times four columns and four diagonals. */
static void scramble(uint32_t s[16])
{
	uint32_t s0 = s[0], s1 = s[1], s2 = s[2], s3 = s[3], s4 = s[4], s5 = s[5], s6 = s[6];
	uint32_t s7 = s[7], s8 = s[8], s9 = s[9], s10 = s[10], s11 = s[11], s12 = s[12];
	uint32_t s13 = s[13], s14 = s[14], s15 = s[15];

	for (unsigned i = 0; i < 10; i++) {
		QUARTER(s0, s4, s8, s12);
		QUARTER(s1, s5, s9, s13);
		QUARTER(s2, s6, s10, s14);
		QUARTER(s3, s7, s11, s15);
		QUARTER(s0, s5, s10, s15);
		QUARTER(s1, s6, s11, s12);
		QUARTER(s2, s7, s8, s13);
		QUARTER(s3, s4, s9, s14);
	}
	s[0] = s0, s[1] = s1, s[2] = s2, s[3] = s3, s[4] = s4, s[5] = s5, s[6] = s6, s[7] = s7;
	s[8] = s8, s[9] = s9, s[10] = s10, s[11] = s11, s[12] = s12, s[13] = s13;
	s[14] = s14, s[15] = s15;
}

void chacha_block(const uint8_t key[CHACHA_KEY_BYTES], uint64_t counter,
		  uint8_t block[CHACHA_BLOCK_BYTES])
{
	/* "expand 32-byte k" */
	uint32_t first[16] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 }, state[16];

	for (unsigned i = 0; i < 8; i++)
		first[4 + i] = load32(key + 4 * i);
	first[12] = (uint32_t)counter;
	first[13] = (uint32_t)(counter >> 32);
	for (unsigned i = 0; i < 16; i++)
		state[i] = first[i];
	scramble(state);
	for (unsigned i = 0; i < 16; i++)
		store32(block + 4 * i, state[i] + first[i]);
}
