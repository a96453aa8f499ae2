// Providers that fail, lie, stall or flood: an outcome in the trail, and the next one is asked.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from './support/test.mjs';
import { hit, misbehave, miss } from './support/provider.mjs';
import { movableClock } from './support/server.mjs';
import { charged, world } from './support/world.mjs';

const ask = { email: 'ann@ex.org', company_domain: 'ex.org', channels: ['work_email'] };
const good = { script: () => hit({ work_email: 'ann@ex.org' }) };

// The first provider does `script`; the second is good. The lookup must come to its hit.
async function passedOver(t, script, outcomes, entry = {}) {
    const { server, bad } = await world(t, { providers: { bad: { script, ...entry }, good } });
    const { status, json } = await server.enrich(ask);
    assert.equal(status, 200);
    assert.equal(json.channels.work_email.source, 'good');
    assert.equal(json.credits_used, 2);
    const trail = await server.trail(json.record_id);
    assert.equal(trail[0].provider, 'bad');
    assert.ok(outcomes.includes(trail[0].outcome), `the outcome is ${trail[0].outcome}`);
    assert.equal(trail[0].credits, 0);
    assert.equal(trail[1].outcome, 'hit');
    assert.equal(await charged(server), 2);
    return { server, bad };
}

for (const [name, script, outcomes] of [
    ['garbage instead of HTTP', () => misbehave.garbage(), ['error']],
    ['a web page', () => misbehave.notJson(), ['error', 'invalid']],
    ['half an answer', () => misbehave.half({ work_email: 'ann@ex.org', score: 90 }), ['error']],
    ['a connection closed early', () => misbehave.closeEarly(), ['error']],
    ['a 500', () => ({ status: 500, json: {} }), ['error']],
    ['a 429', () => ({ status: 429, headers: { 'retry-after': '1' }, json: {} }), ['rate_limited']],
    ['a 401', () => ({ status: 401, json: {} }), ['auth_error']],
    ['a 402', () => ({ status: 402, json: {} }), ['out_of_credits', 'error']],
    ['JSON of another shape', () => ({ json: [1, 2, 3] }), ['miss', 'error', 'invalid']],
    ['a value of another type', () => hit({ work_email: { a: 1 } }), ['miss', 'error', 'invalid']],
    ['an empty value', () => hit({ work_email: '' }), ['miss', 'invalid']],
    ['a null value', () => hit({ work_email: null }), ['miss', 'invalid']],
    ['a masked e-mail', () => hit({ work_email: 'a**@ex.org' }), ['invalid']],
    ['a malformed e-mail', () => hit({ work_email: 'not an e-mail' }), ['invalid']],
    ['an e-mail of another domain', () => hit({ work_email: 'ann@elsewhere.example' }), ['invalid']],
])
    test(`${name} is no hit`, (t) => passedOver(t, script, outcomes));

test('200 MB are not taken in', { timeout: 60000 }, async (t) => {
    const { server } = await passedOver(t, () => misbehave.huge(200 << 20), ['error']);
    const status = await readFile(`/proc/${server.child.pid}/status`, 'utf8');
    const peak = Number(/VmHWM:\s+(\d+)/.exec(status)[1]) / 1024;
    assert.ok(peak < (process.env.UNSTUCK_MODE === 'asan' ? 400 : 100), `${peak} MB at the peak`);
});

test('a redirect is not followed', async (t) => {
    let followed = 0;
    const { bad } = await passedOver(t, ({ path }) => {
        if (path === '/elsewhere')
            followed++;
        return misbehave.redirect('/elsewhere');
    }, ['error']);
    assert.equal(bad.calls.length, 1);
    assert.equal(followed, 0);
});

test('a provider that never answers costs its own deadline, then the next is asked', (t) =>
    passedOver(t, () => misbehave.never(), ['timeout'], { timeout_ms: 100 }));

test('the deadline of the whole lookup ends it, and what was not known is tried again', { timeout: 30000 }, async (t) => {
    const { server } = await world(t, {
        providers: { slow: { script: ({ count }) => (count === 1 ? misbehave.never() : hit({ work_email: 'ann@ex.org' })), timeout_ms: 10000 } },
        config: { lookup: { deadline_ms: 200 } },
    });
    const { status, json, headers } = await server.enrich(ask);
    assert.equal(status, 200);
    assert.equal(json.channels.work_email, null);
    assert.equal(headers['unstuck-incomplete'], 'work_email');
    assert.equal((await server.trail(json.record_id))[0].outcome, 'timeout');
    assert.equal((await server.enrich(ask)).json.credits_used, 2);
});

test('a refused connection is an error, not a failed lookup', async (t) => {
    const { server, gone } = await world(t, { providers: { gone: { script: () => miss }, good } });
    gone.stop();
    const { json } = await server.enrich(ask);
    assert.equal(json.channels.work_email.source, 'good');
});

test('a masked phone and a foreign LinkedIn page are no values', async (t) => {
    const script = () => hit({ phone: '+44 *** 23', linkedin_url: 'https://linkedin.com/company/ex' });
    const { server } = await world(t, { providers: { acme: { script, channels: ['phone', 'linkedin_url'] } } });
    const { json } = await server.enrich({ email: 'ann@ex.org' });
    assert.equal(json.channels.phone, null);
    assert.equal(json.channels.linkedin_url, null);
    assert.equal(json.credits_used, 0);
});

test('providers are asked in the order of the waterfall', async (t) => {
    const providers = { one: { script: () => miss }, two: { script: () => miss }, three: { script: () => miss } };
    const { server } = await world(t, { providers, config: { waterfalls: { work_email: ['three', 'one'] } } });
    const { json } = await server.enrich(ask);
    const trail = await server.trail(json.record_id);
    assert.deepEqual(trail.map((a) => [a.provider, a.rank]), [['three', 1], ['one', 2]]);
});

test('a waterfall stops at its first hit', async (t) => {
    const { server, last } = await world(t, { providers: { good, last: { script: () => miss } } });
    await server.enrich(ask);
    assert.equal(last.calls.length, 0);
});

test('a POST body is filled from its template', async (t) => {
    const { server, acme } = await world(t, {
        providers: {
            acme: {
                ...good, needs: [['first_name', 'email']],
                request: { method: 'POST', headers: { 'X-Plan': 'basic' }, body: { who: { mail: '{email}', name: '{first_name}' } } },
            },
        },
    });
    await server.enrich({ ...ask, first_name: 'Ann "A" Lee' });
    const [call] = acme.calls;
    assert.equal(call.method, 'POST');
    assert.equal(call.headers['x-plan'], 'basic');
    assert.match(call.headers['content-type'], /^application\/json/);
    assert.deepEqual(JSON.parse(call.body), { who: { mail: 'ann@ex.org', name: 'Ann "A" Lee' } });
});

test('hints cannot break out of a URL', async (t) => {
    const { server, acme } = await world(t, { providers: { acme: { ...good, needs: [['first_name', 'email']] } } });
    await server.enrich({ ...ask, first_name: 'A&x=1#/../ü\u00e9?' });
    assert.equal(acme.calls[0].query.first_name, 'A&x=1#/../ü\u00e9?');
    assert.equal(acme.calls[0].path, '/find');
    assert.equal(acme.calls[0].query.x, undefined);
});

test('the trail tells price, time, outcome and credits of each attempt', async (t) => {
    const clock = await movableClock(t);
    const { server } = await world(t, { providers: { bad: { script: () => miss, price: 3 }, good }, env: clock.env });
    const { json } = await server.enrich(ask);
    const trail = (await server.client.get(`/records/${json.record_id}/attempts`)).json;
    assert.equal(trail.record_id, json.record_id);
    assert.equal(trail.lookups.length, 1);
    assert.match(trail.lookups[0].at, /Z$/);
    assert.equal(trail.lookups[0].credits_used, 2);
    const rows = trail.lookups[0].attempts;
    assert.ok(rows.every((row) => Number.isInteger(row.ms) && row.ms >= 0));
    assert.deepEqual(rows.map(({ ms, ...row }) => row), [
        { channel: 'work_email', provider: 'bad', rank: 1, price: 3, outcome: 'miss', credits: 0 },
        { channel: 'work_email', provider: 'good', rank: 2, price: 2, outcome: 'hit', credits: 2 },
    ]);
});
