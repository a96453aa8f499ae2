// How providers are: out of service they are passed over at once, limits are kept, and what cannot cost twice is sent
// once again.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from './support/test.mjs';
import { gate, hit, misbehave, miss } from './support/provider.mjs';
import { movableClock } from './support/server.mjs';
import { charged, world } from './support/world.mjs';

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

test('so does a reload, with a provider that is checked anew', async (t) => {
    let status = 401;
    const script = (call) => (call.path === '/me' || status !== 200 ? { status, json: {} } : found(call));
    const { server, acme } = await world(t, { providers: { acme: { script, check: '/me' }, good } });
    await server.logged(/provider out of service/);
    assert.deepEqual((await lookup(server)).trail, ['acme auth_error', 'good hit']);
    status = 200;
    const { status: answered } = await server.client.request('POST', '/admin/reload');
    assert.equal(answered, 200);
    assert.deepEqual((await lookup(server)).trail, ['acme hit']);
    await server.logged(/provider's key is right/);
    assert.equal(acme.calls.filter(({ path }) => path === '/me').length, 2);
    assert.equal(lines(server, 'provider in service again').length, 1);
});

test('a provider without a key is passed over, and the start says what is missing', async (t) => {
    const { server, acme } = await world(t, {
        providers: { acme: { script: found, request: { headers: { 'X-Key': '{secret.key}' } } }, good }, prepare: true,
    });
    server.config.providers[0].connector.secrets = { key: 'NOBODY_SET_THIS_KEY' };
    await server.start();
    assert.deepEqual((await lookup(server)).trail, ['acme auth_error', 'good hit']);
    assert.equal(acme.calls.length, 0);
    assert.equal(await state(server, 'acme'), 'unusable');
    const [line, ...more] = lines(server, 'provider out of service');
    assert.equal(more.length, 0);
    assert.equal(line.state, 'unusable');
    assert.match(line.remedy, /NOBODY_SET_THIS_KEY/);
    server.config.providers[0].secrets = { key: { file: join(server.folder, 'acme-key') } };
    await writeFile(join(server.folder, 'acme-key'), 'the-key');
    await writeFile(join(server.folder, 'config.json'), JSON.stringify(server.config));
    assert.equal((await server.client.request('POST', '/admin/reload')).status, 200);
    assert.deepEqual((await lookup(server)).trail, ['acme hit']);
    assert.equal(lines(server, 'provider in service again')[0].was, 'unusable');
});

for (const [name, value] of [
    ['seconds', () => '60'],
    ['a date', () => new Date(Date.now() + 60000).toUTCString()],
    ['a date as in RFC 850', () => rfc850(new Date(Date.now() + 60000))],
    ['a date as of asctime', () => asctime(new Date(Date.now() + 60000))],
])
    test(`a provider is left alone for as long as it asks: Retry-After in ${name}`, async (t) => {
        const clock = await movableClock(t);
        const { server, acme } = await world(t, {
            providers: {
                acme: {
                    script: (call) => (call.count > 1 ? found(call)
                        : { status: 429, headers: { 'retry-after': value() }, json: {} }),
                },
                good,
            },
            env: clock.env,
        });
        assert.deepEqual((await lookup(server)).trail, ['acme rate_limited', 'good hit']);
        await clock.forward(server, 45);
        assert.deepEqual((await lookup(server)).trail, ['acme rate_limited', 'good hit']);
        assert.equal(acme.calls.length, 1);
        assert.equal(await state(server, 'acme'), 'rate_limited');
        await clock.forward(server, 15);
        assert.equal(await state(server, 'acme'), 'in_service');
        assert.deepEqual((await lookup(server)).trail, ['acme hit']);
    });

function rfc850(date) {
    const [, , month] = date.toUTCString().split(' ').slice(0, 3);
    const day = date.toLocaleDateString('en-GB', { weekday: 'long', timeZone: 'UTC' });
    const [, dayOfMonth] = date.toUTCString().split(' ');
    return `${day}, ${dayOfMonth}-${month}-${String(date.getUTCFullYear()).slice(2)} ${date.toISOString().slice(11, 19)} GMT`;
}

function asctime(date) {
    const [weekday, day, month, year, time] = date.toUTCString().replace(',', '').split(' ');
    return `${weekday} ${month} ${String(Number(day)).padStart(2)} ${time} ${year}`;
}

test('a short wait is waited for within the call', async (t) => {
    const { server, acme } = await world(t, {
        providers: {
            acme: {
                script: (call) => (call.count > 1 ? found(call) : { status: 429, headers: { 'retry-after': '1' }, json: {} }),
            },
        },
    });
    const { trail, attempts, json } = await lookup(server);
    assert.deepEqual(trail, ['acme hit']);
    assert.ok(attempts[0].ms >= 1000);
    assert.equal(acme.calls.length, 2);
    assert.equal(json.credits_used, 2);
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

test('a GET that failed with 503 is sent once again, and charged once', async (t) => {
    const { server, acme } = await world(t, {
        providers: { acme: { script: (call) => (call.count % 2 === 1 ? { status: 503, json: {} } : found(call)) } },
    });
    for (const { trail, json } of await lookups(server, 3)) {
        assert.deepEqual(trail, ['acme hit']);
        assert.equal(json.credits_used, 2);
    }
    assert.equal(acme.calls.length, 6);
    assert.equal(await charged(server), 6);
    assert.equal(await metric(server, 'unstuck_provider_retries_total{provider="acme",result="sent"}'), 3);
    await server.stop();
    const books = await server.verify();
    assert.equal(books.code, 0, books.stdout + books.stderr);
});

test('a GET that fails twice is an error: there is no third time', async (t) => {
    const { server, acme } = await world(t, { providers: { acme: { script: () => ({ status: 503, json: {} }) }, good } });
    assert.deepEqual((await lookup(server)).trail, ['acme error', 'good hit']);
    assert.equal(acme.calls.length, 2);
});

test('when much fails, a fifth of the calls is sent again and ten more', { timeout: 60000 }, async (t) => {
    const CALLS = 200;
    const { server, acme } = await world(t, { // too little in a row, and too little in all, to open the circuit
        providers: { acme: { script: ({ count }) => (count % 5 < 2 ? { status: 503, json: {} } : miss), timeout_ms: 1500 } },
    });
    const all = [];
    for (let i = 0; i < CALLS / 20; i++)
        all.push(...await Promise.all(Array.from({ length: 20 }, () => server.enrich(somebody()))));
    assert.ok(all.every(({ status }) => status === 200));
    const again = acme.calls.length - CALLS;
    assert.ok(again > 10 && again <= CALLS / 5 + 10, `${again} were sent again`);
    assert.ok(await metric(server, 'unstuck_provider_retries_total{provider="acme",result="over_budget"}') > 0);
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
    for (let i = 5; i < arrivals.length; i++) // sent a second apart; on a busy machine they arrive less evenly
        assert.ok(arrivals[i] - arrivals[i - 5] >= 750, `six within ${arrivals[i] - arrivals[i - 5]} ms`);
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
        config: { lookup: { deadline_ms: 3000 } },
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

// --- keys ---

// Its free call says `status`; lookups find.
const checked = (status) => ({
    script: (call) => (call.path === '/me' ? { status, json: {} } : found(call)), check: '/me',
});

for (const [status, word] of [[401, 'auth_error'], [402, 'out_of_credits']])
    test(`what a provider says of its key is known before a lookup is hurt: ${word}`, async (t) => {
        const { server, acme } = await world(t, { providers: { acme: checked(status), good } });
        await server.logged(/provider out of service/);
        assert.equal(await state(server, 'acme'), word);
        assert.deepEqual((await lookup(server)).trail, [`acme ${word}`, 'good hit']);
        assert.deepEqual(acme.calls.map(({ path }) => path), ['/me']);
    });

test('a right key is noted, and a check that fails says nothing of the key', async (t) => {
    const { server, acme, lame } = await world(t, { providers: { acme: checked(200), lame: checked(500) } });
    await server.logged(/provider's key is right/);
    await server.logged(/provider's key could not be checked/);
    assert.equal(await state(server, 'acme'), 'in_service');
    assert.equal(await state(server, 'lame'), 'in_service');
    assert.equal(acme.calls.length, 1);
    assert.equal(lame.calls.length, 1);
    assert.equal((await server.credits()).balance, 10000);
});

test('keys are not checked when the configuration says so', async (t) => {
    const { server, acme } = await world(t, {
        providers: { acme: { ...checked(401), limits: { per_second: 1 }, timeout_ms: 20000 } },
        config: { health: { check_keys: false } },
    });
    await lookups(server, 4); // takes longer than checks would have waited
    assert.deepEqual(acme.calls.map(({ path }) => path), ['/find', '/find', '/find', '/find']);
});

test('a server stops while a key is being checked', async (t) => {
    const { server, acme } = await world(t, { providers: { acme: { ...checked(200), script: misbehave.never } } });
    await acme.called(1);
    const { code, logs } = await server.stop();
    assert.equal(code, 0, logs);
});

test("the configuration's limits win over the connector's", async (t) => {
    let now = 0;
    let most = 0;
    const script = async (call) => {
        most = Math.max(most, ++now);
        await new Promise((done) => setImmediate(done));
        now--;
        return found(call);
    };
    const { server } = await world(t, { providers: { acme: { script, limits: { concurrent: 2 } } }, prepare: true });
    server.config.providers[0].connector.limits = { concurrent: 50, per_second: 1000 };
    await server.start();
    await Promise.all(Array.from({ length: 30 }, () => lookup(server)));
    assert.equal(most, 2);
    server.config.providers[0].limits = undefined;
    server.config.providers[0].connector.limits = { concurrent: 4 };
    most = 0;
    await server.restart();
    await Promise.all(Array.from({ length: 30 }, () => lookup(server)));
    assert.equal(most, 4);
});

test('polls are kept to the rate declared for them', { timeout: 60000 }, async (t) => {
    const polls = [];
    const { server } = await world(t, {
        providers: {
            acme: {
                script: (call) => {
                    if (call.method === 'POST')
                        return { json: { id: JSON.parse(call.body).mail } };
                    polls.push(performance.now());
                    return { json: { status: 'done', work_email: call.query.id, score: 90 } };
                },
                limits: { polls_per_minute: 60 },
                timeout_ms: 30000,
            },
        },
        prepare: true,
    });
    const [entry] = server.config.providers;
    const { request, channels } = entry.connector;
    const base = request.url.split('/find')[0];
    entry.connector = {
        connector: 1,
        ways: [{
            needs: [['email']],
            steps: [
                { request: { method: 'POST', url: `${base}/start`, body: { mail: '{email}' } }, keep: { id: ['/id'] } },
                {
                    request: { url: `${base}/result?id={kept.id}` },
                    poll: { after_ms: 1, every_ms: 1 },
                    outcomes: [{ at: '/status', equals: 'running', outcome: 'pending' }],
                    channels,
                },
            ],
        }],
    };
    await server.start();
    const all = await Promise.all(Array.from({ length: 10 }, () => lookup(server)));
    assert.ok(all.every(({ trail }) => trail.join() === 'acme hit'), all.map(({ trail }) => trail).join());
    assert.equal(polls.length, 10);
    for (let i = 7; i < polls.length; i++) // a burst of seven, then evenly
        assert.ok(polls[i] - polls[i - 7] >= 750, `${polls[i] - polls[i - 7]} ms`);
});

// --- everything at once ---

// Numbers from 0 to 1, the same for the same seed.
function chance(seed) {
    return () => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648;
}

test('whatever providers do, every lookup is answered and the books balance', { timeout: 120000 }, async (t) => {
    const seed = Date.now() % 100000;
    t.diagnostic(`seed ${seed}`);
    const random = chance(seed);
    const clock = await movableClock(t);
    const seen = { post: {}, get: {}, few: {} };
    const most = { post: 0, get: 0, few: 0 };
    const now = { ...most };
    const wild = (name) => async (call) => {
        const mail = call.email ?? JSON.parse(call.body).mail;
        seen[name][mail] = (seen[name][mail] ?? 0) + 1;
        most[name] = Math.max(most[name], ++now[name]);
        for (let turns = Math.floor(random() * 20); turns > 0; turns--)
            await new Promise((done) => setImmediate(done));
        now[name]--;
        const all = [() => found(call), () => found(call), () => miss, () => miss, () => broken,
            () => ({ status: 503, headers: { 'retry-after': '1' }, json: {} }), () => ({ status: 429, json: {} }),
            misbehave.notJson, misbehave.garbage, misbehave.never];
        if (name === 'post') // a GET whose kept connection is closed is sent again by libcurl
            all.push(misbehave.closeEarly);
        return all[Math.floor(random() * all.length)]();
    };
    const { server } = await world(t, {
        providers: {
            post: { script: wild('post'), request: POST, timeout_ms: 600, price: 3 },
            get: { script: wild('get'), timeout_ms: 600, price: 5, limits: { concurrent: 4 } },
            few: { script: wild('few'), timeout_ms: 1200, price: 7, limits: { per_second: 40, concurrent: 10 } },
        },
        env: clock.env,
    });
    let used = 0;
    for (let round = 0; round < 10; round++) {
        await clock.forward(server, 320); // everybody is tried again
        const all = await Promise.all(Array.from({ length: 30 }, () => lookup(server)));
        for (const { json, attempts, headers } of all) {
            used += json.credits_used;
            assert.equal(json.credits_used, attempts.reduce((sum, { credits }) => sum + credits, 0));
            const answered = attempts.every(({ outcome }) => ['hit', 'miss'].includes(outcome));
            assert.equal('unstuck-incomplete' in headers, json.channels.work_email === null && !answered);
        }
    }
    assert.equal(await charged(server), used);
    assert.ok(Object.values(seen.post).every((times) => times === 1), 'a POST was sent again');
    assert.ok(Object.values({ ...seen.get, ...seen.few }).every((times) => times <= 2), 'sent again twice');
    assert.ok(most.get <= 4 && most.few <= 10, JSON.stringify(most));
    assert.equal((await server.credits()).held, 0);
    assert.equal(await metric(server, 'unstuck_provider_calls_waiting{provider="get"}'), 0);
    assert.equal((await server.stop()).code, 0);
    const books = await server.verify();
    assert.equal(books.code, 0, books.stdout + books.stderr);
});
