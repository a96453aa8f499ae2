// The outbox: how fast it empties, what a million that wait cost, and what its deliveries do to lookups.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BOTH_CORES, memoryOf, startNginx, startServer, stopServer, tempFolder } from '../support/processes.mjs';
import { median, repeat, row, wrk } from '../support/load.mjs';
import { dataset, PEOPLE } from '../support/people.mjs';

const EVENTS = 10000;
const MANY = 1000000;
const PATH = '/settings/verification-webhook';
const allowed = { outgoing: { webhooks: { allow: ['127.0.0.1/32'] } } };
const now = () => Number(process.hrtime.bigint()) / 1e6;

export default async function outbox() {
    const nginx = await startNginx(`location / { return 200 '{"valid":true}'; }`, BOTH_CORES);
    return [await emptying(nginx), ...await waiting(), await besideLookups(nginx)];
}

async function ask({ url, key }, method, path, body) {
    const answer = await fetch(url + path, {
        method, body: body && JSON.stringify(body), headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    });
    if (!answer.ok)
        throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
}

// A stopped server's folder with that many events waiting for an endpoint at `url`.
async function folderWith(count, url) {
    const data = join(await tempFolder(), 'data');
    const server = await startServer({ data, config: allowed, cores: BOTH_CORES });
    await ask(server, 'PUT', PATH, { url });
    await stopServer(server);
    const at = Date.now() * 1000;
    await promisify(execFile)('sqlite3', [join(data, 'unstuck.db'), `
        INSERT INTO event SELECT workspace_id, endpoint_id, randomblob(16), 0, zeroblob(16), 0,
            '{"type":"email.verification_requested","timestamp":"2026-05-26T14:30:00Z","data":{"record_id":"lead_0351eVqmwaZYg7RfzKAqIi",'
            || '"channel":"work_email","email":"p' || value || '@bench.example","source":"Bench","confidence":0.9}}', ${at}, 0, ${at}, 0
            FROM endpoint, (WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < ${count}) SELECT value FROM n);`]);
    return data;
}

const left = async (server) => (await ask(server, 'GET', `${PATH}/deliveries`)).waiting;

async function emptying(nginx) {
    const rates = await repeat(3, async () => {
        const data = await folderWith(EVENTS, nginx.url);
        const began = now();
        const server = await startServer({ data, config: allowed, cores: BOTH_CORES });
        while (await left(server) > 0)
            await new Promise((done) => setTimeout(done, 20));
        const rate = EVENTS / ((now() - began) / 1000);
        await stopServer(server);
        return rate;
    });
    const measured = Math.round(median(rates));
    return row(`${EVENTS} events to one endpoint (nginx), two cores together`, `${measured} deliveries/s`, 'at least 2,000/s', measured >= 2000);
}

async function waiting() {
    const dead = 'http://127.0.0.1:9/';
    const measure = async (data) => {
        const runs = await repeat(3, async () => {
            const server = await startServer({ data, config: allowed });
            await left(server);
            const memory = await memoryOf(server.pid, 'VmRSS');
            await stopServer(server);
            return { memory, ms: server.started_ms };
        });
        return { memory: median(runs.map((run) => run.memory)), ms: median(runs.map((run) => run.ms)) };
    };
    const one = await measure(await folderWith(1, dead));
    const some = await measure(await folderWith(EVENTS, dead));
    const many = await measure(await folderWith(MANY, dead));
    const more = many.memory - some.memory;
    const filled = some.memory - one.memory; // SQLite's own pages, 4 MB at most
    return [
        row(`memory of 1,000,000 waiting events beside ${EVENTS}`, `${more.toFixed(1)} MB more; these ${filled.toFixed(1)} MB more than one`,
            'no more than a page', more < 2),
        row('start with 1,000,000 waiting events beside one', `${many.ms.toFixed(0)} ms to ${one.ms.toFixed(0)} ms`, 'not slowed', many.ms < 2 * one.ms + 5),
    ];
}

// New people at the same pace of 16 clients, with each e-mail delivered and without.
async function besideLookups(nginx) {
    const server = await startServer({ cores: BOTH_CORES, config: { ...allowed, providers: [await dataset(PEOPLE)] } });
    let first = 0;
    const load = async () => {
        const run = await wrk({ ...server, first, connections: 4, cores: BOTH_CORES, seconds: 3 });
        first += run.requests + 100;
        return run.p99_us / 1000;
    };
    const pairs = await repeat(5, async () => {
        const without = await load();
        await ask(server, 'PUT', PATH, { url: nginx.url });
        const withHook = await load();
        await ask(server, 'DELETE', PATH);
        return { without, withHook };
    });
    await stopServer(server);
    const [without, withHook] = [median(pairs.map((p) => p.without)), median(pairs.map((p) => p.withHook))];
    return row('p99 of cold lookups (dataset, 4 clients) with every e-mail delivered beside them',
        `${withHook.toFixed(2)} ms to ${without.toFixed(2)} ms`, 'unharmed', withHook <= 2 * without + 1);
}
