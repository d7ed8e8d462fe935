// SPDX-License-Identifier: MIT
// Where the pages of an address space are on its map: rows of cells under a line for each mapping. Long stretches that
// nothing ever touches are folded into one line, so that a reservation of a gigabyte does not hide the rest.

export const TITLE_HEIGHT = 18, FOLD_HEIGHT = 14, GAP = 6;
const COLUMNS = [64, 128, 256];
const NARROW = 384, FEW_COLUMNS = 32;  // on a phone, so that cells have room for their marks
const MANY_ROWS = 160;  // more than that, and the cells are made smaller
const FOLDED = 2;  // rows

/** Finds the first number of a sorted list that is not below a limit. */
export function lowerBound(list, limit) {
    let low = 0, high = list.length;
    while (low < high) {
        const middle = low + high >> 1;
        if (list[middle] < limit)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/** The areas of a space; of one without, as while a program is replaced, what has entries. */
function areasOf(space, touched) {
    const areas = [...space.areas];
    for (const page of areas.length ? [] : touched) {
        if (!space.entries.has(page))
            continue;
        const last = areas.at(-1);
        if (last?.isUnknown && page - last.end < COLUMNS[0])
            last.end = page + 1;
        else
            areas.push({start: page, end: page + 1, prot: 0, name: "", isUnknown: true});
    }
    return areas.sort((one, other) => one.start - other.start);
}

/** Lists the rows of one area: {first, end} pages, or {pages} that are folded. */
function rowsOf(area, touched, columns) {
    const rows = [];
    let at = area.start, next = lowerBound(touched, area.start);
    while (at < area.end) {
        const wanted = next < touched.length && touched[next] < area.end ? touched[next] : area.end;
        const row = Math.floor(at / columns) * columns, until = wanted < area.end ? Math.floor(wanted / columns) * columns : area.end;
        const hidden = Math.floor((until - row) / columns);
        if (hidden >= FOLDED) {
            const end = wanted < area.end ? until : area.end;
            rows.push({pages: end - at});
            at = end;
            continue;
        }
        const end = Math.min(row + columns, area.end);
        rows.push({first: at, end});
        at = end;
        if (next < touched.length && touched[next] < at)
            next = lowerBound(touched, at);
    }
    return rows;
}

/** Lays a space out for a width: {columns, cell, rows, height}. Each row has a place y and a height. */
export function layOut(space, touched, width) {
    const areas = areasOf(space, touched);
    let rows, columns;
    for (columns of width < NARROW ? [FEW_COLUMNS, ...COLUMNS] : COLUMNS) {
        rows = [];
        for (const area of areas) {
            rows.push({area, isTitle: true});
            for (const row of rowsOf(area, touched, columns))
                rows.push({area, ...row});
        }
        if (rows.length < MANY_ROWS)
            break;
    }
    const cell = Math.max(Math.floor(width / columns * 2) / 2, 1.5);
    let y = 0;
    for (const row of rows) {
        if (row.isTitle && y)
            y += GAP;
        row.y = y;
        row.height = row.isTitle ? TITLE_HEIGHT : row.pages ? FOLD_HEIGHT : cell;
        y += row.height;
    }
    return {columns, cell, rows, height: y};
}

/** Where a page is: {x, y}, or null if it is folded or not there. */
export function placeOf(layout, page) {
    const row = layout.rows.find(one => one.first <= page && page < one.end);
    return row ? {x: page % layout.columns * layout.cell, y: row.y} : null;
}

/** The page at a place, or null. */
export function pageAt(layout, x, y) {
    const row = layout.rows.find(one => one.y <= y && y < one.y + one.height);
    if (!row || row.first === undefined)
        return null;
    const page = Math.floor(row.first / layout.columns) * layout.columns + Math.floor(x / layout.cell);
    return x >= 0 && x < layout.columns * layout.cell && page >= row.first && page < row.end ? page : null;
}

/** The pages that have a cell, for who moves by keys: the one that is `rows` and `columns` away, or the same. */
export function pageBeside(layout, page, columns, rows) {
    const at = layout.rows.findIndex(row => row.first <= page && page < row.end);
    const cells = layout.rows.filter(row => row.first !== undefined);
    if (at < 0)
        return cells[0]?.first ?? null;
    const number = cells.indexOf(layout.rows[at]);
    if (rows) {
        const row = cells[number + rows];
        if (!row)
            return page;
        const wanted = Math.floor(row.first / layout.columns) * layout.columns + page % layout.columns;
        return Math.min(Math.max(wanted, row.first), row.end - 1);
    }
    const wanted = page + columns;
    if (wanted >= cells[number].end)
        return cells[number + 1]?.first ?? page;
    return wanted < cells[number].first ? (cells[number - 1]?.end ?? page + 1) - 1 : wanted;
}
