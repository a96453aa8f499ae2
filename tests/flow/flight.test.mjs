// The same question in flight: one waterfall, one charge, whoever asks, however it is spelled.
import assert from 'node:assert/strict';
import test from './support/test.mjs';
import { enrichmentBytes, raw } from './support/client.mjs';
import { gate, hit, miss } from './support/provider.mjs';
import { charged, world } from './support/world.mjs';

const ask = { email: 'ann@ex.org', channels: ['work_email'] };

test('two hundred identical questions at once, in different spellings, run one waterfall and cost once', async (t) => {
    const hold = gate();
    const { server, acme, bolt } = await world(t, {
        providers: {
            acme: { script: () => miss },
            bolt: { script: async ({ count }) => (await hold.opened, hit({ work_email: `ann${count}@ex.org` })) },
        },
    });
    const spellings = ['ann@ex.org', 'Ann@EX.org', ' ANN@ex.org', 'aNN@Ex.Org\n'];
    const answers = [...Array(200).keys()].map((i) => server.enrich({ ...ask, email: spellings[i % 4] }));
    await bolt.called(1);
    hold.open();

    const all = await Promise.all(answers);
    assert.ok(all.every((a) => a.status === 200));
    assert.equal(new Set(all.map((a) => a.json.channels.work_email.value)).size, 1);
    assert.equal(new Set(all.map((a) => a.json.record_id)).size, 1);
    assert.equal(all.filter((a) => a.json.credits_used === 2).length, 1, 'one of them paid');
    assert.equal(all.filter((a) => a.json.credits_used === 0).length, 199);
    assert.equal(acme.calls.length, 1);
    assert.equal(bolt.calls.length, 1);
    assert.equal(await charged(server), 2);
    assert.equal((await server.credits()).held, 0);
});

test('while a lookup runs its worst case is held', async (t) => {
    const hold = gate();
    const { server, acme } = await world(t, {
        providers: { acme: { script: async () => (await hold.opened, miss), price: 7 } },
    });
    const answer = server.enrich(ask);
    await acme.called(1);
    assert.deepEqual(await server.credits(), { balance: 10000, held: 7, used_this_month: 0 });
    hold.open();
    await answer;
    assert.deepEqual(await server.credits(), { balance: 10000, held: 0, used_this_month: 0 });
});

test('different people at once are different lookups', async (t) => {
    const { server, acme } = await world(t, {
        providers: { acme: { script: ({ email }) => hit({ work_email: email }) } },
    });
    const all = await Promise.all([...Array(50).keys()].map((i) =>
        server.enrich({ email: `p${i}@ex.org`, channels: ['work_email'] })));
    all.forEach((a, i) => assert.equal(a.json.channels.work_email.value, `p${i}@ex.org`));
    assert.equal(new Set(all.map((a) => a.json.record_id)).size, 50);
    assert.equal(acme.calls.length, 50);
    assert.equal(await charged(server), 100);
});

test('overlapping questions about one person pay each channel once', async (t) => {
    const script = () => hit({ work_email: 'ann@ex.org', phone: '+442079460011' });
    const { server } = await world(t, { providers: { acme: { script, channels: ['work_email', 'phone'] } } });
    await Promise.all([
        server.enrich({ ...ask, channels: ['work_email'] }),
        server.enrich({ ...ask, channels: ['work_email', 'phone'] }),
        server.enrich({ ...ask, channels: ['phone'] }),
    ]);
    assert.equal(await charged(server), 4);
});

test('a client that leaves cancels nothing: the result is kept, charged once, and its retry gets it', async (t) => {
    const hold = gate();
    const { server, acme } = await world(t, {
        providers: { acme: { script: async ({ count }) => (await hold.opened, hit({ work_email: `ann${count}@ex.org` })) } },
    });
    const socket = raw(server.url, enrichmentBytes(server.key, ask));
    await acme.called(1);
    socket.destroy();
    await socket.ended;
    const retry = server.enrich(ask);
    hold.open();

    const { json } = await retry;
    assert.equal(json.channels.work_email.value, 'ann1@ex.org');
    assert.equal(json.credits_used, 0);
    const replay = await server.enrich(ask);
    assert.equal(replay.headers['idempotent-replayed'], 'true');
    assert.equal(acme.calls.length, 1);
    assert.equal(await charged(server), 2);
});

test('one answer of a provider serves every channel that it fills', async (t) => {
    const script = () => hit({ work_email: 'ann@ex.org', phone: '+442079460011', linkedin_url: 'linkedin.com/in/ann' });
    const { server, acme } = await world(t, {
        providers: { acme: { script, channels: ['work_email', 'phone', 'linkedin_url'], price: { work_email: 1, phone: 10, linkedin_url: 3 } } },
    });
    const { json } = await server.enrich({ email: 'ann@ex.org' });
    assert.equal(acme.calls.length, 1);
    assert.equal(json.credits_used, 14);
    assert.equal(json.channels.personal_email, null);
});

test('channels run side by side', async (t) => {
    const emails = gate();
    const { server, mails, phones } = await world(t, {
        providers: {
            mails: { script: async () => (await emails.opened, hit({ work_email: 'ann@ex.org' })) },
            phones: { script: () => hit({ phone: '+442079460011' }), channels: ['phone'] },
        },
    });
    const answer = server.enrich({ email: 'ann@ex.org' });
    await Promise.all([mails.called(1), phones.called(1)]);
    emails.open();
    assert.equal((await answer).json.credits_used, 4);
});
