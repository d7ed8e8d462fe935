// SPDX-License-Identifier: MIT
// A page-table entry as a recording has it. It is kept as one number: that of the frame or slot times 65536, plus the
// bits. 0: the entry is empty.

const STATE = 3, PROT_SHIFT = 2, ACCESSED = 32, DIRTY = 64, COW = 128, PAGE_SHIFT = 8;
const PRESENT = 1, RESIDENT = 2, SWAPPED = 3;
const ZERO = 1, PRIVATE = 2, OBJECT = 3;
const SCALE = 65536;

/** The permissions in an entry's bits. */
export const R = 1, W = 2, X = 4;

export const makeEntry = (bits, number) => number * SCALE + bits;
export const bitsOf = entry => entry % SCALE;
/** The frame of an entry that has a page, or the slot of one that is swapped out. */
export const numberOf = entry => Math.floor(entry / SCALE);
export const hasPage = entry => (bitsOf(entry) & STATE) === PRESENT || (bitsOf(entry) & STATE) === RESIDENT;
export const isPresent = entry => (bitsOf(entry) & STATE) === PRESENT;
export const isSwapped = entry => (bitsOf(entry) & STATE) === SWAPPED;
export const isCow = entry => (bitsOf(entry) & COW) !== 0;
export const isZeroPage = entry => hasPage(entry) && pageKind(entry) === ZERO;
export const isPrivate = entry => hasPage(entry) && pageKind(entry) === PRIVATE;
export const protOf = entry => bitsOf(entry) >> PROT_SHIFT & 7;

function pageKind(entry) {
    return bitsOf(entry) >> PAGE_SHIFT & 15;
}

/** What mprotect and kin leave of an entry. Without permissions the hardware may not use it. */
export function downgraded(entry, prot) {
    if (!hasPage(entry))
        return entry;
    let bits = bitsOf(entry) & ~(7 << PROT_SHIFT) | (protOf(entry) & prot) << PROT_SHIFT;
    if (!(bits >> PROT_SHIFT & 7))
        bits = bits & ~STATE | RESIDENT;
    return makeEntry(bits, numberOf(entry));
}

/** What a write to the only entry of a page makes of it. */
export function raised(entry, prot, isUsed) {
    const bits = bitsOf(entry) & ~(7 << PROT_SHIFT | COW | STATE) | prot << PROT_SHIFT | PRESENT;
    return makeEntry(bits | (isUsed ? ACCESSED | DIRTY : 0), numberOf(entry));
}

/** The entry of a page of a block that a large entry maps, by its place there. */
export function ofLarge(entry, place) {
    return hasPage(entry) ? makeEntry(bitsOf(entry), numberOf(entry) + place) : entry;
}

/** What fork makes of an entry of a private page. */
export function sharedByFork(entry) {
    return hasPage(entry) ? makeEntry(bitsOf(entry) & ~(W << PROT_SHIFT) | COW, numberOf(entry)) : entry;
}

export function protText(prot) {
    return (prot & R ? "r" : "-") + (prot & W ? "w" : "-") + (prot & X ? "x" : "-");
}

/** The flags of an entry: those of A, D and COW that are set. */
export function flagsOf(entry) {
    const bits = bitsOf(entry);
    return [[ACCESSED, "A"], [DIRTY, "D"], [COW, "COW"]].filter(([bit]) => bits & bit).map(([, name]) => name);
}

/** The states of a page that the map tells apart, in the order of its legend. */
export const CELLS = ["promised", "zero", "own", "cow", "sole", "file", "shared", "swapped", "coming", "other"];

/** The state of a page of a space by its entry, or undefined. `maps` has the number of entries of each frame. */
export function cellOf(entry, page, space, maps) {
    if (!entry)
        return "promised";
    if (isSwapped(entry))
        return "swapped";
    switch (pageKind(entry)) {
    case ZERO:
        return "zero";
    case PRIVATE:
        return !isCow(entry) ? "own" : maps.get(numberOf(entry)) > 1 ? "cow" : "sole";
    case OBJECT:
        return space.area(page)?.isShared ? "shared" : "file";
    default:
        return "other";
    }
}
