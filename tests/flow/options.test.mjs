// The options of POST /enrichment.
import assert from 'node:assert/strict';
import test from './support/test.mjs';
import { hit, miss } from './support/provider.mjs';
import { charged, world } from './support/world.mjs';

const ask = { email: 'ann@ex.org', channels: ['work_email'] };
const found = (score) => () => hit({ work_email: 'ann@ex.org' }, score);

test('max_credits skips what does not fit, and the trail says so', async (t) => {
    const { server, acme, bolt } = await world(t, {
        providers: { acme: { script: () => miss, price: 2 }, bolt: { script: found(90), price: 5 } },
    });
    const capped = await server.enrich({ ...ask, max_credits: 3 });

    assert.equal(capped.json.channels.work_email, null);
    assert.equal(capped.json.credits_used, 0);
    assert.equal(acme.calls.length, 1);
    assert.equal(bolt.calls.length, 0);
    const trail = await server.trail(capped.json.record_id);
    assert.deepEqual(trail.map((a) => [a.provider, a.outcome]), [['acme', 'miss'], ['bolt', 'over_budget']]);

    const free = await server.enrich(ask);
    assert.equal(free.json.credits_used, 5, 'a skipped provider leaves nothing remembered');
});

test('max_credits is never passed by all channels together', async (t) => {
    const script = () => hit({ work_email: 'ann@ex.org', phone: '+442079460011', linkedin_url: 'https://linkedin.com/in/ann' });
    const { server } = await world(t, {
        providers: { acme: { script, channels: ['work_email', 'phone', 'linkedin_url'], price: 2 } },
    });
    const { json } = await server.enrich({ email: 'ann@ex.org', max_credits: 5 });
    assert.ok(json.credits_used > 0 && json.credits_used <= 5, `${json.credits_used} used`);
    assert.equal(await charged(server), json.credits_used);
});

test('max_credits 0 costs nothing', async (t) => {
    const { server, acme } = await world(t, { providers: { acme: { script: found(90) } } });
    const { status, json } = await server.enrich({ ...ask, max_credits: 0 });
    assert.equal(status, 200);
    assert.equal(json.credits_used, 0);
    assert.equal(acme.calls.length, 0);
});

test('min_confidence passes over weaker values', async (t) => {
    const { server } = await world(t, { providers: { acme: { script: found(50) }, bolt: { script: found(90) } } });
    const { json } = await server.enrich({ ...ask, min_confidence: 0.8 });
    assert.equal(json.channels.work_email.source, 'bolt');
    assert.equal(json.channels.work_email.confidence, 0.9);
    assert.equal(json.credits_used, 2);
    const trail = await server.trail(json.record_id);
    assert.deepEqual(trail.map((a) => a.outcome), ['below_confidence', 'hit']);
});

test('a known value under min_confidence does not answer', async (t) => {
    const { server, bolt } = await world(t, {
        providers: { acme: { script: found(50) }, bolt: { script: found(90) } },
    });
    assert.equal((await server.enrich(ask)).json.channels.work_email.confidence, 0.5);
    const better = await server.enrich({ ...ask, min_confidence: 0.8 });
    assert.equal(better.json.channels.work_email.confidence, 0.9);
    assert.equal(bolt.calls.length, 1);
});

test('dry_run calls nothing, charges nothing, and says what would happen', async (t) => {
    const { server, acme, bolt } = await world(t, {
        providers: { acme: { script: found(90), price: 2 }, bolt: { script: found(90), price: 5 } },
    });
    const { status, text, json } = await server.enrich({ ...ask, dry_run: true });

    assert.equal(status, 200);
    assert.equal(acme.calls.length + bolt.calls.length, 0);
    assert.deepEqual(await server.credits(), { balance: 10000, held: 0, used_this_month: 0 });
    assert.ok(text.indexOf('acme') >= 0 && text.indexOf('acme') < text.indexOf('bolt'), text);
    assert.ok(json.channels.work_email);

    await server.enrich(ask);
    const cached = await server.enrich({ ...ask, dry_run: true });
    assert.notDeepEqual(cached.json, json, 'a cached channel looks different');
    assert.equal(acme.calls.length, 1);
});

test('metadata is echoed', async (t) => {
    const { server } = await world(t, { providers: { acme: { script: found(90) } } });
    const metadata = { crm_id: '42', 'häagen': 'dazs' };
    const { json } = await server.enrich({ ...ask, metadata });
    assert.deepEqual(json.metadata, metadata);
    assert.equal((await server.enrich(ask)).json.metadata, undefined, 'it belongs to its request');
});

test('metadata has at most 10 string members of 100 characters', async (t) => {
    const { server } = await world(t, { providers: { acme: { script: found(90) } } });
    const ten = Object.fromEntries([...Array(10).keys()].map((i) => [`k${i}`, 'x'.repeat(100)]));
    assert.equal((await server.enrich({ ...ask, metadata: ten })).status, 200);
    for (const metadata of [{ ...ten, k10: '' }, { k: 'x'.repeat(101) }, { k: 1 }, [], 'x', null]) {
        const { status, json } = await server.enrich({ ...ask, metadata });
        assert.equal(status, 422, JSON.stringify(metadata));
        assert.match(json.errors[0].pointer, /^\/metadata/);
    }
});

test('include attempts adds the trail of this lookup to the answer', async (t) => {
    const { server } = await world(t, {
        providers: { acme: { script: () => miss }, bolt: { script: found(90) } },
    });
    const { json } = await server.enrich({ ...ask, include: ['attempts'] });
    const trail = JSON.stringify(json.attempts);
    assert.match(trail, /"acme".*"miss".*"bolt".*"hit"/);
    assert.equal((await server.enrich(ask)).json.attempts, undefined);
});
