// Credits: what is held, charged, refused.
import assert from 'node:assert/strict';
import test from './support/test.mjs';
import { gate, hit, miss } from './support/provider.mjs';
import { charged, world } from './support/world.mjs';

const ask = { email: 'ann@ex.org', channels: ['work_email'] };
const good = ({ email }) => hit({ work_email: email });

test('credits that do not cover the worst case are refused with 402, and nothing is called', async (t) => {
    const { server, acme, bolt } = await world(t, {
        providers: { acme: { script: good, price: 2 }, bolt: { script: good, price: 5 } }, credits: 4,
    });
    const { status, json, headers } = await server.enrich(ask);
    assert.equal(status, 402);
    assert.equal(headers['content-type'], 'application/problem+json');
    assert.equal(json.code, 'insufficient_credits');
    assert.equal(json.balance, 4);
    assert.equal(json.required, 5);
    assert.equal(json.shortfall, 1);
    assert.equal(acme.calls.length + bolt.calls.length, 0);
    assert.deepEqual(await server.credits(), { balance: 4, held: 0, used_this_month: 0 });
});

test('max_credits lets a small balance answer', async (t) => {
    const { server } = await world(t, {
        providers: { acme: { script: good, price: 2 }, bolt: { script: good, price: 5 } }, credits: 4,
    });
    assert.equal((await server.enrich({ ...ask, max_credits: 4 })).json.credits_used, 2);
});

test('two lookups cannot spend the last credits twice', async (t) => {
    const hold = gate();
    const { server, acme } = await world(t, {
        providers: { acme: { script: async ({ email }) => (await hold.opened, good({ email })) } }, credits: 3,
    });
    const first = server.enrich(ask);
    await acme.called(1);
    const second = await server.enrich({ ...ask, email: 'bob@ex.org' });
    assert.equal(second.status, 402);
    assert.equal(second.json.required, 2);
    assert.equal(second.json.shortfall, 1, 'what is held is not there to spend');
    hold.open();
    assert.equal((await first).json.credits_used, 2);
    assert.deepEqual(await server.credits(), { balance: 1, held: 0, used_this_month: 2 });
});

test('a replay needs no credits', async (t) => {
    const { server } = await world(t, { providers: { acme: { script: good } }, credits: 2 });
    assert.equal((await server.enrich(ask)).json.credits_used, 2);
    assert.equal((await server.enrich(ask)).status, 200);
    assert.equal((await server.enrich({ ...ask, force: true })).status, 402);
});

test('by default a hit costs the price of its provider, and a miss nothing', async (t) => {
    const { server } = await world(t, {
        providers: { acme: { script: () => miss, price: 2 }, bolt: { script: good, price: 5 } },
    });
    assert.equal((await server.enrich(ask)).json.credits_used, 5);
    assert.equal(await charged(server), 5);
});

test('charge_policy attempts adds the misses before a hit; misses alone cost nothing', async (t) => {
    const { server } = await world(t, {
        providers: {
            acme: { script: () => miss, price: 2 },
            bolt: { script: ({ email }) => (email.startsWith('ann') ? good({ email }) : miss), price: 5 },
        },
        config: { lookup: { charge_policy: 'attempts' } }, credits: 20,
    });
    assert.equal((await server.enrich(ask)).json.credits_used, 7);
    assert.equal((await server.enrich({ ...ask, email: 'bob@ex.org' })).json.credits_used, 0);
    assert.equal(await charged(server, 20), 7);
});

test('what was used this month is told', async (t) => {
    const { server } = await world(t, { providers: { acme: { script: good } } });
    for (const name of ['ann', 'bob', 'cat'])
        await server.enrich({ ...ask, email: `${name}@ex.org` });
    assert.deepEqual(await server.credits(), { balance: 9994, held: 0, used_this_month: 6 });
});

test('a hundred lookups racing for ten credits get exactly five', async (t) => {
    const { server } = await world(t, { providers: { acme: { script: good } }, credits: 10 });
    const all = await Promise.all([...Array(100).keys()].map((i) => server.enrich({ ...ask, email: `p${i}@ex.org` })));
    const paid = all.filter((a) => a.status === 200);
    assert.equal(paid.length, 5);
    assert.ok(all.every((a) => a.status === 200 || a.status === 402));
    const { balance, held } = await server.credits();
    assert.equal(balance, 10 - 2 * paid.length);
    assert.equal(held, 0);
    await server.stop();
    assert.equal((await server.verify()).code, 0);
});
