// A kill at each step of an event's life: none is lost, and none whose answer was kept is sent again.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from '../flow/support/test.mjs';
import { hit, startProvider } from '../flow/support/provider.mjs';
import { until } from '../flow/support/until.mjs';
import { world } from '../flow/support/world.mjs';

const PATH = '/settings/verification-webhook';
const PEOPLE = 6;
const email = (i) => `p${i}@ex.org`;

const steps = ['store_commit', 'store_committed', 'events_read', 'event_sent', 'event_answered', 'event_kept'];

for (const step of steps)
    test(`killed at ${step}, every event arrives, and none again whose verdict was on disk`, async (t) => {
        for (let n = 1; n <= 4; n++)
            await killedAt(t, step, n);
    });

// The e-mails of the events that are delivered, as the disk has it.
async function delivered(server) {
    const { stdout } = await promisify(execFile)('sqlite3', [join(server.data, 'unstuck.db'),
        "SELECT json_extract(body, '$.data.email') FROM event WHERE state = 1;"]);
    return stdout.split('\n').filter(Boolean);
}

async function killedAt(t, step, n) {
    const config = { outgoing: { webhooks: { allow: ['127.0.0.1/32'] } } };
    const { server } = await world(t, { providers: { acme: { script: (call) => hit({ work_email: call.email }) } }, config });
    const seen = new Map();
    const hook = await startProvider(t, 'hook', (call) => {
        const { type, data } = JSON.parse(call.body);
        if (type === 'email.verification_requested')
            seen.set(call.headers['webhook-id'], [...seen.get(call.headers['webhook-id']) ?? [], data.email]);
        return { json: { valid: true } };
    });
    assert.equal((await server.client.request('PUT', PATH, { body: { url: hook.url } })).status, 201);
    await server.restart({ env: { UNSTUCK_FAULT: `kill:${step}:${n}` } });

    const ask = (i) => server.enrich({ email: email(i), channels: ['work_email'] });
    const page = async () => (await server.client.get(`${PATH}/deliveries`)).json;
    for (let i = 0; i < PEOPLE; i++)
        await ask(i).catch(() => {}); // the kill comes somewhere in here, or in what follows
    await until(async () => (await page()).waiting === 0).catch(() => {});
    server.child.kill('SIGKILL');
    await server.exited;
    const before = new Map(seen);
    const kept = await delivered(server);

    await server.start();
    for (let i = 0; i < PEOPLE; i++)
        assert.equal((await ask(i)).status, 200);
    await until(async () => (await page()).waiting === 0);
    for (let i = 0; i < PEOPLE; i++)
        assert.equal((await ask(i)).json.channels.work_email.verified, true, `${step} ${n}: ${email(i)} was never judged`);
    const emails = [...seen.values()].map(([first]) => first);
    assert.deepEqual(emails.sort(), [...Array(PEOPLE).keys()].map(email), 'an e-mail is one event, under one id');
    for (const [id, sent] of seen)
        assert.ok(!kept.includes(sent[0]) || sent.length === before.get(id).length, `${step} ${n}: ${sent[0]} was sent again`);
    await server.stop();
    assert.equal((await server.verify()).code, 0);
}
