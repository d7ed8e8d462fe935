/* SPDX-License-Identifier: MIT */
/* Inputs made from other inputs: bits, numbers, words of the format, pieces moved and joined. */
#include "mutate.h"

#include <string.h>

#include "lib/bits.h"

/* Longer ones are mutated, but seldom: they take the time of many. */
#define LARGE	      1024u
#define LARGE_SELDOM  1024u
#define BROKEN_SELDOM 4u

static uint64_t state;

void fuzz_seed(uint64_t seed)
{
	state = seed * 2 + 1;
}

static uint64_t draw(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state * 0x2545f4914f6cdd1du >> 8;
}

static size_t below(size_t n)
{
	return n == 0 ? 0 : draw() % n;
}

/* More of the good ones: of what is broken already, less is read. */
static const struct fuzz_input *pick(const struct fuzz_corpus *corpus)
{
	const struct fuzz_input *input;

	do
		input = &corpus->inputs[below(corpus->ninputs)];
	while ((input->size > LARGE && below(LARGE_SELDOM) != 0) ||
	       (!input->good && below(BROKEN_SELDOM) != 0));
	return input;
}

/* Opens a gap of n bytes, or of as many as there is room for. Returns its length. */
static size_t open_gap(uint8_t *data, size_t *size, size_t at, size_t n)
{
	n = MIN(n, FUZZ_SIZE_MAX - *size);
	memmove(data + at + n, data + at, *size - at);
	*size += n;
	return n;
}

static void insert(uint8_t *data, size_t *size, size_t at, const uint8_t *from, size_t n)
{
	memcpy(data + at, from, open_gap(data, size, at, n));
}

static void cut(uint8_t *data, size_t *size, size_t at, size_t n)
{
	n = MIN(n, *size - at);
	memmove(data + at, data + at + n, *size - at - n);
	*size -= n;
}

static void overwrite(uint8_t *data, size_t size, size_t at, const uint8_t *from, size_t n)
{
	memcpy(data + at, from, MIN(n, size - at));
}

/* Mostly short, now and then long. */
static size_t length(size_t most)
{
	return 1 + below(below(8) ? MIN(most, (size_t)8) : most);
}

/* A number of 1, 2, 4 or 8 bytes of either order, near where sizes and signs end, or near the old one. */
static void change_number(uint8_t *data, size_t size)
{
	static const uint64_t odd[] = { 0,	   1,	       2,	  4,	      8,
					16,	   32,	       63,	  64,	      127,
					128,	   255,	       256,	  4095,	      4096,
					INT16_MAX, UINT16_MAX, INT32_MAX, UINT32_MAX, 1ull << 38,
					INT64_MAX, UINT64_MAX };
	size_t n = 1ull << below(4), at;
	bool big = below(2);
	uint64_t value = 0;

	if (size < n)
		return;
	at = below(size - n + 1);
	if (below(2))
		at = ALIGN_DOWN(at, n);
	for (size_t i = 0; i < n; i++)
		value = value << 8 | data[big ? at + i : at + n - 1 - i];
	value = below(2) ? odd[below(ARRAY_SIZE(odd))] : value;
	value += below(2) ? below(17) - 8 : 0;
	for (size_t i = 0; i < n; i++)
		data[big ? at + n - 1 - i : at + i] = (uint8_t)(value >> 8 * i);
}

/* Changes a number that is text: some digits become others. */
static void change_digits(uint8_t *data, size_t size)
{
	static const char digits[] = "0123456789abcdefABCDEFf00";
	size_t at = below(size), n = length(8);

	for (size_t i = at; i < size && n > 0; i++, n--)
		data[i] = (uint8_t)digits[below(sizeof(digits) - 1)];
}

static void use_word(const struct fuzz_corpus *corpus, uint8_t *data, size_t *size)
{
	const struct fuzz_input *word;

	if (corpus->nwords == 0)
		return;
	word = &corpus->words[below(corpus->nwords)];
	if (below(2))
		insert(data, size, below(*size + 1), word->data, word->size);
	else
		overwrite(data, *size, below(*size + 1), word->data, word->size);
}

/* A piece of some input, put in or over. */
static void join(const struct fuzz_corpus *corpus, uint8_t *data, size_t *size)
{
	const struct fuzz_input *other = pick(corpus);
	size_t from = below(other->size), n = MIN(length(LARGE), other->size - from);

	if (below(2))
		insert(data, size, below(*size + 1), other->data + from, n);
	else
		overwrite(data, *size, below(*size + 1), other->data + from, n);
}

/* A piece of its own, once more elsewhere. */
static void repeat(uint8_t *data, size_t *size)
{
	uint8_t piece[64];
	size_t from = below(*size), n = MIN(length(sizeof(piece)), *size - from);

	memcpy(piece, data + from, n);
	insert(data, size, below(*size + 1), piece, n);
}

/* What leaves all else where it is, which most formats need to be read at all. */
static void mutate_in_place(const struct fuzz_corpus *corpus, uint8_t *data, size_t size)
{
	const struct fuzz_input *word;
	size_t at = below(size);

	switch (below(5)) {
	case 0:
		data[at] ^= (uint8_t)(1u << below(8));
		break;
	case 1:
		data[at] = (uint8_t)draw();
		break;
	case 2:
		change_number(data, size);
		break;
	case 3:
		change_digits(data, size);
		break;
	default:
		if (corpus->nwords == 0)
			break;
		word = &corpus->words[below(corpus->nwords)];
		overwrite(data, size, at, word->data, word->size);
		break;
	}
}

static void mutate_once(const struct fuzz_corpus *corpus, uint8_t *data, size_t *size)
{
	size_t at = below(*size);
	uint8_t byte = (uint8_t)draw();

	switch (*size == 0 ? 5 : below(6)) {
	case 0:
		cut(data, size, at, length(*size));
		break;
	case 1:
		insert(data, size, at, &byte, 1);
		break;
	case 2:
		repeat(data, size);
		break;
	case 3:
		join(corpus, data, size);
		break;
	case 4:
		mutate_in_place(corpus, data, *size);
		break;
	default:
		use_word(corpus, data, size);
		break;
	}
}

size_t fuzz_mutate(const struct fuzz_corpus *corpus, uint8_t *to)
{
	const struct fuzz_input *input = pick(corpus);
	size_t size = MIN(input->size, (size_t)FUZZ_SIZE_MAX);
	size_t steps = 1 + below(below(4) ? 3 : 12);
	bool in_place = size > 0 && below(2);

	memcpy(to, input->data, size);
	while (steps-- > 0) {
		if (in_place)
			mutate_in_place(corpus, to, size);
		else
			mutate_once(corpus, to, &size);
	}
	return size;
}
