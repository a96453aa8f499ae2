// A kill at each step of a lookup's life: it happened wholly or not at all, and its retry costs once.
import assert from 'node:assert/strict';
import test from '../flow/support/test.mjs';
import { hit } from '../flow/support/provider.mjs';
import { charged, world } from '../flow/support/world.mjs';

const ask = { email: 'ann@ex.org', channels: ['work_email'] };
// Whether a lookup killed here is already in the books.
const steps = {
    find_record: false, answer_from_store: false, join_flight: false, hold_credits: false, run_waterfalls: false,
    commit: false, store_commit: false, store_committed: true, release_hold: true, leave_flight: true, respond: true,
};

for (const [step, is_kept] of Object.entries(steps))
    test(`killed at ${step}, a lookup ${is_kept ? 'is kept and replays' : 'never happened and runs again'}`, async (t) => {
        const { server, acme } = await world(t, {
            providers: { acme: { script: ({ count }) => hit({ work_email: `ann${count}@ex.org` }) } },
        });
        await server.stop();
        await killAt(server, step);
        const calls = acme.calls.length;
        await server.start();
        assert.equal(await charged(server), is_kept ? 2 : 0);
        assert.equal((await server.credits()).held, 0);

        const retry = await server.enrich(ask);
        assert.equal(retry.json.credits_used, is_kept ? 0 : 2);
        assert.equal(acme.calls.length, is_kept ? calls : calls + 1);
        assert.equal(await charged(server), 2);
        assert.deepEqual((await server.enrich(ask)).json.channels, retry.json.channels);
        await server.stop();
        const verify = await server.verify();
        assert.equal(verify.code, 0, verify.stderr);
    });

// Kills the process at the n-th time it comes to the step, with the smallest n that lies in the lookup and
// not in the start of the server.
async function killAt(server, step) {
    for (let n = 1; n < 20; n++) {
        try {
            await server.start({ env: { UNSTUCK_FAULT: `kill:${step}:${n}` } });
        } catch (problem) {
            assert.equal(problem.signal, 'SIGKILL', problem.message);
            continue;
        }
        await assert.rejects(server.enrich(ask), `the step ${step} was not reached`);
        assert.equal((await server.exited).signal, 'SIGKILL');
        return;
    }
    assert.fail(`${step}: the server never starts`);
}
