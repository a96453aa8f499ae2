// Calls of several requests, over the wire: steps, polls, tokens; and what providers do to us instead of answering.
import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import test from './support/test.mjs';
import { gate, hit, misbehave } from './support/provider.mjs';
import { world } from './support/world.mjs';

let people = 0;
const somebody = () => ({ email: `caller${++people}@ex.org`, channels: ['work_email'] });

// One lookup: its trail as "provider outcome", and the answer.
async function lookup(server, ask = somebody()) {
    const answer = await server.enrich(ask);
    assert.equal(answer.status, 200);
    const trail = await server.trail(answer.json.record_id);
    return { ...answer, trail: trail.map(({ provider, outcome }) => `${provider} ${outcome}`) };
}

const value = (at) => ({ value: at, confidence: 0.9 });

// A connector of its own for the provider that answers at `path`.
const connector = (change) => ({
    connector: 1, hosts: { api: null }, secrets: { key: 'CALLS_KEY' }, headers: { 'X-Key': '{secret.key}' }, ...change,
});

// A server with one provider of that connector.
async function calling(t, script, change, { entry = {}, config = {}, key = 'a-very-secret-key' } = {}) {
    const { server, acme } = await world(t, { providers: { acme: { script } }, config, env: { CALLS_KEY: key }, prepare: true });
    server.config.providers[0] = {
        name: 'acme', connector: connector(change), hosts: { api: acme.url }, prices: { work_email: 2 }, timeout_ms: 20000, ...entry,
    };
    await server.start();
    return { server, acme };
}

const started = (poll = { every_ms: 20, for_ms: 5000 }) => ({
    ways: [{
        needs: [['email']],
        steps: [
            { request: { method: 'POST', url: '{host.api}/start', body: { row: '{email}' } }, keep: { id: '/id' } },
            {
                request: { url: '{host.api}/result/{kept.id}' }, poll,
                outcomes: [{ at: '/status', equals: 'running', outcome: 'pending' }],
                channels: { work_email: value('/email') },
            },
        ],
    }],
});

test('what is started is asked for until it is there, and charged once', async (t) => {
    let left = 3;
    const { server, acme } = await calling(t, ({ path, body }) => {
        if (path === '/start')
            return { text: `{"id": 9007199254740993, "for": ${JSON.stringify(JSON.parse(body).row)}}` };
        return { json: left-- > 0 ? { status: 'running' } : { email: 'ann@ex.org' } };
    }, started());
    const { json, trail } = await lookup(server);
    assert.equal(json.channels.work_email.value, 'ann@ex.org');
    assert.equal(json.credits_used, 2);
    assert.deepEqual(trail, ['acme hit']);
    assert.deepEqual(acme.calls.map(({ path }) => path), ['/start', ...Array(4).fill('/result/9007199254740993')]);
    assert.ok(acme.calls.every(({ headers }) => headers['x-key'] === 'a-very-secret-key'));
});

test('a poll that never ends is a timeout, within its own time or that of the lookup', async (t) => {
    const pending = ({ path }) => ({ json: path === '/start' ? { id: 'x' } : { status: 'running' } });
    const short = await calling(t, pending, started({ every_ms: 50, for_ms: 300 }));
    assert.deepEqual((await lookup(short.server)).trail, ['acme timeout']);
    assert.ok(short.acme.calls.length >= 4);
    const long = await calling(t, pending, started({ every_ms: 50, for_ms: 600000 }), { config: { lookup: { deadline_ms: 400 } } });
    const { trail, headers } = await lookup(long.server);
    assert.deepEqual(trail, ['acme timeout']);
    assert.equal(headers['unstuck-incomplete'], 'work_email');
});

test('a poll outlives a broken connection and a 502, and starts nothing twice', async (t) => {
    const answers = [misbehave.closeEarly(), { status: 502, json: {} }, { json: { status: 'running' } }, hit({ email: 'ann@ex.org' })];
    const { server, acme } = await calling(t, ({ path }) => (path === '/start' ? { json: { id: 'x' } } : answers.shift()), started());
    assert.deepEqual((await lookup(server)).trail, ['acme hit']);
    assert.equal(acme.calls.filter(({ path }) => path === '/start').length, 1);
});

test('a channel that a later step fails for is incomplete beside what was found', async (t) => {
    const { server } = await calling(t, ({ path }) => (path === '/one' ? { json: { email: 'ann@ex.org' } } : { status: 500, json: {} }), {
        ways: [{
            needs: [['email']],
            steps: [
                { request: { url: '{host.api}/one' }, channels: { work_email: value('/email') } },
                { only_for: ['phone'], request: { url: '{host.api}/two' }, channels: { phone: value('/phone') } },
            ],
        }],
    });
    const { json, headers } = await lookup(server, { ...somebody(), channels: ['work_email', 'phone'] });
    assert.equal(json.channels.work_email.value, 'ann@ex.org');
    assert.equal(json.channels.phone, null);
    assert.equal(headers['unstuck-incomplete'], 'phone');
});

// --- the token

const withToken = {
    headers: { Authorization: 'Bearer {token}' },
    auth: {
        token: {
            request: { method: 'POST', url: '{host.api}/token', form: { grant_type: 'client_credentials', secret: '{secret.key}' } },
            at: '/access_token', lifetime: { at: '/expires_in' },
        },
    },
    needs: [['email']], request: { url: '{host.api}/find', query: { email: '{email}' } }, channels: { work_email: value('/email') },
};

const tokens = (acme) => acme.calls.filter(({ path }) => path === '/token');

test('a token is asked for once, however many calls need it, and kept', async (t) => {
    const held = gate();
    let number = 0;
    const { server, acme } = await calling(t, async ({ path, query }) => {
        if (path !== '/token')
            return { json: { email: query.email } };
        await held.opened;
        return { json: { access_token: `token-${++number}`, expires_in: 3600 } };
    }, withToken);
    const all = Array.from({ length: 30 }, () => lookup(server));
    await acme.called(1);
    held.open();
    for (const { trail } of await Promise.all(all))
        assert.deepEqual(trail, ['acme hit']);
    assert.deepEqual((await lookup(server)).trail, ['acme hit']);
    assert.equal(tokens(acme).length, 1);
    assert.equal(tokens(acme)[0].body, 'grant_type=client_credentials&secret=a-very-secret-key');
    assert.equal(tokens(acme)[0].headers.authorization, undefined);
    assert.equal(acme.calls.filter(({ headers }) => headers.authorization === 'Bearer token-1').length, 31);
    assert.ok(!server.logs.includes('token-1') && !server.logs.includes('a-very-secret-key'));
});

test('a token that has run out is asked for again; one that is refused, once a call', async (t) => {
    let number = 0;
    let refuses = () => false;
    const { server, acme } = await calling(t, ({ path, headers, query }) => {
        if (path === '/token')
            return { json: { access_token: `token-${++number}`, expires_in: number === 1 ? 1 : 3600 } };
        return refuses(headers.authorization) ? { status: 401, json: {} } : { json: { email: query.email } };
    }, withToken);
    assert.deepEqual((await lookup(server)).trail, ['acme hit']);
    const from = performance.now();
    while (tokens(acme).length < 2 && performance.now() - from < 10000)
        assert.deepEqual((await lookup(server)).trail, ['acme hit']);
    assert.equal(tokens(acme).length, 2);
    refuses = (authorization) => authorization === 'Bearer token-2';
    assert.deepEqual((await lookup(server)).trail, ['acme hit']);
    assert.equal(tokens(acme).length, 3);
    refuses = () => true;
    assert.deepEqual((await lookup(server)).trail, ['acme auth_error']);
    assert.equal(tokens(acme).length, 4);
});

for (const [name, answer, word] of [
    ['is down', () => misbehave.closeEarly(), 'error'],
    ['fails', () => ({ status: 503, json: {} }), 'error'],
    ['answers without one', () => ({ json: {} }), 'error'],
    ['refuses the key', () => ({ status: 400, json: { error: 'invalid_client' } }), 'auth_error'],
    ['never answers', () => misbehave.never(), 'timeout'],
])
    test(`a token's endpoint that ${name} is the call's own outcome: ${word}`, async (t) => {
        const { server, acme } = await calling(t, ({ path }) => (path === '/token' ? answer() : hit({ email: 'ann@ex.org' })), withToken, {
            config: { lookup: { deadline_ms: 800 } },
        });
        const all = await Promise.all([lookup(server), lookup(server)]);
        for (const { trail, headers } of all) {
            assert.deepEqual(trail, [`acme ${word}`]);
            assert.equal(headers['unstuck-incomplete'], 'work_email');
        }
        assert.equal(acme.calls.filter(({ path }) => path !== '/token').length, 0);
    });

// --- what comes instead of an answer

const simple = { needs: [['email']], request: { method: 'POST', url: '{host.api}/find', body: { email: '{email}' } }, channels: { work_email: value('/email') } };
const bomb = gzipSync(Buffer.alloc(64 << 20, 0x20));
const gzipped = (bytes) => (response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip', 'content-length': bytes.length });
    response.end(bytes);
};

for (const [name, answer, why] of [
    ['two hundred megabytes', () => misbehave.huge(200 << 20), /too large/],
    ['a gzip bomb', () => gzipped(bomb), /too large/],
    ['a nest of a million brackets', () => ({ text: '['.repeat(1 << 20) }), /not JSON, cut short, or nested/],
    ['four megabytes of members', () => ({ text: `{"a":{${'"b":1,'.repeat(600000)}"c":2}}` }), null],
    ['no JSON', () => misbehave.notJson(), /not JSON/],
    ['an answer cut short', () => misbehave.half({ email: 'ann@ex.org' }), /[a-z]/],
    ['JSON cut short', () => ({ text: '{"email": "ann@ex.or' }), /cut short/],
    ['a redirect to a private address', () => misbehave.redirect('http://169.254.169.254/latest/meta-data'), /a redirect, which is not followed/],
    ['headers without end', () => (response) => {
        response.writeHead(200, Object.fromEntries(Array.from({ length: 900 }, (_, i) => [`x-${i}`, 'x'.repeat(100)])));
        response.end('{}');
    }, /too large/],
])
    test(`${name} costs nothing, and the server serves on`, async (t) => {
        let script = answer;
        const { server, acme } = await calling(t, (call) => script(call), simple);
        const { json, trail } = await lookup(server);
        assert.equal(json.channels.work_email, null);
        assert.equal(json.credits_used, 0);
        assert.deepEqual(trail, [name === 'four megabytes of members' ? 'acme miss' : 'acme error']);
        assert.equal(acme.calls.length, 1);
        if (why)
            assert.match(server.logs.split('\n').find((line) => line.includes('"provider failed"')), why);
        script = () => hit({ email: 'ann@ex.org' });
        assert.deepEqual((await lookup(server)).trail, ['acme hit']);
    });

test('an answer may be gzipped', async (t) => {
    const { server } = await calling(t, () => gzipped(gzipSync('{"email": "ann@ex.org"}')), simple);
    assert.deepEqual((await lookup(server)).trail, ['acme hit']);
});

test('what an answer says of credits is in the metrics', async (t) => {
    const { server } = await calling(t, () => ({ json: { email: 'ann@ex.org', cost: 1.5 }, headers: { 'X-Credits-Left': '77' } }), {
        ...simple, cost: { at: '/cost' }, balance: { header: 'x-credits-left' },
    });
    await lookup(server);
    await lookup(server);
    const { text } = await server.client.get('/metrics');
    assert.match(text, /^unstuck_provider_spent_total\{provider="acme"\} 3\.0+$/m);
    assert.match(text, /^unstuck_provider_balance\{provider="acme"\} 77\.0+$/m);
});
