// A store of a million records: what a replay costs there beside one of ten thousand, and the start.
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

    const small = await startServer({ data: folders.small, config });
    const large = await startServer({ data: folders.large, config });
    await cost(small, SMALL, 2);
    await cost(large, LARGE, 2);
    const pairs = await repeat(5, async () => ({ small: await cost(small, SMALL, 3), large: await cost(large, LARGE, 3) }));
    const a = median(pairs.map((p) => p.large));
    const b = median(pairs.map((p) => p.small));
    const ratio = median(pairs.map((p) => p.large / p.small));
    return [
        row('a replay at 1,000,000 records against 10,000, any of them, server CPU',
            `${a.toFixed(2)} µs to ${b.toFixed(2)} µs: ${ratio.toFixed(2)} ×`, 'at most 1.5 ×', ratio <= 1.5),
        row('start with 1,000,000 records', `${start.toFixed(0)} ms`, 'under 200 ms', start < 200),
    ];
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
