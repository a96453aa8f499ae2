// The n-th call to the world fails, for every n, over one lookup with four channels: one answer or a clean
// refusal that may be retried, after which the sums are right and nothing is held.
import assert from 'node:assert/strict';
import test from '../flow/support/test.mjs';
import { HangError } from '../flow/support/client.mjs';
import { hit, miss, startProvider } from '../flow/support/provider.mjs';
import { Server, StartError } from '../flow/support/server.mjs';

const ask = { email: 'ann@ex.org' };
const PRICES = { work_email: 1, personal_email: 10, phone: 100, linkedin_url: 1000 };
const TOTAL = 1111;
const RETRIES = 10;
const AT_ONCE = 4;
const N_MAX = 2000;

for (const point of ['store', 'provider', 'socket', 'clock', 'any'])
    test(`whichever call to ${point} fails, one answer comes and the sums are right`, { timeout: 800000 }, async (t) => {
        const config = { providers: await providers(t) };
        let is_over = false;
        let fired = 0;
        for (let n = 1; !is_over && n < N_MAX; n += AT_ONCE) {
            const rounds = [...Array(AT_ONCE).keys()].map((i) => failNth(t, config, point, n + i));
            const results = await Promise.all(rounds);
            fired += results.filter(Boolean).length;
            is_over = results.includes(false);
        }
        assert.ok(is_over, 'the fault fires without end');
        assert.ok(fired > 0, `nothing ever calls ${point}`);
        t.diagnostic(`${point}: ${fired} calls failed, one by one`);
    });

// Two sources: the first knows two channels, the second the others; each is asked for all.
async function providers(t) {
    const one = await startProvider(t, 'one', () => hit({ work_email: 'ann@ex.org', phone: '+442079460011' }));
    const two = await startProvider(t, 'two', () => hit({ personal_email: 'ann@mail.example', linkedin_url: 'linkedin.com/in/ann' }));
    const three = await startProvider(t, 'three', () => miss);
    return [
        three.entry({ channels: Object.keys(PRICES), price: PRICES }),
        one.entry({ channels: ['work_email', 'phone'], price: PRICES }),
        two.entry({ channels: ['personal_email', 'linkedin_url'], price: PRICES }),
    ];
}

// One life of a server whose n-th call fails. Did the fault fire?
async function failNth(t, config, point, n) {
    const name = `${point}:${n}`;
    const server = await Server.prepare(t, { config });
    try {
        await server.start({ env: { UNSTUCK_FAULT: `fail:${name}` } });
    } catch (problem) {
        // It may refuse to start, with a word; not crash.
        assert.ok(problem instanceof StartError && problem.code > 0, `${name}: ${problem.message}`);
        return true;
    }
    const answer = await untilComplete(server, name);
    assert.equal(Object.values(answer.json.channels).filter(Boolean).length, 4, name);
    const credits = await retried(() => server.credits());
    assert.equal(credits.balance, 10000 - TOTAL, name);
    assert.equal(credits.held, 0, name);
    const stopped = await server.stop();
    assert.equal(stopped.code, 0, `${name}: ${stopped.signal} ${server.logs.slice(-2000)}`);
    const verify = await server.verify();
    assert.equal(verify.code, 0, `${name}: ${verify.stdout}${verify.stderr}`);
    return /"msg":\s*"fault fired"/.test(server.logs);
}

// Asks until nothing is missing any more, as a client would: every refusal on the way must allow it.
async function untilComplete(server, name) {
    for (let i = 0; i < RETRIES; i++) {
        let answer;
        try {
            answer = await server.enrich(ask);
        } catch (problem) {
            assert.ok(!(problem instanceof HangError), `${name}: ${problem.message}\n${server.logs.slice(-3000)}`);
            continue; // the connection broke: no answer, ask again
        }
        if (answer.status === 200 && !answer.headers['unstuck-incomplete'])
            return answer;
        if (answer.status !== 200)
            assert.equal(answer.json?.retryable, true, `${name}: ${answer.status} ${answer.text}`);
    }
    return assert.fail(`${name}: no complete answer after ${RETRIES} times\n${server.logs.slice(-3000)}`);
}

async function retried(act) {
    try {
        return await act();
    } catch {
        return act();
    }
}
