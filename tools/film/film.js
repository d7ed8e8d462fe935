// SPDX-License-Identifier: MIT
// A film: the records, an index of the faults in them, and the machine at whatever instant is asked for.
import * as T from "./records.js";
import {hasPage, isPrivate, isZeroPage, makeEntry, numberOf, ofLarge} from "./entry.js";
import {Machine} from "./machine.js";

const SNAPSHOT_ENTRIES = 8_000_000;  // in all snapshots together
const SNAPSHOTS = 512;
const SLICE_MS = 40;  // of work before the page may draw
const LOOK_AHEAD = 256;  // faults in which those that are on their way are looked for
const MOST_COPIES = 2000;  // that are looked at for an opening
const WAITED = 0x8000;
const SPLIT_WRITE = 0;

/** Lets the browser draw. */
const pause = () => new Promise(resolve => { setTimeout(resolve, 0); });

export class Film {
    constructor(about, bytes) {
        this.about = about;
        this.title = about.title;
        this.records = new T.Records(about, bytes);
        const nfaults = about.faults;
        this.nfaults = nfaults;
        this.records_of = new Uint32Array(nfaults);  // of each fault: its record of type FAULT
        this.first_rounds = new Uint32Array(nfaults);  // and its first ROUND, or the same
        this.kinds = new Uint8Array(nfaults);
        this.all_kinds = new Uint16Array(nfaults);  // a bit for each kind of its rounds
        this.costs = new Float64Array(nfaults);
        this.pids = new Int32Array(nfaults);
        this.resident = new Float64Array(nfaults);  // pages of its space after it
        this.frames = new Float64Array(nfaults);  // of all spaces
        this.mappings = new Uint8Array(nfaults);  // bits: of a file, shared
        this.touched = new Map();  // space: the pages that ever have an entry, sorted
        this.forks = new Map();  // space: {parent, pages: private pages that it got}
        this.events = [];  // {record, type}: what a time line marks
        this.parts = [];  // {name, from, to: faults, isOn}, which marks of the programs begin
        this.frame_list = [];  // the frames that ever have an entry, sorted
        this.snapshots = [];
        this.machine = new Machine(this.records, about.names);
    }

    /** Reads all records once. `progress` is told how much is done, from 0 to 1. */
    async prepare(progress) {
        const records = this.records, machine = this.machine, touched = new Map(), frames = new Set(), rounds = new Map(), splits = new Map();
        let fault = 0, every = Math.max(1024, Math.ceil(records.count / SNAPSHOTS)), total = 0, next = 0, began = performance.now();
        const touch = (space, page, entry) => {
            pagesOf(touched, space).add(page);
            if (hasPage(entry))
                frames.add(numberOf(entry));
        };
        const touchEntry = (space, page, entry, isLarge) => {
            const first = isLarge ? page - page % T.LARGE_PAGES : page;
            for (let place = 0; place < (isLarge ? T.LARGE_PAGES : 1); place++)
                touch(space, first + place, isLarge ? ofLarge(entry, place) : entry);
        };
        const open = (record, {tid, space}, page, kinds) => {
            const had = rounds.get(tid), split = splits.get(tid);
            splits.delete(tid);
            if (had && had.page === page && had.space === space)
                had.kinds |= kinds;
            else if (split && split.space === space && split.block === Math.floor(page / T.LARGE_PAGES))
                rounds.set(tid, {first: split.record, page, space, kinds});
            else
                rounds.set(tid, {first: record, page, space, kinds});
        };
        for (let record = 0; record < records.count; record++) {
            if (record >= next) {
                const snapshot = machine.snapshot();
                total += snapshot.size;
                this.snapshots.push(snapshot);
                while (total > SNAPSHOT_ENTRIES && this.snapshots.length > 2) {
                    this.snapshots = this.snapshots.filter((_, number) => number % 2 === 0);
                    total = this.snapshots.reduce((sum, one) => sum + one.size, 0);
                    every *= 2;
                }
                next = record + every;
            }
            if (record % 512 === 0 && performance.now() - began > SLICE_MS) {
                progress(record / records.count);
                await pause();
                began = performance.now();
            }
            const type = records.types[record], writer = records.writer(record);
            machine.step();
            if (type === T.ROUND) {
                const kinds = records.get(record, 0), page = records.get(record, 2);
                if (!(kinds & 3))
                    touchEntry(writer.space, page, makeEntry(records.get(record, 5), records.get(record, 6)), kinds & T.LARGE);
                if (!(records.get(record, 1) & T.POPULATE))
                    open(record, writer, page, kinds);
            } else if (type === T.WAIT) {
                if (!(records.get(record, 1) & (T.POPULATE | T.INSIDE)))
                    open(record, writer, records.get(record, 2), 0);
            } else if (type === T.SPLIT) {
                if (records.get(record, 0) === SPLIT_WRITE)  // the fault that needs this goes on with its round
                    splits.set(writer.tid, {record, space: writer.space, block: records.get(record, 1) / T.LARGE_PAGES});
            } else if (type === T.AROUND || type === T.RUN) {
                touch(writer.space, records.get(record, 0), makeEntry(records.get(record, 1), records.get(record, 2)));
            } else if (type === T.ENTRY) {
                touchEntry(writer.space, records.get(record, 0), makeEntry(records.get(record, 3), records.get(record, 4)),
                    records.get(record, 5) & T.LARGE);
            } else if (type === T.COPY_OF) {
                this.#noteFork(record, writer.space, touched);
            } else if (type === T.MOVE) {
                this.#noteMove(record, writer.space, touched);
            } else if (type === T.FAULT) {
                const had = rounds.get(writer.tid), page = Math.floor(records.get(record, 3) / 4096);
                const isOurs = had && had.page === page && had.space === writer.space;
                rounds.delete(writer.tid);
                this.records_of[fault] = record;
                this.first_rounds[fault] = isOurs ? had.first : record;
                this.kinds[fault] = records.get(record, 0) >> 8 & 127;
                this.all_kinds[fault] = isOurs && had.kinds & ~T.LARGE || 1 << this.kinds[fault];
                this.costs[fault] = records.get(record, 1);
                this.pids[fault] = writer.pid;
                const area = machine.spaces.get(writer.space)?.area(page);
                this.mappings[fault] = area ? area.isFile | area.isShared << 1 : 0;
                this.resident[fault] = machine.resident;
                this.frames[fault] = machine.maps.size;
                fault++;
            }
            if (type === T.MARK)
                this.#mark(records.get(record, 0), this.about.names[records.get(record, 1)], fault);
            if (type === T.BEGIN || type === T.EXEC || type === T.END || type === T.OOM)
                this.events.push({record, type, fault});
        }
        for (const [space, pages] of touched)
            this.touched.set(space, Int32Array.from(pages).sort());
        this.frame_list = Float64Array.from(frames).sort();
        this.frame_places = new Map(Array.from(this.frame_list, (frame, place) => [frame, place]));
        this.processes = new Map(machine.processes);
        this.#endPart(fault);
        progress(1);
    }

    #mark(what, name, fault) {
        this.#endPart(fault);
        if (what !== T.MARK_OFF)
            this.parts.push({name, from: fault, to: null, isOn: what === T.MARK_ON});
    }

    #endPart(fault) {
        const part = this.parts.at(-1);
        if (part && part.to === null)
            part.to = fault;
    }

    #noteFork(record, child, touched) {
        const [start, count, parent, isPrivate] = [0, 1, 2, 3].map(field => this.records.get(record, field));
        const space = this.machine.space(child), pages = pagesOf(touched, child);
        const fork = this.forks.get(child) ?? {parent, pages: 0, record};
        for (const page of this.machine.used(space, start, count)) {
            pages.add(page);
            fork.pages += isPrivate && isPrivatePage(space.entries.get(page));
        }
        this.forks.set(child, fork);
    }

    #noteMove(record, number, touched) {
        const [, count, to] = [0, 1, 2].map(field => this.records.get(record, field)), pages = pagesOf(touched, number);
        for (const page of this.machine.used(this.machine.space(number), to, count))
            pages.add(page);
    }

    /** The machine after so many records. It is one object, which moves. */
    at(position) {
        const machine = this.machine;
        let low = 0, high = this.snapshots.length;
        while (high - low > 1) {
            const middle = low + high >> 1;
            if (this.snapshots[middle].position <= position)
                low = middle;
            else
                high = middle;
        }
        if (machine.position > position || machine.position < this.snapshots[low].position)
            machine.restore(this.snapshots[low]);
        while (machine.position < position)
            machine.step();
        return machine;
    }

    /** The position behind a fault, or before its first round. */
    after(fault) {
        return this.records_of[fault] + 1;
    }

    before(fault) {
        return this.first_rounds[fault];
    }

    /** What the name of a fault needs to know of its mapping. */
    mappingOf(fault) {
        return {isFile: (this.mappings[fault] & 1) !== 0, isShared: (this.mappings[fault] & 2) !== 0};
    }

    /** The seconds at a record. */
    seconds(record) {
        return this.records.times[record] / this.about.ticks;
    }

    /** Everything that the records say of a fault. */
    fault(number) {
        const records = this.records, record = this.records_of[number], writer = records.writer(record);
        const [what, cost, pc, address, ago, result, place, symbol] = [0, 1, 2, 3, 4, 5, 6, 7].map(field => records.get(record, field));
        const rounds = [];
        const around = [], waits = new Map();  // what for: {seconds, ofOther}
        let ahead = 0, isSplit = false;
        for (let at = this.first_rounds[number]; at < record; at++) {
            if (records.writer(at).tid !== writer.tid || records.writer(at).space !== writer.space)
                continue;
            if (records.types[at] === T.ROUND) {
                const [kinds, access, page, beforeBits, beforeNumber, afterBits, afterNumber, inRounds, between] =
                    [0, 1, 2, 3, 4, 5, 6, 7, 8].map(field => records.get(at, field));
                const place = kinds & T.LARGE ? page % T.LARGE_PAGES : 0;
                if (page === Math.floor(address / 4096))
                    rounds.push({record: at, kinds: kinds & ~T.LARGE, isLarge: (kinds & T.LARGE) !== 0, access,
                                 before: ofLarge(makeEntry(beforeBits, beforeNumber), place),
                                 after: ofLarge(makeEntry(afterBits, afterNumber), place), inRounds, between});
            } else if (records.types[at] === T.SPLIT) {
                isSplit = true;
            } else if (records.types[at] === T.RUN) {
                ahead++;
            } else if (records.types[at] === T.RAISE) {
                ahead += records.get(at, 1);
            } else if (records.types[at] === T.AROUND) {
                around.push(records.get(at, 0));
            } else if (records.types[at] === T.WAIT && records.get(at, 2) === Math.floor(address / 4096)) {
                const what = records.get(at, 0), had = waits.get(what & ~T.OF_OTHER);
                waits.set(what & ~T.OF_OTHER, {seconds: (had?.seconds ?? 0) + records.get(at, 3) / this.about.ticks,
                                               ofOther: had?.ofOther || (what & T.OF_OTHER) !== 0});
            }
        }
        const last = rounds.at(-1);
        return {
            number, record, ...writer, cost, pc, address, result, rounds, around, waits, ahead, isSplit,
            page: Math.floor(address / 4096),
            access: what & 255,
            kind: what >> 8 & 127,
            hasWaited: (what & WAITED) !== 0,
            seconds: this.seconds(record),
            began: ago < 0 ? this.seconds(record) : this.seconds(record) - ago / this.about.ticks,
            place: place < 0 ? null : this.about.places[place],
            symbol: symbol < 0 ? null : this.about.symbols[symbol],
            before: rounds.length ? rounds[0].before : 0,
            after: last && !(last.kinds & 3) ? last.after : 0,
            isLarge: last?.isLarge ?? false,
            stations: last ? {rounds: last.inRounds, between: last.between,
                              trap: Math.max(cost - last.inRounds - last.between, 0)} : null,
        };
    }

    /** Of a fault whose page a server has made: the record of that, or null. */
    supplyOf(fault) {
        if (!hasPage(fault.after))
            return null;
        const frame = numberOf(fault.after);
        for (let record = fault.record; record >= 0 && record > fault.record - 100_000; record--) {
            if (this.records.types[record] === T.SUPPLY && this.records.get(record, 0) === frame)
                return this.records.get(record, 2) === 0 ? null : {index: this.records.get(record, 1), pid: this.records.get(record, 2), record};
        }
        return null;
    }

    /** The pages of faults that have come, and are not over: a set for each space, by number. */
    onTheirWay(position) {
        const found = new Map(), records = this.records, now = position ? records.times[position - 1] : 0;
        const first = this.firstFaultFrom(position);
        for (let fault = first; fault < Math.min(first + LOOK_AHEAD, this.nfaults); fault++) {
            const record = this.records_of[fault], ago = records.get(record, 4);
            if (!(records.get(record, 0) & WAITED) || ago < 0 || records.times[record] - ago > now)
                continue;
            const space = records.writer(record).space;
            if (!found.has(space))
                found.set(space, new Set());
            found.get(space).add(Math.floor(records.get(record, 3) / 4096));
        }
        return found;
    }

    /** The first fault whose record is not before a position. */
    firstFaultFrom(position) {
        let low = 0, high = this.nfaults;
        while (low < high) {
            const middle = low + high >> 1;
            if (this.records_of[middle] < position)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    /** The processes whose faults are shown at first: all but init, if there are others. */
    shownAtFirst() {
        const pids = new Set(this.pids);
        if (pids.size > 1)
            pids.delete(1);
        return pids;
    }

    /**
     * The fault at which a film opens: the first copy of a page that fork has shared, if there is one in code whose
     * source is known, or else anywhere, or else the dearest.
     */
    opening(faults) {
        let copy = null, dearest = faults[0] ?? 0, looked = 0;
        for (const number of faults) {
            if (this.costs[number] > this.costs[dearest])
                dearest = number;
            if (!(this.all_kinds[number] & 1 << T.COW) || looked === MOST_COPIES)
                continue;
            looked++;
            const fault = this.fault(number), round = fault.rounds.find(one => one.kinds & 1 << T.COW);
            if (!round || !isPrivatePage(round.before))
                continue;
            if (fault.place && this.about.sources[fault.place[1]])
                return number;
            copy ??= number;
        }
        return copy ?? dearest;
    }

    /** Who else has a frame: [{space, page}]. */
    holders(frame) {
        const found = [];
        for (const space of this.machine.spaces.values())
            for (const [page, entry] of space.entries)
                if (hasPage(entry) && numberOf(entry) === frame)
                    found.push({space: space.number, page});
        return found;
    }
}

/** The set of a space's pages, which is made if there is none. */
function pagesOf(touched, space) {
    let pages = touched.get(space);
    if (!pages)
        touched.set(space, pages = new Set());
    return pages;
}

function isPrivatePage(entry) {
    return isPrivate(entry) && !isZeroPage(entry);
}
