/* SPDX-License-Identifier: MIT */
/* The ChaCha20 block function (RFC 8439's, with a 64-bit counter). */
#include "lib/chacha.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are kept as they are");

/* Of the words only the lower half counts: so the compiler need not extend their signs. */
static inline uint64_t rotate(uint64_t v, unsigned n)
{
	return v << n | (uint32_t)v >> (32 - n);
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

void chacha_make(const struct chacha_key *key, uint64_t counter, struct chacha_block *block)
{
	/* "expand 32-byte k" */
	const uint32_t k0 = 0x61707865, k1 = 0x3320646e, k2 = 0x79622d32, k3 = 0x6b206574;
	const uint32_t *k = key->word;
	const uint32_t low = (uint32_t)counter, high = (uint32_t)(counter >> 32);
	uint64_t s0 = k0, s1 = k1, s2 = k2, s3 = k3, s4 = k[0], s5 = k[1], s6 = k[2], s7 = k[3];
	uint64_t s8 = k[4], s9 = k[5], s10 = k[6], s11 = k[7], s12 = low, s13 = high, s14 = 0,
		 s15 = 0;

	/* Twenty rounds: ten times four columns and four diagonals. */
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
	block->word[0] = (uint32_t)s0 + k0;
	block->word[1] = (uint32_t)s1 + k1;
	block->word[2] = (uint32_t)s2 + k2;
	block->word[3] = (uint32_t)s3 + k3;
	block->word[4] = (uint32_t)s4 + k[0];
	block->word[5] = (uint32_t)s5 + k[1];
	block->word[6] = (uint32_t)s6 + k[2];
	block->word[7] = (uint32_t)s7 + k[3];
	block->word[8] = (uint32_t)s8 + k[4];
	block->word[9] = (uint32_t)s9 + k[5];
	block->word[10] = (uint32_t)s10 + k[6];
	block->word[11] = (uint32_t)s11 + k[7];
	block->word[12] = (uint32_t)s12 + low;
	block->word[13] = (uint32_t)s13 + high;
	block->word[14] = (uint32_t)s14;
	block->word[15] = (uint32_t)s15;
}
