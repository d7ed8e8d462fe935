// SPDX-License-Identifier: MIT
// The memory of the machine at one instant: page tables, mappings and processes, as the records make them.
import * as T from "./records.js";
import {downgraded, hasPage, makeEntry, numberOf, ofLarge, raised, sharedByFork} from "./entry.js";

/** An address space. Its areas are sorted; the list is replaced and never changed, so that snapshots may keep it. */
class Space {
    constructor(number) {
        this.number = number;
        this.entries = new Map();  // page number: entry, without the empty ones; a large entry is one of each of its pages
        this.large = new Set();  // the numbers of leaf tables in whose place there is a large entry
        this.areas = [];
    }

    /** The area that a page is in, or undefined. */
    area(page) {
        let low = 0, high = this.areas.length;
        while (low < high) {
            const middle = low + high >> 1;
            if (this.areas[middle].end <= page)
                low = middle + 1;
            else
                high = middle;
        }
        const area = this.areas[low];
        return area && area.start <= page ? area : undefined;
    }
}

/** Do two areas differ in nothing but where they are? */
function continues(area, next) {
    return area.end === next.start && area.what === next.what && area.name === next.name &&
        (!next.backing || area.index + (area.end - area.start) === next.index);
}

function makeArea(start, end, what, index, name) {
    return {start, end, what, index, name, prot: what & 7, isShared: (what & 8) !== 0, backing: what >> 8 & 15,
            isFile: (what >> 8 & 15) === 1};
}

/** Returns areas where nothing is mapped in [start, end). */
function without(areas, start, end) {
    const left = [];
    for (const area of areas) {
        if (area.start < start && area.end > start)
            left.push(makeArea(area.start, start, area.what, area.index, area.name));
        if (area.end <= start || area.start >= end)
            left.push(area);
        if (area.start < end && area.end > end)
            left.push(makeArea(end, area.end, area.what, area.index + end - area.start, area.name));
    }
    return left.sort((one, other) => one.start - other.start);
}

/** Returns areas with another one, which joins its neighbours if they are alike. */
function withArea(areas, area) {
    const joined = [];
    for (const next of [...without(areas, area.start, area.end), area].sort((one, other) => one.start - other.start)) {
        const last = joined.at(-1);
        if (last && continues(last, next))
            joined[joined.length - 1] = makeArea(last.start, next.end, last.what, last.index, last.name);
        else
            joined.push(next);
    }
    return joined;
}

/** All spaces and processes. Processes are replaced and never changed, as the areas are. */
export class Machine {
    constructor(records, names) {
        this.records = records;
        this.names = names;
        this.position = 0;  // records that have been applied
        this.spaces = new Map();
        this.processes = new Map();
        this.maps = new Map();  // frame: the number of entries that have it
        this.resident = 0;  // entries that have a page
    }

    space(number) {
        let space = this.spaces.get(number);
        if (!space)
            this.spaces.set(number, space = new Space(number));
        return space;
    }

    #count(entry, change) {
        if (!hasPage(entry))
            return;
        const frame = numberOf(entry), maps = (this.maps.get(frame) ?? 0) + change;
        if (maps)
            this.maps.set(frame, maps);
        else
            this.maps.delete(frame);
        this.resident += change;
    }

    #set(space, page, entry) {
        const before = space.entries.get(page);
        if (before)
            this.#count(before, -1);
        if (entry) {
            space.entries.set(page, entry);
            this.#count(entry, 1);
        } else if (before) {
            space.entries.delete(page);
        }
    }

    /** The large entry that a page is in is another one, or there is a first time. */
    #setLarge(space, page, entry) {
        const block = Math.floor(page / T.LARGE_PAGES);
        space.large.add(block);
        for (let place = 0; place < T.LARGE_PAGES; place++)
            this.#set(space, block * T.LARGE_PAGES + place, ofLarge(entry, place));
    }

    /** The large entries of a range, which has all of each. */
    #largeIn(space, start, count) {
        return [...space.large].filter(block => block * T.LARGE_PAGES >= start && block * T.LARGE_PAGES < start + count);
    }

    /** The pages of a range that have an entry. */
    used(space, start, count) {
        const pages = [];
        if (count < space.entries.size) {
            for (let page = start; page < start + count; page++)
                if (space.entries.has(page))
                    pages.push(page);
        } else {
            for (const page of space.entries.keys())
                if (page >= start && page < start + count)
                    pages.push(page);
        }
        return pages;
    }

    /** Applies the next record. */
    step() {
        const records = this.records, record = this.position++, type = records.types[record];
        const writer = records.who[records.writers[record]];
        const at = records.positions[record], fields = records.fields[type];
        const field = number => fields[number][at];
        switch (type) {
        case T.ROUND:
            if (field(0) & (1 << T.DENY_MAPERR | 1 << T.DENY_ACCERR))
                break;
            if (field(0) & T.LARGE)
                this.#setLarge(this.space(writer.space), field(2), makeEntry(field(5), field(6)));
            else
                this.#set(this.space(writer.space), field(2), makeEntry(field(5), field(6)));
            break;
        case T.AROUND:
        case T.RUN:
            this.#set(this.space(writer.space), field(0), makeEntry(field(1), field(2)));
            break;
        case T.ENTRY:
            if (field(5) & T.LARGE)
                this.#setLarge(this.space(writer.space), field(0), makeEntry(field(3), field(4)));
            else
                this.#set(this.space(writer.space), field(0), makeEntry(field(3), field(4)));
            break;
        case T.SPLIT:
            this.space(writer.space).large.delete(field(1) / T.LARGE_PAGES);
            break;
        case T.RAISE: {
            const space = this.space(writer.space);
            for (const page of this.used(space, field(0), field(1)))
                space.entries.set(page, raised(space.entries.get(page), field(2), field(3) !== 0));
            break;
        }
        case T.CLEAR: {
            const space = this.space(writer.space);
            for (const page of this.used(space, field(0), field(1)))
                this.#set(space, page, 0);
            for (const block of this.#largeIn(space, field(0), field(1)))
                space.large.delete(block);
            break;
        }
        case T.DOWNGRADE: {
            const space = this.space(writer.space);
            for (const page of this.used(space, field(0), field(1)))
                space.entries.set(page, downgraded(space.entries.get(page), field(2)));
            break;
        }
        case T.COPY_OF:
            this.#copy(this.space(field(2)), this.space(writer.space), field(0), field(1), field(3));
            break;
        case T.MOVE:
            this.#move(this.space(writer.space), field(0), field(1), field(2));
            break;
        case T.AREA: {
            const space = this.space(writer.space);
            space.areas = withArea(space.areas, makeArea(field(0), field(0) + field(1), field(2), field(3),
                this.names[field(4)]));
            break;
        }
        case T.NO_AREA: {
            const space = this.space(writer.space);
            space.areas = without(space.areas, field(0), field(0) + field(1));
            break;
        }
        case T.BEGIN:
            this.#begin(writer, field(0), field(1));
            break;
        case T.EXEC:
            this.#change(writer.pid, {name: this.names[field(0)], space: writer.space});
            break;
        case T.END:
            this.#end(field(3), field(2), field(0), field(1));
            break;
        }
    }

    #copy(parent, child, start, count, isPrivate) {
        for (const page of this.used(parent, start, count)) {
            let entry = parent.entries.get(page);
            if (isPrivate) {
                entry = sharedByFork(entry);
                parent.entries.set(page, entry);
            }
            this.#set(child, page, entry);
        }
        for (const block of this.#largeIn(parent, start, count))
            child.large.add(block);
    }

    #move(space, start, count, to) {
        const moved = this.used(space, start, count).map(page => [page, space.entries.get(page)]);
        for (const [page] of moved)
            this.#set(space, page, 0);
        for (const [page, entry] of moved)
            this.#set(space, page - start + to, entry);
        const blocks = this.#largeIn(space, start, count);
        for (const block of blocks)
            space.large.delete(block);
        for (const block of blocks)
            space.large.add(block + (to - start) / T.LARGE_PAGES);
    }

    #change(pid, values) {
        const old = this.processes.get(pid) ?? {pid, name: "", space: 0, parent: 0, threads: 1, status: null};
        this.processes.set(pid, {...old, ...values});
    }

    #begin(writer, tid, pid) {
        const process = this.processes.get(pid);
        if (tid !== pid && process)
            this.#change(pid, {threads: process.threads + 1});
        else
            this.#change(pid, {name: this.processes.get(writer.pid)?.name ?? "", space: writer.space, parent: writer.pid,
                               threads: 1, status: null});
    }

    #end(pid, tid, isLast, status) {
        const process = this.processes.get(pid);
        if (isLast || !process || process.threads === 1)
            this.#change(pid, {threads: 0, status});
        else
            this.#change(pid, {threads: process.threads - 1});
    }

    /** The processes that run, with the space of each. */
    living() {
        return [...this.processes.values()].filter(process => process.threads > 0 && this.spaces.has(process.space));
    }

    /** What is needed to come back to this instant. */
    snapshot() {
        const spaces = [];
        let size = 0;
        for (const space of this.spaces.values()) {
            if (!space.entries.size && !space.areas.length)
                continue;
            spaces.push({number: space.number, areas: space.areas, pages: Int32Array.from(space.entries.keys()),
                         entries: Float64Array.from(space.entries.values()), large: [...space.large]});
            size += space.entries.size;
        }
        return {position: this.position, spaces, processes: new Map(this.processes), size};
    }

    restore(snapshot) {
        this.position = snapshot.position;
        this.processes = new Map(snapshot.processes);
        this.spaces.clear();
        this.maps.clear();
        this.resident = 0;
        for (const {number, areas, pages, entries, large} of snapshot.spaces) {
            const space = this.space(number);
            space.large = new Set(large);
            space.areas = areas;
            for (let i = 0; i < pages.length; i++) {
                space.entries.set(pages[i], entries[i]);
                this.#count(entries[i], 1);
            }
        }
    }
}
