// New people through two connectors as they are shipped, against the fake provider world: answers of a real one's size.
import { BOTH_CORES, startServer, stopServer } from '../support/processes.mjs';
import { balance, DOMAIN, median, repeat, row, wrk } from '../support/load.mjs';
import { worldProviders } from '../support/providers.mjs';

const BYTES = 30 * 1024;
const PERSON = `"first_name":"p' .. i .. '","last_name":"Tester","company_domain":"${DOMAIN}"`;

// The first answers everybody at length without knowing them, the second knows everybody.
export default async function connectors() {
    const { url, entries, env } = await worldProviders({ hunter: 0, people_data_labs: 100 }, BYTES, BOTH_CORES);
    const server = await startServer({ cores: BOTH_CORES, config: { providers: entries }, env });
    const before = await balance(server);
    let first = 0;
    const runs = await repeat(5, async () => {
        const run = await wrk({ ...server, first, person: PERSON, connections: 256, cores: BOTH_CORES, seconds: 4 });
        first += run.requests + 1000;
        if (run.failed > 0)
            throw new Error(`${run.failed} lookups failed: ${server.child.errors.slice(-500)}`);
        return run;
    });
    const answered = runs.reduce((sum, run) => sum + run.requests, 0);
    const charged = before - await balance(server);
    const counts = await (await fetch(`${url}/world/counts`)).json();
    if (charged < answered || counts.hunter.missed < answered)
        throw new Error(`${answered} answers, but ${charged} hits, and ${JSON.stringify(entries.map(({ connector }) => counts[connector]))}`);
    await stopServer(server);
    const measured = Math.round(median(runs.map((run) => run.rate)));
    return [row('cold, two connectors as shipped, answers of 30 KB, two cores with client and providers', `${measured} lookups/s`,
        'at least 2500/s', measured >= 2500)];
}
