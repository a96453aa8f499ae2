// The fake provider world itself, without a server of ours: what the other tests and the bench stand on.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from './support/test.mjs';
import { startWorld } from '../support/world/world.mjs';
import { tempFolder } from './support/server.mjs';

// A provider that answers at once, and one that makes wait for a result by number.
const hints = { first_name: 'Mira', last_name: 'Okafor', company_domain: 'northwind-demo.example' };
const API = 'https://api.acme.example/v1';
const exchange = (url, answer, request = {}) => ({ request: { url: `${API}${url}`, headers: { 'X-Key': 'test-key' }, ...request }, answer });
const about = (outcome, ...exchanges) => ({ about: outcome, ask: { hints, channels: ['work_email'] }, exchanges, expect: { outcome } });
const find = '/find?name=Mira%20Okafor&domain=northwind-demo.example';
const person = { name: 'Mira OKAFOR', email: 'mira.okafor@northwind-demo.example', in: 'linkedin.com/in/mira-okafor', score: 93 };
const acme = {
    hit: about('hit', exchange(find, { status: 200, body: { data: person } })),
    miss: about('miss', exchange(find, { status: 404, headers: { 'X-Left': '7' }, body: { error: 'nobody' } })),
    slow_down: about('rate_limited', exchange(find, { status: 420, headers: { 'X-Wait': '9' }, text: 'calm down' })),
};
const slow = {
    found: about('hit', exchange('/start', { status: 200, body: { data: { id: 7 } } }, { method: 'POST', body: { row: 'Mira Okafor', at: 'northwind-demo.example' } }),
        exchange('/result/7', { status: 202, body: {} }), exchange('/result/7', { status: 200, body: person })),
};

async function folderOf(t) {
    const folder = await tempFolder(t);
    for (const [name, fixtures] of Object.entries({ acme, slow })) {
        await mkdir(join(folder, name, 'fixtures'), { recursive: true });
        await writeFile(join(folder, name, 'connector.json'),
            JSON.stringify({ name, hosts: { api: API }, secrets: { key: 'KEY' }, ways: [{ steps: [{ keep: { id: '/data/id' } }] }] }));
        for (const [file, fixture] of Object.entries(fixtures))
            await writeFile(join(folder, name, 'fixtures', `${file}.json`), JSON.stringify(fixture));
    }
    return folder;
}

async function begin(t, options) {
    const world = await startWorld(t, { folder: await folderOf(t), ...options });
    const call = async (path, { key = 'test-key', body, ...more } = {}) => {
        const answer = await fetch(`${world.url}${path}`, {
            ...(body && { method: 'POST', body: JSON.stringify(body) }), ...more,
            headers: { 'x-key': key, ...(body && { 'content-type': 'application/json' }), ...more.headers },
        });
        const text = await answer.text();
        return { status: answer.status, headers: answer.headers, text, json: /json/.test(answer.headers.get('content-type')) ? JSON.parse(text) : null };
    };
    return { world, call };
}

test('the world tells what it plays, and where', async (t) => {
    const { world, call } = await begin(t);
    const { json } = await call('/world');
    assert.deepEqual(json.acme, { name: 'acme', hosts: { api: `${world.url}/acme/api` }, secrets: ['key'], fixtures: ['hit.json', 'miss.json', 'slow_down.json'] });
    assert.deepEqual(world.entry('acme', { prices: { phone: 2 } }),
        { connector: 'acme', secrets: { key: { env: 'WORLD_ACME_KEY' } }, hosts: { api: `${world.url}/acme/api` }, prices: { phone: 2 } });
    assert.deepEqual(world.env, { WORLD_ACME_KEY: 'test-acme-key', WORLD_SLOW_KEY: 'test-slow-key' });
});

test('a request of a fixture gets its answer, a hit before a miss; any other is unknown', async (t) => {
    const { world, call } = await begin(t);
    assert.deepEqual((await call(`/acme/api${find}`)).json, { data: person });
    assert.equal((await call(`/acme/api${find}&more=1`)).status, 404);
    assert.equal((await call(`/acme/api${find}`, { key: 'test-yek' })).status, 401);
    assert.equal((await call('/nobody/api/')).status, 404);
    const { asked, played, unknown, wrong } = world.counts('acme');
    assert.deepEqual({ asked, played, unknown, wrong }, { asked: 3, played: 2, unknown: 1, wrong: 1 });
});

test('a key of its own mark is its own, that of another is strange', async (t) => {
    const { world, call } = await begin(t);
    assert.equal((await call(`/acme/api${find}`, { key: 'test-acme-key' })).status, 200);
    assert.equal(world.counts('acme').strange, 0);
    assert.equal((await call(`/acme/api${find}`, { key: 'test-slow-key' })).status, 401);
    assert.equal(world.counts('acme').strange, 1);
});

test('a conversation goes from step to step, and may begin again', async (t) => {
    const { call } = await begin(t);
    for (let i = 0; i < 2; i++) {
        assert.deepEqual((await call('/slow/api/start', { body: { at: 'northwind-demo.example', row: 'Mira Okafor' } })).json, { data: { id: 7 } });
        assert.equal((await call('/slow/api/result/7')).status, 202);
        assert.deepEqual((await call('/slow/api/result/7')).json, person);
    }
});

test('people whom nobody wrote down get the hit with words of their own, each the same always', async (t) => {
    const { world, call } = await begin(t, { people: 1000, share: 50, bytes: 30720 });
    const crowd = (await call('/world/people?from=0&count=200')).json;
    let known = 0;
    for (const { first_name, last_name, company_domain, email } of crowd) {
        const ask = () => call(`/acme/api/find?name=${first_name}%20${last_name}&domain=${company_domain}`);
        const [once, again] = [await ask(), await ask()];
        assert.equal(once.text, again.text);
        if (once.status !== 200) {
            assert.deepEqual(once.json, { error: 'nobody' });
            continue;
        }
        known++;
        assert.equal(once.json.data.email, email);
        assert.equal(once.json.data.name, `${first_name} ${last_name.toUpperCase()}`);
        assert.equal(once.json.data.in, `linkedin.com/in/${email.split('@')[0].replace('.', '-')}`);
        assert.ok(once.text.length > 30720 && once.text.length < 32000);
    }
    assert.ok(known > 60 && known < 140, `${known} of 200`);
    assert.equal(world.counts('acme').invented, 2 * known);
    assert.equal((await call('/acme/api/find?name=Mira%20Okafor&domain=elsewhere.com')).status, 404);
    assert.equal(world.counts('acme').unknown, 1);
});

test('what an invented person is to keep is theirs alone', async (t) => {
    const { call } = await begin(t, { people: 10, share: 100 });
    const start = async (row) => (await call('/slow/api/start', { body: { row, at: 'other.example' } })).json.data.id;
    const [ada, ben] = [await start('Ada Abel'), await start('Ben Brook')];
    assert.equal(typeof ada, 'number');
    assert.notEqual(ada, ben);
    assert.equal((await call(`/slow/api/result/${ben}`)).status, 202);
    assert.equal((await call(`/slow/api/result/${ada}`)).status, 202);
    assert.equal((await call(`/slow/api/result/${ada}`)).json.email, 'ada.abel@other.example');
    assert.equal((await call(`/slow/api/result/${ben}`)).json.email, 'ben.brook@other.example');
});

test('the script may choose a fixture, an answer, a limit', async (t) => {
    const { world, call } = await begin(t);
    const script = (doc) => call('/world/script', { body: { provider: 'acme', ...doc } });
    assert.equal((await script({ fixture: 'miss.json' })).status, 204);
    const { status, headers } = await call(`/acme/api${find}`);
    assert.deepEqual([status, headers.get('x-left')], [404, '7']);
    await script({ answer: { status: 503, text: 'busy' }, times: 1 });
    assert.equal((await call(`/acme/api${find}`)).status, 503);
    assert.equal((await call(`/acme/api${find}`)).status, 200);
    await script({ per_second: 0 });
    const limited = await call(`/acme/api${find}`);
    assert.deepEqual([limited.status, limited.headers.get('x-wait'), limited.text], [420, '9', 'calm down']);
    assert.deepEqual({ ...world.counts('acme'), asked: 0, played: 0 }, { asked: 0, played: 0, invented: 0, missed: 0, unknown: 0, wrong: 0, strange: 0, limited: 1, broken: 1 });
    assert.equal((await script({ fixture: 'none.json' })).status, 400);
    assert.equal((await script({ breaks: 'badly' })).status, 400);
    await call('/world/reset', { method: 'POST' });
    assert.deepEqual((await call('/world/counts')).json.acme.asked, 0);
    assert.equal((await call(`/acme/api${find}`)).status, 200);
});

test('it can be late, and break in every way', async (t) => {
    const { world, call } = await begin(t);
    const script = (doc) => world.script({ provider: '*', ...doc });
    const began = Date.now();
    script({ latency_ms: 50, jitter_ms: 10 });
    assert.equal((await call(`/acme/api${find}`)).status, 200);
    assert.ok(Date.now() - began >= 49);
    for (const breaks of ['cut', 'garbage', 'truncated']) {
        script({ breaks });
        await assert.rejects(call(`/acme/api${find}`), breaks);
    }
    script({ breaks: 'not_json' });
    assert.match((await call(`/acme/api${find}`)).text, /^<html>/);
    script({ breaks: 'hang' });
    await assert.rejects(call(`/acme/api${find}`, { signal: AbortSignal.timeout(100) }), { name: 'TimeoutError' });
    for (const [breaks, bytes] of [['gzip_bomb', 256 << 20], ['huge', 200 << 20]]) {
        script({ breaks });
        const { body, headers } = await fetch(`${world.url}/acme/api${find}`);
        let got = 0;
        for await (const chunk of body)
            got += chunk.length;
        assert.equal(got, bytes, breaks);
        assert.equal(headers.get('content-encoding'), breaks === 'huge' ? null : 'gzip');
    }
});

test('as a process it says where it is', async (t) => {
    const script = fileURLToPath(new URL('../support/world/world.mjs', import.meta.url));
    const child = spawn(process.execPath, [script, '--folder', await folderOf(t), '--people', '3']);
    t.after(() => child.kill('SIGKILL'));
    const line = await new Promise((done) => child.stdout.once('data', (chunk) => done(String(chunk))));
    const [, url] = /^world at (\S+)\n$/.exec(line);
    assert.equal((await (await fetch(`${url}/world/people`)).json()).length, 100);
});
