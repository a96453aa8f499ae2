// DELETE /records/{id}: what is gone, what stays, and that nothing comes back.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from './support/test.mjs';
import { gate, hit } from './support/provider.mjs';
import { world } from './support/world.mjs';

const ask = { email: 'ann@ex.org', channels: ['work_email'] };
const good = ({ email }) => hit({ work_email: `found.${email}` });

test('an erased record is gone, its receipt says what went, and the books still add up', async (t) => {
    const { server } = await world(t, { providers: { acme: { script: good } } });
    const { json } = await server.enrich(ask);
    await server.enrich({ ...ask, force: true });
    const path = `/records/${json.record_id}`;
    const { status, json: receipt } = await server.client.request('DELETE', path);

    assert.equal(status, 200);
    assert.equal(receipt.record_id, json.record_id);
    assert.match(receipt.receipt_id, /^era_/);
    assert.match(receipt.erased_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.deepEqual(receipt.erased, { channels: 1, identities: 2, trails: 2, outcomes: 0 });
    for (const gone of [path, `${path}/attempts`])
        assert.equal((await server.client.get(gone)).status, 404);
    assert.equal((await server.client.request('DELETE', path)).status, 404);
    assert.deepEqual(await server.credits(), { balance: 9996, held: 0, used_this_month: 4 });
    await server.stop();
    const { code, stdout } = await server.verify();
    assert.equal(code, 0, stdout);
    assert.match(stdout, /0 trails match their digests \(2 erased\)/);
    assert.doesNotMatch((await readFile(join(server.data, 'unstuck.db'))).toString('latin1'), /ann@ex\.org/);
});

test('a later question for the person begins a new record, and is charged', async (t) => {
    const { server, acme } = await world(t, { providers: { acme: { script: good } } });
    const before = (await server.enrich(ask)).json;
    await server.enrich(ask);
    await server.client.request('DELETE', `/records/${before.record_id}`);
    const after = (await server.enrich(ask)).json;

    assert.notEqual(after.record_id, before.record_id);
    assert.equal(after.credits_used, 2);
    assert.equal(acme.calls.length, 2);
});

test('erasing waits for the lookup under way with the record, and nothing comes back', async (t) => {
    const hold = gate();
    const script = async (call) => {
        if (call.count === 2)
            await hold.opened;
        return good(call);
    };
    const { server, acme } = await world(t, { providers: { acme: { script } } });
    const { json } = await server.enrich(ask);
    const path = `/records/${json.record_id}`;
    const again = server.enrich({ ...ask, force: true });
    await acme.called(2);
    let isErased = false;
    const erased = server.client.request('DELETE', path).then((answer) => ((isErased = true), answer));
    await server.client.get('/health');
    assert.equal(isErased, false);
    const late = server.enrich({ ...ask, force: true, max_credits: 5 });
    hold.open();
    assert.equal((await again).status, 200);
    assert.equal((await erased).json.erased.trails, 2);
    assert.notEqual((await late).json.record_id, json.record_id);
    assert.equal((await server.client.get(path)).status, 404);
});

test('an unknown id, and one that is none, is 404', async (t) => {
    const { server } = await world(t);
    for (const id of ['lead_0123456789abcdefghijkl', 'nonsense'])
        assert.equal((await server.client.request('DELETE', `/records/${id}`)).status, 404);
});
