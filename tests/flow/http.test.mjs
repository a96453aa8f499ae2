// HTTP as it comes off the wire: what is taken, what is refused, and what is limited.
import assert from 'node:assert/strict';
import test from './support/test.mjs';
import { enrichmentBytes, raw } from './support/client.mjs';
import { gate, hit } from './support/provider.mjs';
import { movableClock } from './support/server.mjs';
import { world } from './support/world.mjs';

const ask = { email: 'ann@ex.org', channels: ['work_email'] };
const acme = { script: () => hit({ work_email: 'ann@ex.org' }) };
const health = (head) => `GET /health HTTP/1.1\r\n${head}\r\n`;

for (const [name, bytes] of [
    ['no Host', health('')],
    ['two Hosts', health('Host: a\r\nHost: b\r\n')],
    ['a malformed Host', health('Host: a b\r\n')],
    ['a space before the colon', health('Host : a\r\n')],
    ['a folded line', health('Host: a\r\nX-A: 1\r\n 2\r\n')],
    ['white space before the first header', 'GET /health HTTP/1.1\r\n Host: a\r\n\r\n'],
    ['Transfer-Encoding with Content-Length', 'POST /enrichment HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['two Content-Lengths', 'POST /enrichment HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n1234'],
    ['a Content-Length that is no number', 'POST /enrichment HTTP/1.1\r\nHost: a\r\nContent-Length: +4\r\n\r\n1234'],
    ['an unfinished transfer coding', 'POST /enrichment HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n'],
    ['bare line feeds', 'GET /health HTTP/1.1\nHost: a\n\n'],
    ['a NUL in a header', health('Host: a\r\nX-A: 1\0\r\n')],
    ['a header without a colon', health('Host: a\r\nnonsense\r\n')],
    ['no HTTP at all', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'],
])
    test(`${name} is refused with 400 and a closed connection`, async (t) => {
        const { server } = await world(t, { providers: { acme } });
        const socket = raw(server.url, Buffer.from(bytes, 'latin1'));
        const text = await socket.ended;
        assert.match(text, /^HTTP\/1\.1 400 /);
        assert.match(text, /connection: close/i);
        assert.equal(text.match(/HTTP\/1\.1 /g).length, 1);
    });

test('a chunk size that overflows is refused as too large', async (t) => {
    const { server } = await world(t, { providers: { acme } });
    const text = await raw(server.url, 'POST /enrichment HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n' +
        `Authorization: Bearer ${server.key}\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n`).ended;
    assert.match(text, /^HTTP\/1\.1 (400|413) /);
    assert.match(text, /connection: close/i);
});

test('pipelined requests are answered in order', async (t) => {
    const { server } = await world(t, { providers: { acme } });
    const socket = raw(server.url, enrichmentBytes(server.key, ask, 'X-Request-Id: first-one\r\n') +
        enrichmentBytes(server.key, {}, 'X-Request-Id: second-one\r\n') +
        'GET /health HTTP/1.1\r\nHost: a\r\nX-Request-Id: third-one\r\nConnection: close\r\n\r\n');
    const text = await socket.ended;
    const order = [...text.matchAll(/HTTP\/1\.1 (\d+)[^]*?x-request-id: (\S+)/gi)].map((m) => [m[1], m[2]]);
    assert.deepEqual(order, [['200', 'first-one'], ['422', 'second-one'], ['200', 'third-one']]);
});

test('a chunked body is read, byte by byte too', async (t) => {
    const { server } = await world(t, { providers: { acme } });
    const body = JSON.stringify(ask);
    const chunks = [...body].map((c) => `1\r\n${c}\r\n`).join('') + '0\r\n\r\n';
    const socket = raw(server.url, `POST /enrichment HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${server.key}\r\n` +
        'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n');
    for (const c of chunks)
        socket.write(c);
    assert.match(await socket.ended, /^HTTP\/1\.1 200 /);
});

test('Expect: 100-continue is answered before the body', async (t) => {
    const { server } = await world(t, { providers: { acme } });
    const body = JSON.stringify(ask);
    const socket = raw(server.url, `POST /enrichment HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${server.key}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n`);
    await socket.until(/^HTTP\/1\.1 100 [^\r]*\r\n\r\n$/);
    socket.write(body);
    assert.match(await socket.ended, /HTTP\/1\.1 200 /);
});

test('HTTP/1.0 and an absolute target are taken', async (t) => {
    const { server } = await world(t, { providers: { acme } });
    assert.match(await raw(server.url, 'GET /health HTTP/1.0\r\n\r\n').ended, / 200 /);
    assert.match(await raw(server.url, 'GET http://other/health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n').ended, / 200 /);
    assert.match(await raw(server.url, '\r\nGET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n').ended, / 200 /);
});

test('an unknown method is 501, too long a target 414, too many headers 431', async (t) => {
    const { server } = await world(t, { providers: { acme } });
    const status = async (bytes) => Number(/^HTTP\/1\.1 (\d+)/.exec(await raw(server.url, bytes).ended)[1]);
    assert.ok([400, 501].includes(await status('BREW /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')));
    assert.equal(await status(`GET /${'x'.repeat(100000)} HTTP/1.1\r\nHost: a\r\n\r\n`), 414);
    assert.equal(await status(health(`Host: a\r\nX-A: ${'x'.repeat(100000)}\r\n`)), 431);
});

test('a connection over the maximum is refused with 503 and Retry-After', async (t) => {
    const { server } = await world(t, { providers: { acme }, config: { server: { connections_max: 4 } } });
    const held = [];
    for (let i = 0; i < 4; i++) {
        held.push(raw(server.url, health('Host: a\r\n')));
        await held[i].until(/ 200 [^]*ok/);
    }
    const text = await raw(server.url, health('Host: a\r\n')).ended;
    assert.match(text, /^HTTP\/1\.1 503 /);
    assert.match(text, /retry-after: \d+/i);
    held[0].end();
    await held[0].ended;
    held.slice(1).forEach((socket) => socket.destroy());
});

test('a lookup over the maximum in flight is refused with 503 and Retry-After', async (t) => {
    const hold = gate();
    const { server, acme: provider } = await world(t, {
        providers: { acme: { script: async ({ email }) => (await hold.opened, hit({ work_email: email })) } },
        config: { lookup: { in_flight_max: 2 } },
    });
    const going = ['ann', 'bob'].map((name) => server.enrich({ ...ask, email: `${name}@ex.org` }));
    await provider.called(2);
    const refused = await server.enrich({ ...ask, email: 'cat@ex.org' });
    assert.equal(refused.status, 503);
    assert.equal(refused.json.code, 'overloaded');
    assert.equal(refused.json.retryable, true);
    assert.match(refused.headers['retry-after'], /^\d+$/);
    hold.open();
    assert.ok((await Promise.all(going)).every((a) => a.status === 200));
});

test('a request that trickles in is cut off at its deadline', async (t) => {
    const { server } = await world(t, { providers: { acme }, config: { server: { request_ms: 150 } } });
    const socket = raw(server.url, 'POST /enrichment HTTP/1.1\r\nHost: a\r\n');
    assert.match(await socket.ended, /^HTTP\/1\.1 408 /);
});

test('an idle connection is closed without a word', async (t) => {
    const { server } = await world(t, { providers: { acme }, config: { server: { idle_ms: 150 } } });
    const socket = raw(server.url, health('Host: a\r\n'));
    const text = await socket.ended;
    assert.equal(text.match(/HTTP\/1\.1 /g).length, 1);
});

test('a request sent in single bytes is understood', async (t) => {
    const clock = await movableClock(t);
    const { server } = await world(t, { providers: { acme }, env: clock.env });
    const socket = raw(server.url);
    socket.setNoDelay(true);
    for (const c of enrichmentBytes(server.key, ask, 'Connection: close\r\n'))
        await new Promise((done) => socket.write(c, done));
    assert.match(await socket.ended, /^HTTP\/1\.1 200 /);
});
