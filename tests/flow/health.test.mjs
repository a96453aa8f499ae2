// How providers are: out of service they are passed over at once, limits are kept, and what cannot cost twice is sent
// once again.
import assert from 'node:assert/strict';
import test from './support/test.mjs';
import { gate, hit, misbehave } from './support/provider.mjs';
import { movableClock } from './support/server.mjs';
import { world } from './support/world.mjs';

const POST = { method: 'POST', body: { mail: '{email}' } };
const broken = { status: 500, json: {} };
const found = ({ email, body }) => hit({ work_email: email ?? JSON.parse(body).mail });
const good = { script: found };

// A person that nobody has asked for yet.
let people = 0;
const somebody = () => ({ email: `person${++people}@ex.org`, channels: ['work_email'] });

// One lookup: its trail as "provider outcome", and the answer.
async function lookup(server, ask = somebody()) {
    const answer = await server.enrich(ask);
    assert.equal(answer.status, 200);
    const trail = await server.trail(answer.json.record_id);
    return { ...answer, ask, trail: trail.map(({ provider, outcome }) => `${provider} ${outcome}`), attempts: trail };
}

async function lookups(server, count) {
    const all = [];
    for (let i = 0; i < count; i++)
        all.push(await lookup(server));
    return all;
}

async function state(server, provider) {
    const { text } = await server.client.get('/metrics');
    const states = [...text.matchAll(/^unstuck_provider_state\{provider="(.*?)",state="(.*?)"\} 1$/gm)];
    return states.filter(([, name]) => name === provider).map(([, , word]) => word).join();
}

async function metric(server, line) {
    const { text } = await server.client.get('/metrics');
    return Number(text.split('\n').find((one) => one.startsWith(`${line} `))?.split(' ').pop() ?? 0);
}

const lines = (server, msg) => server.logLines().filter((line) => line.msg === msg);

// A provider that fails until told else, and a good one behind it; its circuit is open.
async function opened(t, options = {}) {
    const clock = await movableClock(t);
    let script = () => broken;
    const { server, bad } = await world(t, {
        providers: { bad: { script: (call) => script(call), request: POST }, good }, env: clock.env, ...options,
    });
    for (const { trail } of await lookups(server, 5))
        assert.deepEqual(trail, ['bad error', 'good hit']);
    return { clock, server, bad, become: (next) => (script = next) };
}

test('five failures open the circuit, and lookups go on to the next provider at once', async (t) => {
    const { server, bad } = await opened(t);
    for (const { trail, attempts, json } of await lookups(server, 20)) {
        assert.deepEqual(trail, ['bad circuit_open', 'good hit']);
        assert.equal(attempts[0].ms, 0);
        assert.equal(json.credits_used, 2);
    }
    assert.equal(bad.calls.length, 5);
    assert.equal(await state(server, 'bad'), 'circuit_open');
    assert.equal(await state(server, 'good'), 'in_service');
    assert.equal(await metric(server, 'unstuck_provider_skips_total{provider="bad",outcome="circuit_open"}'), 20);
    const out = lines(server, 'provider out of service');
    assert.equal(out.length, 1);
    assert.equal(out[0].provider, 'bad');
    assert.equal(out[0].state, 'circuit_open');
    assert.ok(out[0].for_s >= 5 && out[0].for_s <= 10);
});

test('an open circuit closes after its pause with a good answer', async (t) => {
    const { clock, server, bad, become } = await opened(t);
    become(found);
    await clock.forward(server, 10);
    assert.deepEqual((await lookup(server)).trail, ['bad hit']);
    assert.deepEqual((await lookup(server)).trail, ['bad hit']);
    assert.equal(bad.calls.length, 7);
    assert.equal(await state(server, 'bad'), 'in_service');
    assert.equal(lines(server, 'provider in service again').length, 1);
});

test('a bad answer after the pause opens it again for longer', async (t) => {
    const { clock, server, bad } = await opened(t);
    await clock.forward(server, 10);
    assert.deepEqual((await lookup(server)).trail, ['bad error', 'good hit']);
    await clock.forward(server, 9);
    assert.deepEqual((await lookup(server)).trail, ['bad circuit_open', 'good hit']);
    await clock.forward(server, 11);
    assert.deepEqual((await lookup(server)).trail, ['bad error', 'good hit']);
    assert.equal(bad.calls.length, 7);
    assert.equal(lines(server, 'provider out of service').length, 1);
});

test('an open circuit is tried by three calls at once, however many come', async (t) => {
    const { clock, server, bad, become } = await opened(t);
    const held = gate();
    become(async (call) => {
        await held.opened;
        return found(call);
    });
    await clock.forward(server, 10);
    const all = Array.from({ length: 20 }, () => lookup(server));
    await bad.called(8);
    const passed = await Promise.race([...all]); // somebody is through while they wait
    assert.deepEqual(passed.trail, ['bad circuit_open', 'good hit']);
    held.open();
    const trails = (await Promise.all(all)).map(({ trail }) => trail.join());
    assert.equal(bad.calls.length, 8);
    assert.equal(trails.filter((trail) => trail === 'bad hit').length, 3);
    assert.equal(await state(server, 'bad'), 'in_service');
});

test('what an open circuit leaves out is no remembered null', async (t) => {
    const clock = await movableClock(t);
    let script = () => broken;
    const { server, only } = await world(t, {
        providers: { only: { script: (call) => script(call), request: POST } }, env: clock.env,
    });
    await lookups(server, 5);
    const { ask, json, headers, trail } = await lookup(server);
    assert.deepEqual(trail, ['only circuit_open']);
    assert.equal(json.channels.work_email, null);
    assert.equal(headers['unstuck-incomplete'], 'work_email');
    assert.equal(json.credits_used, 0);
    script = found;
    await clock.forward(server, 10);
    const again = await server.enrich(ask);
    assert.equal(again.json.channels.work_email.value, ask.email);
    assert.equal(again.json.credits_used, 2);
    assert.equal(only.calls.length, 6);
});

for (const [name, status, word, remedy] of [
    ['used-up credits', 402, 'out_of_credits', /top up/],
    ['a refused key', 401, 'auth_error', /secret/],
])
    test(`${name} take a provider out and say so, until a call is answered`, async (t) => {
        const clock = await movableClock(t);
        let script = () => ({ status, json: { error: 'no' } });
        const { server, acme } = await world(t, {
            providers: {
                acme: { script: (call) => script(call), request: { headers: { 'X-Key': '{secret.key}' } } }, good,
            },
            env: { ...clock.env, ACME_KEY: 'a-very-secret-key' },
            prepare: true,
        });
        server.config.providers[0].secrets = { key: { env: 'ACME_KEY' } };
        await server.start();
        assert.deepEqual((await lookup(server)).trail, [`acme ${word}`, 'good hit']);
        for (const { trail } of await lookups(server, 5))
            assert.deepEqual(trail, [`acme ${word}`, 'good hit']);
        assert.equal(acme.calls.length, 1);
        assert.equal(acme.calls[0].headers['x-key'], 'a-very-secret-key');
        assert.equal(await state(server, 'acme'), word);
        const [line, ...more] = lines(server, 'provider out of service');
        assert.equal(more.length, 0);
        assert.equal(line.level, 'warn');
        assert.equal(line.state, word);
        assert.match(line.remedy, remedy);
        assert.ok(!server.logs.includes('a-very-secret-key'));
        await clock.forward(server, 300);
        script = found;
        assert.deepEqual((await lookup(server)).trail, ['acme hit']);
        assert.equal(await state(server, 'acme'), 'in_service');
    });

test('a restart clears what an operator mends', async (t) => {
    let script = () => ({ status: 401, json: {} });
    const { server } = await world(t, { providers: { acme: { script: (call) => script(call) }, good } });
    assert.deepEqual((await lookup(server)).trail, ['acme auth_error', 'good hit']);
    script = found;
    await server.restart();
    assert.deepEqual((await lookup(server)).trail, ['acme hit']);
});

test('a POST that may have been paid is never sent again', async (t) => {
    const answers = [broken, { status: 503, json: {} }, misbehave.closeEarly(), misbehave.half({ work_email: 'x' }), misbehave.notJson()];
    for (const answer of answers) {
        const { server, acme } = await world(t, { providers: { acme: { script: () => answer, request: POST } } });
        const { headers } = await lookup(server);
        assert.equal(headers['unstuck-incomplete'], 'work_email');
        assert.equal(acme.calls.length, 1);
    }
});

test('a declared rate is kept, whatever comes', { timeout: 60000 }, async (t) => {
    const arrivals = [];
    const { server } = await world(t, {
        providers: {
            acme: {
                script: (call) => {
                    arrivals.push(performance.now());
                    return found(call);
                },
                limits: { per_second: 5 }, timeout_ms: 20000,
            },
        },
    });
    const all = await Promise.all(Array.from({ length: 16 }, () => lookup(server)));
    assert.ok(all.every(({ trail }) => trail.join() === 'acme hit'));
    assert.equal(arrivals.length, 16);
    for (let i = 5; i < arrivals.length; i++) // what is sent evenly arrives a little less so
        assert.ok(arrivals[i] - arrivals[i - 5] >= 980, `six within ${arrivals[i] - arrivals[i - 5]} ms`);
});

test('calls at once are never more than declared', async (t) => {
    let now = 0;
    let most = 0;
    const { server, acme } = await world(t, {
        providers: {
            acme: {
                script: async (call) => {
                    most = Math.max(most, ++now);
                    await new Promise((done) => setImmediate(done));
                    now--;
                    return found(call);
                },
                limits: { concurrent: 3 },
            },
        },
    });
    const all = await Promise.all(Array.from({ length: 60 }, () => lookup(server)));
    assert.ok(all.every(({ trail }) => trail.join() === 'acme hit'));
    assert.equal(acme.calls.length, 60);
    assert.equal(most, 3);
});

test('who has no turn in its time goes on to the next provider', async (t) => {
    const held = gate();
    const { server, acme } = await world(t, {
        providers: {
            acme: {
                script: async (call) => {
                    await held.opened;
                    return found(call);
                },
                limits: { concurrent: 1 }, timeout_ms: 8000,
            },
            good,
        },
        config: { lookup: { deadline_ms: 400 } },
    });
    const first = lookup(server);
    await acme.called(1);
    const { trail } = await lookup(server);
    assert.deepEqual(trail, ['acme rate_limited', 'good hit']);
    assert.equal(acme.calls.length, 1);
    held.open();
    await first;
    assert.equal(await state(server, 'acme'), 'in_service'); // it did nothing wrong
});

test('a server that stops answers those who wait in line', async (t) => {
    const held = gate();
    const { server, acme } = await world(t, {
        providers: {
            acme: {
                script: async (call) => {
                    await held.opened;
                    return found(call);
                },
                limits: { concurrent: 1 },
            },
        },
    });
    const all = Array.from({ length: 6 }, () => server.enrich(somebody()));
    await acme.called(1);
    while (await metric(server, 'unstuck_provider_calls_waiting{provider="acme"}') < 5)
        continue;
    const ended = server.stop();
    await server.logged(/"msg":"stopping"/);
    held.open();
    for (const { status, json } of await Promise.all(all)) {
        assert.equal(status, 200);
        assert.equal(json.credits_used, 2);
    }
    const { code, logs } = await ended;
    assert.equal(code, 0, logs);
    const books = await server.verify();
    assert.equal(books.code, 0, books.stdout + books.stderr);
});
