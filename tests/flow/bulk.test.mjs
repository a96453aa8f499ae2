// POST /enrichment/bulk: up to a hundred records, each answered as if it came alone.
import assert from 'node:assert/strict';
import test from './support/test.mjs';
import { gate, hit, miss } from './support/provider.mjs';
import { Server } from './support/server.mjs';
import { charged, world } from './support/world.mjs';

const channels = ['work_email'];
const email = (i) => `p${i}@acme.example`;
const people = (count) => [...Array(count).keys()].map((i) => ({ email: email(i) }));
const bulk = (server, body, rest) => server.client.request('POST', '/enrichment/bulk', { body, ...rest });
const echo = (call) => hit({ work_email: call.email });

test('seed: an array of per-record results in the order of the records, credits summed across the successful ones', async (t) => {
    const { server } = await world(t, { providers: { acme: { script: (call) => (call.email === email(1) ? miss : echo(call)) } } });
    const { status, headers, json } = await bulk(server, { records: people(3), channels });

    assert.equal(status, 200);
    assert.deepEqual(Object.keys(json), ['results', 'credits_used']);
    assert.deepEqual(json.results.map((result) => result.channels.work_email?.value), [email(0), undefined, email(2)]);
    assert.deepEqual(Object.keys(json.results[0]), ['record_id', 'channels', 'credits_used']);
    assert.deepEqual(json.results.map((result) => result.credits_used), [2, 0, 2]);
    assert.equal(json.credits_used, 4);
    assert.equal(headers['unstuck-credits-used'], '4');
    assert.equal(headers['unstuck-credits-remaining'], '9996');
    assert.equal(await charged(server), 4);
});

test('seed: records may be asked for by e-mail, by LinkedIn, or as any single question', async (t) => {
    const server = await Server.start(t, { sandbox: true });
    const { json } = await bulk(server, {
        records: [{ email: 'chloe.walker@westmarkrobotics.com' }, { linkedin_url: 'https://linkedin.com/in/chloewalker' }],
        channels,
    });
    const [a, b] = json.results;
    assert.equal(a.channels.work_email.value, 'chloe.walker@westmarkrobotics.com');
    assert.equal(b.channels.work_email.value, 'chloe.walker@westmarkrobotics.com');
});

test('seed: up to 100 records per request; 101 are refused, with a word about bulk jobs', async (t) => {
    const { server, acme } = await world(t, { providers: { acme: { script: echo } } });
    const { status, json } = await bulk(server, { records: people(101), channels });
    assert.equal(status, 422);
    assert.equal(json.code, 'too_many_records');
    assert.match(json.detail, /bulk job/);
    assert.equal(acme.calls.length, 0);
    const hundred = await bulk(server, { records: people(100), channels });
    assert.equal(hundred.json.results.length, 100);
    assert.equal(hundred.json.credits_used, 200);
});

test('one bad record spoils no other, and its pointers lead into the batch', async (t) => {
    const { server } = await world(t, { providers: { acme: { script: echo } } });
    const { status, json } = await bulk(server, {
        records: [{ email: email(0) }, { email: 'nobody', force: true }, {}, 7, { email: email(4) }], channels,
    });
    assert.equal(status, 200);
    assert.equal(json.results[0].channels.work_email.value, email(0));
    assert.equal(json.results[4].channels.work_email.value, email(4));
    const [bad, empty, number] = json.results.slice(1, 4).map((result) => result.error);
    assert.equal(bad.code, 'validation_failed');
    assert.deepEqual(bad.errors.map((error) => error.pointer), ['/records/1/email', '/records/1/force']);
    assert.equal(empty.code, 'identity_required');
    assert.equal(number.errors[0].pointer, '/records/3');
    for (const error of [bad, empty, number])
        assert.deepEqual([error.status, typeof error.request_id], [422, 'string']);
    assert.equal(json.credits_used, 4);
});

test('wrong options, no records or none at all refuse the whole request', async (t) => {
    const { server, acme } = await world(t, { providers: { acme: { script: echo } } });
    const pointers = async (body) => {
        const { status, json } = await bulk(server, body);
        assert.equal(status, 422);
        return json.errors.map((error) => error.pointer);
    };
    assert.deepEqual(await pointers({}), ['/records']);
    assert.deepEqual(await pointers({ records: [] }), ['/records']);
    assert.deepEqual(await pointers({ records: { email: email(1) } }), ['/records']);
    assert.deepEqual(await pointers({ records: people(1), channels: ['fax'], max_credits: -1, email: 'x' }),
        ['/channels/0', '/max_credits', '/email']);
    assert.equal(acme.calls.length, 0);
});

test('two spellings of one person in a batch cost once', async (t) => {
    const { server, acme } = await world(t, { providers: { acme: { script: echo } } });
    const { json } = await bulk(server, {
        records: [{ email: 'ann@acme.example' }, { email: ' ANN@ACME.example' }, { email: 'ann@acme.example' }], channels,
    });
    assert.equal(acme.calls.length, 1);
    assert.equal(json.credits_used, 2);
    assert.equal(new Set(json.results.map((result) => result.record_id)).size, 1);
    assert.equal(await charged(server), 2);
});

test('records run side by side: none waits for another', async (t) => {
    const held = gate();
    t.after(held.open);
    const { server, acme } = await world(t, { providers: { acme: { script: async (call) => (await held.opened, echo(call)) } } });
    const asked = bulk(server, { records: people(100), channels });
    await acme.called(100); // all at once, before any is answered
    held.open();
    assert.equal((await asked).json.credits_used, 200);
});

test('when credits run out midway the rest carry the 402 problem, and the finished stay', async (t) => {
    const { server } = await world(t, { credits: 7, providers: { acme: { script: echo } } });
    const { status, json } = await bulk(server, { records: people(10), channels });

    assert.equal(status, 200);
    assert.deepEqual(json.results.map((result) => (result.error ? result.error.code : 'found')),
        [...Array(3).fill('found'), ...Array(7).fill('insufficient_credits')]);
    const { error } = json.results[3];
    assert.deepEqual([error.status, error.balance, error.required, error.shortfall], [402, 1, 2, 1]);
    assert.equal(json.credits_used, 6);
    assert.equal((await server.credits()).balance, 1);
    const again = await bulk(server, { records: people(3), channels });
    assert.equal(again.headers['idempotent-replayed'], 'true');
    assert.equal(again.json.credits_used, 0);
});

test('credits that were held and not used serve the rest of the batch', async (t) => {
    const { server } = await world(t, { credits: 7, providers: {
        acme: { script: (call) => (Number(call.email[1]) < 8 ? miss : echo(call)) } } });
    const { json } = await bulk(server, { records: people(10), channels });
    assert.deepEqual(json.results.map((result) => result.credits_used), [0, 0, 0, 0, 0, 0, 0, 0, 2, 2]);
    assert.equal((await server.credits()).held, 0);
});

test('a client that leaves midway and comes back replays what it has paid for', async (t) => {
    const held = gate();
    t.after(held.open);
    const { server, acme } = await world(t, { providers: { acme: { script: async (call) => (await held.opened, echo(call)) } } });
    const leaving = new AbortController();
    const left = bulk(server, { records: people(5), channels }, { signal: leaving.signal });
    await acme.called(5);
    leaving.abort();
    await assert.rejects(left);
    held.open();
    const back = await bulk(server, { records: people(5), channels });
    assert.deepEqual(back.json.results.map((result) => result.channels.work_email.value), people(5).map((p) => p.email));
    assert.equal(acme.calls.length, 5);
    assert.equal(await charged(server), 10);
});

test('a replay of the whole batch says so; one new record and it is none', async (t) => {
    const { server } = await world(t, { providers: { acme: { script: echo } } });
    const first = await bulk(server, { records: people(2), channels });
    const again = await bulk(server, { records: people(2), channels });
    assert.equal(first.headers['idempotent-replayed'], undefined);
    assert.equal(again.headers['idempotent-replayed'], 'true');
    assert.deepEqual(again.json.results, first.json.results.map((result) => ({ ...result, credits_used: 0 })));
    assert.equal((await bulk(server, { records: people(3), channels })).headers['idempotent-replayed'], undefined);
});

test('the options are those of all records', async (t) => {
    const { server, acme } = await world(t, { providers: { acme: { script: echo } } });
    const options = { channels, include: ['attempts'], metadata: { list: 'may' } };
    await bulk(server, { records: people(2), ...options });
    const { json } = await bulk(server, { records: people(2), ...options, force: true });
    assert.equal(json.credits_used, 4);
    assert.equal(acme.calls.length, 4);
    for (const result of json.results) {
        assert.deepEqual(result.metadata, { list: 'may' });
        assert.equal(result.attempts[0].outcome, 'hit');
    }
    const plan = (await bulk(server, { records: people(2), channels, dry_run: true })).json;
    assert.deepEqual(plan.results.map((result) => result.channels.work_email), [{ cached: true }, { cached: true }]);
});

test('what a provider failed at is named in the header', async (t) => {
    const { server } = await world(t, { providers: {
        acme: { script: (call) => (call.email === email(1) ? { status: 500 } : echo(call)) } } });
    const { headers, json } = await bulk(server, { records: people(2), channels });
    assert.equal(headers['unstuck-incomplete'], 'work_email');
    assert.equal(json.results[1].channels.work_email, null);
});

test('the body may have 1 MiB, and an answer of many megabytes comes whole', async (t) => {
    const { server } = await world(t, { providers: Object.fromEntries([...Array(40).keys()].map((i) =>
        [`provider ${i} ${'é'.repeat(20)}`, { script: () => miss, channels: ['work_email', 'phone', 'linkedin_url'] }])) });
    const metadata = Object.fromEntries([...Array(10).keys()].map((i) => [`${'m'.repeat(90)}${i}`, '\u{1f600}'.repeat(100)]));
    const records = people(100).map((person) => ({ ...person, company_name: ' '.repeat(1900) + 'Acme' }));
    const { status, json, text } = await bulk(server, { records, include: ['attempts'], metadata });
    assert.equal(status, 200);
    assert.equal(json.results.length, 100);
    assert.equal(json.results[99].attempts.length, 120);
    assert.ok(text.length > 1.5e6, `${text.length} bytes`);
    const large = await bulk(server, `{"records":[${' '.repeat(1 << 20)}]}`);
    assert.equal(large.status, 413);
});

test('malformed JSON is told with line and column', async (t) => {
    const server = await Server.start(t, { sandbox: true });
    const { status, json } = await bulk(server, '{"records":[}');
    assert.equal(status, 400);
    assert.match(json.detail, /line 1, column/);
});
