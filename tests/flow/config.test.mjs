// Configuration: a mistake is refused at the start, with its pointer and what is allowed.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from './support/test.mjs';
import { hit, startProvider } from './support/provider.mjs';
import { run, Server, tempFolder } from './support/server.mjs';

const connector = {
    connector: 1, needs: [['email']], request: { method: 'GET', url: 'http://127.0.0.1:1/?e={email}' },
    outcomes: [{ status: 404, outcome: 'miss' }], channels: { work_email: { value: '/email', confidence: 0.9 } },
};
const acme = { name: 'Acme', kind: 'http', connector, prices: { work_email: 2 } };
const withAcme = (change) => ({ providers: [{ ...acme, ...change }] });
const withSecret = (api_key) => withAcme({
    connector: { ...connector, request: { ...connector.request, headers: { 'X-Key': '{secret.api_key}' } } }, secrets: { api_key },
});
const withConnector = (change) => withAcme({ connector: { ...connector, ...change } });

for (const [name, config, pointer, remedy = /./] of [
    ['an unknown section', { sever: {} }, '/sever', /server/],
    ['an unknown setting', { server: { connections_mx: 5 } }, '/server/connections_mx', /connections_max/],
    ['a setting of another type', { server: { connections_max: 'many' } }, '/server/connections_max'],
    ['a setting out of range', { lookup: { deadline_ms: -1 } }, '/lookup/deadline_ms', /\d/],
    ['a word that is none of the allowed', { lookup: { charge_policy: 'never' } }, '/lookup/charge_policy', /winner/],
    ['an unknown log level', { log: { level: 'loud' } }, '/log/level', /info/],
    ['a provider without a name', withAcme({ name: undefined }), '/providers/0/name'],
    ['two providers of one name', { providers: [acme, acme] }, '/providers/1/name'],
    ['an unknown kind', withAcme({ kind: 'ftp' }), '/providers/0/kind', /http/],
    ['a slip in the name of "connector"', { providers: [{ conector: 'hunter' }] }, '/providers/0/conector: is not a known member', /did you mean "connector"\?/],
    ['a negative price', withAcme({ prices: { work_email: -2 } }), '/providers/0/prices/work_email'],
    ['a price of an unknown channel', withAcme({ prices: { fax: 2 } }), '/providers/0/prices/fax'],
    ['a timeout of zero', withAcme({ timeout_ms: 0 }), '/providers/0/timeout_ms'],
    ['an unknown connector version', withConnector({ connector: 9 }), '/providers/0/connector/connector'],
    ['a connector with an empty name', withConnector({ name: '' }), '/providers/0/connector/name'],
    ['a connector with a line break in its name', withConnector({ name: 'Ac\nme' }), '/providers/0/connector/name', /line breaks/],
    ['a secret that the connector does not name', withConnector({ secrets: { key: 'KEY' }, headers: { X: '{secret.kee}' } }), '/providers/0/connector/headers/X', /no .*kee.* among/],
    ['an unknown hint in needs', withConnector({ needs: [['shoe_size']] }), '/providers/0/connector/needs/0/0'],
    ['an unknown placeholder', withConnector({ request: { method: 'GET', url: 'http://127.0.0.1/?e={emial}' } }), '/providers/0/connector/request/url'],
    ['another scheme', withConnector({ request: { method: 'GET', url: 'ftp://127.0.0.1/' } }), '/providers/0/connector/request/url', /http/],
    ['an unknown outcome', withConnector({ outcomes: [{ status: 404, outcome: 'gone' }] }), '/providers/0/connector/outcomes/0/outcome', /miss/],
    ['an unknown channel', withConnector({ channels: { fax: { value: '/fax' } } }), '/providers/0/connector/channels/fax'],
    ['a malformed pointer', withConnector({ channels: { work_email: { value: 'email' } } }), '/providers/0/connector/channels/work_email/value'],
    ['a waterfall of an unknown channel', { providers: [acme], waterfalls: { fax: ['Acme'] } }, '/waterfalls/fax'],
    ['an unknown provider in a waterfall', { providers: [acme], waterfalls: { work_email: ['Acne'] } }, '/waterfalls/work_email/0', /provider/],
    ['a provider in a waterfall it cannot fill', { providers: [acme], waterfalls: { phone: ['Acme'] } }, '/waterfalls/phone/0'],
    ['a provider twice in a waterfall', { providers: [acme], waterfalls: { work_email: ['Acme', 'Acme'] } }, '/waterfalls/work_email/1'],
    ['a secret in the clear', withSecret('hunter2'), '/providers/0/secrets/api_key', /env/],
])
    test(`${name} is refused at the start`, async (t) => {
        const server = await Server.prepare(t, { config });
        await assert.rejects(server.start(), (problem) => {
            assert.ok(problem.code > 0, problem.message);
            assert.ok(problem.message.includes(pointer), problem.message);
            assert.match(problem.message, remedy);
            assert.ok(!problem.message.includes('hunter2'));
            return true;
        });
    });

test('a configuration that is not JSON is refused with line and column, a missing one with its name', async (t) => {
    const folder = await tempFolder(t);
    const file = join(folder, 'config.json');
    const serve = ['serve', '--data', join(folder, 'data'), '--listen', '127.0.0.1:0', '--config', file];
    const missing = await run(serve);
    assert.ok(missing.code > 0);
    assert.match(missing.stderr, /config\.json/);
    await writeFile(file, '{\n  "server": }');
    const broken = await run(serve);
    assert.ok(broken.code > 0);
    assert.match(broken.stderr, /line 2/);
});

test('a connector file and a secret file beside the configuration are found', async (t) => {
    const provider = await startProvider(t, 'Acme', () => hit({ work_email: 'ann@ex.org' }));
    const { connector: inline, ...entry } = provider.entry({ request: { headers: { Authorization: 'Bearer {secret.api_key}' } } });
    const server = await Server.prepare(t, {
        config: { providers: [{ ...entry, connector: 'acme.json', secrets: { api_key: { file: 'secret' } } }] },
    });
    await writeFile(join(server.folder, 'acme.json'), JSON.stringify(inline));
    await writeFile(join(server.folder, 'secret'), 'hunter2\n');
    await server.start();
    assert.equal((await server.enrich({ email: 'ann@ex.org', channels: ['work_email'] })).json.credits_used, 2);
    assert.equal(provider.calls[0].headers.authorization, 'Bearer hunter2');
    assert.ok(!server.logs.includes('hunter2'));
});

test('a key that is not in the environment stops no server: its provider is not asked, and the log says why', async (t) => {
    const server = await Server.start(t, { config: withSecret({ env: 'UNSTUCK_TEST_NOT_SET' }) });
    const { status, json } = await server.enrich({ email: 'ann@ex.org', channels: ['work_email'] });
    assert.equal(status, 200);
    assert.equal(json.channels.work_email, null);
    assert.match(server.logs, /UNSTUCK_TEST_NOT_SET is not set in the environment/);
});

for (const [what, reference, content, why] of [
    ['a secret file that is not there', { file: 'no.key' }, null, /the file \S*no\.key cannot be read: create it/],
    ['a secret file with two lines', { file: 'my.key' }, 'hunter2\nhunter3\n', /the file \S*my\.key has a line break .*: keep the secret alone on one line/],
    ['an empty secret file', { file: 'my.key' }, '\n', /the file \S*my\.key is empty: put the secret into it/],
    ['a variable with a line break', { env: 'UNSTUCK_TEST_TWO_LINES' }, null, /UNSTUCK_TEST_TWO_LINES has a line break/],
])
    test(`${what} stops no server: its provider is out, and says why`, async (t) => {
        const server = await Server.prepare(t, { config: withSecret(reference) });
        if (content !== null)
            await writeFile(join(server.folder, 'my.key'), content);
        await server.start({ env: { UNSTUCK_TEST_TWO_LINES: 'hunter2\nhunter3' } });
        const { status, json } = await server.enrich({ email: 'ann@ex.org', channels: ['work_email'] });
        assert.deepEqual([status, json.channels.work_email], [200, null]);
        assert.match(server.logs, why);
        const { text } = await server.client.get('/waterfalls/work_email');
        assert.match(text, why);
        assert.match((await server.client.get('/metrics')).text, /unstuck_provider_state\{provider="Acme",state="unusable"\} 1/);
        assert.ok(!(text + server.logs).includes('hunter2'));
    });

test('every mistake of a connector is told at once', async (t) => {
    const server = await Server.prepare(t, { config: withConnector({ needs: [['shoe_size']], outcomes: [{ status: 404, outcome: 'gone' }] }) });
    await assert.rejects(server.start(), (problem) => {
        assert.ok(problem.message.includes('/providers/0/connector/needs/0/0'), problem.message);
        assert.ok(problem.message.includes('/providers/0/connector/outcomes/0/outcome'), problem.message);
        return true;
    });
});

test('mistakes under a provider\'s limits are told once each', async (t) => {
    const server = await Server.prepare(t, { config: withAcme({ limits: { per_second: 0, persec: 1, timeout_ms: 'long' } }) });
    await assert.rejects(server.start(), (problem) => {
        for (const member of ['per_second', 'persec', 'timeout_ms'])
            assert.equal(problem.message.split(`/providers/0/limits/${member}`).length, 2, problem.message);
        return true;
    });
});

test('a configuration and a connector file that are lists, or not there, are told without a bare colon', async (t) => {
    const server = await Server.prepare(t, { config: { providers: ['./list.json', './nothing.json', './text.json'] } });
    await writeFile(join(server.folder, 'list.json'), '[]');
    await writeFile(join(server.folder, 'text.json'), 'text');
    await assert.rejects(server.start(), (problem) => {
        assert.match(problem.message, /^ {2}\/providers\/0\/connector: \.\/list\.json: must be an object, not an array$/m);
        assert.match(problem.message, /^ {2}\/providers\/1\/connector: \.\/nothing\.json cannot be opened: No such file or directory$/m);
        assert.match(problem.message, /^ {2}\/providers\/2\/connector: \.\/text\.json is not JSON: line 1, /m);
        return true;
    });
    const listed = await run(['serve', '--data', server.data, '--listen', '127.0.0.1:0', '--config', join(server.folder, 'list.json')]);
    assert.match(listed.stderr, /^ {2}the document: must be an object, not an array$/m);
});

test('the empty configuration serves', async (t) => {
    const server = await Server.start(t, { config: {} });
    const { status, json } = await server.enrich({ email: 'ann@ex.org' });
    assert.equal(status, 200);
    assert.equal(json.credits_used, 0);
});
