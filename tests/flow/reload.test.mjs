// SIGHUP and POST /admin/reload: the new configuration whole or not at all, and lookups finish on the one they began with.
import assert from 'node:assert/strict';
import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from './support/test.mjs';
import { Client } from './support/client.mjs';
import { gate, hit, startProvider } from './support/provider.mjs';
import { keyIn, NO_LIMITS, run } from './support/server.mjs';
import { charged, world } from './support/world.mjs';

const ask = (email, more = {}) => ({ email, channels: ['work_email'], ...more });
const good = ({ email }) => hit({ work_email: `found.${email}` });

// Writes another configuration; `reload` makes the server read it.
function write(server, config) {
    return writeFile(join(server.folder, 'config.json'), typeof config === 'string' ? config : JSON.stringify({ limits: NO_LIMITS, ...config, outgoing: { ...server.config.outgoing, ...config.outgoing } }));
}

const reload = (server) => server.client.request('POST', '/admin/reload');

async function reloadTo(server, config) {
    await write(server, config);
    const answer = await reload(server);
    assert.equal(answer.status, 200, answer.text);
    return answer.json;
}

const metric = async (server, name) =>
    Number(new RegExp(`^${name} (\\S+)$`, 'm').exec((await server.client.get('/metrics')).text)?.[1]);

test('a new provider is asked from the reload on, and one that left is not', async (t) => {
    const { server, old } = await world(t, { providers: { old: { script: good } } });
    const fresh = await startProvider(t, 'fresh', good);
    assert.equal((await server.enrich(ask('a@ex.org'))).json.channels.work_email.source, 'old');
    const answer = await reloadTo(server, { providers: [fresh.entry({ price: 3 })] });
    assert.deepEqual(answer, { generation: 2, providers: 1, needs_restart: [] });
    const { json } = await server.enrich(ask('b@ex.org'));
    assert.equal(json.channels.work_email.source, 'fresh');
    assert.equal(json.credits_used, 3);
    assert.equal(old.calls.length, 1);
    // What was stored before is still there.
    const replay = await server.enrich(ask('a@ex.org'));
    assert.equal(replay.headers['idempotent-replayed'], 'true');
    assert.equal(replay.json.channels.work_email.source, 'old');
});

test('SIGHUP does the same, and the log and the metrics say so', async (t) => {
    const { server } = await world(t, { providers: { old: { script: good } } });
    const fresh = await startProvider(t, 'fresh', good);
    assert.equal(await metric(server, 'unstuck_configuration_generation'), 1);
    const before = await metric(server, 'unstuck_configuration_loaded_timestamp_seconds');
    assert.ok(Math.abs(before - Date.now() / 1000) < 60, `${before}`);
    await write(server, { providers: [fresh.entry()] });
    server.child.kill('SIGHUP');
    await server.logged(/"configuration loaded"/);
    assert.equal((await server.enrich(ask('b@ex.org'))).json.channels.work_email.source, 'fresh');
    assert.equal(await metric(server, 'unstuck_configuration_generation'), 2);
    assert.equal(await metric(server, 'unstuck_configuration_reloads_total{result="loaded"}'.replace(/[{}]/g, '\\$&')), 1);
});

test('a lookup under way keeps its providers and its prices; the next one has the new', async (t) => {
    const hold = gate();
    const slow = async (call) => (await hold.opened, good(call));
    const { server, acme, next } = await world(t, {
        providers: {
            acme: { script: slow, price: 2, channels: ['work_email', 'phone'] },
            next: { script: () => hit({ phone: '+442079460958' }), price: 4, channels: ['phone'] },
        },
    });
    const asking = server.enrich(ask('a@ex.org', { channels: ['work_email', 'phone'], include: ['attempts'] }));
    const alike = server.enrich(ask('a@ex.org', { channels: ['work_email', 'phone'] }));
    await acme.called(1);
    await reloadTo(server, { providers: [acme.entry({ price: 9 })] });
    assert.equal((await server.credits()).held, 6);
    const later = server.enrich(ask('b@ex.org'));
    await acme.called(2);
    assert.equal((await server.credits()).held, 15);
    hold.open();
    const { json } = await asking;
    assert.equal(json.credits_used, 6);
    assert.equal(json.channels.phone.source, 'next');
    assert.deepEqual(json.attempts.map((each) => [each.provider, each.price]), [['acme', 2], ['acme', 2], ['next', 4]]);
    assert.equal((await alike).json.credits_used, 0);
    assert.equal((await later).json.credits_used, 9);
    assert.equal(next.calls.length, 1);
    assert.equal(await charged(server), 15);
});

test('a wrong configuration changes nothing and names all its mistakes', async (t) => {
    const { server, acme } = await world(t, { providers: { acme: { script: good } } });
    const entry = acme.entry();
    const wrong = {
        limits: { minute: 0 }, lookup: { deadline_ms: 5000 },
        providers: [{ ...entry, prices: { fax: 1 } }, { name: 'files', kind: 'dataset', file: 'absent.csv' }],
        waterfalls: { phone: ['nobody'] },
    };
    await write(server, { ...wrong, limits: undefined });
    let { status, json } = await reload(server);
    assert.equal(status, 422);
    assert.equal(json.code, 'configuration_invalid');
    assert.deepEqual(json.errors.map((each) => each.pointer), ['/providers/0/prices/fax', '/providers/1/file', '/waterfalls/phone/0']);
    await write(server, wrong);
    ({ status, json } = await reload(server));
    assert.deepEqual(json.errors.map((each) => each.pointer), ['/limits/minute']);
    await write(server, '{"providers": [');
    ({ status, json } = await reload(server));
    assert.equal(status, 422);
    assert.equal(json.errors, undefined);
    assert.match(json.detail, /config\.json, line 1/);
    assert.equal((await server.enrich(ask('a@ex.org'))).json.credits_used, 2);

    server.child.kill('SIGHUP');
    await server.logged(/not loaded, nothing changed[^]*not loaded, nothing changed[^]*not loaded, nothing changed[^]*not loaded, nothing changed/);
    assert.ok(server.logLines().some((line) => line.msg === 'configuration mistake' && line.pointer === '/providers/1/file'));
    assert.equal(await metric(server, 'unstuck_configuration_generation'), 1);
    assert.equal((await reloadTo(server, { providers: [entry] })).generation, 2);
});

test('settings that can change do, and those that cannot are told every time', async (t) => {
    const { server, acme } = await world(t, { providers: { acme: { script: good } } });
    const entry = acme.entry();
    const answer = await reloadTo(server, {
        limits: { ...NO_LIMITS, minute: 2 }, lookup: { charge_policy: 'attempts', in_flight_max: 10000 }, log: { level: 'debug' },
        server: { connections_max: 77, idle_ms: 75000 }, store: { cache_bytes: 1000 }, providers: [entry],
        ranking: { reply_worth: 5, order: 'configured', half_life_days: 3 }, health: { check_keys: false }, outgoing: { name_servers: ['127.0.0.1:53'] },
    });
    assert.deepEqual(answer.needs_restart.sort(), ['outgoing.name_servers', 'ranking.half_life_days', 'server.connections_max', 'store.cache_bytes']);
    assert.equal((await server.enrich(ask('a@ex.org'))).status, 200);
    assert.equal((await server.enrich(ask('a@ex.org'))).status, 200);
    assert.equal((await server.enrich(ask('a@ex.org'))).status, 429);
    await server.logged(/"provider called"/);
    assert.deepEqual((await reload(server)).json.needs_restart.sort(), ['outgoing.name_servers', 'ranking.half_life_days', 'server.connections_max', 'store.cache_bytes']);
    const back = await reloadTo(server, { providers: [entry] });
    assert.deepEqual(back.needs_restart, []);
    assert.equal((await server.enrich(ask('a@ex.org'))).status, 200);
});

test('deadlines are those of the configuration in use', async (t) => {
    const { server, acme } = await world(t, { providers: { acme: { script: () => gate().opened } } });
    await reloadTo(server, { lookup: { deadline_ms: 50 }, providers: [acme.entry()] });
    const { headers } = await server.enrich(ask('a@ex.org'));
    assert.equal(headers['unstuck-incomplete'], 'work_email');
});

test('a workspace keeps limits of its own', async (t) => {
    const { server } = await world(t, { prepare: true });
    const id = /ws_\w+/.exec((await run(['workspace', 'list', '--data', server.data])).stdout)[0];
    await run(['workspace', 'limits', '--data', server.data, '--workspace', id, '--minute', '7']);
    await server.start();
    await reloadTo(server, { limits: { ...NO_LIMITS, minute: 3, bulk: 5 } });
    const { headers } = await server.client.get('/credits');
    assert.match(headers['ratelimit-policy'], /"minute";q=7;w=60, "bulk";q=5;w=60/);
});

test('secrets and connector files are read again', async (t) => {
    const { server, acme } = await world(t, { providers: { acme: { script: good } }, prepare: true });
    const entry = acme.entry({ request: { headers: { 'x-key': '{secret.key}' } } });
    const { connector } = entry;
    Object.assign(entry, { secrets: { key: { file: 'key.txt' } }, connector: 'acme.json' });
    const put = async (key, path) => {
        await writeFile(join(server.folder, 'key.txt'), key);
        await writeFile(join(server.folder, 'acme.json'), JSON.stringify({ ...connector, request: { ...connector.request, url: `${acme.url}/${path}?email={email}` } }));
    };
    server.configure({ providers: [entry] });
    await put('first', 'one');
    await server.start();
    await server.enrich(ask('a@ex.org'));
    await put('second', 'two');
    await reload(server);
    await server.enrich(ask('b@ex.org'));
    assert.deepEqual(acme.calls.map((call) => [call.headers['x-key'], call.path]), [['first', '/one'], ['second', '/two']]);
    assert.doesNotMatch(server.logs, /first|second/);
});

test('a provider that is out of service is so after the reload too, and a call under way counts', async (t) => {
    const hold = gate();
    let isDown = true;
    const script = async (call) => (isDown ? { status: 500 } : (await hold.opened, good(call)));
    const { server, acme } = await world(t, { providers: { acme: { script } } });
    for (let i = 0; i < 5; i++)
        await server.enrich(ask(`down${i}@ex.org`));
    isDown = false;
    const calls = acme.calls.length;
    const { generation } = await reloadTo(server, { providers: [acme.entry()] });
    assert.equal(generation, 2);
    const { json } = await server.enrich(ask('a@ex.org', { include: ['attempts'] }));
    assert.deepEqual(json.attempts.map((each) => each.outcome), ['circuit_open']);
    assert.equal(acme.calls.length, calls);

    // Limits hold across a reload: the one call that may be under way still is.
    const one = { ...(await startProvider(t, 'one', async (call) => (await hold.opened, good(call)))).entry(), limits: { concurrent: 1 }, timeout_ms: 400 };
    await reloadTo(server, { providers: [one] });
    const first = server.enrich(ask('b@ex.org'));
    await server.client.get('/health');
    await reloadTo(server, { providers: [one] });
    const second = await server.enrich(ask('c@ex.org', { include: ['attempts'] }));
    assert.deepEqual(second.json.attempts.map((each) => each.outcome), ['rate_limited']);
    hold.open();
    assert.equal((await first).status, 200);
});

// --- datasets ----------------------------------------------------------------------

const crm = { name: 'crm', kind: 'dataset', file: 'crm.csv' };
const rows = (...lines) => ['email,work_email', ...lines.flat()].join('\n');

const LONG_AGO = 1e9;

async function withDataset(t, text) {
    const { server } = await world(t, { prepare: true });
    const file = join(server.folder, 'crm.csv');
    await writeFile(file, text);
    await utimes(file, LONG_AGO, LONG_AGO);
    server.configure({ providers: [crm] });
    await server.start();
    return { server, file };
}

test('a dataset that changed is read again, one that did not is not', async (t) => {
    const { server, file } = await withDataset(t, rows('a@ex.org,first@ex.org'));

    // The same size and time: it cannot be told, and is not read. With another confidence it is another wish.
    await writeFile(file, rows('b@ex.org,other@ex.org'));
    await utimes(file, LONG_AGO, LONG_AGO);
    await reloadTo(server, { providers: [crm, { ...crm, name: 'again', confidence: 0.5 }] });
    assert.equal((await server.enrich(ask('a@ex.org'))).json.channels.work_email.source, 'crm');
    assert.equal((await server.enrich(ask('b@ex.org'))).json.channels.work_email.source, 'again');

    await writeFile(file, rows('c@ex.org,changed@ex.org', 'd@ex.org,d@ex.org'));
    await reloadTo(server, { providers: [crm] });
    assert.equal((await server.enrich(ask('c@ex.org'))).json.channels.work_email.value, 'changed@ex.org');
    assert.equal((await server.enrich(ask('d@ex.org'))).json.channels.work_email.value, 'd@ex.org');
});

test('lookups go on while a large dataset is read, and it is whole when it is in use', async (t) => {
    const { server, file } = await withDataset(t, rows('a@ex.org,a@ex.org'));
    const many = Array.from({ length: 200000 }, (_, i) => `p${i}@ex.org,p${i}.found@ex.org`);
    await writeFile(file, rows(many));
    let isOver = false;
    const reloading = reload(server).then((answer) => ((isOver = true), answer));
    let answered = 0;
    while (!isOver) {
        assert.equal((await server.enrich(ask('a@ex.org'))).status, 200);
        answered++;
    }
    assert.equal((await reloading).status, 200);
    assert.ok(answered > 5, `${answered} lookups meanwhile`);
    assert.equal((await server.enrich(ask('p199999@ex.org'))).json.channels.work_email.value, 'p199999.found@ex.org');
});

test('a dataset with a mistake leaves the one before in use', async (t) => {
    const { server } = await withDataset(t, rows('a@ex.org,a@ex.org'));
    await writeFile(join(server.folder, 'crm.csv'), rows('b@ex.org,b@ex.org,c'));
    const { status, json } = await reload(server);
    assert.equal(status, 422);
    assert.equal(json.errors[0].pointer, '/providers/0/file');
    assert.match(json.errors[0].detail, /crm\.csv line 2/);
    assert.equal((await server.enrich(ask('a@ex.org'))).json.channels.work_email.value, 'a@ex.org');
});

// --- who may, and many at once --------------------------------------------------------

test('only keys of scope full of the first workspace may', async (t) => {
    const { server } = await world(t, { prepare: true });
    const made = await run(['workspace', 'create', '--data', server.data, '--name', 'Other']);
    await server.start();
    const enrich = await server.client.request('POST', '/keys', { body: { name: 'e', scope: 'enrich' } });
    for (const key of [keyIn(made.stdout), enrich.json.secret]) {
        const client = new Client(server.url, key);
        const answer = await client.request('POST', '/admin/reload');
        client.close();
        assert.equal(answer.status, 403);
    }
    assert.equal((await reload(server)).json.generation, 2);
});

test('a server without a configuration file and with the sandbox reloads too', async (t) => {
    const { server } = await world(t, { sandbox: true });
    const answer = await reload(server);
    assert.deepEqual(answer.json, { generation: 2, providers: 4, needs_restart: [] });
    assert.equal((await server.enrich({ email: 'hit@sandbox.example' })).status, 200);
});

test('a hundred reloads under load lose no lookup, charge nothing twice, and leave nothing behind', async (t) => {
    const script = async (call) => (await new Promise(setImmediate), good(call));
    const { server, acme } = await world(t, { providers: { acme: { script, price: 1 } } });
    await writeFile(join(server.folder, 'crm.csv'), rows('x@ex.org,x@ex.org'));
    const configs = [{ providers: [acme.entry({ price: 1 })] }, { providers: [crm, acme.entry({ price: 1 })] }];
    let isOver = false;
    let count = 0;
    const load = Array.from({ length: 8 }, async (_, k) => {
        for (let i = 0; !isOver; i++, count++) {
            const { status, json, text } = await server.enrich(ask(`p${k}.${i}@ex.org`));
            assert.equal(status, 200, text);
            assert.equal(json.channels.work_email.value, `found.p${k}.${i}@ex.org`);
            assert.equal(json.credits_used, 1);
        }
    });
    let generation = 1;
    for (let i = 0; i < 100; i++) {
        const before = generation; // three at once may arrive in any order
        await write(server, configs[i % 2]);
        for (const { status, json, text } of await Promise.all([reload(server), reload(server), reload(server)])) {
            assert.equal(status, 200, text);
            assert.ok(json.generation > before);
            generation = Math.max(generation, json.generation);
        }
    }
    isOver = true;
    await Promise.all(load);
    assert.ok(count > 100, `${count} lookups`);
    assert.ok(generation > 100, `${generation}`);
    assert.equal((await server.credits()).held, 0);
    const { code, logs } = await server.stop();
    assert.equal(code, 0, logs);
    assert.equal((await server.verify()).code, 0);
});

test('a provider whose token is still asked for when its last lookup has ended goes with the answer', async (t) => {
    const hold = gate();
    const { server, old } = await world(t, {
        providers: { old: { script: async ({ path, email }) => (path === '/token' ? (await hold.opened, { json: { token: 'tok' } }) : good({ email })) } },
        config: { lookup: { deadline_ms: 200 } }, prepare: true,
    });
    const fresh = await startProvider(t, 'fresh', good);
    server.config.providers[0] = old.entry({
        auth: { token: { request: { method: 'POST', url: `${old.url}/token` }, at: '/token' } }, headers: { 'X-Token': '{token}' },
    });
    await server.start();
    assert.equal((await server.enrich(ask('a@ex.org'))).json.channels.work_email, null);
    assert.deepEqual(old.calls.map(({ path }) => path), ['/token']);
    await reloadTo(server, { providers: [fresh.entry()] });
    hold.open();
    for (let i = 0; i < 5; i++) {
        await new Promise((done) => setTimeout(done, 100));
        assert.equal((await server.enrich(ask(`b${i}@ex.org`))).json.channels.work_email.source, 'fresh');
    }
    assert.equal((await server.stop()).code, 0);
});

test('told to stop while it reads, it ends what it does', async (t) => {
    const { server } = await withDataset(t, rows('a@ex.org,a@ex.org'));
    await writeFile(join(server.folder, 'crm.csv'), rows(Array.from({ length: 100000 }, (_, i) => `p${i}@ex.org,p${i}@ex.org`)));
    server.child.kill('SIGHUP');
    const { code } = await server.stop();
    assert.equal(code, 0);
});
