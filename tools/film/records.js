// SPDX-License-Identifier: MIT
// The records of a recording, field by field. docs/journal.md says what they mean.
import {readNumbers} from "./decode.js";

export const ROUND = 1, AROUND = 2, FAULT = 3, BEGIN = 4, EXEC = 5, END = 6, ENTRY = 7, CLEAR = 8, DOWNGRADE = 9,
    COPY_OF = 10, MOVE = 11, AREA = 12, NO_AREA = 13, OOM = 14, SUPPLY = 15, MARK = 16, WAIT = 17, RUN = 18, RAISE = 19, SPLIT = 20;

/** The kinds of faults, by the number that the kernel gives them. */
export const KINDS = ["DENY_MAPERR", "DENY_ACCERR", "ACCESSED", "SPURIOUS", "SWAPPED", "FILL", "REUSE", "COW", "REMAP", "USER_WP"];
export const DENY_MAPERR = 0, DENY_ACCERR = 1, ACCESSED = 2, SPURIOUS = 3, SWAPPED = 4, FILL = 5, REUSE = 6, COW = 7,
    REMAP = 8, USER_WP = 9;

/** Of a fault that a signal has ended before the kernel looked at it. */
export const NO_KIND = 127;

/** Bits of an access. */
export const READ = 1, WRITE = 2, FETCH = 4, COPY = 16, POPULATE = 64, INSIDE = 128;

/** Of a WAIT: another thread has asked for the page. */
export const OF_OTHER = 16;

/** CLONE_VM: the new thread has the space of its maker. */
export const CLONE_VM = 0x100;

/** Of a ROUND and an ENTRY: the entry maps as many pages as a leaf table has. */
export const LARGE = 0x4000, LARGE_PAGES = 512;

/** What a mark does. */
export const MARK_HERE = 0, MARK_ON = 1, MARK_OFF = 2;

/** All records of one recording. */
export class Records {
    constructor(about, bytes) {
        const starts = new Map();
        let at = 0;
        for (const [name, length] of about.streams) {
            starts.set(name, at);
            at += length;
        }
        this.count = about.records;
        this.types = bytes.subarray(0, this.count);
        this.times = readNumbers(bytes, starts.get("times"), this.count);
        this.writers = readNumbers(bytes, starts.get("writers"), this.count);
        this.who = about.who.map(([hart, space, pid, tid]) => ({hart, space, pid, tid}));
        this.fields = [];
        for (const [type, count] of Object.entries(about.counts)) {
            this.fields[type] = [];
            for (let field = 0; starts.has(`${type}.${field}`); field++)
                this.fields[type].push(readNumbers(bytes, starts.get(`${type}.${field}`), count));
        }
        this.positions = this.#numberWithinType();
    }

    /** Of each record: how many of its type come before it. */
    #numberWithinType() {
        const positions = new Uint32Array(this.count), seen = new Uint32Array(256);
        for (let i = 0; i < this.count; i++)
            positions[i] = seen[this.types[i]]++;
        return positions;
    }

    /** A field of a record. */
    get(record, field) {
        return this.fields[this.types[record]][field][this.positions[record]];
    }

    /** The hart, space, process and thread that wrote a record. */
    writer(record) {
        return this.who[this.writers[record]];
    }
}
