// A kill at each step of a lookup's life, at its first, second, … time: the lookup happened wholly or not at
// all, and with its retry it costs once.
import assert from 'node:assert/strict';
import test from '../flow/support/test.mjs';
import { hit } from '../flow/support/provider.mjs';
import { charged, world } from '../flow/support/world.mjs';

const ask = { email: 'ann@ex.org', channels: ['work_email'] };
const N_MAX = 30;

// Whether a lookup killed here, the last time it comes here, is in the books.
const steps = {
    find_record: false, answer_from_store: false, know_evidence: false, join_flight: false, hold_credits: false, run_waterfalls: false,
    commit: false, store_commit: false, store_committed: true, release_hold: true, leave_flight: true, respond: true,
};

for (const [step, is_kept] of Object.entries(steps))
    test(`killed at ${step}, a lookup ${is_kept ? 'is kept and replays' : 'never happened and runs again'}`, async (t) => {
        const fates = [];
        for (let n = 1; n < N_MAX; n++) {
            const fate = await killedAt(t, step, n);
            if (fate === 'answered')
                break;
            fates.push(fate);
        }
        assert.ok(fates.length < N_MAX - 1, 'it is killed without end');
        assert.equal(fates.at(-1), is_kept ? 'kept' : 'lost', fates.join(' '));
    });

// One life of a server that is killed the n-th time it comes to the step, and the next one.
async function killedAt(t, step, n) {
    const { server, acme } = await world(t, {
        providers: { acme: { script: ({ count }) => hit({ work_email: `ann${count}@ex.org` }) } }, prepare: true,
    });
    try {
        await server.start({ env: { UNSTUCK_FAULT: `kill:${step}:${n}` } });
    } catch (problem) {
        assert.equal(problem.signal, 'SIGKILL', problem.message);
        return 'never started';
    }
    const answer = await server.enrich(ask).catch(() => null);
    if (answer) {
        await server.stop();
        return 'answered';
    }
    assert.equal((await server.exited).signal, 'SIGKILL');
    const calls = acme.calls.length;

    await server.start();
    const before = await charged(server);
    assert.ok(before === 0 || before === 2, `${before} charged`);
    assert.equal((await server.credits()).held, 0);
    const retry = await server.enrich(ask);
    assert.equal(retry.json.credits_used, 2 - before);
    assert.equal(acme.calls.length, before === 2 ? calls : calls + 1);
    assert.equal(await charged(server), 2);
    assert.deepEqual((await server.enrich(ask)).json.channels, retry.json.channels);
    await server.stop();
    const verify = await server.verify();
    assert.equal(verify.code, 0, verify.stderr);
    return before === 2 ? 'kept' : 'lost';
}
