// The seed's own example and the sandbox's forced outcomes.
import assert from 'node:assert/strict';
import test from './support/test.mjs';
import { Server } from './support/server.mjs';
import { charged } from './support/world.mjs';

const chloe = { email: 'chloe.walker@westmarkrobotics.com', channels: ['work_email', 'phone', 'linkedin_url'] };
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

test("the seed's question gets the seed's answer, member for member", async (t) => {
    const server = await Server.start(t, { sandbox: true });
    const { status, headers, json } = await server.enrich(chloe);

    assert.equal(status, 200);
    assert.equal(headers['content-type'], 'application/json');
    assert.deepEqual(Object.keys(json), ['record_id', 'channels', 'credits_used']);
    assert.match(json.record_id, /^lead_[0-9A-Za-z]{22}$/);
    const at = json.channels.work_email.enriched_at;
    assert.match(at, time);
    assert.deepEqual(json.channels, {
        work_email: {
            value: 'chloe.walker@westmarkrobotics.com', source: 'Provider A', confidence: 0.94, enriched_at: at,
        },
        phone: null,
        linkedin_url: {
            value: 'https://linkedin.com/in/chloewalker', source: 'Provider C', confidence: 0.88,
            enriched_at: json.channels.linkedin_url.enriched_at,
        },
    });
    assert.deepEqual(Object.keys(json.channels), chloe.channels);
    assert.deepEqual(Object.keys(json.channels.work_email), ['value', 'source', 'confidence', 'enriched_at']);
    assert.equal(json.credits_used, 5);
    assert.equal(headers['unstuck-credits-used'], '5');
    assert.equal(headers['unstuck-credits-remaining'], '9995');
    assert.equal(headers['idempotent-replayed'], undefined);
    assert.equal(headers['unstuck-incomplete'], undefined);
});

test('asked again, the same values come back as a replay that costs nothing', async (t) => {
    const server = await Server.start(t, { sandbox: true });
    const first = await server.enrich(chloe);
    const again = await server.enrich(chloe);

    assert.equal(again.status, 200);
    assert.equal(again.headers['idempotent-replayed'], 'true');
    assert.match(again.headers.age, /^\d+$/);
    assert.equal(again.headers['unstuck-credits-used'], '0');
    assert.deepEqual(again.json, { ...first.json, credits_used: 0 });
    assert.equal(await charged(server), 5);
});

test('without channels all four are answered', async (t) => {
    const server = await Server.start(t, { sandbox: true });
    const { json } = await server.enrich({ email: chloe.email });
    assert.deepEqual(Object.keys(json.channels), ['work_email', 'personal_email', 'phone', 'linkedin_url']);
});

test('the sandbox says at its start that it is one', async (t) => {
    const server = await Server.start(t, { sandbox: true });
    await server.logged(/sandbox/i);
});

test('the sandbox knows nobody outside it', async (t) => {
    const server = await Server.start(t, { sandbox: true });
    const { json } = await server.enrich({ email: 'nobody@a-company.example' });
    assert.deepEqual(json.channels, { work_email: null, personal_email: null, phone: null, linkedin_url: null });
    assert.equal(json.credits_used, 0);
});

test('magic local parts force every outcome, and each tag is a person of its own', { timeout: 120000 }, async (t) => {
    const server = await Server.start(t, { sandbox: true });
    const ask = (local) => server.enrich({ email: `${local}@sandbox.example`, channels: ['work_email'] });
    const outcomes = async (local) => {
        const { json } = await ask(local);
        return (await server.trail(json.record_id)).map((attempt) => attempt.outcome);
    };
    const forced = {
        hit: 'hit', miss: 'miss', slow: 'hit', timeout: 'timeout', ratelimited: 'rate_limited',
        outofcredits: 'out_of_credits', blocked: 'blocked',
    };

    await Promise.all(Object.entries(forced).map(async ([local, outcome]) =>
        assert.ok((await outcomes(local)).includes(outcome), `${local} leads to ${outcome}`)));
    for (const local of ['garbage', 'catchall', 'lowconfidence'])
        assert.equal((await ask(local)).status, 200, local);
    assert.ok(!(await outcomes('garbage+1')).includes('hit'));
    const low = (await ask('lowconfidence+1')).json.channels.work_email;
    assert.ok(low.confidence < 0.5, 'low confidence is low');
    assert.notEqual((await ask('hit+a')).json.record_id, (await ask('hit+b')).json.record_id);
});
