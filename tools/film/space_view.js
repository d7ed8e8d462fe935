// SPDX-License-Identifier: MIT
// Draws an address space: the three levels of its tables, and under them its pages, mapping by mapping.
import {cellOf, hasPage, isPresent, protText} from "./entry.js";
import {LARGE_PAGES} from "./records.js";
import {layOut, pageAt, pageBeside, placeOf} from "./layout.js";
import {CanvasPen, colour} from "./pen.js";
import {hex, pageText, spaceNames} from "./story.js";

const PAGE = 4096, LEVEL_BITS = 9, SLOTS = 512;
const STRIP = 9, STRIP_GAP = 15, LABEL = 12;
export const TABLES_HEIGHT = 3 * (STRIP + STRIP_GAP) + 4;
const GAPPED = 5;  // cells from so many pixels on have room between them
const MARKED = 6;  // cells from so many pixels on have a mark, too: colours alone do not suffice
const HIGHEST = 420, HIGHEST_EMBEDDED = 150, ABOVE = 120;  // of the part that scrolls, and of what is above it

/** Draws the mark of a state into a cell. */
function mark(pen, state, x, y, size, ink) {
    const low = y + size - 1.5, right = x + size - 1.5, middle = size / 2;
    if (state === "cow" || state === "sole")
        pen.line(x + 1, low, right, y + 1, ink);
    if (state === "swapped" || state === "coming")
        pen.line(x + 1, y + middle, right, y + middle, ink);
    if (state === "swapped")
        pen.line(x + middle, y + 1, x + middle, low, ink);
    if (state === "zero")
        pen.frame(x + middle - 1.5, y + middle - 1.5, 3, 3, ink);
    if (state === "shared")
        pen.fill(x + middle - 1, y + middle - 1, 2, 2, ink);
}

/** What the hardware may not use is paler. */
function paint(state, isUsable) {
    return colour(state) + (isUsable ? "" : "80");
}

/** Draws one page. */
function drawCell(pen, state, x, y, size, isUsable) {
    const space = size >= GAPPED ? 1 : 0;
    if (state === "promised")
        pen.frame(x, y, size - space, size - space, colour("grid"), 0.5);
    else
        pen.fill(x, y, size - space, size - space, paint(state, isUsable));
    if (size >= MARKED)
        mark(pen, state, x, y, size - space, colour("mark"));
}

/** Draws cells side by side. Where there is no room between them, those that are alike are drawn at once. */
export function drawCells(pen, states, x, y, size, isUsable = () => true) {
    for (let at = 0; at < states.length;) {
        let next = at + 1;
        if (size < GAPPED && states[at] !== "promised")
            while (states[next] === states[at] && isUsable(next) === isUsable(at))
                next++;
        if (next - at > 1)
            pen.fill(x + at * size, y, (next - at) * size, size, paint(states[at], isUsable(at)));
        else
            drawCell(pen, states[at], x + at * size, y, size, isUsable(at));
        at = next;
    }
}

/** The map of one space, as a part of the page. */
export class SpaceView {
    constructor(view, number) {
        this.view = view;
        this.number = number;
        this.cursor = null;
        this.element = document.createElement("section");
        this.element.className = "space";
        this.heading = document.createElement("h3");
        this.tables = document.createElement("canvas");
        this.scroller = document.createElement("div");
        this.scroller.className = "scroller";
        this.canvas = document.createElement("canvas");
        this.canvas.tabIndex = 0;
        this.canvas.setAttribute("role", "application");
        this.filler = document.createElement("div");
        this.scroller.append(this.canvas, this.filler);
        this.tables.setAttribute("role", "img");
        this.element.append(this.heading, this.tables, this.scroller);
        this.scroller.addEventListener("scroll", () => { this.#draw(); view.drawLinks(); });
        this.canvas.addEventListener("mousemove", event => this.#hover(event));
        this.canvas.addEventListener("mouseleave", () => view.hover(null));
        this.canvas.addEventListener("pointerdown", event => { this.isTouched = event.pointerType === "touch"; });
        this.canvas.addEventListener("click", event => this.#click(event));
        this.canvas.addEventListener("keydown", event => this.#key(event));
        this.canvas.addEventListener("focus", () => this.#announce());
    }

    /** Shows the space as the machine has it. `focus` is the page of the fault at hand, if it is in this space. */
    show(machine, focus, coming) {
        const words = this.view.words, film = this.view.film;
        this.machine = machine;
        this.space = machine.space(this.number);
        this.focus = focus;
        this.element.classList.toggle("here", focus !== null);
        this.coming = coming;
        const width = Math.max(this.element.clientWidth - 18, 256);
        if (this.laidOut !== this.space.areas || this.width !== width || !this.space.areas.length) {
            this.layout = layOut(this.space, film.touched.get(this.number) ?? [], width);
            this.laidOut = this.space.areas;
            this.width = width;
        }
        const pages = this.space.areas.reduce((sum, area) => sum + area.end - area.start, 0);
        this.heading.textContent = words.space(spaceNames(film, machine, this.number, words), pages, this.space.entries.size);
        this.canvas.setAttribute("aria-label", `${this.heading.textContent}. ${words.mapHelp}`);
        this.visible = this.#most();
        this.filler.style.height = `${Math.max(this.layout.height - this.visible, 0)}px`;
        this.scroller.style.height = this.canvas.style.height = `${this.visible}px`;
        if (focus !== null)
            this.#reveal(focus);
        this.#drawTables(width);
        this.#draw();
    }

    /** How high the part that scrolls may be. Where the maps do not scroll together, their height depends on this. */
    #most() {
        const {map} = this.view, room = getComputedStyle(map).overflowY === "auto" ? map.clientHeight - ABOVE : 0;
        const limit = document.body.classList.contains("embedded") ? HIGHEST_EMBEDDED : Math.max(room, HIGHEST);
        return Math.min(this.layout.height + 2, limit);
    }

    #reveal(page) {
        const place = placeOf(this.layout, page), height = this.visible;
        if (place && (place.y < this.scroller.scrollTop || place.y > this.scroller.scrollTop + height - 20))
            this.scroller.scrollTop = Math.max(place.y - height / 2, 0);
    }

    #draw() {
        const pen = new CanvasPen(this.canvas, this.layout.columns * this.layout.cell, this.visible);
        this.draw(pen, this.scroller.scrollTop, this.visible);
    }

    /** Draws the rows between two heights. */
    draw(pen, top, height) {
        for (const row of this.layout.rows) {
            const y = row.y - top;
            if (y + row.height < 0 || y > height)
                continue;
            if (row.isTitle)
                this.#drawTitle(pen, row.area, y);
            else if (row.pages)
                pen.text(2, y + row.height / 2, `⋯ ${this.view.words.folded(row.pages)}`, colour("quiet"), 10);
            else
                this.#drawRow(pen, row, y);
        }
        for (const [page, ink, thick] of [[this.focus, "focus", 2], [this.cursor, "ink", 1]]) {
            const place = page === null ? null : placeOf(this.layout, page);
            if (place)
                pen.frame(place.x - 2, place.y - top - 2, this.layout.cell + 3, this.layout.cell + 3, colour(ink), thick);
        }
    }

    #drawTitle(pen, area, y) {
        const words = this.view.words, width = this.layout.columns * this.layout.cell;
        const name = area.isUnknown ? words.unmapped : area.name || words.anonymous;
        pen.fill(0, y + 2, width, 14, colour("band"));
        pen.text(3, y + 9, `${hex(area.start * PAGE)}  ${words.area(area.end - area.start, protText(area.prot), area.isShared, name)}`,
            colour("ink"), 11, width - 6);
    }

    #drawRow(pen, row, y) {
        const {columns, cell} = this.layout, states = [], entries = [];
        for (let page = row.first; page < row.end; page++) {
            const entry = this.space.entries.get(page);
            entries.push(entry);
            states.push(this.coming?.has(page) ? "coming" : cellOf(entry, page, this.space, this.machine.maps));
        }
        const isUsable = at => !entries[at] || !hasPage(entries[at]) || isPresent(entries[at]);
        if (this.space.large.has(Math.floor(row.first / LARGE_PAGES)))
            this.#drawLarge(pen, row, y, paint(states[0], isUsable(0)));
        else
            drawCells(pen, states, row.first % columns * cell, y, cell, isUsable);
    }

    /** Draws a row of a block that one entry maps: it is one area, with a border around the whole. */
    #drawLarge(pen, row, y, ink) {
        const {columns, cell} = this.layout, width = columns * cell, rows = LARGE_PAGES / columns;
        const number = Math.floor(row.first % LARGE_PAGES / columns), isLast = number === rows - 1;
        pen.fill(0, y, width, isLast ? cell - 1 : cell, ink);
        pen.line(0.5, y, 0.5, y + cell, colour("mark"));
        pen.line(width - 0.5, y, width - 0.5, y + cell, colour("mark"));
        if (number === 0)
            pen.line(0, y + 0.5, width, y + 0.5, colour("mark"));
        if (isLast)
            pen.line(0, y + cell - 1.5, width, y + cell - 1.5, colour("mark"));
        if (number === Math.floor(rows / 2) && cell >= MARKED)
            pen.text(width / 2 - 40, y + cell / 2, this.view.words.superpage, colour("mark"), Math.min(cell, 10));
    }

    #drawTables(width) {
        const page = this.focus ?? this.cursor ?? this.space.entries.keys().next().value ?? null;
        this.drawTables(new CanvasPen(this.tables, width, TABLES_HEIGHT), width, page);
        this.tables.setAttribute("aria-label", this.pathText);
    }

    /** Draws the walk to a page: of each level the table that it goes through, with the slots that are used. */
    drawTables(pen, width, page) {
        const words = this.view.words, used = [new Set(), new Map(), new Map()], leaves = new Set(), middles = new Set();
        const {large} = this.space;
        const root = page === null ? -1 : page >> 2 * LEVEL_BITS, middle = page === null ? -1 : page >> LEVEL_BITS;
        for (const page of this.space.entries.keys())
            leaves.add(page >> LEVEL_BITS);
        for (const leaf of leaves) {
            middles.add(leaf >> LEVEL_BITS);
            used[0].add(leaf >> LEVEL_BITS);
            if (leaf >> LEVEL_BITS === root)
                used[1].set(leaf % SLOTS, large.has(leaf) ? this.space.entries.get(leaf * SLOTS) : null);
        }
        for (let slot = 0; slot < SLOTS && !large.has(middle); slot++) {
            const entry = this.space.entries.get(middle * SLOTS + slot);
            if (entry)
                used[2].set(slot, entry);
        }
        const path = page === null ? [-1, -1, -1] : [root, middle % SLOTS, large.has(middle) ? -1 : page % SLOTS];
        const names = [words.root, words.middle, words.leaf], slot = width / SLOTS;
        let y = LABEL;
        for (let level = 0; level < 3; level++) {
            pen.fill(0, y, width, STRIP, colour("band"));
            for (const one of used[level].keys()) {
                const entry = used[level].get?.(one);
                const first = level === 1 ? ((root << LEVEL_BITS) + one) * SLOTS : (middle << LEVEL_BITS) + one;
                const state = entry ? cellOf(entry, first, this.space, this.machine.maps) : null;
                pen.fill(one * slot, y, Math.max(slot, 1), STRIP, colour(state ?? "ink"));
            }
            if (path[level] >= 0) {
                const x = (path[level] + 0.5) * slot;
                pen.frame(x - 2.5, y - 1, 5, STRIP + 2, colour("focus"), 1.5);
                if (path[level + 1] >= 0) {
                    pen.line(x, y + STRIP + 1, 0, y + STRIP + STRIP_GAP, colour("focus"), 0.5);
                    pen.line(x, y + STRIP + 1, width, y + STRIP + STRIP_GAP, colour("focus"), 0.5);
                }
            }
            const label = path[level] >= 0 ? `${names[level]}[${path[level]}]` : names[level];
            pen.text(path[level] > SLOTS / 2 ? 2 : width - 80, y - 6, label, colour("quiet"), 10);
            y += STRIP + STRIP_GAP;
        }
        const way = names.map((name, level) => `${name}[${path[level]}]`).filter((_, level) => page === null || path[level] >= 0);
        const nlarge = [...leaves].filter(leaf => large.has(leaf)).length;
        this.pathText = `${words.tables(middles.size, leaves.size - nlarge, nlarge)}. ${way.join(" → ")}`;
    }

    /** Where a page is on the screen, or null: folded, scrolled away. */
    locate(page) {
        const place = placeOf(this.layout, page), box = this.canvas.getBoundingClientRect();
        if (!place)
            return null;
        const y = place.y - this.scroller.scrollTop;
        return y < 0 || y > this.visible ? null : {x: box.left + place.x + this.layout.cell / 2, y: box.top + y + this.layout.cell / 2};
    }

    #pageOf(event) {
        const box = this.canvas.getBoundingClientRect();
        return pageAt(this.layout, event.clientX - box.left, event.clientY - box.top + this.scroller.scrollTop);
    }

    #hover(event) {
        const page = this.#pageOf(event);
        this.view.hover(page === null ? null : {space: this.number, page});
    }

    /** A finger does not hover: its first tap on a page shows what is there. */
    #click(event) {
        const page = this.#pageOf(event), isNew = page !== this.cursor;
        if (page === null)
            return;
        this.cursor = page;
        this.#draw();
        if (this.isTouched && isNew)
            this.#announce();
        else
            this.view.goToPage(this.number, page);
    }

    #key(event) {
        const moves = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
        if (event.key in moves && !event.shiftKey && !event.ctrlKey) {
            this.cursor = pageBeside(this.layout, this.cursor ?? this.focus ?? -1, ...moves[event.key]);
            if (this.cursor !== null)
                this.#reveal(this.cursor);
            this.#draw();
            this.#announce();
        } else if (event.key === "Enter" && (this.cursor ?? this.focus) !== null) {
            this.view.goToPage(this.number, this.cursor ?? this.focus);
        } else {
            return;
        }
        event.preventDefault();
        event.stopPropagation();
    }

    #announce() {
        if (this.cursor === null || !this.layout)
            return;
        this.view.hover({space: this.number, page: this.cursor});
        this.view.say(pageText(this.view.film, this.machine, this.space, this.cursor, this.view.words));
    }
}
