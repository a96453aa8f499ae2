// GET /usage: counters by day, endpoint and provider.
import assert from 'node:assert/strict';
import test from './support/test.mjs';
import { movableClock } from './support/server.mjs';
import { hit, miss } from './support/provider.mjs';
import { world } from './support/world.mjs';

const ask = { email: 'ann@ex.org', channels: ['work_email'] };
const DAY = 86400;
const today = () => new Date().toISOString().slice(0, 10);
const providers = {
    acme: { price: 2, script: () => miss },
    bolt: { price: 5, script: ({ email }) => (email.startsWith('ann') ? hit({ work_email: email }) : miss) },
};

async function usage(server, query = '') {
    const { status, json } = await server.client.get(`/usage${query}`);
    assert.equal(status, 200, JSON.stringify(json));
    return json;
}

const at = (day, endpoint) => day.endpoints.find((row) => row.endpoint === endpoint);

test('requests, replays and credits are counted by endpoint, calls by provider', async (t) => {
    const { server } = await world(t, { providers });
    await server.enrich(ask);
    await server.enrich(ask);
    await server.enrich({ ...ask, email: 'bob@ex.org' });
    await server.enrich({});
    await server.client.get('/credits');
    const { from, to, days } = await usage(server);

    assert.equal(days.length, 1);
    assert.equal(to, days[0].date);
    assert.equal((Date.parse(to) - Date.parse(from)) / 1000, 29 * DAY);
    assert.deepEqual(at(days[0], 'POST /enrichment'), { endpoint: 'POST /enrichment', requests: 4, replays: 1, credits: 5 });
    assert.equal(at(days[0], 'GET /credits').requests, 1);
    assert.deepEqual(days[0].providers, [
        { provider: 'acme', asked: 2, hits: 0, credits: 0 },
        { provider: 'bolt', asked: 2, hits: 1, credits: 5 },
    ]);
});

test('credits survive kill -9, counts survive a stop', async (t) => {
    const { server } = await world(t, { providers });
    await server.enrich(ask);
    await server.kill();
    await server.start();
    assert.equal(at((await usage(server)).days[0], 'POST /enrichment').credits, 5);
    await server.client.get('/credits');
    await server.stop();
    await server.start();
    assert.equal(at((await usage(server)).days[0], 'GET /credits').requests, 1);
});

test('counts are written within about a second, without anybody asking', async (t) => {
    const { server } = await world(t, { providers });
    await server.client.get('/credits');
    await new Promise((done) => setTimeout(done, 1500)); // the second that may be lost
    await server.kill();
    await server.start();
    assert.equal(at((await usage(server)).days[0], 'GET /credits').requests, 1);
});

test('every UTC day has its own counters, and from and to choose among them', async (t) => {
    const clock = await movableClock(t);
    const { server } = await world(t, { providers, env: clock.env });
    await server.enrich(ask);
    const first = today();
    await clock.forward(server, 3 * DAY);
    await server.enrich(ask);
    const { days } = await usage(server);
    assert.deepEqual(days.map((day) => at(day, 'POST /enrichment')?.requests), [1, 1]);
    assert.equal((Date.parse(days[1].date) - Date.parse(days[0].date)) / 1000, 3 * DAY);
    assert.deepEqual((await usage(server, `?from=${first}&to=${first}`)).days.map((day) => day.date), [first]);
});

test('dates that are none, the wrong way round or too far apart are 422', async (t) => {
    const { server } = await world(t);
    for (const query of ['from=yesterday', 'to=2026-02-30', 'from=2026-05-02&to=2026-05-01', 'from=2025-01-01&to=2026-01-02', 'from='])
        assert.equal((await server.client.get(`/usage?${query}`)).status, 422, query);
    await usage(server, '?from=2025-01-01&to=2026-01-01');
});
