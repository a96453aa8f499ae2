// The process: how it starts, what it says, how it ends, and what it refuses to start on.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { join } from 'node:path';
import test from './support/test.mjs';
import { promisify } from 'node:util';
import { gate, hit } from './support/provider.mjs';
import { keyIn, run, Server, tempFolder } from './support/server.mjs';
import { world } from './support/world.mjs';

const ask = { email: 'ann.secret@ex.org', channels: ['work_email'] };
const acme = { script: () => hit({ work_email: 'ann.secret@ex.org' }) };

async function sql(server, statement) {
    const file = (await readdir(server.data)).find((name) => /\.(db|sqlite3?)$/.test(name));
    return promisify(execFile)('sqlite3', [join(server.data, file), statement]);
}

test('init prints one key and makes a folder of its own', async (t) => {
    const data = join(await tempFolder(t), 'data');
    const { code, stdout } = await run(['init', '--data', data, '--credits', '7']);
    assert.equal(code, 0);
    assert.equal(stdout.match(/^key: unstuck_[0-9A-Za-z]{36}$/gm).length, 1);
    assert.equal((await stat(data)).mode & 0o777, 0o700);
    const again = await run(['init', '--data', data]);
    assert.notEqual(again.code, 0, 'a folder is initialised once');
    assert.doesNotMatch(again.stdout, /unstuck_/);
});

test('a key file is for its owner only, and the key is then not printed', async (t) => {
    const folder = await tempFolder(t);
    const { code, stdout } = await run(['init', '--data', join(folder, 'data'), '--key-file', join(folder, 'key')]);
    assert.equal(code, 0);
    assert.doesNotMatch(stdout, /unstuck_/);
    assert.equal((await stat(join(folder, 'key'))).mode & 0o777, 0o600);
    keyIn(await readFile(join(folder, 'key'), 'utf8'));
});

test('serve says one line when it listens, and initialises an empty folder', async (t) => {
    const server = await Server.start(t);
    await server.stop();
    assert.match(server.stdout, /^listening on http:\/\/127\.0\.0\.1:\d+\n$/);

    const folder = await tempFolder(t);
    const fresh = new Server(folder, { args: ['--key-file', join(folder, 'key')] });
    t.after(() => fresh.kill());
    fresh.configure({});
    await fresh.start();
    fresh.client.key = keyIn(await readFile(join(folder, 'key'), 'utf8'));
    assert.equal((await fresh.credits()).balance, 10000);
});

test('version and help are there, for each command', async () => {
    assert.match((await run(['--version'])).stdout, /\d+\.\d+/);
    const help = await run(['--help']);
    assert.equal(help.code, 0);
    for (const command of ['init', 'serve', 'verify']) {
        assert.match(help.stdout, new RegExp(command));
        const own = await run([command, '--help']);
        assert.equal(own.code, 0);
        assert.match(own.stdout, /--data/);
    }
});

test('a wrong command line is refused with a sentence', async () => {
    for (const args of [[], ['brew'], ['serve'], ['serve', '--dta', 'x'], ['init', '--data'], ['init', '--data', '/tmp/x', '--credits', '-1'],
        ['serve', '--data', '/nowhere/x', '--listen', 'here'], ['serve', '--data', '/nowhere/x', '--listen', '127.0.0.1:99999']]) {
        const { code, stderr } = await run(args);
        assert.notEqual(code, 0, args.join(' '));
        assert.ok(stderr.length > 10, args.join(' '));
    }
});

test('an address that others can reach is refused without --behind-proxy', async (t) => {
    const data = join(await tempFolder(t), 'data');
    const { code, stderr } = await run(['serve', '--data', data, '--listen', '0.0.0.0:0']);
    assert.notEqual(code, 0);
    assert.match(stderr, /--behind-proxy/);
});

test('logs are JSON lines with request ids, and hold neither the key nor the person', async (t) => {
    const { server } = await world(t, { providers: { acme } });
    await server.enrich(ask, { 'x-request-id': 'find-me-123' });
    await server.enrich({ ...ask, linkedin_url: 'linkedin.com/company/secret' });
    await server.enrich(ask, { authorization: `Bearer ${server.key}x` });
    await server.stop();
    const lines = server.logLines();
    assert.ok(lines.length > 0);
    assert.ok(lines.every((line) => line.is_json !== false && line.level && line.msg && line.ts), server.logs);
    assert.ok(lines.some((line) => Object.values(line).includes('find-me-123')));
    assert.ok(!server.logs.includes(server.key), 'the key');
    assert.ok(!/ann\.secret|ex\.org\b/.test(server.logs), server.logs);
});

test('the command line of the process holds no secret', async (t) => {
    const { server } = await world(t, { providers: { acme } });
    const line = await readFile(`/proc/${server.child.pid}/cmdline`, 'utf8');
    assert.doesNotMatch(line, /unstuck_[0-9A-Za-z]{36}/);
});

test('the data folder holds the key only as a hash', async (t) => {
    const { server } = await world(t, { providers: { acme } });
    await server.enrich(ask);
    await server.stop();
    const { stdout } = await sql(server, '.dump');
    assert.ok(stdout.includes('api_key'));
    assert.ok(!stdout.includes(server.key) && !stdout.includes(server.key.slice(8, 38)));
});

test('a key that has expired or was revoked is refused', async (t) => {
    const { server } = await world(t, { providers: { acme } });
    for (const change of ['expires_at = 1', 'expires_at = 4000000000000000, revoked_at = 1']) {
        await server.stop();
        await sql(server, `UPDATE api_key SET ${change}`);
        await server.start();
        assert.equal((await server.enrich(ask)).status, 401, change);
    }
});

test('a key of scope read may read, and no more', async (t) => {
    const { server } = await world(t, { providers: { acme } });
    await server.stop();
    await sql(server, "UPDATE api_key SET scope = 'read'");
    await server.start();
    const answer = await server.enrich(ask);
    assert.equal(answer.status, 403);
    assert.equal(answer.json.code, 'insufficient_scope');
    assert.equal((await server.client.get('/credits')).status, 200);
});

test('SIGTERM stops accepting, finishes what is in flight, and exits with 0', async (t) => {
    const hold = gate();
    const { server, acme: provider } = await world(t, {
        providers: { acme: { script: async () => (await hold.opened, hit({ work_email: 'ann.secret@ex.org' })) } },
    });
    const answer = server.enrich(ask);
    await provider.called(1);
    server.child.kill('SIGTERM');
    await refusesConnections(server.url);
    hold.open();
    assert.equal((await answer).json.credits_used, 2);
    assert.equal((await server.exited).code, 0);
    const verify = await server.verify();
    assert.equal(verify.code, 0, verify.stderr);
});

async function refusesConnections(url) {
    const { port } = new URL(url);
    const connects = () => new Promise((done) => {
        const socket = net.connect(Number(port), '127.0.0.1', () => {
            socket.destroy();
            done(true);
        });
        socket.on('error', () => done(false));
    });
    while (await connects());
}

test('SIGTERM on an idle server with kept connections exits with 0', async (t) => {
    const { server } = await world(t, { providers: { acme } });
    await server.client.get('/health');
    assert.equal((await server.stop()).code, 0);
});

test('a second process on the same folder is refused', async (t) => {
    const { server } = await world(t, { providers: { acme } });
    const second = await run(['serve', '--data', server.data, '--listen', '127.0.0.1:0']);
    assert.notEqual(second.code, 0);
    assert.match(second.stderr, /in use|another process|already/i);
    assert.equal((await server.enrich(ask)).status, 200, 'the first one goes on');
});

test('a folder written by a newer version is refused', async (t) => {
    const { server } = await world(t, { providers: { acme } });
    await server.stop();
    await sql(server, 'PRAGMA user_version = 9999');
    await assert.rejects(server.start(), (problem) => problem.code > 0 && /newer/.test(problem.message));
});

test('a damaged folder is refused with a clear sentence', async (t) => {
    const { server } = await world(t, { providers: { acme } });
    await server.stop();
    for (const name of await readdir(server.data))
        await writeFile(join(server.data, name), 'x'.repeat(8192)).catch(() => {});
    await assert.rejects(server.start(), (problem) => problem.code > 0 && /damaged|not a database|corrupt/.test(problem.message));
    assert.equal((await server.verify()).code, 1);
});

test('a folder that cannot be written is refused with a clear sentence', async (t) => {
    const folder = await tempFolder(t);
    await writeFile(join(folder, 'file'), 'x');
    for (const data of [join(folder, 'file'), join(folder, 'file', 'data'), '/proc/nowhere']) {
        const { code, stderr } = await run(['serve', '--data', data, '--listen', '127.0.0.1:0']);
        assert.ok(code > 0, data);
        assert.ok(stderr.includes(data), stderr);
    }
});

test('verify says what it checked, and finds a balance that was changed', async (t) => {
    const { server } = await world(t, { providers: { acme } });
    await server.enrich(ask);
    await server.stop();
    const clean = await server.verify();
    assert.equal(clean.code, 0, clean.stderr);
    assert.ok(clean.stdout.length > 10);
    await sql(server, 'UPDATE workspace SET balance = balance + 1');
    const bad = await server.verify();
    assert.equal(bad.code, 1);
    assert.match(bad.stdout + bad.stderr, /balance/);
});

for (const [what, statement] of [
    ['an amount', 'UPDATE ledger SET amount = amount - 1 WHERE seq = 2'],
    ['a lost entry', 'DELETE FROM ledger WHERE seq = 2'],
    ['a trail', "UPDATE trail SET body = replace(body, 'hit', 'Hit')"],
])
    test(`verify finds ${what} that was tampered with`, async (t) => {
        const { server } = await world(t, { providers: { acme } });
        await server.enrich(ask);
        await server.enrich({ ...ask, force: true });
        await server.stop();
        assert.equal((await server.verify()).code, 0);
        await sql(server, statement);
        assert.equal((await server.verify()).code, 1);
    });
