// unstuck connector: list, check, test, try.
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from './support/test.mjs';
import { hit, misbehave, miss, startProvider } from './support/provider.mjs';
import { run, tempFolder } from './support/server.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folders = (await readdir(join(root, 'connectors'), { withFileTypes: true })).filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
const connector = (...args) => run(['connector', ...args]);

// The worked example of docs/providers.md: the connector and its fixture.
const [, acme, found] = [...(await readFile(join(root, 'docs/providers.md'), 'utf8')).matchAll(/```json\n([^]*?)```/g)]
    .map(([, text]) => JSON.parse(text));

// A folder with a connector and fixtures by name; answers its path.
async function folderOf(t, doc, fixtures = {}) {
    const folder = join(await tempFolder(t), 'acme');
    await mkdir(join(folder, 'fixtures'), { recursive: true });
    await writeFile(join(folder, 'connector.json'), typeof doc === 'string' ? doc : JSON.stringify(doc));
    for (const [name, fixture] of Object.entries(fixtures))
        await writeFile(join(folder, 'fixtures', `${name}.json`), typeof fixture === 'string' ? fixture : JSON.stringify(fixture));
    return folder;
}

const changed = (doc, change) => {
    const copy = structuredClone(doc);
    change(copy);
    return copy;
};

// --- the tree ---

test('every connector of the tree has a README and fixtures that it passes', async () => {
    assert.ok(folders.length > 0);
    for (const name of folders)
        assert.ok((await stat(join(root, 'connectors', name, 'README.md'))).size > 0, name);
    const { code, stdout } = await connector('test', ...folders.map((name) => join(root, 'connectors', name)));
    assert.equal(code, 0, stdout.split('\n').filter((line) => !line.startsWith('ok ')).join('\n'));
    assert.match(stdout, new RegExp(`\n${folders.length} connectors, \\d+ ok, 0 failed\n$`));
});

test('list has every connector of the tree, with what it gives from what and its key', async () => {
    const { code, stdout } = await connector('list');
    assert.equal(code, 0);
    assert.deepEqual(stdout.split('\n').filter((line) => /^\S/.test(line)).map((line) => line.split(/[:;]/)[0]).sort(), folders.sort());
    assert.match(stdout, /^hunter: HUNTER_API_KEY\n {4}work_email +from .*first_name \+ last_name/m);
    assert.match(stdout, /^ {4}verdict +from email$/m);
    assert.match(stdout, /^reacher: .*; wants the URL of "api"$/m);
});

// --- check ---

test('a connector without a mistake is ok, by name, file and folder', async (t) => {
    const folder = await folderOf(t, acme);
    const { code, stdout } = await connector('check', 'hunter', folder, join(folder, 'connector.json'));
    assert.equal(code, 0, stdout);
    assert.equal(stdout, `hunter: ok\n${folder}: ok\n${folder}/connector.json: ok\n`);
});

test('check names every mistake with its place, one a line', async (t) => {
    const folder = await folderOf(t, changed(acme, (doc) => {
        doc.nmae = doc.name;
        doc.needs[0][0] = 'emial';
        doc.outcomes[0].outcome = 'missing';
        doc.request.headers = { 'Content-Length': '1' };
        doc.channels.work_email.confidence = 93;
        doc.channels.linkedin_url.value = 'data/linkedin';
        doc.headers.Authorization = 'Bearer {secret.nokey}';
    }));
    const { code, stdout } = await connector('check', folder);
    assert.equal(code, 1);
    const lines = stdout.trimEnd().split('\n');
    const places = ['/nmae', '/needs/0/0', '/outcomes/0/outcome', '/request/headers/Content-Length',
        '/channels/work_email/confidence', '/channels/linkedin_url/value', '/headers/Authorization'];
    for (const place of places)
        assert.equal(lines.filter((line) => line.startsWith(`${folder}/connector.json: ${place}: `)).length, 1, `${place} in\n${stdout}`);
    assert.match(stdout, /did you mean "email"/);
});

test('check goes on after a connector that is wrong', async (t) => {
    const wrong = await folderOf(t, '{"connector": 1,,}');
    const { code, stdout } = await connector('check', wrong, 'huntr', './nothing.json', 'hunter');
    assert.equal(code, 1);
    assert.match(stdout, /connector\.json is not JSON: line 1/);
    assert.match(stdout, /^huntr: No connector is called "huntr"; there are hunter, /m);
    assert.match(stdout, /^\.\/nothing\.json cannot be opened: No such file or directory$/m);
    assert.match(stdout, /^hunter: ok$/m);
});

test('every text of check names its file once, and keeps to its line', async (t) => {
    const folder = await folderOf(t, acme);
    const files = {
        'deep.json': '['.repeat(40), 'big.json': ' '.repeat(300 * 1024), 'list.json': '[]',
        'lines.json': JSON.stringify({ ...acme, 'a broken\r\nmember': 1, query: { key: '{kept.a\nb}' } }),
    };
    for (const [name, text] of Object.entries(files))
        await writeFile(join(folder, name), text);
    const { stdout } = await run(['connector', 'check', ...Object.keys(files), './nofile.json'], { cwd: folder });
    assert.deepEqual(stdout.trimEnd().split('\n'), [
        'deep.json is not JSON: line 1, column 33: nested deeper than 32 levels',
        'big.json is over 262144 bytes',
        'list.json: the document: must be an object, not an array',
        'lines.json: /a broken\\u000d\\u000amember: is not a known member',
        'lines.json: /query/key: No earlier step of this way keeps "a\\u000ab"',
        './nofile.json cannot be opened: No such file or directory',
    ]);
    const tested = await run(['connector', 'test', 'connector.json'], { cwd: folder });
    assert.match(tested.stdout, /^FAILED connector\.json has no fixtures: a connector without a case in \.\/fixtures\/\*\.json proves nothing\n/);
});

test('what is there needs no slash to be a path; a built-in name stays one', async (t) => {
    const folder = await folderOf(t, acme, { found });
    const parent = join(folder, '..');
    await writeFile(join(folder, 'plain'), JSON.stringify(acme));
    await mkdir(join(folder, 'hunter'));
    const checked = await run(['connector', 'check', '.', 'plain', 'hunter'], { cwd: folder });
    assert.equal(checked.stdout, '.: ok\nplain: ok\nhunter: ok\n');
    const tested = await run(['connector', 'test', 'acme', 'acme/'], { cwd: parent });
    assert.equal(tested.stdout, `${'ok     acme/fixtures/found.json: found by e-mail\n'.repeat(2)}2 connectors, 2 ok, 0 failed\n`);
    const without = await run(['connector', 'test', 'fixtures'], { cwd: folder });
    assert.match(without.stdout, /^fixtures\/connector\.json cannot be opened: No such file/);
    assert.equal(without.code, 1);
});

test('a misuse is explained, and --help is no misuse', async () => {
    for (const args of [[], ['chekc'], ['check'], ['test'], ['try'], ['list', 'hunter'], ['check', '--fast']])
        assert.equal((await connector(...args)).code, 2, args.join(' '));
    for (const args of [['--help'], ['test', '--help'], ['try', 'hunter', '--help']]) {
        const { code, stdout } = await connector(...args);
        assert.equal(code, 0);
        assert.match(stdout, /^usage: unstuck connector list\n/);
    }
});

// --- test ---

test('the worked example of docs/providers.md comes out as it says', async (t) => {
    const folder = await folderOf(t, acme, { hit_by_email: found });
    const { code, stdout } = await connector('test', folder);
    assert.equal(stdout, `ok     ${folder}/fixtures/hit_by_email.json: found by e-mail\n1 connector, 1 ok, 0 failed\n`);
    assert.equal(code, 0);
});

const request = (fixture) => fixture.exchanges[0].request;
const value = (fixture) => fixture.expect.values.work_email;
for (const [what, change, place, expected, got] of [
    ['method', (f) => (request(f).method = 'GET'), '/exchanges/0/request/method', 'GET', 'POST'],
    ['URL', (f) => (request(f).url += '?a=1'), '/exchanges/0/request/url', 'https://api.acme.example/v1/find?a=1', 'https://api.acme.example/v1/find'],
    ['header', (f) => (request(f).headers.Authorization = 'Bearer mine'), '/exchanges/0/request/headers/Authorization', 'Bearer mine', 'Bearer test-key'],
    ['body', (f) => (request(f).body.limit = 1), '/exchanges/0/request/body', '{"email":"mira@northwind-demo.example","limit":1}', '{"email":"mira@northwind-demo.example"}'],
    ['wait', (f) => (f.exchanges[0].waits_ms = 500), '/exchanges/0/waits_ms', '500', '0'],
    ['further exchange', (f) => f.exchanges.push(f.exchanges[0]), '/exchanges/1/request', 'https://api.acme.example/v1/find', '(nothing)'],
    ['exchange too few', (f) => (f.exchanges = []), '/exchanges/0/request', 'no further request', 'POST https://api.acme.example/v1/find'],
    ['outcome', (f) => (f.expect = { outcome: 'miss' }), '/expect/outcome', 'miss', 'hit'],
    ['value', (f) => (value(f).value = 'm@northwind-demo.example'), '/expect/values/work_email/value', 'm@northwind-demo.example', 'mira.okafor@northwind-demo.example'],
    ['confidence', (f) => (value(f).confidence = 0.9), '/expect/values/work_email/confidence', '0.9', '0.93'],
    ['status', (f) => (value(f).status = 'risky'), '/expect/values/work_email/status', 'risky', 'deliverable'],
    ['source', (f) => (value(f).source = 'else'), '/expect/values/work_email/source', 'else', '(nothing)'],
    ['value too few', (f) => (f.expect.values = {}), '/expect/values/work_email', '(nothing)', 'mira.okafor@northwind-demo.example'],
    ['verdict', (f) => (f.expect.verdict = 'risky'), '/expect/verdict', 'risky', '(nothing)'],
    ['wait for all', (f) => (f.expect.wait_s = 3), '/expect/wait_s', '3', '0'],
    ['cost', (f) => (f.expect.cost = 2), '/expect/cost', '2', '(nothing)'],
    ['channel that failed', (f) => (f.expect.unanswered = ['work_email']), '/expect/unanswered', 'work_email', '(nothing)'],
])
    test(`another ${what} than the fixture's is told with its place`, async (t) => {
        const folder = await folderOf(t, acme, { good: found, odd: changed(found, change) });
        const { code, stdout } = await connector('test', folder);
        assert.equal(code, 1);
        assert.match(stdout, /^ok {5}.*good\.json/m);
        assert.ok(stdout.includes(`FAILED ${folder}/fixtures/odd.json: found by e-mail\n  ${place}\n    expected: ${expected}\n    got:      ${got}\n`), stdout);
        assert.match(stdout, /\n1 connector, 1 ok, 1 failed\n$/);
    });

test('what is no fixture is told with the places of its mistakes', async (t) => {
    const folder = await folderOf(t, acme, {
        odd: changed(found, (f) => {
            f.ask.hints.emial = f.ask.hints.email;
            f.exchanges[0].answer = { status: 99, fails: 'sometimes' };
            f.expect.outcome = 'found';
        }),
        text: 'nothing',
    });
    const { code, stdout } = await connector('test', folder);
    assert.equal(code, 1);
    for (const place of ['/ask/hints/emial', '/exchanges/0/answer/status', '/exchanges/0/answer/fails', '/expect/outcome'])
        assert.ok(stdout.includes(`${folder}/fixtures/odd.json: ${place}: `), stdout);
    assert.match(stdout, /text\.json is not JSON/);
    assert.match(stdout, /\n1 connector, 0 ok, 2 failed\n$/);
});

test('a connector without fixtures, and one that is wrong, fail', async (t) => {
    const { code, stdout } = await connector('test', await folderOf(t, acme), await folderOf(t, { connector: 1 }, { found }));
    assert.equal(code, 1);
    assert.match(stdout, /has no fixtures/);
    assert.match(stdout, /\n2 connectors, 0 ok, 2 failed\n$/);
});

// --- try ---

const KEY = 's3cr3t/key+&"x';
const forms = [KEY, encodeURIComponent(KEY), JSON.stringify(KEY).slice(1, -1), Buffer.from(`${KEY}:${KEY}`).toString('base64')];
const mira = ['--email', 'mira@Northwind-Demo.example', '--channels', 'work_email'];

// A connector that says its key everywhere, tried against a provider of that script.
async function tryIt(t, script, { doc = {}, args = mira, env = { ACME_API_KEY: KEY }, more = [] } = {}) {
    const provider = await startProvider(t, 'acme', script);
    const whole = {
        connector: 1, name: 'Acme', hosts: { api: provider.url }, secrets: { key: 'ACME_API_KEY' }, needs: [['email']],
        auth: { basic: { user: '{secret.key}', password: '{secret.key}' } },
        request: { method: 'POST', url: '{host.api}/find?key={secret.key}', headers: { 'X-Key': '{secret.key}' },
            body: { key: '{secret.key}', email: '{email}' } },
        channels: { work_email: { value: '/email', confidence: { at: '/score', scale: 100, default: 0.5 } } }, ...doc,
    };
    const folder = await folderOf(t, whole);
    const result = await run(['connector', 'try', folder, ...args, ...more], { env });
    for (const form of forms)
        assert.ok(!(result.stdout + result.stderr).includes(form), `${form} is shown in\n${result.stdout}`);
    return { ...result, provider };
}

test('try shows what it sends and what comes of it, without the key', async (t) => {
    const { code, stdout, provider } = await tryIt(t, () => ({ json: { email: 'mira.okafor@northwind-demo.example', score: 93 } }));
    assert.equal(code, 0, stdout);
    const [call] = provider.calls;
    assert.equal(call.query.key, KEY);
    assert.equal(call.headers['x-key'], KEY);
    assert.equal(JSON.parse(call.body).key, KEY);
    assert.equal(call.headers.authorization, `Basic ${forms[3]}`);
    assert.equal(JSON.parse(call.body).email, 'mira@northwind-demo.example');
    assert.match(stdout, /^> POST http:\/\/127\.0\.0\.1:\d+\/find\?key=\*\*\*\n/);
    assert.match(stdout, /^> Authorization: Basic \*\*\*$/m);
    assert.match(stdout, /^> X-Key: \*\*\*$/m);
    assert.match(stdout, /^> \{"key":"\*\*\*","email":"mira@northwind-demo\.example"\}$/m);
    assert.match(stdout, /^< 200 after \d+ ms, \d+ bytes of application\/json$/m);
    assert.match(stdout, /^outcome: hit\nwork_email: mira\.okafor@northwind-demo\.example \(confidence 0\.93\)\n/m);
});

test('a miss is an answer, a failure is not', async (t) => {
    for (const [script, outcome, status] of [
        [() => miss, 'miss', 0],
        [() => ({ status: 401, json: {} }), 'auth_error', 1],
        [() => ({ status: 429, json: {}, headers: { 'retry-after': '7' } }), 'rate_limited', 1],
        [() => misbehave.notJson(), 'error', 1],
        [() => misbehave.closeEarly(), 'error', 1],
    ]) {
        const { code, stdout } = await tryIt(t, script);
        assert.match(stdout, new RegExp(`^outcome: ${outcome}`, 'm'));
        assert.equal(code, status, outcome);
        assert.equal(/^wait: 7 s$/m.test(stdout), outcome === 'rate_limited');
    }
});

test('an error is told with its reason', async (t) => {
    const token = { auth: { token: { request: { url: '{host.api}/token' }, at: '/token' } }, headers: { Authorization: '{token}' } };
    for (const [script, why, doc] of [
        [() => misbehave.notJson(), /the answer is not JSON: line 1, column 1: /],
        [() => misbehave.half({ email: 'm@northwind-demo.example' }), /Transferred a partial file|Failure when receiving/],
        [() => misbehave.closeEarly(), /Server returned nothing|Failure when receiving/],
        [() => misbehave.redirect('https://acme.example/'), /status 302: redirects are not followed/],
        [() => ({ text: '{"email": "m@north' }), /the answer is not JSON: line 1, /],
        [() => ({ text: '' }), /the answer is empty, not JSON/],
        [() => ({ text: '['.repeat(65) + ']'.repeat(65) }), /the answer is nested deeper than 64 levels/],
        [() => ({ status: 500, json: {} }), /status 500/],
        [() => ({ json: { ok: false } }), /status 200, by a rule of the connector/, { outcomes: [{ at: '/ok', equals: false, outcome: 'error' }] }],
        [() => miss, /Couldn't connect to server|Could not connect to server/, { hosts: { api: 'http://127.0.0.1:9' } }],
        [() => miss, /Couldn't resolve host name|Could not resolve hostname/, { hosts: { api: 'http://nobody.invalid' } }],
        [() => ({ status: 500, json: {} }), /no token: status 500/, token],
        [() => ({ json: {} }), /no token: status 200, and no token in it/, token],
    ]) {
        const { code, stdout } = await tryIt(t, script, { doc });
        assert.match(stdout, new RegExp(`^outcome: error: (${why.source}).*$`, 'm'));
        assert.equal(code, 1);
    }
});

test('a channel that got no answer is told with the reason, beside one that did', async (t) => {
    const of = (channel) => ({ needs: [['email']], request: { url: `{host.api}/${channel}` }, channels: { [channel]: { value: '/v', confidence: 0.9 } } });
    const { code, stdout } = await tryIt(t, ({ path }) => (path === '/phone' ? { status: 500, json: {} } : { json: { v: 'm@northwind-demo.example' } }), {
        doc: { needs: undefined, request: undefined, channels: undefined, ways: [of('work_email'), of('phone')] },
        args: ['--email', 'mira@northwind-demo.example'],
    });
    assert.equal(code, 0, stdout);
    assert.match(stdout, /^outcome: hit\nwork_email: .*\nphone: no answer \(error: status 500\)$/m);
});

test('--answers shows what came back, the key that it repeats hidden', async (t) => {
    const { stdout } = await tryIt(t, () => ({ status: 400, json: { error: `no such key: ${forms[0]}`, at: 'here' } }), { more: ['--answers'], doc: { outcomes: [] } });
    assert.match(stdout, /^< \{"error":"no such key: .*","at":"here"\}$/m);
});

test('a token is asked for and never shown', async (t) => {
    const { code, stdout, provider } = await tryIt(t, ({ path }) =>
        (path === '/token' ? { json: { token: 'made-up-token' } } : hit({ email: 'm@northwind-demo.example' })), {
        doc: {
            auth: { token: { request: { method: 'POST', url: '{host.api}/token', form: { key: '{secret.key}' } }, at: '/token', lifetime_s: 60 } },
            request: { url: '{host.api}/find?email={email}', headers: { Authorization: 'Bearer {token}' } },
        },
        more: ['--answers'],
    });
    assert.equal(code, 0, stdout);
    assert.equal(provider.calls[1].headers.authorization, 'Bearer made-up-token');
    assert.ok(!stdout.includes('made-up-token'), stdout);
    assert.match(stdout, /^> Authorization: Bearer \*\*\*$/m);
    assert.match(stdout, /^> key=\*\*\*$/m);
});

test('a request whose host is a secret is sent, and not shown', async (t) => {
    const provider = await startProvider(t, 'acme', ({ path, count }) =>
        (path === '/token' ? { json: { token: 'made-up-token' } } : count < 3 ? { status: 202, json: {} } : hit({ email: 'm@northwind-demo.example' })));
    const { port } = new URL(provider.url);
    const folder = await folderOf(t, {
        connector: 1, name: 'Acme', secrets: { host: 'ACME_HOST' }, needs: [['email']],
        auth: { token: { request: { url: `http://{secret.host}:${port}/token` }, at: '/token' } },
        request: { url: `http://{secret.host}:${port}/find?email={email}`, headers: { Authorization: 'Bearer {token}' } },
        outcomes: [{ status: 202, outcome: 'pending' }], poll: { every_ms: 20 },
        channels: { work_email: { value: '/email', confidence: 1 } },
    });
    const { code, stdout } = await run(['connector', 'try', folder, ...mira], { env: { ACME_HOST: '127.0.0.1' } });
    assert.equal(code, 0, stdout);
    assert.match(stdout, /^> \(a request that cannot be shown\)/m);
    assert.match(stdout, /^work_email: m@northwind-demo\.example/m);
    assert.ok(!stdout.includes('127.0.0.1') && !stdout.includes('made-up-token'), stdout);
});

test('what is pending is waited for and asked again', async (t) => {
    const { code, stdout, provider } = await tryIt(t, ({ count }) =>
        (count < 3 ? { status: 202, json: {} } : hit({ email: 'm@northwind-demo.example' })), {
        doc: { outcomes: [{ status: 202, outcome: 'pending' }], poll: { every_ms: 20 } },
    });
    assert.equal(code, 0, stdout);
    assert.equal(provider.calls.length, 3);
    assert.equal(stdout.match(/^… waiting \d+ ms$/gm).length, 2);
});

test('--check proves the key with the call for it', async (t) => {
    const { code, stdout, provider } = await tryIt(t, () => ({ json: {} }), { doc: { check: { request: { url: '{host.api}/me' } } }, args: ['--check'] });
    assert.equal(code, 0, stdout);
    assert.equal(provider.calls[0].path, '/me');
    assert.match(stdout, /^outcome: hit$/m);
    assert.equal((await tryIt(t, () => miss, { args: ['--check'] })).code, 2);
});

test('a verifier gives its verdict', async (t) => {
    const { code, stdout } = await tryIt(t, () => ({ json: { status: 'ok' } }), {
        doc: { channels: undefined, verdict: { at: '/status', words: { ok: 'deliverable' } } }, args: ['--email', 'mira@northwind-demo.example'],
    });
    assert.equal(code, 0, stdout);
    assert.match(stdout, /^verdict: deliverable$/m);
});

test('a key that is not set, a host that is not known and a question without a person are told', async (t) => {
    const cases = [
        [{ env: { ACME_API_KEY: '' } }, /put it into the environment variable ACME_API_KEY/],
        [{ doc: { hosts: { api: null } } }, /say it, as --hosts api=/],
        [{ doc: { hosts: { api: null } }, more: ['--hosts', 'api=ftp://acme.example'] }, /http/],
        [{ doc: { secrets: undefined } }, /--secrets/],
        [{ more: ['--hosts', 'apii=http://127.0.0.1:9'] }, /--hosts: there is no "apii"; the connector has api\n/],
        [{ more: ['--hosts', 'http://127.0.0.1:9'] }, /--hosts: there is no "http:\/\/127\.0\.0\.1:9"; the connector has api\n/],
        [{ doc: { hosts: undefined, request: { url: 'https://acme.example/' } }, more: ['--hosts', 'api=http://127.0.0.1:9'] }, /--hosts: there is no "api"; the connector has none\n/],
        [{ more: ['--secrets', 'kee=ACME_API_KEY'] }, /--secrets: there is no "kee"; the connector has key\n/],
        [{ args: ['--channels', 'work_email'] }, /whom\?/],
        [{ args: ['--email', 'nobody'] }, /email/],
        [{ args: ['--email', 'mira@northwind-demo.example', '--channels', 'fax'] }, /there is no channel "fax"/],
        [{ args: ['--email', 'mira@northwind-demo.example', '--channels', 'phone'] }, /does not give phone/],
    ];
    for (const [options, why] of cases) {
        const { code, stderr, provider } = await tryIt(t, () => miss, options);
        assert.match(stderr, why);
        assert.equal(code, 2);
        assert.equal(provider.calls.length, 0);
    }
});

test('a provider that never answers is given the time that the server gives it', async (t) => {
    const of = (channel) => ({ needs: [['email']], request: { url: `{host.api}/${channel}` }, channels: { [channel]: { value: '/v', confidence: 0.9 } } });
    const four = await tryIt(t, () => misbehave.never(), {
        doc: { limits: { timeout_ms: 300 }, needs: undefined, request: undefined, channels: undefined, ways: ['work_email', 'personal_email', 'phone', 'linkedin_url'].map(of) },
        args: ['--email', 'mira@northwind-demo.example'],
    });
    assert.match(four.stdout, /^outcome: timeout: no answer in time$/m);
    assert.equal(four.code, 1);
    assert.ok(four.provider.calls.length <= 2, 'one timeout for the call, not one for each way');
    const { stdout } = await tryIt(t, () => misbehave.never());
    const [, ms] = /^< no answer after (\d+) ms$/m.exec(stdout);
    assert.ok(ms >= 9900 && ms < 15000, stdout);
});

test('hints that do not suffice are told with those that would, before anything is sent', async (t) => {
    const needs = [['linkedin_url'], ['first_name', 'last_name', 'company_domain']];
    const { code, signal, stderr, provider } = await tryIt(t, () => miss, { doc: { needs, request: { url: '{host.api}/find?at={company_domain}' } } });
    assert.equal(stderr, 'unstuck connector try: nothing was sent: this connector needs linkedin_url, or company_domain + first_name + last_name\n');
    assert.deepEqual([code, signal, provider.calls.length], [2, null, 0]);
    const hunter = await run(['connector', 'try', 'hunter', '--company-domain', 'b.example', '--channels', 'phone'], { env: { HUNTER_API_KEY: KEY } });
    assert.match(hunter.stderr, /this connector needs .*, or linkedin_url, or email\n/);
    assert.equal(hunter.code, 2);
    const verifier = await run(['connector', 'try', 'bouncer', '--linkedin-url', 'linkedin.com/in/mira'], { env: { BOUNCER_API_KEY: KEY } });
    assert.match(verifier.stderr, /this connector needs email\n/);
    assert.equal(verifier.code, 2);
});

test('a key with a line break is refused by the name of its variable, and not shown', async (t) => {
    for (const args of [['--check'], mira]) {
        const { code, stderr, provider } = await tryIt(t, () => miss, {
            args, env: { ACME_API_KEY: `${KEY}\n` }, doc: { check: { request: { url: '{host.api}/me' } } },
        });
        assert.match(stderr, /ACME_API_KEY has a line break .*keep the secret alone on one line\n/);
        assert.deepEqual([code, provider.calls.length], [2, 0]);
    }
});

test('a request that cannot be made ends the call, with the reason', async (t) => {
    const { code, signal, stdout, provider } = await tryIt(t, () => miss, { doc: { request: { url: 'https://{secret.key}/find?email={email}' } } });
    assert.match(stdout, /^outcome: error: .*no host name/m);
    assert.deepEqual([code, signal, provider.calls.length], [1, null, 0]);
});

test('another host and another variable are taken', async (t) => {
    const provider = await startProvider(t, 'other', () => hit({ email: 'm@northwind-demo.example' }));
    const { code, stdout } = await tryIt(t, () => miss, {
        env: { MY_KEY: KEY }, more: ['--hosts', `api=${provider.url}/v2`, '--secrets', 'key=MY_KEY'],
    });
    assert.equal(code, 0, stdout);
    assert.equal(provider.calls[0].path, '/v2/find');
    assert.equal(provider.calls[0].headers['x-key'], KEY);
});
