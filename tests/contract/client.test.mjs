// A client that others generated from the served contract: it compiles, strictly, and the README's calls work.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from '../flow/support/test.mjs';
import { startSandbox } from './support/contract.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

async function node(cwd, args, env = {}) {
    const { code, stdout, stderr } = await new Promise((done) => {
        execFile(process.execPath, args, { cwd, env: { ...process.env, REDOCLY_TELEMETRY: 'off', ...env } },
            (error, stdout, stderr) => done({ code: error?.code ?? 0, stdout, stderr }));
    });
    assert.equal(code, 0, stdout + stderr);
    return stdout;
}

// A project of its own, as a customer would have it, with the types of the contract.
async function project(server, contract) {
    const folder = join(server.folder, 'client');
    await mkdir(folder);
    await symlink(here('node_modules'), join(folder, 'node_modules'));
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    await writeFile(join(folder, 'openapi.json'), JSON.stringify(contract.doc));
    for (const name of ['client.ts', 'tsconfig.json'])
        await copyFile(here(`client/${name}`), join(folder, name));
    await node(folder, [here('node_modules/openapi-typescript/bin/cli.js'), 'openapi.json', '--output', 'contract.d.ts',
        '--default-non-nullable', 'false']);
    return folder;
}

const tsc = (folder, ...args) => node(folder, [here('node_modules/typescript/bin/tsc'), ...args]);

test('README: its calls, by a TypeScript client generated from the contract', { timeout: 120000 }, async (t) => {
    const { server, contract } = await startSandbox(t);
    const folder = await project(server, contract);
    await tsc(folder, '--project', '.');
    const env = { UNSTUCK_URL: server.url, UNSTUCK_API_KEY: server.key };
    const { first, again, discovered, account, bulk, attempts, credits, refused } =
        JSON.parse(await node(folder, ['client.js'], env));
    const { record_id } = first;
    assert.match(record_id, /^lead_[0-9A-Za-z]{22}$/);
    assert.deepEqual(first, {
        record_id, work_email: 'chloe.walker@westmarkrobotics.com', work_email_source: 'Provider A', phone: null,
        linkedin_url: 'https://linkedin.com/in/chloewalker', credits_used: 5, replayed: null,
    });
    assert.deepEqual(again, { ...first, credits_used: 0, replayed: 'true' });
    assert.match(discovered.record_id, /^lead_/);
    assert.deepEqual(account, { industry: 'Robotics / Hardware', founded: 2018, tech_stack: ['Snowflake', 'Okta', 'Datadog'] });
    assert.deepEqual(bulk, [record_id, 'validation_failed']);
    for (const line of ['work_email Provider A (sandbox) hit', 'linkedin_url Provider C (sandbox) hit'])
        assert.ok(attempts.includes(line), attempts.join());
    assert.deepEqual(credits, (await server.client.get('/credits')).json);
    assert.deepEqual(refused, { status: 422, code: 'validation_failed', pointer: '/email' });
});

test('what the contract does not have does not compile', async (t) => {
    const { server, contract } = await startSandbox(t);
    const folder = await project(server, contract);
    const wrong = {
        'a path': "await api.POST('/enrichments', { body: { email: 'a@b.example' } });",
        'a type': "await api.POST('/enrichment', { body: { email: 1 } });",
        'a channel': "await api.POST('/enrichment', { body: { email: 'a@b.example', channels: ['fax'] } });",
        'a required member': "await api.POST('/enrichment/discover', { body: { first_name: 'Chloe' } });",
        'an answer': "(await api.GET('/credits')).data?.credits;",
    };
    const lines = Object.values(wrong).flatMap((line) => ['// @ts-expect-error', line]);
    await writeFile(join(folder, 'client.ts'), ["import createClient from 'openapi-fetch';",
        "import type { paths } from './contract.js';", 'const api = createClient<paths>();', ...lines].join('\n'));
    await tsc(folder, '--project', '.', '--noEmit');
});
