// Workspaces: made on the command line; none can see or change anything of another.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from './support/test.mjs';
import { hit, startProvider } from './support/provider.mjs';
import { run } from './support/server.mjs';
import { world } from './support/world.mjs';

const ask = { email: 'ann@ex.org', channels: ['work_email'] };
const acme = { script: ({ count }) => hit({ work_email: `ann${count}@ex.org` }) };

const command = (server, verb, ...args) => run(['workspace', verb, '--data', server.data, ...args]);

async function create(server, ...args) {
    const { code, stdout, stderr } = await command(server, 'create', '--name', 'Other', ...args);
    assert.equal(code, 0, stderr);
    return { id: /^workspace: (ws_\w{22})$/m.exec(stdout)[1], key: /^key: (\S+)$/m.exec(stdout)?.[1] };
}

// Every route that takes an id, read from the code's one table.
async function routesWithId() {
    const table = await readFile(new URL('../../src/api/routes.def', import.meta.url), 'utf8');
    return [...table.matchAll(/^ROUTE\("(\w+)", +"([^"]*\{id\}[^"]*)"/gm)].map(([, method, path]) => ({ method, path }));
}

test('no route shows or changes what another workspace has', async (t) => {
    const config = { outgoing: { webhooks: { allow: ['127.0.0.1/32'] } } };
    const { server } = await world(t, { providers: { acme }, prepare: true, config });
    const other = await create(server, '--credits', '100');
    await server.start();
    const theirs = { authorization: `Bearer ${other.key}` };
    const mine = await server.enrich(ask);
    await server.client.request('POST', '/keys', { body: { name: 'second', scope: 'full' } });
    const [key] = (await server.client.get('/keys')).json.keys;
    const held = await server.client.request('POST', '/suppressions', { body: { email: 'gone@ex.org' } });
    const ids = { records: mine.json.record_id, keys: key.key_id, suppressions: held.json.suppression_id };
    const hook = await startProvider(t, 'hook', () => ({ json: { valid: true } }));
    const made = await server.client.request('POST', '/settings/webhooks', { body: { url: hook.url, events: ['record.enriched'] } });
    await server.client.request('PUT', '/settings/verification-webhook', { body: { url: hook.url } });
    await server.enrich({ ...ask, force: true });
    const [{ event_id: event }] = (await server.client.get('/settings/verification-webhook/deliveries')).json.deliveries;
    Object.assign(ids, { webhooks: made.json.endpoint_id, deliveries: event });
    const idOf = (path) => ids[path.split('/').at(path.split('/').indexOf('{id}') - 1)];
    const routes = await routesWithId();
    assert.ok(routes.length >= 3);
    for (const { method, path } of routes) {
        const id = idOf(path);
        assert.ok(id, `this test knows no id for ${path}`);
        const answer = await server.client.request(method, path.replace('{id}', id), { headers: theirs });
        assert.equal(answer.status, 404, `${method} ${path}: ${answer.text}`);
    }
    for (const { method, path } of routes.filter((route) => route.method === 'GET'))
        assert.equal((await server.client.request(method, path.replace('{id}', idOf(path)))).status, 200);
    assert.deepEqual((await server.client.get('/keys', theirs)).json.keys.length, 1);
    assert.deepEqual((await server.client.get('/credits', theirs)).json, { balance: 100, held: 0, used_this_month: 0 });
    assert.equal((await server.client.get('/credits/ledger', theirs)).json.entries.length, 1);
    assert.deepEqual((await server.client.get('/suppressions?email=gone@ex.org', theirs)).json.suppressions, []);
    const asked = await server.enrich(ask, theirs);
    assert.notEqual(asked.json.record_id, mine.json.record_id, 'the same person is another record there');
    assert.equal(asked.json.credits_used, 2, 'and is paid for there');
});

test('a grant is an entry of the ledger, and the books stay right', async (t) => {
    const { server } = await world(t, { providers: { acme }, prepare: true });
    const other = await create(server);
    const granted = await command(server, 'grant', '--workspace', other.id, '--credits', '40');
    assert.equal(granted.code, 0, granted.stderr);
    assert.match(granted.stdout, /balance 40/);
    await server.start();
    const { json } = await server.client.get('/credits/ledger', { authorization: `Bearer ${other.key}` });
    assert.deepEqual(json.entries.map(({ kind, amount }) => [kind, amount]), [['grant', 40]]);
    await server.stop();
    assert.equal((await server.verify()).code, 0);
});

test('list shows each workspace with its balance and what is its own', async (t) => {
    const { server } = await world(t, { providers: { acme }, prepare: true, credits: 7 });
    const other = await create(server, '--monthly', '500', '--renewal-day', '9', '--carry-over');
    await command(server, 'limits', '--workspace', other.id, '--bulk', '5', '--day', '70');
    const { stdout, code } = await command(server, 'list');
    assert.equal(code, 0);
    const lines = stdout.trim().split('\n');
    assert.equal(lines.length, 2);
    assert.match(lines[0], /^ws_\w{22}\tfirst workspace\tbalance 7$/);
    assert.equal(lines[1], `${other.id}\tOther\tbalance 0\tmonthly 500 on day 9, carried over\tbulk 5\tday 70`);
});

test('a wrong call changes nothing and says why', async (t) => {
    const { server } = await world(t, { providers: { acme }, prepare: true });
    const other = await create(server);
    for (const [status, ...args] of [
        [2], [2, 'brew'], [2, 'create'], [2, 'create', '--name', 'x'.repeat(101)], [2, 'create', '--name', 'x', '--credits', '-1'],
        [2, 'create', '--name', 'x', '--monthly', '1', '--renewal-day', '29'], [2, 'grant', '--workspace', other.id],
        [2, 'grant', '--credits', '5'], [2, 'grant', '--workspace', other.id, '--credits', '0'],
        [2, 'grant', '--workspace', other.id, '--credits', '1000000000001'], [1, 'grant', '--workspace', 'ws_x', '--credits', '5'],
        [1, 'limits', '--workspace', `ws_${'0'.repeat(22)}`], [2, 'limits', '--workspace', other.id, '--minute', '1000000001'],
        [2, 'monthly', '--workspace', other.id],
    ]) {
        const result = await run(['workspace', ...args.slice(0, 1), '--data', server.data, ...args.slice(1)]);
        assert.equal(result.code, status, `${args.join(' ')}: ${result.stderr}`);
        assert.ok(result.stderr.length > 10, args.join(' '));
    }
    const { stdout } = await command(server, 'list');
    assert.equal(stdout.trim().split('\n').length, 2);
    assert.match(stdout, /Other\tbalance 0$/m);
});

test('a folder that a server uses is left alone', async (t) => {
    const { server } = await world(t, { providers: { acme } });
    const { code, stderr } = await command(server, 'list');
    assert.equal(code, 1);
    assert.match(stderr, /another process/);
});
