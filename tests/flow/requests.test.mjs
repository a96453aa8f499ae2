// What holds for every request: keys, methods, media types, ids, the shape of a refusal.
import assert from 'node:assert/strict';
import test from './support/test.mjs';
import { hit } from './support/provider.mjs';
import { world } from './support/world.mjs';

const ask = { email: 'ann@ex.org', channels: ['work_email'] };
const acme = { script: () => hit({ work_email: 'ann@ex.org' }) };

function isProblem({ status, headers, json }, wanted) {
    assert.equal(status, wanted.status);
    assert.equal(headers['content-type'], 'application/problem+json');
    assert.equal(json.status, wanted.status);
    assert.equal(json.code, wanted.code);
    assert.equal(typeof json.type, 'string');
    assert.equal(typeof json.title, 'string');
    assert.equal(typeof json.detail, 'string');
    assert.equal(typeof json.retryable, 'boolean');
    assert.equal(json.request_id, headers['x-request-id']);
}

test('a key that is missing, malformed, mistyped or unknown is refused with 401', async (t) => {
    const { server } = await world(t, { providers: { acme } });
    const flipped = server.key.slice(0, -1) + (server.key.endsWith('A') ? 'B' : 'A');
    const stranger = 'unstuck_' + '0'.repeat(36);
    for (const authorization of [
        null, '', 'Bearer', 'Bearer ', `Basic ${server.key}`, server.key, 'Bearer x', `Bearer ${flipped}`,
        `Bearer ${stranger}`, `Bearer ${server.key}x`, `Bearer ${server.key} x`, `Bearer ${server.key.toLowerCase()}`,
    ]) {
        const answer = await server.enrich(ask, { authorization });
        isProblem(answer, { status: 401, code: 'unauthorized' });
        assert.match(answer.headers['www-authenticate'], /^Bearer/);
        assert.ok(!answer.text.includes(flipped));
    }
    assert.equal((await server.enrich(ask, { authorization: `bearer ${server.key}` })).status, 200);
});

test('401 comes before every other refusal', async (t) => {
    const { server } = await world(t, { providers: { acme } });
    const answer = await server.client.request('POST', '/enrichment',
        { body: '{', headers: { authorization: null, 'content-type': 'text/plain' } });
    assert.equal(answer.status, 401);
});

test('a body of another type is refused with 415', async (t) => {
    const { server } = await world(t, { providers: { acme } });
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx', '', null]) {
        const answer = await server.client.request('POST', '/enrichment', { body: '{"a', headers: { 'content-type': type } });
        isProblem(answer, { status: 415, code: 'unsupported_media_type' });
    }
    for (const type of ['application/json', 'Application/JSON; charset=utf-8', 'application/json;charset="UTF-8"'])
        assert.equal((await server.enrich(ask, { 'content-type': type })).status, 200, type);
});

test('an unknown path is 404, another method is 405 with Allow', async (t) => {
    const { server } = await world(t, { providers: { acme } });
    isProblem(await server.client.get('/enrichments'), { status: 404, code: 'not_found' });
    isProblem(await server.client.get('/records/lead_0000000000000000000000'), { status: 404, code: 'not_found' });
    isProblem(await server.client.get('/records/nonsense/attempts'), { status: 404, code: 'not_found' });
    for (const [method, path, allowed] of [
        ['GET', '/enrichment', ['POST']], ['DELETE', '/enrichment', ['POST']],
        ['POST', '/credits', ['GET', 'HEAD']], ['PUT', '/health', ['GET', 'HEAD']],
    ]) {
        const answer = await server.client.request(method, path);
        isProblem(answer, { status: 405, code: 'method_not_allowed' });
        const list = answer.headers.allow.split(', ');
        for (const name of allowed)
            assert.ok(list.includes(name), `${path}: ${answer.headers.allow}`);
    }
});

test('HEAD works where GET does and sends no body', async (t) => {
    const { server } = await world(t, { providers: { acme } });
    for (const path of ['/health', '/ready', '/credits']) {
        const get = await server.client.get(path);
        const head = await server.client.request('HEAD', path);
        assert.equal(head.status, 200);
        assert.equal(head.text, '');
        assert.equal(head.headers['content-length'], get.headers['content-length']);
        assert.equal(head.headers['content-type'], get.headers['content-type']);
    }
    assert.equal((await server.client.request('HEAD', '/enrichment')).status, 405);
});

test('health and readiness need no key', async (t) => {
    const { server } = await world(t, { providers: { acme } });
    const health = await server.client.get('/health', { authorization: null });
    assert.equal(health.status, 200);
    assert.deepEqual(health.json, { status: 'ok' });
    assert.equal((await server.client.get('/ready', { authorization: null })).status, 200);
});

test('every answer has a request id; a well-formed one of the client is kept', async (t) => {
    const { server } = await world(t, { providers: { acme } });
    const made = await server.enrich(ask);
    assert.match(made.headers['x-request-id'], /^\S{8,}$/);
    assert.notEqual((await server.enrich(ask)).headers['x-request-id'], made.headers['x-request-id']);

    const kept = await server.enrich(ask, { 'x-request-id': 'abc-123_DEF.9' });
    assert.equal(kept.headers['x-request-id'], 'abc-123_DEF.9');
    const refused = await server.enrich({}, { 'x-request-id': 'abc-1234' });
    assert.equal(refused.json.request_id, 'abc-1234');
    await server.logged(/abc-123_DEF\.9/);

    for (const bad of ['has space', 'x'.repeat(500), '"quoted"', 'ü']) {
        const answer = await server.enrich(ask, { 'x-request-id': bad });
        assert.equal(answer.status, 200);
        assert.notEqual(answer.headers['x-request-id'], bad);
    }
});

test('a traceparent is taken and never passed to a provider', async (t) => {
    const { server, acme: provider } = await world(t, { providers: { acme } });
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    assert.equal((await server.enrich(ask, { traceparent })).status, 200);
    assert.equal(provider.calls[0].headers.traceparent, undefined);
    assert.equal(provider.calls[0].headers.authorization, undefined);
});

test('every enrichment answer tells the credits used and remaining', async (t) => {
    const { server } = await world(t, { providers: { acme } });
    const first = await server.enrich(ask);
    const again = await server.enrich(ask);
    assert.equal(first.headers['unstuck-credits-used'], '2');
    assert.equal(first.headers['unstuck-credits-remaining'], '9998');
    assert.equal(again.headers['unstuck-credits-used'], '0');
    assert.equal(again.headers['unstuck-credits-remaining'], '9998');
});

test('an answer has a Date', async (t) => {
    const { server } = await world(t, { providers: { acme } });
    const { headers } = await server.client.get('/health');
    assert.ok(Math.abs(new Date(headers.date) - Date.now()) < 5000, headers.date);
});
