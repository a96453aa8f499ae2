// The verification webhook and the outbox under it (api.md section 7).
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import test from './support/test.mjs';
import { hit, startProvider } from './support/provider.mjs';
import { movableClock, Server } from './support/server.mjs';
import { until } from './support/until.mjs';
import { charged, world } from './support/world.mjs';

const PATH = '/settings/verification-webhook';
const chloe = { email: 'chloe@westmarkrobotics.com', channels: ['work_email'] };
const FOUND = 'chloe.walker@westmarkrobotics.com';
const LOCAL = { outgoing: { webhooks: { allow: ['127.0.0.1/32'] } } };
const finds = { script: () => hit({ work_email: FOUND }) };
const answer = (valid) => () => ({ json: { valid } });

// A server whose one provider finds Chloe, a movable clock, and an endpoint that runs `script`.
async function hooked(t, script = answer(true), options = {}) {
    const clock = await movableClock(t);
    const { server, acme } = await world(t, { providers: { acme: finds }, env: clock.env, config: LOCAL, ...options });
    const seen = [];
    const hook = await startProvider(t, 'hook', (call) => {
        const event = JSON.parse(call.body);
        if (event.type === 'webhook.test')
            return { json: {} };
        seen.push({ ...call, event });
        return script(event, seen.length, call);
    });
    const saved = await server.client.request('PUT', PATH, { body: { url: `${hook.url}/verify` } });
    assert.equal(saved.status, 201, saved.text);
    return { server, acme, clock, hook, seen, saved };
}

const work = async (server, id) => (await server.client.get(`/records/${id}`)).json.channels.work_email;
const verdict = (server, id, valid) => until(async () => (await work(server, id)).verified === valid);
const deliveries = async (server) => (await server.client.get(`${PATH}/deliveries`)).json;
const tries = (server, count) =>
    until(async () => (await deliveries(server)).deliveries[0]?.tries.length === count);

function signature(secret, call, body = call.body) {
    const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
    const text = `${call.headers['webhook-id']}.${call.headers['webhook-timestamp']}.${body}`;
    return `v1,${createHmac('sha256', key).update(text).digest('base64')}`;
}

test('a found e-mail is sent to be judged, signed, and the verdict stays with the value', async (t) => {
    for (const valid of [true, false]) {
        const { server, seen, saved } = await hooked(t, answer(valid));
        const { json } = await server.enrich(chloe);
        assert.equal('verified' in json.channels.work_email, false);
        await verdict(server, json.record_id, valid);
        assert.equal(seen.length, 1);
        assert.deepEqual(seen[0].event.data,
            { record_id: json.record_id, channel: 'work_email', email: FOUND, source: 'acme', confidence: 0.9 });
        assert.equal(seen[0].event.type, 'email.verification_requested');
        assert.equal(seen[0].headers['webhook-signature'], signature(saved.json.secret, seen[0]));
        assert.match(seen[0].headers['webhook-id'], /^evt_[0-9A-Za-z]{22}$/);
        const replay = await server.enrich(chloe);
        assert.equal(replay.headers['idempotent-replayed'], 'true');
        assert.equal(replay.json.channels.work_email.verified, valid);
        const bulk = await server.client.request('POST', '/enrichment/bulk',
            { body: { records: [{ email: chloe.email }], channels: ['work_email'] } });
        assert.equal(bulk.json.results[0].channels.work_email.verified, valid);
        assert.equal(seen.length, 1, 'a replay is not judged again');
    }
});

test('another value found later starts without a verdict and is judged itself', async (t) => {
    let found = FOUND;
    const { server, seen } = await hooked(t, (event) => ({ json: { valid: event.data.email === FOUND } }),
        { providers: { acme: { script: () => hit({ work_email: found }) } } });
    const { json } = await server.enrich(chloe);
    await verdict(server, json.record_id, true);
    const again = await server.enrich({ ...chloe, force: true });
    assert.equal(again.json.channels.work_email.verified, true, 'the same value keeps its verdict');
    found = 'c.walker@westmarkrobotics.com';
    const other = await server.enrich({ ...chloe, force: true });
    assert.equal('verified' in other.json.channels.work_email, false);
    await verdict(server, json.record_id, false);
    assert.equal(seen.length, 2);
});

test('whatever is no verdict is tried again by the schedule, under the same id', async (t) => {
    const answers = [
        () => ({ text: 'garbage' }),
        () => ({ json: { valid: 'yes' } }),
        () => ({ status: 500, json: { valid: true } }),
        () => ({ status: 302, headers: { location: 'http://169.254.169.254/latest/meta-data/' } }),
        () => ({ json: { valid: true } }),
    ];
    const { server, clock, seen } = await hooked(t, (event, count) => answers[count - 1]());
    const { json } = await server.enrich(chloe);
    for (const [i, wait] of [5, 300, 1800, 7200].entries()) {
        await tries(server, i + 1);
        assert.equal((await work(server, json.record_id)).verified, undefined);
        await clock.forward(server, wait * 1.2 + 1);
    }
    await verdict(server, json.record_id, true);
    assert.equal(seen.length, 5);
    assert.equal(new Set(seen.map((call) => call.headers['webhook-id'])).size, 1);
    const { deliveries: [delivery] } = await deliveries(server);
    assert.equal(delivery.state, 'delivered');
    assert.deepEqual(delivery.tries.map((one) => one.status), [200, 200, 500, 302, 200]);
    assert.match(delivery.tries[3].why, /redirects are not followed/);
    assert.doesNotMatch(JSON.stringify(delivery), /chloe\.walker/, 'bodies are shown redacted');
});

test('after the last try the event is dead, visible, and can be sent again', async (t) => {
    let valid = false;
    const { server, clock, seen } = await hooked(t, () => (valid ? { json: { valid } } : { status: 500 }));
    const { json } = await server.enrich(chloe);
    for (let i = 1; i <= 7; i++) {
        await tries(server, i);
        await clock.forward(server, 12 * 3600 + 1);
    }
    const { dead, waiting, deliveries: [delivery] } = await deliveries(server);
    assert.deepEqual([dead, waiting, delivery.state, seen.length], [1, 0, 'dead', 7]);
    valid = true;
    const again = await server.client.request('POST', `${PATH}/deliveries/${delivery.event_id}/redeliver`);
    assert.equal(again.status, 202, again.text);
    await verdict(server, json.record_id, true);
    const none = await server.client.request('POST', `${PATH}/deliveries/evt_0000000000000000000001/redeliver`);
    assert.equal(none.status, 404);
});

test('Retry-After is kept to, and 410 disables until it is set again', async (t) => {
    const answers = [() => ({ status: 503, headers: { 'retry-after': '1000' } }), () => ({ status: 410 }), answer(true)];
    const { server, clock, seen, hook } = await hooked(t, (event, count) => answers[count - 1]());
    const { json } = await server.enrich(chloe);
    await tries(server, 1);
    const { deliveries: [{ next_try_at: next }] } = await deliveries(server);
    assert.ok(Date.parse(next) - clock.now() > 900 * 1000, 'not after 5 s');
    await server.enrich({ email: 'chloe@northwind-demo.example', channels: ['work_email'] });
    await clock.forward(server, 500);
    await until(async () => (await deliveries(server)).waiting === 2);
    assert.equal(seen.length, 1, 'nor is another event sent meanwhile');
    await clock.forward(server, 501);
    await until(async () => (await server.client.get(PATH)).json.disabled_at !== null);
    assert.match((await server.client.get(PATH)).json.disabled_why, /410/);
    await clock.forward(server, 86400);
    assert.equal(seen.length, 2);
    const saved = await server.client.request('PUT', PATH, { body: { url: `${hook.url}/verify` } });
    assert.deepEqual([saved.status, saved.json.disabled_at, saved.json.secret], [200, null, undefined]);
    await verdict(server, json.record_id, true);
});

test('an endpoint that hangs, or answers without end, holds up nobody else', async (t) => {
    const { server, hook } = await hooked(t, (event, count) => count === 1
        ? (response) => response.writeHead(200).flushHeaders()
        : (response) => {
            response.writeHead(200);
            const pour = () => !response.destroyed && response.write(Buffer.alloc(65536), pour);
            pour();
        });
    const other = await startProvider(t, 'other', () => ({ json: {} }));
    const made = await server.client.request('POST', '/settings/webhooks',
        { body: { url: other.url, events: ['record.enriched'] } });
    assert.equal(made.status, 201, made.text);
    await server.enrich(chloe);
    await other.called(2); // the trial, and the event
    await hook.called(2);
    assert.equal((await server.enrich({ ...chloe, force: true })).status, 200);
    await other.called(3);
    const [event] = other.calls.slice(1).map((call) => JSON.parse(call.body));
    assert.deepEqual([event.type, event.data.found, event.data.credits_used], ['record.enriched', ['work_email'], 2]);
    assert.doesNotMatch(other.calls[1].body, /chloe/i, 'it says where to look, not who');
});

test('several endpoints that hang at once leave a place for the others', async (t) => {
    const { server } = await world(t, { providers: { acme: finds }, config: LOCAL });
    const hook = await startProvider(t, 'hook', (call) => JSON.parse(call.body).type === 'webhook.test' ? { json: {} } : () => {});
    const other = await startProvider(t, 'other', () => ({ json: {} }));
    const body = { url: hook.url, events: ['record.enriched'] };
    for (let i = 0; i < 9; i++)
        assert.equal((await server.client.request('POST', '/settings/webhooks', { body })).status, 201);
    for (let i = 0; i < 30; i++)
        assert.equal((await server.enrich({ ...chloe, force: true })).status, 200);
    assert.equal((await server.client.request('POST', '/settings/webhooks', { body: { ...body, url: other.url } })).status, 201);
    const before = hook.calls.length;
    await server.restart(); // what waits is due, and nothing is known of who hangs
    await hook.called(before + 100);
    const began = Date.now();
    await server.enrich({ ...chloe, force: true });
    await other.called(2);
    assert.ok(Date.now() - began < 5000, 'it waited for those that hang');
});

test('a crash loses no event and repeats none that was answered', async (t) => {
    const { server, seen } = await hooked(t, answer(true));
    const { json } = await server.enrich(chloe);
    await verdict(server, json.record_id, true);
    await server.kill();
    await server.start({ env: { UNSTUCK_FAULT: 'kill:event_answered:1' } });
    await server.enrich({ ...chloe, email: 'second@westmarkrobotics.com' }).catch(() => {});
    await server.exited;
    await server.start();
    await until(async () => (await deliveries(server)).waiting === 0);
    const { deliveries: all } = await deliveries(server);
    assert.deepEqual(all.map((one) => one.state), all.map(() => 'delivered'));
    const first = seen.filter((call) => call.event.data.record_id === json.record_id);
    assert.equal(first.length, 1);
    await server.stop();
    assert.equal((await server.verify()).code, 0);
});

test('a verdict whose write was in doubt is shown by lookups all the same', async (t) => {
    for (let nth = 12; nth < 27; nth++) { // from the lookup's commit to the verdict's
        let release;
        const { server, clock, hook } = await hooked(t, (event, count) => count > 1 ? { json: { valid: true } }
            : (response) => (release = () => response.end('{"valid":true}')));
        await server.restart({ env: { UNSTUCK_FAULT: `fail:store:${nth}` } });
        await until(async () => (await server.enrich(chloe)).status === 200);
        await hook.called(2);
        await server.enrich(chloe); // the record is in the cache now, without a verdict
        release();
        await until(async () => {
            await clock.forward(server, 1); // a write that failed is tried again after 5 s
            return (await deliveries(server)).waiting === 0;
        });
        let last;
        await until(async () => (last = await server.enrich(chloe)).status === 200); // the fault may have been left for it
        assert.equal(last.json.channels.work_email.verified, true, `fault ${nth}`);
        await server.kill();
    }
});

test('secrets overlap while they rotate', async (t) => {
    const { server, clock, seen, hook, saved } = await hooked(t, answer(true));
    const rotated = await server.client.request('PUT', PATH, { body: { url: hook.url, rotate_secret: true } });
    assert.notEqual(rotated.json.secret, saved.json.secret);
    await server.enrich(chloe);
    await until(() => seen.length === 1);
    assert.deepEqual(seen[0].headers['webhook-signature'].split(' ').sort(),
        [signature(rotated.json.secret, seen[0]), signature(saved.json.secret, seen[0])].sort());
    await clock.forward(server, 86401);
    await server.enrich({ ...chloe, email: 'second@westmarkrobotics.com' });
    await until(() => seen.length === 2);
    assert.equal(seen[1].headers['webhook-signature'], signature(rotated.json.secret, seen[1]));
    assert.equal((await server.client.get(PATH)).text.includes('whsec_'), false);
});

test('an address that must not be called is refused when it is saved', async (t) => {
    const { server } = await world(t, { providers: { acme: finds } });
    for (const url of ['https://127.0.0.1/x', 'https://169.254.169.254/', 'http://8.8.8.8/', 'https://[::1]/',
        'https://user:pass@example.com/', 'https://10.0.0.1/', 'ftp://example.com/', 'https://8.8.8.8:22/',
        'http://hooks.example/', 'https://hooks.example:8080/', 'nonsense', '']) {
        const refused = await server.client.request('PUT', PATH, { body: { url } });
        assert.equal(refused.status, 422, url);
        assert.equal(refused.json.errors[0].pointer, '/url');
        if (url)
            assert.ok(!refused.text.includes(url), 'the URL may hold a secret');
    }
    assert.equal((await server.client.get(PATH)).status, 404);
    const wrong = await server.client.request('PUT', PATH, { body: { url: 1, mode: 'now', deadline_ms: 1, more: true } });
    assert.deepEqual(wrong.json.errors.map((one) => one.pointer), ['/url', '/mode', '/deadline_ms', '/more']);
});

test('a test event shows what the endpoint answers', async (t) => {
    const { server, hook, saved } = await hooked(t);
    assert.deepEqual([saved.json.test.delivered, saved.json.test.status], [true, 200]);
    const tested = await server.client.request('POST', `${PATH}/test`);
    assert.deepEqual([tested.json.delivered, tested.json.status, tested.json.answer], [true, 200, '{}']);
    hook.stop();
    const gone = await server.client.request('POST', `${PATH}/test`);
    assert.deepEqual([gone.json.delivered, gone.json.status], [false, null]);
    assert.notEqual(gone.json.why, '');
});

test('an address in an answer is masked where the answer is cut, too', async (t) => {
    const { server, hook } = await hooked(t);
    hook.script = () => ({ text: `${'-'.repeat(1015)} ${FOUND}` });
    const { json } = await server.client.request('POST', `${PATH}/test`);
    assert.equal(json.answer, `${'-'.repeat(1015)} ***`);
});

test('a server that stops while a webhook is tried out leaves nothing behind', async (t) => {
    const { server, clock, hook } = await hooked(t);
    hook.script = () => () => {}; // hangs
    const asked = [server.client.request('PUT', PATH, { body: { url: hook.url } }),
        server.client.request('POST', `${PATH}/test`)].map((one) => one.catch(() => {}));
    await hook.called(3);
    const ended = server.stop();
    await server.logged(/stopping/);
    await clock.forward(server, 11); // the grace is over
    await Promise.all(asked);
    const { code, logs } = await ended;
    assert.equal(code, 0, logs);
    assert.doesNotMatch(logs, /lookups under way/);
});

test('a 410 from where the webhook was before does not disable it where it is now', async (t) => {
    let release;
    const { server, hook } = await hooked(t, (event, count, call) => call.path === '/verify'
        ? (response) => (release = () => response.writeHead(410).end()) : { json: { valid: true } });
    await server.enrich(chloe);
    await hook.called(2);
    assert.equal((await server.client.request('PUT', PATH, { body: { url: `${hook.url}/new` } })).status, 200);
    release();
    await tries(server, 1);
    assert.equal((await deliveries(server)).deliveries[0].tries[0].status, 410);
    assert.equal((await server.client.get(PATH)).json.disabled_at, null);
});

test('a webhook is not deleted while it is saved', async (t) => {
    const { server, hook } = await hooked(t);
    let release;
    hook.script = () => (response) => (release = () => response.end('{}'));
    const saving = server.client.request('PUT', PATH, { body: { url: hook.url } });
    await hook.called(2);
    const refused = await server.client.request('DELETE', PATH);
    assert.deepEqual([refused.status, refused.json.code], [409, 'webhook_being_saved']);
    release();
    assert.equal((await saving).status, 200);
    assert.equal((await server.client.request('DELETE', PATH)).status, 200);
    await server.restart();
    assert.equal((await server.client.get(PATH)).status, 404);
});

test('deleting takes the waiting events along, and nothing more is sent', async (t) => {
    const { server, seen } = await hooked(t, () => ({ status: 500 }));
    await server.enrich(chloe);
    await tries(server, 1);
    assert.equal((await server.client.request('DELETE', PATH)).status, 200);
    assert.equal((await server.client.get(`${PATH}/deliveries`)).status, 404);
    await server.enrich({ ...chloe, email: 'second@westmarkrobotics.com' });
    await server.restart();
    assert.equal((await server.client.get(PATH)).status, 404);
    assert.equal(seen.length, 1);
});

test('what has ended is forgotten after thirty days, though nothing is sent any more', async (t) => {
    const { server, clock } = await hooked(t);
    const { json } = await server.enrich(chloe);
    await verdict(server, json.record_id, true);
    await clock.forward(server, 29 * 86400);
    assert.equal((await deliveries(server)).deliveries.length, 1);
    await clock.forward(server, 86400 + 3601);
    await until(async () => (await deliveries(server)).deliveries.length === 0);
});

test('erasing a record takes its events along', async (t) => {
    const { server } = await hooked(t, () => ({ status: 500 }));
    const { json } = await server.enrich(chloe);
    await tries(server, 1);
    assert.equal((await server.client.request('DELETE', `/records/${json.record_id}`)).status, 200);
    assert.deepEqual((await deliveries(server)).deliveries, []);
});

test('who is suppressed is not sent to be judged any more', async (t) => {
    const { server, clock, seen } = await hooked(t, () => ({ status: 500 }));
    const suppress = (body) => server.client.request('POST', '/suppressions', { body });
    await server.enrich(chloe);
    await tries(server, 1);
    assert.equal((await suppress({ email: chloe.email })).status, 201); // known by it; another address was found
    await clock.forward(server, 7);
    await tries(server, 2);
    const { deliveries: [delivery] } = await deliveries(server);
    assert.deepEqual([delivery.state, delivery.tries[1].status, seen.length], ['dead', null, 1]);
    assert.match(delivery.tries[1].why, /suppressed/);
    assert.deepEqual((await server.client.get('/records')).json.records, []);
    assert.deepEqual((await server.client.get('/records?pushable=true')).json.records, []);
    await server.client.request('POST', `${PATH}/deliveries/${delivery.event_id}/redeliver`);
    await tries(server, 3);
    assert.equal(seen.length, 1);
});

test('what was read of the events of somebody who is then erased or suppressed is not sent', async (t) => {
    let release;
    const { server, clock, hook, seen } = await hooked(t, (event, count) => count <= 4 ? { status: 500 }
        : count === 5 ? (response) => (release = () => response.end('{"valid":true}')) : { json: { valid: true } },
    { providers: { acme: { script: (call) => hit({ work_email: `found.${call.email}` }) } } });
    const people = {};
    for (const [i, name] of ['a', 'b', 'c', 'd'].entries()) {
        const email = `${name}@westmarkrobotics.com`;
        people[name] = (await server.enrich({ ...chloe, email })).json.record_id;
        await until(async () => (await deliveries(server)).deliveries.filter((one) => one.tries.length === 1).length === i + 1);
    }
    await clock.forward(server, 7); // all are due: one is sent, and hangs; three wait in memory
    await hook.called(6);
    await until(() => release !== undefined);
    const [first, ...others] = ['a', 'b', 'c', 'd'].filter((name) => !seen[4].event.data.email.includes(`.${name}@`));
    assert.equal((await server.client.request('DELETE', `/records/${people[first]}`)).status, 200);
    const body = { email: `${others[0]}@westmarkrobotics.com` };
    assert.equal((await server.client.request('POST', '/suppressions', { body })).status, 201);
    release();
    await until(async () => (await deliveries(server)).waiting === 0);
    assert.deepEqual(seen.slice(5).map((call) => call.event.data.email), [`found.${others[1]}@westmarkrobotics.com`]);
    const { deliveries: left } = await deliveries(server);
    assert.deepEqual(left.map((one) => one.state).sort(), ['dead', 'delivered', 'delivered']);
});

test('credits.low is told once, when the balance comes below the threshold', async (t) => {
    const { server } = await world(t, { providers: { acme: finds }, config: LOCAL, credits: 10 });
    const hook = await startProvider(t, 'hook', () => ({ json: {} }));
    const body = { url: hook.url, events: ['credits.low'], credits_below: 7 };
    assert.equal((await server.client.request('POST', '/settings/webhooks', { body })).status, 201);
    for (const name of ['a', 'b', 'c'])
        await server.enrich({ ...chloe, email: `${name}@westmarkrobotics.com`, force: true });
    await hook.called(2);
    const event = JSON.parse(hook.calls[1].body);
    assert.deepEqual([event.type, event.data], ['credits.low', { threshold: 7, balance: 6 }]);
    const [{ endpoint_id: id }] = (await server.client.get('/settings/webhooks')).json.webhooks;
    const { json } = await server.client.get(`/settings/webhooks/${id}/deliveries`);
    assert.equal(json.deliveries.length, 1);
    assert.equal((await server.client.request('DELETE', `/settings/webhooks/${id}`)).status, 200);
    assert.equal((await server.client.request('DELETE', `/settings/webhooks/${id}`)).status, 404);
});

test('a workspace has at most ten webhooks', async (t) => {
    const { server } = await world(t, { providers: { acme: finds }, config: LOCAL });
    const hook = await startProvider(t, 'hook', () => ({ json: {} }));
    const body = { url: hook.url, events: ['record.enriched'] };
    for (let i = 0; i < 10; i++)
        assert.equal((await server.client.request('POST', '/settings/webhooks', { body })).status, 201);
    const refused = await server.client.request('POST', '/settings/webhooks', { body });
    assert.deepEqual([refused.status, refused.json.code], [409, 'webhook_limit_reached']);
});

// Two providers with an address each; the endpoint is asked before the answer.
async function before(t, script, options = {}) {
    const clock = await movableClock(t);
    const { server } = await world(t, {
        providers: {
            first: { script: () => hit({ work_email: FOUND }) },
            second: { script: () => hit({ work_email: 'c.walker@westmarkrobotics.com' }), price: 3 },
        },
        env: clock.env, config: LOCAL, ...options,
    });
    const seen = [];
    const hook = await startProvider(t, 'hook', (call) => {
        const event = JSON.parse(call.body);
        if (event.type === 'webhook.test')
            return { json: {} };
        seen.push({ ...call, event });
        return script(event, seen.length);
    });
    const saved = await server.client.request('PUT', PATH, { body: { url: hook.url, mode: 'before_answer', deadline_ms: 300 } });
    assert.equal(saved.status, 201, saved.text);
    return { server, seen, saved };
}

test('asked before the answer, an invalid e-mail is not found, and the waterfall goes on uncharged', async (t) => {
    const { server, seen, saved } = await before(t, (event) => ({ json: { valid: event.data.email !== FOUND } }));
    const { json } = await server.enrich(chloe);
    assert.equal(json.channels.work_email.value, 'c.walker@westmarkrobotics.com');
    assert.equal(json.channels.work_email.verified, true);
    assert.equal(json.credits_used, 3);
    assert.equal(await charged(server), 3);
    assert.equal(seen.length, 2);
    assert.equal(seen[0].headers['webhook-signature'], signature(saved.json.secret, seen[0]));
    assert.deepEqual((await server.trail(json.record_id)).filter((row) => row.channel === 'work_email' && !row.verifies)
        .map(({ provider, outcome, credits }) => [provider, outcome, credits]), [['first', 'invalid', 0], ['second', 'hit', 3]]);
    assert.equal((await server.enrich(chloe)).json.channels.work_email.verified, true);
    assert.equal((await deliveries(server)).deliveries.length, 0, 'what was judged is not asked again');
});

test('when everything is judged invalid nothing is charged and the books balance', async (t) => {
    const { server } = await before(t, () => ({ json: { valid: false } }));
    const { json } = await server.enrich(chloe);
    assert.deepEqual([json.channels.work_email, json.credits_used], [null, 0]);
    assert.equal(await charged(server), 0);
    assert.equal((await server.credits()).held, 0);
    await server.stop();
    assert.equal((await server.verify()).code, 0);
});

test('endpoints that hang when they are asked before the answer, or tried out, hold up no delivery', async (t) => {
    const finds = { channels: ['work_email', 'linkedin_url'], price: 1,
        script: (call) => hit({ work_email: `found.${call.email}`, linkedin_url: 'https://www.linkedin.com/in/chloe' }) };
    const { server } = await world(t, { providers: { acme: finds }, config: LOCAL });
    const hook = await startProvider(t, 'hook', (call) => JSON.parse(call.body).type === 'webhook.test' && hook.calls.length === 1
        ? { json: {} } : () => {});
    const other = await startProvider(t, 'other', () => ({ json: {} }));
    assert.equal((await server.client.request('PUT', PATH,
        { body: { url: hook.url, mode: 'before_answer', deadline_ms: 15000 } })).status, 201);
    assert.equal((await server.client.request('POST', '/settings/webhooks',
        { body: { url: other.url, events: ['record.enriched'] } })).status, 201);
    const bulk = (from) => server.client.request('POST', '/enrichment/bulk', { body: {
        records: Array.from({ length: 100 }, (_, i) => ({ email: `p${from + i}@westmarkrobotics.com` })),
        channels: ['work_email'] } }).catch(() => {});
    bulk(0);
    bulk(100);
    const tests = Array.from({ length: 9 }, () => server.client.request('POST', `${PATH}/test`).catch(() => {}));
    await hook.called(150);
    assert.equal((await Promise.race(tests)).status, 409, 'a few at a time');
    const began = Date.now();
    await server.enrich({ email: 'chloe@westmarkrobotics.com', channels: ['linkedin_url'] });
    await other.called(2);
    assert.ok(Date.now() - began < 5000, 'it waited for those that hang');
});

test('without a verdict in time the value stands, and is judged after the answer', async (t) => {
    const { server, seen } = await before(t, (event, count) => (count === 1 ? () => {} : { json: { valid: true } }));
    const { json } = await server.enrich(chloe);
    assert.equal(json.channels.work_email.value, FOUND);
    assert.equal('verified' in json.channels.work_email, false);
    await verdict(server, json.record_id, true);
    assert.equal(seen.length, 2);
    assert.equal(seen[1].event.data.record_id, json.record_id);
});
