// Keys (api.md section 6): made, listed and revoked over the API; the secret is shown once.
import assert from 'node:assert/strict';
import test from './support/test.mjs';
import { hit } from './support/provider.mjs';
import { movableClock } from './support/server.mjs';
import { world } from './support/world.mjs';

const ask = { email: 'ann@ex.org', channels: ['work_email'] };
const acme = { script: () => hit({ work_email: 'ann@ex.org' }) };
const DAY = 86400;

async function keys(t, options = {}) {
    const clock = await movableClock(t);
    const { server } = await world(t, { providers: { acme }, env: clock.env, ...options });
    return { server, clock };
}

const make = (server, body) => server.client.request('POST', '/keys', { body });
const revoke = (server, id, headers) => server.client.request('DELETE', `/keys/${id}`, { headers });
const list = async (server) => (await server.client.get('/keys')).json.keys;
const as = ({ json }) => ({ authorization: `Bearer ${json.secret}` });

test('a new key works at once, its secret is shown once, and later only its end', async (t) => {
    const { server, clock } = await keys(t);
    const made = await make(server, { name: 'crm', scope: 'enrich' });
    assert.equal(made.status, 201);
    assert.match(made.json.key_id, /^key_[0-9A-Za-z]{22}$/);
    assert.match(made.json.secret, /^unstuck_[0-9A-Za-z]{36}$/);
    assert.equal(made.json.key, `unstuck_***_${made.json.secret.slice(-8)}`);
    const days = (Date.parse(made.json.expires_at) - clock.now()) / (DAY * 1000);
    assert.ok(days > 364.9 && days < 365.1, `one year by default, not ${days} days`);
    assert.equal((await server.enrich(ask, as(made))).status, 200);
    const all = await server.client.get('/keys');
    assert.equal(all.json.keys.length, 2);
    assert.doesNotMatch(all.text, /unstuck_[0-9A-Za-z]{36}/);
    const { secret, last_used_at, ...kept } = made.json;
    assert.equal(last_used_at, null);
    assert.deepEqual({ ...all.json.keys[1], last_used_at: undefined }, { ...kept, last_used_at: undefined });
    assert.ok(Math.abs(Date.parse(all.json.keys[1].last_used_at) - clock.now()) < 10000);
});

test('keys survive kill -9, also when they were used last', async (t) => {
    const { server } = await keys(t);
    const made = await make(server, { name: 'crm', scope: 'read' });
    await server.restart();
    assert.equal((await server.client.get('/credits', as(made))).status, 200);
    await server.stop();
    await server.start();
    const [, kept] = await list(server);
    assert.equal(kept.name, 'crm');
    assert.notEqual(kept.last_used_at, null);
    assert.equal((await server.client.get('/credits', as(made))).status, 200);
});

test('a scope allows what it says, and what it does not counts for no limit', async (t) => {
    const { server } = await keys(t, { config: { limits: { minute: 5 } } });
    const read = as(await make(server, { name: 'r', scope: 'read' }));
    const enrich = as(await make(server, { name: 'e', scope: 'enrich' }));
    for (let i = 0; i < 10; i++)
        assert.equal((await server.enrich(ask, read)).status, 403);
    assert.equal((await server.enrich(ask, enrich)).status, 200);
    for (const headers of [read, enrich]) {
        assert.equal((await server.client.get('/credits', headers)).status, 200);
        assert.equal((await server.client.get('/keys', headers)).status, 403);
        assert.equal((await server.client.request('POST', '/keys', { body: {}, headers })).status, 403);
        assert.equal((await revoke(server, 'key_x', headers)).status, 403);
    }
});

test('a revoked key opens nothing from that moment on, after a restart too', async (t) => {
    const { server } = await keys(t);
    const made = await make(server, { name: 'crm', scope: 'full' });
    const gone = await revoke(server, made.json.key_id);
    assert.equal(gone.status, 200);
    assert.notEqual(gone.json.revoked_at, null);
    assert.equal((await server.client.get('/credits', as(made))).status, 401);
    await server.restart();
    assert.equal((await server.client.get('/credits', as(made))).status, 401);
    const again = await revoke(server, made.json.key_id);
    assert.equal(again.status, 200);
    assert.equal(again.json.revoked_at, gone.json.revoked_at);
});

test('the last key of scope full cannot be revoked, whatever the others are', async (t) => {
    const { server, clock } = await keys(t);
    const [first] = await list(server);
    await make(server, { name: 'e', scope: 'enrich' });
    const short = await make(server, { name: 'short', scope: 'full', expires_in_days: 1 });
    await clock.forward(server, 2 * DAY);
    const refused = await revoke(server, first.key_id);
    assert.equal(refused.status, 409);
    assert.equal(refused.json.code, 'last_full_key');
    assert.equal((await revoke(server, short.json.key_id)).status, 200, 'one that has expired may go');
    const second = await make(server, { name: 'f', scope: 'full' });
    const both = await Promise.all([revoke(server, first.key_id), revoke(server, second.json.key_id)]);
    assert.deepEqual(both.map(({ status }) => status).sort().slice(0, 1), [200], 'one of the two');
    assert.notEqual(both[1].status, 200);
});

test('a key expires when it was told to', async (t) => {
    const { server, clock } = await keys(t);
    const at = new Date(clock.now() + 3600 * 1000).toISOString().replace(/\.\d+/, '');
    const made = await make(server, { name: 'hour', scope: 'read', expires_at: at });
    assert.equal(made.json.expires_at, at);
    assert.equal((await server.client.get('/credits', as(made))).status, 200);
    await clock.forward(server, 3601);
    assert.equal((await server.client.get('/credits', as(made))).status, 401);
});

test('a wrong wish is refused with every mistake', async (t) => {
    const { server } = await keys(t);
    for (const [body, ...pointers] of [
        [{}, '/name', '/scope'],
        [{ name: '', scope: 'all' }, '/name', '/scope'],
        [{ name: 'x'.repeat(101), scope: 'read' }, '/name'],
        [{ name: 'x', scope: 'read', expires_in_days: 0 }, '/expires_in_days'],
        [{ name: 'x', scope: 'read', expires_in_days: 3651 }, '/expires_in_days'],
        [{ name: 'x', scope: 'read', expires_in_days: 1, expires_at: '2099-01-01T00:00:00Z' }, '/expires_at'],
        [{ name: 'x', scope: 'read', expires_at: '2001-01-01T00:00:00Z' }, '/expires_at'],
        [{ name: 'x', scope: 'read', expires_at: '2099-01-01T00:00:00Z' }, '/expires_at'],
        [{ name: 'x', scope: 'read', expires_at: 'soon' }, '/expires_at'],
        [{ name: 'x', scope: 'read', secret: 'mine' }, '/secret'],
    ]) {
        const answer = await make(server, body);
        assert.equal(answer.status, 422, answer.text);
        assert.deepEqual(answer.json.errors.map(({ pointer }) => pointer), pointers, answer.text);
    }
    assert.equal((await make(server, '{')).status, 400);
    assert.equal((await list(server)).length, 1);
});

test('a workspace has at most 100 live keys', async (t) => {
    const { server } = await keys(t);
    const all = await Promise.all([...Array(110).keys()].map((i) => make(server, { name: `k${i}`, scope: 'read' })));
    const made = all.filter(({ status }) => status === 201);
    const refused = all.filter(({ status }) => status === 409);
    assert.deepEqual([made.length, refused.length], [99, 11]);
    assert.equal(refused[0].json.code, 'key_limit_reached');
    await revoke(server, made[0].json.key_id);
    assert.equal((await make(server, { name: 'room', scope: 'read' })).status, 201);
});
