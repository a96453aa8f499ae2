// Files of people as a provider.
import assert from 'node:assert/strict';
import test from './support/test.mjs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Server } from './support/server.mjs';

async function withFile(t, name, text, entry = {}) {
    const server = await Server.prepare(t);
    await writeFile(join(server.folder, name), text);
    server.configure({
        providers: [{ name: 'CRM', kind: 'dataset', file: name, prices: { work_email: 1, phone: 3, linkedin_url: 1 }, ...entry }],
    });
    return server;
}

const rows = 'email,work_email,phone,linkedin_url,confidence\r\n' +
    'ann@ex.org,ann.lee@ex.org,+44 20 7946 0011,https://linkedin.com/in/ann,0.8\r\n' +
    '"bob@ex.org","bob@ex.org","",,\r\n' +
    'Cat@EX.org,"cat@ex.org",,,1\r\n';

test('a CSV of people answers from its columns', async (t) => {
    const server = await (await withFile(t, 'people.csv', rows)).start();
    const { json } = await server.enrich({ email: 'ann@ex.org' });
    assert.equal(json.channels.work_email.value, 'ann.lee@ex.org');
    assert.equal(json.channels.work_email.source, 'CRM');
    assert.equal(json.channels.work_email.confidence, 0.8);
    assert.equal(json.channels.phone.value, '+442079460011');
    assert.equal(json.credits_used, 5);

    const bob = await server.enrich({ email: 'bob@ex.org' });
    assert.equal(bob.json.channels.work_email.confidence, 0.9);
    assert.equal(bob.json.channels.phone, null);
    assert.equal(bob.json.credits_used, 1);
    assert.equal((await server.enrich({ email: 'CAT@ex.org' })).json.channels.work_email.value, 'cat@ex.org');
    assert.equal((await server.enrich({ email: 'dan@ex.org' })).json.credits_used, 0);
});

test('a person in a CSV is found by LinkedIn too', async (t) => {
    const server = await (await withFile(t, 'people.csv', rows)).start();
    const { json } = await server.enrich({ linkedin_url: 'http://www.linkedin.com/in/Ann/', channels: ['phone'] });
    assert.equal(json.channels.phone.value, '+442079460011');
});

test('columns of other names are mapped', async (t) => {
    const server = await (await withFile(t, 'people.csv', 'Mail,Tel\nann@ex.org,+442079460011\n',
        { columns: { email: 'Mail', phone: 'Tel' } })).start();
    const { json } = await server.enrich({ email: 'ann@ex.org', channels: ['phone'] });
    assert.equal(json.channels.phone.value, '+442079460011');
});

test('JSON Lines answer like a CSV', async (t) => {
    const line = { email: 'ann@ex.org', work_email: 'ann@ex.org', phone: '+442079460011' };
    const server = await (await withFile(t, 'people.jsonl', JSON.stringify(line) + '\n')).start();
    const { json } = await server.enrich({ email: 'ann@ex.org', channels: ['phone'] });
    assert.equal(json.channels.phone.value, '+442079460011');
});

for (const [name, text, pattern] of [
    ['without its file', null, /\/providers\/0\/file/],
    ['that is empty', '', /people\.csv|header|empty/],
    ['without a column we know', 'a,b\n1,2\n', /column/],
    ['with an open quote', 'email,phone\n"ann@ex.org,1\n', /line|row/],
])
    test(`a CSV ${name} is refused at the start`, async (t) => {
        const server = await withFile(t, text === null ? 'other.csv' : 'people.csv', text ?? '', { file: 'people.csv' });
        await assert.rejects(server.start(), (problem) => pattern.test(problem.message) && problem.code !== 0);
    });
