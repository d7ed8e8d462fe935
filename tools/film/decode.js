// SPDX-License-Identifier: MIT
// Turns the text of the page's data elements into numbers: the reverse of tools/recording/film.py.

/** Decodes and decompresses what a data element holds. */
export async function unpack(text) {
    const binary = atob(text.trim());
    const bytes = new Uint8Array(binary.length);
    for (let i = 0; i < bytes.length; i++)
        bytes[i] = binary.charCodeAt(i);
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
}

/**
 * Reads `count` numbers that begin at bytes[at]: differences in groups of seven bits, the lowest first, with the
 * sign in bit 0. They may have up to 53 bits, so shifts would not do.
 */
export function readNumbers(bytes, at, count) {
    const numbers = new Float64Array(count);
    let last = 0;
    for (let i = 0; i < count; i++) {
        let byte = bytes[at++];
        let value = byte & 127;
        for (let scale = 128; byte > 127; scale *= 128) {
            byte = bytes[at++];
            value += (byte & 127) * scale;
        }
        last += value % 2 ? -(value + 1) / 2 : value / 2;
        numbers[i] = last;
    }
    return numbers;
}
