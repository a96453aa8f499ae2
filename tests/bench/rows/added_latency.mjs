// What a lookup takes beyond its providers: two of 50 ms, 200 new people a second.
import http from 'node:http';
import { startServer } from '../support/processes.mjs';
import { median, percentile, question, repeat, row } from '../support/load.mjs';
import { slowProviders } from '../support/providers.mjs';

const RATE = 200;
const SECONDS = 5;
const now = () => Number(process.hrtime.bigint()) / 1e6;

export default async function addedLatency() {
    const providers = await slowProviders(50);
    const server = await startServer({ config: { providers: providers.entries } });
    const agent = new http.Agent({ keepAlive: true });
    await atRate(server, agent, 1000000, 2);
    await fetch(`${providers.url}/times`);
    const runs = await repeat(5, async (i) => {
        const took = await atRate(server, agent, i * RATE * SECONDS, SECONDS);
        const theirs = await (await fetch(`${providers.url}/times`)).json();
        const added = took.map(({ name, ms }) => ms - theirs[name]);
        return { p50: percentile(added, 50), p99: percentile(added, 99) };
    });
    agent.destroy();
    const p99 = median(runs.map((run) => run.p99));
    const p50 = median(runs.map((run) => run.p50));
    return [row(`added to two providers of 50 ms, ${RATE} lookups a second, p99`,
        `${p99.toFixed(1)} ms (p50 ${p50.toFixed(1)} ms)`, 'at most 5 ms', p99 <= 5)];
}

// Sends each question when it is due, whatever became of the others.
async function atRate(server, agent, first, seconds) {
    const began = now();
    const going = [];
    for (let i = 0; i < RATE * seconds; i++) {
        const due = began + i * 1000 / RATE;
        while (now() < due)
            await new Promise((done) => setTimeout(done, Math.max(0, due - now())));
        going.push(timed(server, agent, question(first + i)));
    }
    return Promise.all(going);
}

function timed({ url, key }, agent, body) {
    const text = JSON.stringify(body);
    const { hostname, port } = new URL(url);
    const began = now();
    return new Promise((done, failed) => {
        const request = http.request({
            agent, host: hostname, port, method: 'POST', path: '/enrichment',
            headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'content-length': text.length },
        }, (response) => {
            response.resume();
            response.on('end', () => {
                if (response.statusCode === 200)
                    done({ name: body.first_name, ms: now() - began });
                else
                    failed(new Error(`status ${response.statusCode}`));
            });
        });
        request.on('error', failed);
        request.end(text);
    });
}
