// Clients that are slow on purpose: they are cut off, and meanwhile nobody else waits.
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import test from '../flow/support/test.mjs';
import { hit } from '../flow/support/provider.mjs';
import { world } from '../flow/support/world.mjs';
import { answersIn, say, statuses } from './support/answers.mjs';
import { CLIENTS, socketsOf, startSlowClients, withKey } from './support/slow_clients.mjs';
import { GOOD } from './support/http11_cases.mjs';

const LIMIT_MS = 1000;
const LONG_MS = 60000;
const ATTACK_SECONDS = 15; // the server has to be rid of them long before
const ask = { email: 'ann@ex.org', channels: ['work_email'] };
const acme = { script: ({ email }) => hit({ work_email: email }) };

const refusedLate = (server) => server.logLines().filter((line) => line.msg === 'request refused' && line.status === 408).length;

test('slow headers are cut off, and others are answered', async (t) => {
    const server = await start(t, { request_ms: 2000, idle_ms: LONG_MS });
    const { printed } = await probeDuring(t, server, '/health', ['-H', '-i', 1]);
    assert.match(await printed, /No open connections left/);
    assert.equal(refusedLate(server), CLIENTS);
});

test('slow bodies are cut off, and others are answered', async (t) => {
    const server = await start(t, { request_ms: 2000, idle_ms: LONG_MS });
    const { printed } = await probeDuring(t, server, '/enrichment',
        ['-B', '-i', 1, '-s', 4096, '-t', 'POST', '-f', withKey('application/json', server.key)]);
    assert.match(await printed, /No open connections left/);
    assert.equal(refusedLate(server), CLIENTS);
});

// The kernel takes the ten answers of a client in whole, so that the server is rid of them as of idle ones.
test('slow readers are cut off, and others are answered', async (t) => {
    const server = await start(t, { write_ms: 2000, idle_ms: 2000 });
    await probeDuring(t, server, '/metrics', ['-X', '-n', 1, '-z', 5, '-w', 10, '-y', 20, '-k', 10]);
});

async function start(t, server) {
    const { server: started } = await world(t, { providers: { acme }, config: { server } });
    const first = await started.enrich(ask);
    assert.equal(first.status, 200);
    return started;
}

// Probes until all the slow clients have come, and the server has rid itself of them.
async function probeDuring(t, server, path, args) {
    const { pid } = server.child;
    await probe(server);
    const before = await socketsOf(pid);
    const clients = startSlowClients(t, server.url + path, ATTACK_SECONDS, args);
    let most = 0;
    for (let now = before; most < CLIENTS || now > before; most = Math.max(most, now)) {
        if (clients.has_ended && most < CLIENTS || clients.has_given_up)
            assert.fail(`${now} of ${most} sockets left: ${await clients.printed}`);
        await probe(server);
        await pause(20);
        now = await socketsOf(pid);
    }
    return clients;
}

// A new connection and a kept one: both are answered in time.
async function probe(server) {
    await inTime('GET /health', async () => assert.deepEqual(statuses(answersIn(await say(server.url, GOOD))), [200]));
    await inTime('a replay', async () => assert.equal((await server.enrich(ask)).status, 200));
}

async function inTime(name, work) {
    const start = performance.now();
    await work();
    const ms = performance.now() - start;
    assert.ok(ms < LIMIT_MS, `${name} took ${Math.round(ms)} ms`);
}
