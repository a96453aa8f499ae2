// Rate limits (api.md section 1): 100 a minute for single records, 20 for bulk, 10,000 a UTC day; sliding and
// exact, for each workspace; told on every answer to a known key.
import assert from 'node:assert/strict';
import test from './support/test.mjs';
import { hit } from './support/provider.mjs';
import { movableClock, run } from './support/server.mjs';
import { world } from './support/world.mjs';

const ask = { email: 'ann@ex.org', channels: ['work_email'] };
const acme = { script: () => hit({ work_email: 'ann@ex.org' }) };
const DAY = 86400;

async function limited(t, limits, options = {}) {
    const clock = await movableClock(t);
    await clock.forward({}, 86400 - (Date.now() / 1000 + 43200) % 86400); // noon: no midnight comes in between
    const { server } = await world(t, { providers: { acme }, config: { limits }, env: clock.env, ...options });
    return { server, clock };
}

// {minute: {r, t}, bulk: …, day: …} of a RateLimit header.
function stateOf({ headers }) {
    const items = headers.ratelimit.split(', ').map((item) => /^"(\w+)";r=(\d+);t=(\d+)$/.exec(item));
    return Object.fromEntries(items.map(([, name, r, left]) => [name, { r: Number(r), t: Number(left) }]));
}

async function times(count, act) {
    const answers = [];
    for (let i = 0; i < count; i++)
        answers.push(await act());
    return answers;
}

const statuses = (answers) => [...new Set(answers.map((answer) => answer.status))];

test('the seed\'s limits are the default: 100 a minute, 20 for bulk, 10,000 a day', async (t) => {
    const { server } = await limited(t, {});
    const answer = await server.enrich(ask);
    assert.equal(answer.headers['ratelimit-policy'],
        '"minute";q=100;w=60, "bulk";q=20;w=60, "day";q=10000;w=86400');
    const state = stateOf(answer);
    assert.equal(state.minute.r, 99);
    assert.equal(state.bulk.r, 20);
    assert.equal(state.day.r, 9999);
});

test('the 101st request in any 60 seconds is refused, and one goes through as soon as the first is older', async (t) => {
    const { server, clock } = await limited(t, {});
    assert.deepEqual(statuses(await times(50, () => server.enrich(ask))), [200]);
    await clock.forward(server, 30);
    assert.deepEqual(statuses(await times(50, () => server.enrich(ask))), [200]);
    const refused = await server.enrich(ask);
    assert.equal(refused.status, 429);
    assert.equal(refused.headers['content-type'], 'application/problem+json');
    assert.equal(refused.json.code, 'rate_limited');
    assert.equal(refused.json.retryable, true);
    assert.deepEqual(refused.json['violated-policies'], ['minute']);
    const wait = Number(refused.headers['retry-after']);
    assert.ok(wait >= 20 && wait <= 31, `${wait}`);
    assert.equal(stateOf(refused).minute.r, 0);
    await clock.forward(server, wait);
    assert.equal((await server.enrich(ask)).status, 200);
});

test('at the window\'s edge: still full at 59 s, free when Retry-After has passed', async (t) => {
    const { server, clock } = await limited(t, { minute: 3 });
    await times(3, () => server.enrich(ask));
    await clock.forward(server, 58);
    const refused = await server.enrich(ask);
    assert.equal(refused.status, 429);
    await clock.forward(server, Number(refused.headers['retry-after']));
    assert.deepEqual(statuses(await times(3, () => server.enrich(ask))), [200]);
    assert.equal((await server.enrich(ask)).status, 429);
});

test('429s and 401s do not count; every other answer does, replays and mistakes too', async (t) => {
    const { server, clock } = await limited(t, { minute: 4, day: 6 });
    const mistake = await server.client.request('POST', '/enrichment', { body: '{', headers: {} });
    assert.equal(mistake.status, 400);
    assert.equal((await server.enrich(ask, { 'content-type': 'text/plain' })).status, 415);
    assert.equal(stateOf(await server.enrich(ask)).minute.r, 1);
    assert.equal((await server.enrich(ask, { authorization: 'Bearer nothing' })).status, 401);
    assert.equal(stateOf(await server.enrich(ask)).minute.r, 0);
    assert.deepEqual(statuses(await times(5, () => server.enrich(ask))), [429]);
    await clock.forward(server, 61);
    assert.deepEqual((await times(3, () => server.enrich(ask))).map(({ status }) => status), [200, 200, 429]);
});

test('429 comes before 415 and 413', async (t) => {
    const { server } = await limited(t, { minute: 1 });
    await server.enrich(ask);
    assert.equal((await server.enrich(ask, { 'content-type': 'text/plain' })).status, 429);
    assert.equal((await server.enrich('x'.repeat(70000))).status, 429);
});

test('other endpoints count for nothing and tell the limits; a stranger is told none', async (t) => {
    const { server } = await limited(t, { minute: 1 });
    await server.enrich(ask);
    for (const path of ['/credits', '/records/lead_none', '/keys', '/credits/ledger']) {
        const answer = await server.client.get(path);
        assert.notEqual(answer.status, 429, path);
        assert.equal(stateOf(answer).minute.r, 0, path);
    }
    const stranger = await server.client.get('/credits', { authorization: null });
    assert.equal(stranger.status, 401);
    assert.equal(stranger.headers.ratelimit, undefined);
    assert.equal((await server.client.get('/health')).headers.ratelimit, undefined);
});

test('the day ends at midnight UTC', async (t) => {
    const { server, clock } = await limited(t, { day: 3 });
    const toMidnight = () => DAY - (clock.now() / 1000) % DAY;
    await clock.forward(server, toMidnight() - 20);
    assert.deepEqual(statuses(await times(3, () => server.enrich(ask))), [200]);
    const refused = await server.enrich(ask);
    assert.deepEqual(refused.json['violated-policies'], ['day']);
    const wait = Number(refused.headers['retry-after']);
    assert.ok(wait >= 1 && wait <= 21, `${wait}`);
    await clock.forward(server, wait);
    assert.deepEqual(statuses(await times(3, () => server.enrich(ask))), [200]);
    assert.equal((await server.enrich(ask)).status, 429);
});

test('a wall clock that steps backwards gives no second day, and no minute', async (t) => {
    const { server, clock } = await limited(t, { day: 5, minute: 3 });
    await times(3, () => server.enrich(ask));
    await clock.wall(-2 * DAY);
    assert.deepEqual((await server.enrich(ask)).json['violated-policies'], ['minute']);
    await clock.forward(server, 61);
    await times(2, () => server.enrich(ask));
    assert.deepEqual((await server.enrich(ask)).json['violated-policies'], ['day']);
    await server.stop();
    await server.start();
    assert.deepEqual((await server.enrich(ask)).json['violated-policies'], ['day'], 'not by a restart either');
});

test('the day\'s count survives a restart whole, and kill -9 but for the last second', async (t) => {
    const { server } = await limited(t, { day: 8 });
    await times(3, () => server.enrich(ask));
    await server.stop();
    await server.start();
    assert.equal(stateOf(await server.enrich(ask)).day.r, 4);
    await new Promise((done) => setTimeout(done, 1500)); // the promise is about time: one second, and the disk
    await server.restart();
    assert.equal(stateOf(await server.enrich(ask)).day.r, 3);
});

test('a workspace may have limits of its own, and each counts for itself', async (t) => {
    const { server } = await limited(t, { minute: 2 }, { prepare: true });
    const made = await run(['workspace', 'create', '--data', server.data, '--name', 'Big', '--credits', '100']);
    const [, key] = /^key: (\S+)$/m.exec(made.stdout);
    const [, id] = /^workspace: (\S+)$/m.exec(made.stdout);
    assert.equal((await run(['workspace', 'limits', '--data', server.data, '--workspace', id, '--minute', '3'])).code, 0);
    await server.start();
    const big = () => server.enrich(ask, { authorization: `Bearer ${key}` });
    assert.match((await big()).headers['ratelimit-policy'], /^"minute";q=3;w=60, "bulk";q=20;/);
    assert.deepEqual((await times(3, big)).map(({ status }) => status), [200, 200, 429]);
    assert.deepEqual((await times(3, () => server.enrich(ask))).map(({ status }) => status), [200, 200, 429]);
});
