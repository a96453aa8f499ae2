// New people, durable books: two HTTP providers (a miss, then a hit of its own), and a dataset.
import { BOTH_CORES, startServer, stopServer } from '../support/processes.mjs';
import { balance, median, repeat, row, wrk } from '../support/load.mjs';
import { dataset, PEOPLE } from '../support/people.mjs';
import { nginxProviders } from '../support/providers.mjs';

export default async function cold() {
    return [
        await rate('cold, two HTTP providers, two cores with client and providers', await nginxProviders(BOTH_CORES), 5000),
        await rate('cold, dataset, two cores with client', [await dataset(PEOPLE)], 10000),
    ];
}

async function rate(what, providers, promised) {
    const server = await startServer({ cores: BOTH_CORES, config: { providers } });
    const before = await balance(server);
    let first = 0;
    const runs = await repeat(5, async () => {
        const run = await wrk({ ...server, first, connections: 256, cores: BOTH_CORES, seconds: 4 });
        first += run.requests + 1000;
        if (run.failed > 0)
            throw new Error(`${run.failed} lookups failed: ${server.child.errors.slice(-500)}`);
        return run;
    });
    const answered = runs.reduce((sum, run) => sum + run.requests, 0);
    const charged = before - await balance(server);
    if (charged < answered)
        throw new Error(`${answered} answers, but only ${charged} hits`);
    await stopServer(server);
    const measured = Math.round(median(runs.map((run) => run.rate)));
    return row(what, `${measured} lookups/s`, `at least ${promised}/s`, measured >= promised);
}
