// The README's verifiers, as they stand there: one in Python, one in Node.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test from './support/test.mjs';
import { Server, tempFolder } from './support/server.mjs';
import { until } from './support/until.mjs';

const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
const PATH = '/settings/verification-webhook';

// The first block of that language behind the heading.
function block(language) {
    const section = readme.slice(readme.indexOf('## Your own judge of e-mails'));
    return new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(section)[1];
}

async function freePort() {
    const server = createServer();
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address();
    await new Promise((done) => server.close(done));
    return port;
}

// Runs a block of the README on a port of its own; its lines may be no more than a user wants to copy.
async function startVerifier(t, language, command, file) {
    const port = await freePort();
    const text = block(language);
    assert.ok(text.trim().split('\n').length <= 13 && text.includes('9000'));
    const path = join(await tempFolder(t), file);
    await writeFile(path, text.replace('9000', port));
    const child = spawn(command, [path], { stdio: 'ignore' });
    t.after(() => child.kill());
    return `http://127.0.0.1:${port}/`;
}

const verifiers = [['python', 'python3', 'verifier.py'], ['js', process.execPath, 'verifier.mjs']];

for (const [language, command, file] of verifiers) {
    test(`the verifier in ${language} judges Chloe`, async (t) => {
        const config = JSON.parse(/\{"outgoing".*\}/.exec(readme)[0]);
        const server = await Server.start(t, { sandbox: true, config });
        const url = await startVerifier(t, language, command, file);
        await until(async () => (await server.client.request('PUT', PATH, { body: { url } })).json.test.delivered);
        const judged = async (email) => {
            const { json } = await server.enrich({ email, channels: ['work_email'] });
            const record = async () => (await server.client.get(`/records/${json.record_id}`)).json.channels.work_email;
            await until(async () => 'verified' in (await record()));
            return (await record()).verified;
        };
        assert.equal(await judged('chloe.walker@westmarkrobotics.com'), true);
        assert.equal(await judged('hit@sandbox.example'), false);
    });
}
