// A hundred new people in one request, with providers that take 50 ms each, against one person alone.
import { median, percentile, row } from '../support/load.mjs';
import { startServer, stopServer } from '../support/processes.mjs';
import { slowProviders } from '../support/providers.mjs';

const RECORDS = 100;
const ROUNDS = 20;
const channels = ['work_email'];

export default async function bulk() {
    const { entries } = await slowProviders(50);
    const server = await startServer({ config: { providers: entries } });
    let next = 0;
    const person = () => ({ email: `p${next}@bench.example`, first_name: `p${next++}` });
    const ask = async (path, body) => {
        const start = performance.now();
        const answer = await fetch(`${server.url}${path}`, {
            method: 'POST', body: JSON.stringify(body),
            headers: { authorization: `Bearer ${server.key}`, 'content-type': 'application/json' },
        });
        const json = await answer.json();
        return { ms: performance.now() - start, json, status: answer.status };
    };
    const people = () => Array.from({ length: RECORDS }, person);

    await ask('/enrichment/bulk', { records: people(), channels }); // opens the connections to the providers
    const singles = [], bulks = [];
    for (let i = 0; i < ROUNDS; i++) {
        singles.push((await ask('/enrichment', { ...person(), channels })).ms);
        const many = await ask('/enrichment/bulk', { records: people(), channels });
        if (many.status !== 200 || many.json.credits_used !== RECORDS)
            throw new Error(`a bulk request was not answered: ${JSON.stringify(many.json).slice(0, 300)}`);
        bulks.push(many.ms);
    }
    await stopServer(server);
    const slowest = percentile(singles, 99);
    const ratio = median(bulks) / slowest;
    return [row(`bulk of ${RECORDS}, two providers of 50 ms`,
        `${median(bulks).toFixed(0)} ms, ${ratio.toFixed(2)} × the slowest single one of ${slowest.toFixed(0)} ms`,
        'at most 1.3 ×', ratio <= 1.3)];
}
