// Bad input: each gets the answer that helps, and nothing is called, lost or charged.
import assert from 'node:assert/strict';
import test from './support/test.mjs';
import { hit } from './support/provider.mjs';
import { raw } from './support/client.mjs';
import { charged, world } from './support/world.mjs';

const acme = { script: () => hit({ work_email: 'ann@ex.org' }) };

async function refused(t, cases) {
    const { server, acme: provider } = await world(t, { providers: { acme } });
    for (const [body, status, ...patterns] of cases) {
        const answer = await server.client.request('POST', '/enrichment', { body });
        const name = String(body).slice(0, 60);
        assert.equal(answer.status, status, `${name}: ${answer.text}`);
        assert.equal(answer.headers['content-type'], 'application/problem+json', name);
        assert.ok(answer.json.detail.length > 10, name);
        for (const pattern of patterns)
            assert.match(answer.text, pattern, name);
    }
    assert.equal(provider.calls.length, 0);
    assert.equal(await charged(server), 0);
    assert.equal((await server.credits()).held, 0);
}

test('a body that is not JSON is refused with the line and the column', (t) => refused(t, [
    [Buffer.alloc(0), 400],
    ['nonsense', 400, /line 1, column \d/],
    ['{"email":\n  "ann@ex.org",,}', 400, /line 2, column \d+/],
    ['{"email": "ann@ex.org"', 400, /line 1/],
    ['{"email": "ann@ex.org"} x', 400, /line 1, column 2\d/],
    ['{"email": "ann@ex.org"}{}', 400, /line 1/],
    ["{'email': 'ann@ex.org'}", 400, /line 1, column/],
    ['{"email": "ann@ex.org", "email": "bob@ex.org"}', 400, /[Dd]uplicate/],
    ['{"email": "a\\u0000nn@ex.org"}', 400, /NUL|U\+0000|u0000/],
    [Buffer.from('{"email": "a\0nn@ex.org"}'), 400],
    [Buffer.from([0x7b, 0x22, 0x61, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]), 400, /line 1, column 3/],
    [Buffer.from('{"email": "\xc0\x80"}', 'latin1'), 400],
    [Buffer.from('{"email": "\xed\xa0\x80@ex.org"}', 'latin1'), 400],
    ['{"email": "\\ud800"}', 400],
    ['{"max_credits": 01}', 400],
    ['{"min_confidence": NaN}', 400],
    ['[' .repeat(33) + ']'.repeat(33), 400],
    ['['.repeat(10000) + ']'.repeat(10000), 400],
    ['{"a":'.repeat(10000), 400],
]));

test('JSON that is no object is refused', (t) => refused(t, [
    ['[]', 422], ['"text"', 422], ['null', 422], ['42', 422], ['true', 422],
]));

test('no hint is identity_required', (t) => refused(t, [
    ['{}', 422, /"code":\s*"identity_required"/],
    ['{"channels": ["phone"]}', 422, /identity_required/],
]));

test('a wrong member is named by its pointer', (t) => refused(t, [
    ['{"email": 5}', 422, /"\/email"/],
    ['{"email": "ann@ex.org", "max_credits": 99999999999999999999}', 422, /"\/max_credits"/],
    ['{"email": null}', 422, /"\/email"/],
    ['{"email": ""}', 422, /"\/email"/],
    ['{"email": "a@b"}', 422, /"\/email"/],
    ['{"email": "\\"quoted x\\"@ex.org"}', 422, /"\/email"/],
    ['{"email": "ü@exämple.org"}', 422, /"\/email"/],
    ['{"email": "ann@127.0.0.1"}', 422, /"\/email"/],
    [`{"email": "${'a'.repeat(300)}@ex.org"}`, 422, /"\/email"/],
    ['{"linkedin_url": "https://linkedin.com/company/acme"}', 422, /"\/linkedin_url"/, /company/],
    ['{"linkedin_url": "https://linkedin.com.evil.example/in/ann"}', 422, /"\/linkedin_url"/],
    ['{"linkedin_url": "https://example.org/in/ann"}', 422, /"\/linkedin_url"/],
    ['{"company_domain": "10.0.0.1"}', 422, /"\/company_domain"/],
    ['{"company_domain": "[::1]"}', 422, /"\/company_domain"/],
    ['{"company_domain": "localhost"}', 422, /"\/company_domain"/],
    ['{"email": "ann@ex.org", "channels": []}', 422, /"\/channels"/],
    ['{"email": "ann@ex.org", "channels": "phone"}', 422, /"\/channels"/],
    ['{"email": "ann@ex.org", "channels": ["fax"]}', 422, /"\/channels\/0"/, /work_email/],
    ['{"email": "ann@ex.org", "channels": ["phone", "phone"]}', 422, /"\/channels\/1"/],
    ['{"email": "ann@ex.org", "channels": ["phone", 5]}', 422, /"\/channels\/1"/],
    ['{"email": "ann@ex.org", "force": "yes"}', 422, /"\/force"/],
    ['{"email": "ann@ex.org", "dry_run": 1}', 422, /"\/dry_run"/],
    ['{"email": "ann@ex.org", "max_credits": -1}', 422, /"\/max_credits"/],
    ['{"email": "ann@ex.org", "max_credits": 1.5}', 422, /"\/max_credits"/],
    ['{"email": "ann@ex.org", "max_credits": 9000000000000000000}', 422, /"\/max_credits"/],
    ['{"email": "ann@ex.org", "max_age": "1"}', 422, /"\/max_age"/],
    ['{"email": "ann@ex.org", "min_confidence": 1.01}', 422, /"\/min_confidence"/],
    ['{"email": "ann@ex.org", "min_confidence": -0.1}', 422, /"\/min_confidence"/],
    ['{"email": "ann@ex.org", "include": ["everything"]}', 422, /"\/include\/0"/],
]));

test('an unknown member is refused with the name it resembles', (t) => refused(t, [
    ['{"emial": "ann@ex.org"}', 422, /"\/emial"/, /email/],
    ['{"email": "ann@ex.org", "chanels": []}', 422, /"\/chanels"/, /channels/],
    ['{"email": "ann@ex.org", "a/b~c": 1}', 422, /"\/a~1b~0c"/],
]));

test('all mistakes are named at once', async (t) => {
    const { server } = await world(t, { providers: { acme } });
    const { status, json } = await server.enrich({
        email: 'a@b', linkedin_url: 'linkedin.com/company/x', channels: ['fax', 'phone'], force: 'yes', max_age: -1, nme: 1,
    });
    assert.equal(status, 422);
    assert.equal(json.code, 'validation_failed');
    assert.deepEqual(json.errors.map((e) => e.pointer).sort(),
        ['/channels/0', '/email', '/force', '/linkedin_url', '/max_age', '/nme']);
    for (const { detail } of json.errors)
        assert.ok(detail.length > 5);
});

test('a mistake is never answered with what was sent', async (t) => {
    const { server } = await world(t, { providers: { acme } });
    const answer = await server.enrich({ email: 'secret.person@no-dot', metadata: { k: 7 } });
    assert.equal(answer.status, 422);
    assert.ok(!answer.text.includes('secret.person'));
});

test('64 KiB are taken, one byte more is refused with 413', async (t) => {
    const { server } = await world(t, { providers: { acme } });
    const of = (bytes) => {
        const body = '{"email": "ann@ex.org", "channels": ["work_email"]}';
        return body + ' '.repeat(bytes - body.length);
    };
    assert.equal((await server.client.request('POST', '/enrichment', { body: of(65536) })).status, 200);
    const large = await server.client.request('POST', '/enrichment', { body: of(65537) });
    assert.equal(large.status, 413);
    assert.equal(large.json.code, 'body_too_large');
});

test('a 1 GiB chunked body is cut off at the limit', { timeout: 60000 }, async (t) => {
    const { server } = await world(t, { providers: { acme } });
    const socket = raw(server.url, `POST /enrichment HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${server.key}\r\n` +
        'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n');
    const chunk = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(1 << 20, 0x20), Buffer.from('\r\n')]);
    let sent = 0;
    for (; sent < 1024 && !socket.is_over && !socket.destroyed; sent++) {
        if (!socket.write(chunk))
            await Promise.race([new Promise((done) => socket.once('drain', done)), socket.ended]);
    }
    const text = await socket.ended;
    assert.match(text, /^HTTP\/1\.1 413 /);
    assert.ok(sent < 64, `${sent} MiB went out`);
    assert.equal((await server.client.get('/health')).status, 200);
});

test('an announced body that is too large is refused before it is sent', async (t) => {
    const { server } = await world(t, { providers: { acme } });
    const socket = raw(server.url, `POST /enrichment HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${server.key}\r\n` +
        'Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 65537\r\n\r\n');
    assert.match(await socket.ended, /^HTTP\/1\.1 413 /);
});
