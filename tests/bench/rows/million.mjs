// A store of a million records: what a replay costs there beside one of ten thousand, and the start.
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { cpuOf, startServer, stopServer } from '../support/processes.mjs';
import { median, repeat, row, wrk } from '../support/load.mjs';
import { dataset, filledFolder } from '../support/people.mjs';

const SMALL = 10000;
const LARGE = 1000000;

export default async function million() {
    const config = { providers: [await dataset(1000)] };
    const folders = { small: await filledFolder(SMALL), large: await filledFolder(LARGE) };

    const starts = await repeat(5, async () => {
        const server = await startServer({ data: folders.large, config });
        await stopServer(server);
        return server.started_ms;
    });
    const start = median(starts);

    await readIntoCache(join(folders.large, 'unstuck.db'));
    const small = await startServer({ data: folders.small, config });
    const large = await startServer({ data: folders.large, config });
    await askEverybody(small, SMALL);
    const cold = await compare(small, large, 5);
    await askEverybody(large, LARGE);
    const warm = await compare(small, large, 5);
    return [
        rowOf('a replay at 1,000,000 records against 10,000, each asked for before, server CPU', warm),
        rowOf('the same, most of the million read from the store', cold),
        row('start with 1,000,000 records', `${start.toFixed(0)} ms`, 'under 200 ms', start < 200),
    ];
}

// What the row is about is the store, not the disk.
async function readIntoCache(file) {
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 }))
        void chunk;
}

async function compare(small, large, times) {
    const pairs = await repeat(times, async () => ({ small: await cost(small, SMALL, 2), large: await cost(large, LARGE, 2) }));
    return {
        small: median(pairs.map((p) => p.small)),
        large: median(pairs.map((p) => p.large)),
        ratio: median(pairs.map((p) => p.large / p.small)),
    };
}

function rowOf(what, { small, large, ratio }) {
    const measured = `${large.toFixed(2)} µs to ${small.toFixed(2)} µs: ${ratio.toFixed(2)} ×`;
    return row(what, measured, 'at most 1.5 ×', ratio <= 1.5);
}

// Each record once, so that the server has it in memory.
async function askEverybody(server, count) {
    for (let first = 0; first < count;) {
        const run = await wrk({ ...server, first, connections: 16, seconds: Math.min(10, Math.ceil((count - first) / 60000)) });
        first += run.requests - 16; // some may have been cut off
    }
}

// Microseconds of server CPU for each replay of a record picked at random.
async function cost(server, count, seconds) {
    const before = await cpuOf(server.pid);
    const { requests, failed } = await wrk({
        ...server, lua: `i = math.random(1, ${count})`, connections: 16, seconds,
    });
    if (failed > 0)
        throw new Error(`${failed} requests failed`);
    return (await cpuOf(server.pid) - before) / requests;
}
