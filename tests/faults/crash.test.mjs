// The crash test: the process is killed at three random moments while 200 lookups of 2 credits each run
// against providers of 400 ms; clients ask until they are answered. Exactly 400 credits are charged, the
// books are clean, and no answer is ever contradicted. UNSTUCK_SEEDS (default 20) or UNSTUCK_SEED choose.
import assert from 'node:assert/strict';
import test from '../flow/support/test.mjs';
import { hit } from '../flow/support/provider.mjs';
import { charged, world } from '../flow/support/world.mjs';

const LOOKUPS = 200;
const PRICE = 2;
const PROVIDER_MS = 400;
const KILLS = 3;
const AT_ONCE = 4;

const first = Number(process.env.UNSTUCK_SEED ?? Date.now() % 1000000);
const seeds = process.env.UNSTUCK_SEED ? [first]
    : [...Array(Number(process.env.UNSTUCK_SEEDS ?? 20)).keys()].map((i) => first + i);

for (let i = 0; i < seeds.length; i += AT_ONCE)
    test(`no credit is lost or charged twice over three kills (seeds ${seeds.slice(i, i + AT_ONCE)})`, { timeout: 300000, concurrency: true },
        async (t) => {
            await Promise.all(seeds.slice(i, i + AT_ONCE).map((seed) =>
                t.test(`seed ${seed}`, (s) => crash(s, seed))));
        });

async function crash(t, seed) {
    const random = generator(seed);
    const { server, slow } = await world(t, {
        // Each call answers something else: a result that was answered and then lost would show.
        providers: {
            slow: {
                script: ({ count, email }) => new Promise((done) =>
                    setTimeout(() => done(hit({ work_email: `v${count}.${email}` })), PROVIDER_MS)),
                price: PRICE,
            },
        },
        credits: 1000,
    });
    const answers = new Map();
    const clients = [...Array(LOOKUPS).keys()].map((i) => askUntilAnswered(server, i, answers));

    for (let kill = 0; kill < KILLS; kill++) {
        await someTime(random() * (PROVIDER_MS + 150));
        server.restarted = new Promise((done) => (server.isBack = done));
        await server.restart();
        server.isBack();
    }
    await Promise.all(clients);
    assert.equal(answers.size, LOOKUPS);
    await contradictsNothing(server, answers);
    await server.restart();
    await contradictsNothing(server, answers);

    assert.equal(await charged(server, 1000), LOOKUPS * PRICE, `seed ${seed}`);
    assert.equal((await server.credits()).held, 0, `seed ${seed}`);
    const calls = slow.calls.length;
    assert.ok(calls >= LOOKUPS);
    await server.stop();
    const verify = await server.verify();
    assert.equal(verify.code, 0, `seed ${seed}: ${verify.stdout}${verify.stderr}`);
}

const question = (i) => ({ email: `p${i}@ex.org`, channels: ['work_email'] });
const meaning = ({ json }) => JSON.stringify([json.record_id, json.channels]);

async function askUntilAnswered(server, i, answers) {
    for (;;) {
        const restarted = server.restarted;
        try {
            const answer = await server.enrich(question(i));
            assert.equal(answer.status, 200, answer.text);
            answers.set(i, meaning(answer));
            return;
        } catch (problem) {
            if (problem instanceof assert.AssertionError)
                throw problem;
            await (server.restarted ?? restarted); // the connection broke: once it is back, ask again
            await new Promise(setImmediate);
        }
    }
}

async function contradictsNothing(server, answers) {
    await Promise.all([...answers].map(async ([i, told]) => {
        const again = await server.enrich(question(i));
        assert.equal(meaning(again), told);
        assert.equal(again.json.credits_used, 0);
    }));
}

// The kill must come at an arbitrary moment: this is the one place where a test lets time pass.
const someTime = (ms) => new Promise((done) => setTimeout(done, ms));

// mulberry32: a small seeded generator of numbers in [0, 1).
function generator(seed) {
    let state = seed >>> 0;
    return () => {
        state = (state + 0x6d2b79f5) >>> 0;
        let mixed = Math.imul(state ^ (state >>> 15), state | 1);
        mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    };
}
