// Companies: new ones from a dataset, and one asked for again.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { balance, median, repeat, row, wrk } from '../support/load.mjs';
import { BOTH_CORES, startServer, stopServer, tempFolder } from '../support/processes.mjs';

const COMPANIES = 300000;
const lua = 'i = i + 1; if i then return wrk.format(nil, nil, nil, \'{"domain":"c\' .. i .. \'.bench.example"}\') end';

export default async function account() {
    const file = join(await tempFolder(), 'companies.csv');
    const lines = [...Array(COMPANIES).keys()].map((i) => `c${i}.bench.example,Pumps,${i},Kafka;Okta`);
    await writeFile(file, `domain,industry,employee_count,tech_stack\n${lines.join('\n')}\n`);
    const server = await startServer({
        cores: BOTH_CORES,
        config: {
            providers: [{ name: 'File', kind: 'dataset', file, prices: { account: 1 } }],
        },
    });
    const rows = [await fresh(server), await replayed(server)];
    await stopServer(server);
    return rows;
}

async function measure(server, options) {
    const runs = await repeat(3, async () => {
        const run = await wrk({ ...server, path: '/enrichment/account', cores: BOTH_CORES, ...options() });
        if (run.failed > 0)
            throw new Error(`${run.failed} failed: ${server.child.errors.slice(-500)}`);
        return run;
    });
    return { answered: runs.reduce((sum, run) => sum + run.requests, 0), rate: Math.round(median(runs.map((run) => run.rate))) };
}

async function fresh(server) {
    const before = await balance(server);
    let first = 0;
    const { answered, rate } = await measure(server, () => {
        first += 100000;
        return { lua, first: first - 100000, connections: 64, seconds: 3 };
    });
    if (before - await balance(server) < Math.min(answered, 1))
        throw new Error('nothing was charged');
    return row('companies, new, from a dataset', `${rate}/s`, 'at least 5000/s', rate >= 5000);
}

async function replayed(server) {
    const { rate } = await measure(server, () => ({ body: '{"domain":"c1.bench.example"}', seconds: 3 }));
    return row('companies, replayed', `${rate}/s`, 'at least 20000/s', rate >= 20000);
}
