// Every connector and every fixture of the tree fits its JSON Schema; what is wrong does not, and the compiler says so too.
import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Ajv2020 from 'ajv/dist/2020.js';
import { run, tempFolder } from '../flow/support/server.mjs';
import test from '../flow/support/test.mjs';

const folder = new URL('../../connectors/', import.meta.url);
const json = async (path) => JSON.parse(await readFile(new URL(path, folder), 'utf8'));
const ajv = new Ajv2020({ strict: true, strictRequired: false, strictTypes: false, allErrors: true });
const [isConnector, isFixture] = await Promise.all(['connector', 'fixture'].map(async (name) =>
    ajv.compile(await json(`${name}.schema.json`))));
const names = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map((entry) => entry.name);

function fits(validate, value, about) {
    assert.ok(validate(value), `${about}: ${ajv.errorsText(validate.errors, { separator: '\n' })}`);
}

for (const name of names)
    test(`${name} and its fixtures fit the schemas`, async () => {
        fits(isConnector, await json(`${name}/connector.json`), name);
        const files = (await readdir(new URL(`${name}/fixtures/`, folder))).filter((file) => file.endsWith('.json'));
        assert.ok(files.length > 0, 'it has fixtures');
        for (const file of files)
            fits(isFixture, await json(`${name}/fixtures/${file}`), `${name}/fixtures/${file}`);
    });

// The JSON blocks of a page; one that is a part of an object is made whole.
async function blocks(page) {
    const text = await readFile(new URL(`../docs/${page}`, folder), 'utf8');
    return [...text.matchAll(/```json\n([^]*?)```/g)].map(([, block]) => JSON.parse(block.startsWith('{') ? block : `{${block}}`));
}

test('the examples of docs/connectors.md fit the schemas', async () => {
    const [ways, fixture] = await blocks('connectors.md');
    fits(isConnector, { connector: 1, name: 'Acme', hosts: { api: 'https://api.acme.example/v1' }, ...ways }, 'the ways');
    fits(isFixture, fixture, 'the fixture');
});

const right = {
    connector: 1, name: 'Acme', hosts: { api: 'https://api.acme.example/v1' }, secrets: { key: 'ACME_API_KEY' },
    auth: { token: { request: { method: 'POST', url: '{host.api}/token', form: { key: '{secret.key}' } }, at: '/token', lifetime_s: 3600 } },
    limits: { per_second: 10, timeout_ms: 20000 },
    outcomes: [{ status: ['4xx', 500], at: '/error/code', in: ['NO', 7, null], outcome: 'miss' }, { header: 'x-state', starts: 'wait', outcome: 'pending' }],
    wait: [{ header: 'x-rate-limit', at: '/reset', as: 'epoch' }], cost: { at: '/cost' }, balance: { header: 'x-left' },
    check: { request: { url: '{host.api}/me' } },
    needs: [['email'], ['company_domain']], request: { url: '{host.api}/find?email={email}' }, poll: { every_ms: 2000 },
    channels: {
        work_email: { value: ['/a/0', '/b'], confidence: { product: [0.9, { at: '/score', scale: 100, default: 0.5 }] }, status: [{ at: '/s', words: { ok: 'deliverable' } }, 'unknown'] },
        phone: [{ each: '/phones/*', where: [{ at: '/type', not_in: ['fax'] }], order: { at: '/n', largest: true }, value: '/number', confidence: [{ where: [{ at: '/ok', exists: true }], is: 0.9 }, 0.5], type: 'mobile' }],
    },
    account: { founded_year: { value: '/founded', form: 'year', confidence: { at: '/c', words: { high: 1 }, default: 0 } } },
};
const changed = (change) => {
    const copy = structuredClone(right);
    change(copy);
    return copy;
};

async function compiles(t, doc) {
    const file = join(await tempFolder(t), 'connector.json');
    await writeFile(file, JSON.stringify(doc));
    return run(['connector', 'check', file]);
}

test('a connector that uses every corner fits', async (t) => {
    fits(isConnector, right, 'right');
    const { code, stdout } = await compiles(t, right);
    assert.equal(code, 0, stdout);
});

test('a connector of a folder has a name, of a configuration it need not', async (t) => {
    const nameless = changed((c) => delete c.name);
    assert.ok(!isConnector(nameless));
    assert.equal((await compiles(t, nameless)).code, 0);
});

for (const [what, change] of Object.entries({
    'an unknown member': (c) => (c.chanels = {}),
    'an unknown version': (c) => (c.connector = 2),
    'an empty name': (c) => (c.name = ''),
    'ways beside what is short for one': (c) => (c.ways = [{ needs: c.needs, request: c.request, channels: c.channels }]),
    'nothing that it gives': (c) => (delete c.channels, delete c.account),
    'a host with a query': (c) => (c.hosts.api += '?a=1'),
    'a URL with a user': (c) => (c.request.url = 'https://me@acme.example/'),
    'a URL with a hint in the host': (c) => (c.request.url = '{email}/find'),
    'a header of ours': (c) => (c.headers = { 'Content-Length': '0' }),
    'a body of a GET': (c) => (c.request.body = {}),
    'body and form': (c) => Object.assign(c.request, { method: 'POST', body: {}, form: { a: 'b' } }),
    'an unknown hint': (c) => c.needs[0].push('e_mail'),
    'an unknown channel': (c) => (c.channels.fax = c.channels.phone),
    'a status of a phone': (c) => (c.channels.phone[0].status = 'deliverable'),
    'a type of an e-mail': (c) => (c.channels.work_email.type = 'mobile'),
    'a form of a channel': (c) => (c.channels.work_email.form = 'year'),
    'no confidence': (c) => delete c.channels.work_email.confidence,
    'a confidence over 1': (c) => (c.channels.work_email.confidence = 90),
    'a pointer without its slash': (c) => (c.channels.work_email.value = 'a/b'),
    'a rule that fits everything': (c) => (c.outcomes = [{ outcome: 'miss' }]),
    'a test without a place': (c) => (c.outcomes = [{ status: 404, equals: 1, outcome: 'miss' }]),
    'a place without a test': (c) => (c.outcomes = [{ at: '/a', outcome: 'miss' }]),
    'a test in two places': (c) => (c.outcomes = [{ at: '/a', header: 'b', exists: true, outcome: 'miss' }]),
    'an unknown outcome': (c) => (c.outcomes = [{ status: 404, outcome: 'found' }]),
    'an outcome of another table': (c) => (c.outcomes = [{ status: 404, outcome: 'timeout' }]),
    'growth over 4': (c) => (c.poll.growth = 5),
    'basic auth without a password': (c) => (c.auth = { basic: { user: '{secret.key}' } }),
    'a way of five steps': (c) => {
        const step = { request: c.request, channels: c.channels };
        ['needs', 'request', 'poll', 'channels', 'account'].forEach((name) => delete c[name]);
        c.ways = [{ needs: [['email']], steps: Array(5).fill(step) }];
    },
}))
    test(`a connector with ${what} does not fit`, async (t) => {
        assert.ok(!isConnector(changed(change)));
        const { code, stdout } = await compiles(t, changed(change));
        assert.equal(code, 1, `the compiler takes it: ${stdout}`);
    });

const case_ = {
    about: 'found', ask: { hints: { email: 'mira@northwind-demo.example' }, channels: ['work_email'] },
    exchanges: [{ request: { url: 'https://api.acme.example/find' }, answer: { status: 200, body: {} } }],
    expect: { outcome: 'miss' },
};

for (const [what, change] of Object.entries({
    'an unknown member': (f) => (f.expects = {}),
    'an unknown outcome': (f) => (f.expect.outcome = 'pending'),
    'a hint not in normal form': (f) => (f.ask.hints.email = 'mira@Northwind-Demo.example'),
    'an answer that fails and answers': (f) => (f.exchanges[0].answer.fails = 'timeout'),
    'an answer of JSON and text': (f) => (f.exchanges[0].answer.text = ''),
    'a relative URL': (f) => (f.exchanges[0].request.url = '/find'),
    'a type of an e-mail': (f) => (f.expect.values = { work_email: { value: 'a@b.example', type: 'mobile' } }),
}))
    test(`a fixture with ${what} does not fit`, () => {
        const copy = structuredClone(case_);
        fits(isFixture, copy, 'as it was');
        change(copy);
        assert.ok(!isFixture(copy));
    });
