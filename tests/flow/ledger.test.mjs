// GET /credits/ledger, and the credits that come every month as entries of it.
import assert from 'node:assert/strict';
import test from './support/test.mjs';
import { gate, hit } from './support/provider.mjs';
import { movableClock, run } from './support/server.mjs';
import { world } from './support/world.mjs';

const ask = { email: 'ann@ex.org', channels: ['work_email'] };
const acme = { script: ({ email }) => hit({ work_email: email }) };
const DAY = 86400;

const ledger = async (server, cursor) =>
    (await server.client.get(`/credits/ledger${cursor ? `?cursor=${cursor}` : ''}`)).json;
const kinds = async (server) => (await ledger(server)).entries.map(({ kind, amount }) => `${kind} ${amount}`);

// A server whose clock stands at noon of the 10th of a month; its workspace has `monthly` credits.
async function monthly(t, args, options = {}) {
    const clock = await movableClock(t);
    const now = new Date();
    const { server, ...providers } = await world(t, {
        providers: { acme }, env: clock.env, credits: 10, prepare: true, ...options,
    });
    const at = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 10, 12);
    await clock.forward(server, (at - clock.now()) / 1000);
    const { stdout } = await run(['workspace', 'list', '--data', server.data], { env: clock.env });
    const [id] = /ws_\w{22}/.exec(stdout);
    const made = await run(['workspace', 'monthly', '--data', server.data, '--workspace', id, ...args], { env: clock.env });
    assert.equal(made.code, 0, made.stderr);
    await server.start();
    return { server, clock, id, ...providers };
}

async function booksAreRight(server) {
    await server.stop();
    const { code, stdout, stderr } = await server.verify();
    assert.equal(code, 0, stdout + stderr);
}

test('entries come newest first, 50 a page, each with its hash', async (t) => {
    const { server } = await world(t, { providers: { acme }, credits: 1000 });
    for (let i = 0; i < 104; i++)
        await server.enrich({ ...ask, email: `p${i}@ex.org` });
    const first = await ledger(server);
    assert.equal(first.entries.length, 50);
    const second = await ledger(server, first.next_cursor);
    const third = await ledger(server, second.next_cursor);
    assert.equal(third.entries.length, 5);
    assert.equal(third.next_cursor, null);
    const all = [...first.entries, ...second.entries, ...third.entries];
    assert.deepEqual(all.map(({ seq }) => seq), [...Array(105).keys()].map((i) => 105 - i));
    assert.deepEqual(Object.keys(all[0]), ['seq', 'kind', 'amount', 'balance_after', 'at', 'lookup_id', 'record_id', 'hash']);
    assert.match(all[0].lookup_id, /^look_/);
    assert.match(all[0].record_id, /^lead_/);
    assert.ok(all.every(({ hash }) => /^[0-9a-f]{64}$/.test(hash)));
    assert.equal(new Set(all.map(({ hash }) => hash)).size, 105);
    const grant = all.at(-1);
    assert.deepEqual([grant.kind, grant.amount, grant.balance_after, grant.lookup_id, grant.record_id],
        ['grant', 1000, 1000, null, null]);
    all.forEach((entry, i) => assert.equal(entry.balance_after, (all[i + 1]?.balance_after ?? 0) + entry.amount));
    assert.equal((await server.client.get('/credits/ledger?cursor=x')).status, 422);
});

test('an entry names its record, be it a person or a company, until that is erased', async (t) => {
    const { server } = await world(t, { sandbox: true, providers: { acme } });
    const person = await server.enrich(ask);
    const company = await server.client.request('POST', '/enrichment/account', { body: { domain: 'westmarkrobotics.com' } });
    const named = async () => (await ledger(server)).entries.map(({ record_id }) => record_id);
    assert.deepEqual(await named(), [company.json.account_id, person.json.record_id, null]);
    await server.client.request('DELETE', `/records/${person.json.record_id}`);
    assert.deepEqual(await named(), [company.json.account_id, null, null]);
    await booksAreRight(server);
});

test('the first month\'s credits are there at once, the next on the day, each once', async (t) => {
    const { server, clock } = await monthly(t, ['--monthly', '100', '--renewal-day', '15']);
    assert.equal((await server.credits()).balance, 110);
    assert.deepEqual(await kinds(server), ['renewal 100', 'grant 10']);
    await server.enrich(ask);
    await clock.forward(server, 4 * DAY);
    assert.equal((await server.credits()).balance, 108, 'not before the day');
    await clock.forward(server, DAY / 2 + 60);
    const all = await Promise.all([...Array(20).keys()].map(() => server.credits()));
    assert.ok(all.every(({ balance }) => balance === 110), JSON.stringify(all));
    assert.deepEqual(await kinds(server), ['renewal 100', 'expiry -98', 'lookup -2', 'renewal 100', 'grant 10']);
    await server.restart();
    assert.equal((await server.credits()).balance, 110);
    await booksAreRight(server);
});

test('what was granted never expires, and the month\'s credits are used first', async (t) => {
    const { server, clock } = await monthly(t, ['--monthly', '3']);
    for (const name of ['a', 'b', 'c'])
        assert.equal((await server.enrich({ ...ask, email: `${name}@ex.org` })).status, 200);
    assert.equal((await server.credits()).balance, 7);
    await clock.forward(server, 31 * DAY);
    assert.equal((await server.credits()).balance, 10, 'nothing was left to expire');
    assert.deepEqual((await kinds(server)).slice(0, 2), ['renewal 3', 'lookup -2']);
    await clock.forward(server, 31 * DAY);
    assert.equal((await server.credits()).balance, 10);
    assert.deepEqual((await kinds(server)).slice(0, 2), ['renewal 3', 'expiry -3']);
    await booksAreRight(server);
});

test('with --carry-over they stay, and months that nobody asked in count', async (t) => {
    const { server, clock } = await monthly(t, ['--monthly', '100', '--renewal-day', '28', '--carry-over']);
    assert.equal((await server.credits()).balance, 110);
    await clock.forward(server, 20 * DAY);
    assert.equal((await server.credits()).balance, 210);
    await server.stop();
    await clock.forward(server, 62 * DAY);
    await server.start();
    assert.equal((await server.credits()).balance, 410);
    assert.deepEqual(await kinds(server), ['renewal 200', 'renewal 100', 'renewal 100', 'grant 10']);
    await booksAreRight(server);
});

test('a clock that steps back and forth renews once', async (t) => {
    const { server, clock } = await monthly(t, ['--monthly', '100', '--renewal-day', '15']);
    assert.equal((await server.credits()).balance, 110);
    await clock.wall(6 * DAY);
    assert.equal((await server.credits()).balance, 110);
    await clock.wall(-40 * DAY);
    assert.equal((await server.credits()).balance, 110);
    await clock.wall(41 * DAY);
    assert.equal((await server.credits()).balance, 110);
    assert.equal((await kinds(server)).filter((kind) => kind === 'renewal 100').length, 2);
    await booksAreRight(server);
});

test('credits that a lookup holds do not expire under it', async (t) => {
    const hold = gate();
    const { server, clock, acme: provider } = await monthly(t, ['--monthly', '100', '--renewal-day', '15'], {
        providers: { acme: { script: async ({ email }) => (await hold.opened, hit({ work_email: email })), price: 40, timeout_ms: 600000 } },
        config: { lookup: { deadline_ms: 600000 } },
    });
    assert.equal((await server.credits()).balance, 110);
    const answer = server.enrich(ask);
    await provider.called(1);
    await clock.wall(6 * DAY);
    assert.deepEqual(await server.credits(), { balance: 140, held: 40, used_this_month: 0 });
    hold.open();
    assert.equal((await answer).json.credits_used, 40);
    assert.equal((await server.credits()).balance, 100);
    await booksAreRight(server);
});

for (const step of ['store_commit', 'store_committed'])
    test(`killed at ${step}, the renewal happens once all the same`, async (t) => {
        const { server, clock } = await monthly(t, ['--monthly', '100', '--renewal-day', '15']);
        await server.credits();
        await server.stop();
        await clock.forward(server, 6 * DAY);
        await server.start({ env: { UNSTUCK_FAULT: `kill:${step}:1` } });
        await server.client.get('/credits').catch(() => null);
        assert.equal((await server.exited).signal, 'SIGKILL');
        await server.start();
        assert.equal((await server.credits()).balance, 110);
        assert.deepEqual(await kinds(server), ['renewal 100', 'expiry -100', 'renewal 100', 'grant 10']);
        await booksAreRight(server);
    });

for (const n of [1, 2, 3, 4, 5, 6])
    test(`when call ${n} to the store fails, a later request renews`, async (t) => {
        const { server } = await monthly(t, ['--monthly', '100']);
        await server.stop();
        await server.start({ env: { UNSTUCK_FAULT: `fail:store:${n}` } });
        let balance = 0;
        while (balance !== 110)
            balance = (await server.credits()).balance ?? 0;
        assert.equal((await server.credits()).held, 0);
        await booksAreRight(server);
    });
