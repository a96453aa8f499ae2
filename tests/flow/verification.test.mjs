// Found e-mails are verified before they are hits: by providers that give verdicts.
import assert from 'node:assert/strict';
import test from './support/test.mjs';
import { gate, hit, misbehave, miss } from './support/provider.mjs';
import { run, StartError } from './support/server.mjs';
import { charged, world } from './support/world.mjs';

const ask = { email: 'ann@ex.org', channels: ['work_email'] };
const verdict = { at: '/status', words: { ok: 'deliverable', bad: 'undeliverable', 'catch-all': 'catch_all', meh: 'risky', huh: 'unknown' } };
const says = (status) => () => ({ json: { status } });
const finds = (email) => () => hit({ work_email: email });

// acme and bolt find, vera and wilma verify; each a script, where there is one.
function verified(t, { acme, bolt, vera, wilma, catch_all, price = 2, ...options }) {
    const finders = Object.entries({ acme, bolt }).filter(([, script]) => script);
    const verifiers = Object.entries({ vera, wilma }).filter(([, script]) => script);
    return world(t, {
        ...options,
        providers: Object.fromEntries([
            ...finders.map(([name, script]) => [name, { script, price }]),
            ...verifiers.map(([name, script]) => [name, { script, verdict, timeout_ms: 2000 }]),
        ]),
        config: {
            ...options.config,
            waterfalls: {
                work_email: {
                    providers: finders.map(([name]) => name), verifiers: verifiers.map(([name]) => name),
                    ...(catch_all && { catch_all }),
                },
            },
        },
    });
}

const told = (attempts) => attempts.map(({ provider, outcome, credits, verifies, verdict: word }) =>
    `${provider} ${outcome} ${credits}${verifies ? ` of ${verifies}` : ''}${word ? `: ${word}` : ''}`);

test('an address that does not exist is no value: the next provider is asked, and only that one is paid', async (t) => {
    const { server, vera } = await verified(t, {
        acme: finds('ann@ex.org'), bolt: finds('a.lee@ex.org'), vera: ({ email }) => says(email === 'ann@ex.org' ? 'bad' : 'ok')(),
    });
    const { json, headers } = await server.enrich({ ...ask, include: ['attempts', 'details'] });

    assert.equal(json.channels.work_email.value, 'a.lee@ex.org');
    assert.equal(json.channels.work_email.source, 'bolt');
    assert.equal(json.channels.work_email.status, 'deliverable');
    assert.equal(json.credits_used, 2);
    assert.equal(headers['unstuck-incomplete'], undefined);
    const expected = ['acme invalid 0', 'vera hit 0 of acme: undeliverable', 'bolt hit 2', 'vera hit 0 of bolt: deliverable'];
    assert.deepEqual(told(json.attempts), expected);
    const kept = await server.client.get(`/records/${json.record_id}/attempts`);
    assert.deepEqual(told(kept.json.lookups[0].attempts), expected);
    assert.ok(!kept.text.includes('@'), 'no address');
    assert.deepEqual(vera.calls.map((call) => call.query), [{ email: 'ann@ex.org' }, { email: 'a.lee@ex.org' }]);
    const record = await server.client.get(`/records/${json.record_id}`);
    assert.equal(record.json.channels.work_email.status, 'deliverable');
});

test('where everything is refused the answer is null, costs nothing, and is remembered; the books balance', async (t) => {
    const { server, acme, bolt, vera } = await verified(t, {
        acme: finds('ann@ex.org'), bolt: finds('a.lee@ex.org'), vera: says('bad'), credits: 100,
    });
    const first = await server.enrich(ask);
    const again = await server.enrich(ask);

    assert.equal(first.json.channels.work_email, null);
    assert.equal(first.json.credits_used, 0);
    assert.equal(first.headers['unstuck-incomplete'], undefined);
    assert.equal(again.headers['idempotent-replayed'], 'true');
    assert.deepEqual([acme, bolt, vera].map((provider) => provider.calls.length), [1, 1, 2]);
    assert.deepEqual(await server.credits(), { balance: 100, held: 0, used_this_month: 0 });
    await server.stop();
    assert.equal((await run(['verify', '--data', server.data])).code, 0);
});

test('a null beside a failed provider is tried again, whatever was refused', async (t) => {
    const { server, bolt } = await verified(t, {
        acme: finds('ann@ex.org'), bolt: ({ count }) => (count === 1 ? { status: 418 } : hit({ work_email: 'a.lee@ex.org' })),
        vera: ({ email }) => says(email === 'ann@ex.org' ? 'bad' : 'ok')(),
    });
    const first = await server.enrich(ask);
    const again = await server.enrich(ask);

    assert.equal(first.headers['unstuck-incomplete'], 'work_email');
    assert.equal(again.json.channels.work_email.value, 'a.lee@ex.org');
    assert.equal(bolt.calls.length, 2);
    assert.equal(await charged(server), 2);
});

test('a verifier that fails fails nothing: the next is asked, and without one the value stands', async (t) => {
    for (const failure of [() => ({ status: 500 }), () => ({ status: 401 }), misbehave.notJson, misbehave.closeEarly()]) {
        const alone = await verified(t, { acme: finds('ann@ex.org'), vera: failure });
        const { json, headers } = await alone.server.enrich({ ...ask, include: ['attempts', 'details'] });
        assert.equal(json.channels.work_email.value, 'ann@ex.org');
        assert.equal(json.channels.work_email.status, undefined);
        assert.equal(json.credits_used, 2);
        assert.equal(headers['unstuck-incomplete'], undefined);
        assert.match(told(json.attempts)[1], /^vera (error|auth_error) 0 of acme$/);
    }
    const both = await verified(t, { acme: finds('ann@ex.org'), vera: () => ({ status: 500 }), wilma: says('bad') });
    const { json } = await both.server.enrich({ ...ask, include: ['attempts'] });
    assert.equal(json.channels.work_email, null);
    assert.deepEqual(told(json.attempts), ['acme invalid 0', 'vera error 0 of acme', 'wilma hit 0 of acme: undeliverable']);
});

test('who cannot tell leaves it to the next verifier', async (t) => {
    const { server, wilma } = await verified(t, { acme: finds('ann@ex.org'), vera: says('huh'), wilma: says('meh') });
    const { json } = await server.enrich({ ...ask, include: ['details'] });
    assert.equal(json.channels.work_email.status, 'risky');
    assert.equal(wilma.calls.length, 1);
});

test('what a catch-all domain means is a setting', async (t) => {
    const scripts = { acme: finds('ann@ex.org'), vera: says('catch-all'), wilma: says('bad') };
    const status = async (catch_all, more) => {
        const { server } = await verified(t, { ...scripts, ...more, catch_all });
        return (await server.enrich({ ...ask, include: ['details'] })).json.channels.work_email?.status ?? null;
    };
    assert.equal(await status(undefined), 'catch_all');
    assert.equal(await status('accept'), 'catch_all');
    assert.equal(await status('miss'), null);
    assert.equal(await status('verify_next'), null, 'wilma decides');
    assert.equal(await status('verify_next', { wilma: says('ok') }), 'deliverable');
    assert.equal(await status('verify_next', { wilma: undefined }), 'catch_all', 'nobody is left');
});

test('a verifier that never answers holds the answer up for its own time, and no longer than the lookup has', async (t) => {
    const { server } = await verified(t, {
        acme: finds('ann@ex.org'), vera: misbehave.never, wilma: misbehave.never, config: { lookup: { deadline_ms: 300 } },
    });
    const { json } = await server.enrich({ ...ask, include: ['attempts'] });
    assert.equal(json.channels.work_email.value, 'ann@ex.org');
    assert.deepEqual(told(json.attempts), ['acme hit 2', 'vera timeout 0 of acme', 'wilma timeout 0 of acme']);
});

test('fifty identical questions are one verification and one charge', async (t) => {
    const hold = gate();
    const { server, acme, vera } = await verified(t, {
        acme: finds('ann@ex.org'), vera: async () => (await hold.opened, says('ok')()),
    });
    const answers = [...Array(50).keys()].map(() => server.enrich({ ...ask, include: ['details'] }));
    await vera.called(1);
    assert.deepEqual(await server.credits(), { balance: 10000, held: 2, used_this_month: 0 }, 'a verifier costs nothing');
    hold.open();
    const all = await Promise.all(answers);
    assert.ok(all.every(({ json }) => json.channels.work_email.status === 'deliverable'));
    assert.deepEqual([acme.calls.length, vera.calls.length], [1, 1]);
    assert.equal(await charged(server), 2);
});

test('killed while a value is verified, nothing is charged, and the retry runs once', async (t) => {
    const { server, acme, vera } = await verified(t, {
        acme: finds('ann@ex.org'), vera: ({ count }) => (count === 1 ? misbehave.never() : says('ok')()),
    });
    const lost = server.enrich(ask).catch(() => 'lost');
    await vera.called(1);
    await server.kill();
    assert.equal(await lost, 'lost');
    await server.start();
    assert.equal(await charged(server), 0);
    const { json } = await server.enrich(ask);
    assert.equal(json.channels.work_email.value, 'ann@ex.org');
    assert.equal(await charged(server), 2);
    assert.equal(acme.calls.length, 2);
});

test('a stored value is not verified again, and a forced one is', async (t) => {
    const { server, vera } = await verified(t, { acme: finds('ann@ex.org'), vera: says('ok') });
    await server.enrich(ask);
    await server.enrich(ask);
    assert.equal(vera.calls.length, 1);
    await server.enrich({ ...ask, force: true });
    assert.equal(vera.calls.length, 2);
});

test('verifiers and providers in each other\'s places are mistakes of the configuration, each with its place', async (t) => {
    const { server } = await verified(t, { acme: miss, vera: says('ok'), prepare: true });
    server.config.waterfalls = {
        work_email: { providers: ['vera'], verifiers: ['acme'] }, phone: { verifiers: ['vera'] }, personal_email: ['vera'],
    };
    await assert.rejects(server.start(), (problem) => {
        assert.ok(problem instanceof StartError);
        assert.match(problem.message, /\/waterfalls\/work_email\/providers\/0: .*"verifiers"/);
        assert.match(problem.message, /\/waterfalls\/work_email\/verifiers\/0: .*verifies nothing/);
        assert.match(problem.message, /\/waterfalls\/personal_email\/0: .*"verifiers"/);
        assert.match(problem.message, /\/waterfalls\/phone\/verifiers: .*e-mails only/);
        return true;
    });
});
