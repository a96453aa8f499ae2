// Idempotency-Key: the same request once, whatever happens on the way.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from './support/test.mjs';
import { movableClock } from './support/server.mjs';
import { gate, hit } from './support/provider.mjs';
import { charged, world } from './support/world.mjs';

const ask = { email: 'ann@ex.org', channels: ['work_email'] };
const forced = { ...ask, force: true };
const key = (text) => ({ 'idempotency-key': text });
const providers = { acme: { script: ({ count }) => hit({ work_email: `n${count}@ex.org` }) } };

test('a forced lookup runs once for its key, and its answer is repeated word for word', async (t) => {
    const { server, acme } = await world(t, { providers });
    const first = await server.enrich(forced, key('"8e03978e"'));
    const again = await server.enrich(forced, key('"8e03978e"'));

    assert.equal(first.headers['idempotent-replayed'], undefined);
    assert.equal(first.headers['unstuck-credits-used'], '2');
    assert.equal(again.status, 200);
    assert.equal(again.text, first.text);
    assert.equal(again.headers['idempotent-replayed'], 'true');
    assert.equal(again.headers['unstuck-credits-used'], '0');
    assert.equal(again.headers['unstuck-credits-remaining'], '9998');
    assert.equal(again.headers['content-type'], 'application/json');
    assert.notEqual(again.headers['x-request-id'], first.headers['x-request-id']);
    assert.equal(acme.calls.length, 1);
    await server.enrich(forced, key('another'));
    assert.equal(await charged(server), 4);
});

test('quoted and bare are the same key', async (t) => {
    const { server, acme } = await world(t, { providers });
    await server.enrich(forced, key('"a\\"b\\\\c d"'));
    await server.enrich(forced, key('abc'));
    assert.equal((await server.enrich(forced, key('"abc"'))).headers['idempotent-replayed'], 'true');
    assert.equal(acme.calls.length, 2);
});

test('the key of another request is 422, and its own request goes on', async (t) => {
    const { server } = await world(t, { providers });
    await server.enrich(ask, key('k'));
    const other = await server.enrich({ ...ask, email: 'bob@ex.org' }, key('k'));
    assert.equal(other.status, 422);
    assert.equal(other.json.code, 'idempotency_key_reused');
    assert.equal((await server.enrich(ask, key('k'))).status, 200);
});

test('a key in use is 409 with Retry-After, for the same request and 422 for another', async (t) => {
    const hold = gate();
    const { server, acme } = await world(t, {
        providers: { acme: { script: async ({ email }) => (await hold.opened, hit({ work_email: email })) } },
    });
    const first = server.enrich(ask, key('k'));
    await acme.called(1);
    const second = await server.enrich(ask, key('k'));
    assert.equal(second.status, 409);
    assert.equal(second.json.code, 'idempotency_key_in_use');
    assert.equal(second.headers['retry-after'], '1');
    assert.equal((await server.enrich({ ...ask, max_credits: 3 }, key('k'))).status, 422);
    hold.open();
    assert.equal((await first).status, 200);
    assert.equal((await server.enrich(ask, key('k'))).headers['idempotent-replayed'], 'true');
});

test('a malformed key is 400, and nothing is done', async (t) => {
    const { server, acme } = await world(t, { providers });
    for (const bad of ['""', '"open', '"a"b"', '"a\\b"', 'two words', 'a"b', 'x'.repeat(256), '"' + 'x'.repeat(256) + '"', '"a";p=1']) {
        const { status, json } = await server.enrich(ask, key(bad));
        assert.equal(status, 400, bad);
        assert.equal(json.code, 'bad_request');
    }
    assert.equal((await server.enrich(ask, { 'idempotency-key': ['a', 'b'] })).status, 400);
    assert.equal(acme.calls.length, 0);
    for (const good of ['x', 'x'.repeat(255), `"${'x'.repeat(255)}"`, '"with space"'])
        assert.equal((await server.enrich(forced, key(good))).status, 200, good);
});

test('a refusal is not kept: the key may try again', async (t) => {
    const { server } = await world(t, { providers, credits: 1 });
    assert.equal((await server.enrich({}, key('a'))).status, 422);
    assert.equal((await server.enrich(ask, key('a'))).status, 402);
    assert.equal((await server.enrich({ ...ask, max_credits: 1 }, key('a'))).status, 200);
});

test('an answer is kept over a restart, for 24 hours', async (t) => {
    const clock = await movableClock(t);
    const { server, acme } = await world(t, { providers, env: clock.env });
    const first = await server.enrich(forced, key('k'));
    await server.kill();
    await server.start();
    assert.equal((await server.enrich(forced, key('k'))).text, first.text);
    await clock.forward(server, 24 * 3600 - 60);
    assert.equal((await server.enrich(forced, key('k'))).text, first.text);
    await clock.forward(server, 61);
    assert.equal((await server.enrich(forced, key('k'))).headers['idempotent-replayed'], undefined);
    assert.equal(acme.calls.length, 2);
});

test('killed between the commit and keeping the answer, a forced lookup is charged once', async (t) => {
    const { server, acme } = await world(t, { providers, prepare: true });
    await server.start({ env: { UNSTUCK_FAULT: 'kill:respond:1' } });
    await assert.rejects(server.enrich(forced, key('k')));
    await server.exited;
    await server.start();
    assert.equal(await charged(server), 2);
    const again = await server.enrich(forced, key('k'));
    assert.equal(again.status, 200);
    assert.equal(again.json.channels.work_email.value, 'n1@ex.org');
    assert.equal(again.json.credits_used, 0);
    assert.equal(acme.calls.length, 1);
    assert.equal(await charged(server), 2);
    assert.equal((await server.enrich(forced, key('other'))).json.credits_used, 2);
});

test('erasing a record takes kept answers along, and they are sealed on disk', async (t) => {
    const { server } = await world(t, { providers });
    const first = await server.enrich(forced, key('k'));
    await server.client.request('DELETE', `/records/${first.json.record_id}`);
    const again = await server.enrich(forced, key('k'));
    assert.equal(again.headers['idempotent-replayed'], undefined);
    assert.notEqual(again.json.record_id, first.json.record_id);
    await server.client.request('DELETE', `/records/${again.json.record_id}`);
    await server.enrich({ email: 'bob@ex.org', metadata: { note: 'a-word-of-mine' } }, key('k2'));
    await server.stop();
    assert.doesNotMatch((await readFile(join(server.data, 'unstuck.db'))).toString('latin1'), /a-word-of-mine|n1@ex\.org/);
    assert.equal((await server.verify()).code, 0);
});

test('killed in the middle of a forced bulk, its retry charges nobody twice', async (t) => {
    const { server } = await world(t, { providers, prepare: true });
    const bulk = { records: ['ann', 'bob', 'cat'].map((name) => ({ email: `${name}@ex.org` })), channels: ['work_email'], force: true };
    const send = () => server.client.request('POST', '/enrichment/bulk', { body: bulk, headers: key('k') });
    await server.start({ env: { UNSTUCK_FAULT: 'kill:respond:2' } });
    await assert.rejects(send());
    await server.exited;
    await server.start();
    const before = await charged(server);
    const answer = await send();
    assert.equal(answer.status, 200);
    assert.equal(answer.json.credits_used, 6 - before);
    assert.equal(await charged(server), 6);
    assert.equal((await send()).text, answer.text);
    const erased = await server.client.request('DELETE', `/records/${answer.json.results[1].record_id}`);
    assert.equal(erased.status, 200);
    assert.equal((await send()).headers['unstuck-credits-used'], '2', 'only the erased one is looked up anew');
});
