// Memory with ten thousand calls to thirty providers in flight.
import { filesMax, memoryOf, startServer } from '../support/processes.mjs';
import { question, row } from '../support/load.mjs';
import { manyProviders } from '../support/providers.mjs';

const WANTED = 10000;
const BULK = 100;
const PROVIDERS = 30;
const ANSWER_MS = 3000;

// Every provider takes its time and knows nobody, so that a lookup is a while with each; lookups set out over the time
// that one of them takes, so that they are spread over all providers when the last one sets out.
export default async function calls() {
    const count = Math.min(WANTED, await filesMax() - 1000);
    const providers = await manyProviders(PROVIDERS, ANSWER_MS);
    const server = await startServer({
        config: {
            server: { connections_max: 2 * count / BULK },
            lookup: { deadline_ms: 600000, in_flight_max: count },
            providers: providers.entries,
        },
    });
    const spread_ms = 0.85 * PROVIDERS * ANSWER_MS;
    const began = Date.now();
    const answers = [];
    for (let first = 0; first < count; first += BULK) {
        answers.push(ask(server, first));
        await new Promise((done) => setTimeout(done, began + spread_ms * first / count - Date.now()));
    }
    const answered = (await Promise.all(answers)).reduce((sum, each) => sum + each, 0);
    const mb = await memoryOf(server.pid, 'VmHWM');
    const { peak, used } = await (await fetch(`${providers.url}/peak`)).json();
    return [row(`${peak} calls in flight to ${used} providers`, `${mb.toFixed(0)} MB at the peak, ${answered} lookups answered`,
        'at most 250 MB, all answered', mb <= 250 && answered === WANTED && peak >= 0.95 * WANTED && used === PROVIDERS)];
}

// A bulk of new people: how many were answered.
async function ask({ url, key }, first) {
    const records = [...Array(BULK).keys()].map((i) => ({ ...question(first + i), channels: undefined }));
    const answer = await fetch(`${url}/enrichment/bulk`, {
        method: 'POST', body: JSON.stringify({ records, channels: ['work_email'] }),
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    });
    const { results } = await answer.json();
    return results.filter(({ channels }) => channels && channels.work_email === null).length;
}
