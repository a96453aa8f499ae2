// The order learned from what became of values: outcomes, waterfalls, wishes.
import assert from 'node:assert/strict';
import test from './support/test.mjs';
import { Client } from './support/client.mjs';
import { hit, miss } from './support/provider.mjs';
import { keyIn, movableClock, run } from './support/server.mjs';
import { charged, world } from './support/world.mjs';

const channels = ['work_email'];
const day = 86400;

// Both find everybody; acme is the cheaper one and stands first.
const found = ({ email }) => hit({ work_email: email });
const both = { acme: { script: found, price: 2 }, bolt: { script: found, price: 3 } };

const person = (n) => `p${n}@ex.org`;
const ask = (server, n, more) => server.enrich({ email: person(n), channels, ...more });
const tell = (server, body) => server.client.request('POST', '/outcomes', { body });
const waterfall = async (server, channel = 'work_email') => (await server.client.get(`/waterfalls/${channel}`)).json;
const wish = (server, body, channel = 'work_email') => server.client.request('PUT', `/waterfalls/${channel}`, { body });
const places = ({ places }) => places.map(({ rank, provider }) => [rank, provider]);
const order = ({ json }) => json.attempts.map(({ provider }) => provider);

// So many people found by that provider alone, and so many of them reply.
async function learn(server, provider, people, replies, first) {
    const disabled = ['acme', 'bolt'].filter((name) => name !== provider);
    assert.equal((await wish(server, { disabled })).status, 200);
    const ids = [];
    for (let n = first; n < first + people; n++)
        ids.push((await ask(server, n)).json.record_id);
    const outcomes = ids.flatMap((record_id, i) => ['delivered', ...(i < replies ? ['replied'] : [])]
        .map((event) => ({ record_id, channel: 'work_email', event, occurred_at: new Date().toISOString() })));
    for (let at = 0; at < outcomes.length; at += 100)
        assert.equal((await tell(server, { outcomes: outcomes.slice(at, at + 100) })).status, 200);
    assert.equal((await wish(server, { reset: true })).status, 200);
}

test('a provider whose contacts reply moves ahead, though it is dearer', async (t) => {
    const { server } = await world(t, { providers: both });
    assert.deepEqual(places(await waterfall(server)), [[1, 'acme'], [2, 'bolt']]);
    assert.equal((await waterfall(server)).order, 'configured');
    await learn(server, 'acme', 40, 0, 0);
    await learn(server, 'bolt', 40, 20, 100);

    const learned = await waterfall(server);
    assert.equal(learned.order, 'learned');
    assert.deepEqual(places(learned), [[1, 'bolt'], [2, 'acme']]);
    await wish(server, { deterministic: true });
    const asked = await ask(server, 500, { include: ['attempts'] });
    assert.deepEqual(order(asked), ['bolt']);
    assert.equal(asked.json.channels.work_email.source, 'bolt');
    assert.equal(asked.json.credits_used, 3);
    const plan = (await ask(server, 501, { dry_run: true })).json;
    assert.deepEqual(plan.channels.work_email.providers, ['bolt', 'acme']);
});

test('every place has its evidence, and the index follows from it', async (t) => {
    const { server } = await world(t, { providers: both });
    await learn(server, 'bolt', 30, 10, 0);
    const { json: { record_id } } = await ask(server, 900);
    await tell(server, { record_id, channel: 'work_email', event: 'bounced' });

    const { places: [first, second], deterministic } = await waterfall(server);
    assert.equal(deterministic, false);
    assert.deepEqual([first.provider, second.provider], ['bolt', 'acme']);
    const counts = ({ attempts, hits, delivered, bounced, replied }) => [attempts, hits, delivered, bounced, replied];
    assert.deepEqual([first, second].map(counts).reduce((a, b) => a.map((n, i) => n + b[i])), [31, 31, 30, 1, 10]);
    assert.deepEqual([first.price, first.discovery_price, first.pinned, first.disabled, first.state], [3, 6, false, false, 'in_service']);
    for (const rate of [first.hit_rate, first.reply_rate, second.reply_rate])
        assert.ok(rate.low < rate.mean && rate.mean < rate.high, JSON.stringify(rate));
    assert.ok(first.reply_rate.mean > second.reply_rate.mean);
    assert.ok(first.reply_rate.high - first.reply_rate.low < 0.35);
    assert.ok(Math.abs(first.index - (100 * first.reply_rate.mean - first.price)) < 0.1, 'but for the seconds');
    const { hit_rate, reply_rate, index } = first.draw;
    assert.ok(Math.abs(index - (100 * reply_rate - first.price)) < 0.1 && hit_rate > 0 && hit_rate < 1);
});

test('without deterministic an order is drawn, and the trail says with which numbers', async (t) => {
    const config = { ranking: { exploration_percent: 100 } };
    const { server } = await world(t, { providers: both, config });
    await learn(server, 'bolt', 10, 1, 0);
    let drawn;
    for (let n = 600; !drawn; n++) {
        const { json: { record_id } } = await ask(server, n);
        const [lookup] = (await server.client.get(`/records/${record_id}/attempts`)).json.lookups;
        drawn = lookup.seed && lookup;
    }
    assert.match(drawn.seed, /^[0-9a-f]{16}$/);
    const [{ price, index, draw }] = drawn.attempts;
    assert.ok(Math.abs(index - (100 * draw.reply_rate - price)) < 0.1);
    await wish(server, { deterministic: true });
    const { json: { record_id } } = await ask(server, 599);
    const [lookup] = (await server.client.get(`/records/${record_id}/attempts`)).json.lookups;
    assert.equal(lookup.seed, undefined);
    assert.equal(lookup.attempts[0].draw, undefined);
    assert.equal(typeof lookup.attempts[0].index, 'number');
});

test('an outcome told again counts once, and costs nothing', async (t) => {
    const { server } = await world(t, { providers: both });
    const { json: { record_id } } = await ask(server, 1);
    const before = await charged(server);
    const outcome = { record_id, channel: 'work_email', event: 'replied', occurred_at: new Date().toISOString() };

    assert.deepEqual((await tell(server, outcome)).json, { status: 'counted' });
    assert.deepEqual((await tell(server, outcome)).json, { status: 'known' });
    const list = await tell(server, { outcomes: [outcome, { ...outcome, event: 'delivered' }, { ...outcome, event: 'delivered' }] });
    assert.deepEqual(list.json, { results: [{ status: 'known' }, { status: 'counted' }, { status: 'known' }], counted: 1, known: 2 });
    await server.stop();
    await server.start();
    assert.deepEqual((await tell(server, outcome)).json, { status: 'known' });
    const [acme] = (await waterfall(server)).places;
    assert.deepEqual([acme.attempts, acme.hits, acme.delivered, acme.replied], [1, 1, 1, 1]);
    assert.equal(await charged(server), before);
});

test('an outcome that was answered survives a crash', async (t) => {
    const { server } = await world(t, { providers: both });
    const { json: { record_id } } = await ask(server, 1);
    const outcome = { record_id, channel: 'work_email', event: 'replied' };
    assert.equal((await tell(server, outcome)).json.status, 'counted');
    await server.kill();
    await server.start();
    assert.equal((await tell(server, outcome)).json.status, 'known');
    assert.equal((await waterfall(server)).places[0].replied, 1);
});

test('an outcome of what is not there is refused, and one of a list spoils no other', async (t) => {
    const { server } = await world(t, { providers: both });
    const { json: { record_id } } = await ask(server, 1);
    const right = { record_id, channel: 'work_email', event: 'delivered' };
    const nobody = 'lead_0123456789abcdefghijkl';

    assert.equal((await tell(server, { ...right, record_id: nobody })).status, 404);
    const valueless = await tell(server, { ...right, channel: 'phone' });
    assert.equal(valueless.status, 422);
    assert.deepEqual(valueless.json.errors.map(({ pointer }) => pointer), ['/channel']);
    const { status, json } = await tell(server, {
        outcomes: [{ ...right, record_id: nobody }, { ...right, channel: 'phone' }, { ...right, event: 'opened' }, 7, right],
    });
    assert.equal(status, 200);
    assert.deepEqual(json.results.map(({ error, status }) => error?.code ?? status),
        ['not_found', 'validation_failed', 'validation_failed', 'validation_failed', 'counted']);
    assert.deepEqual(json.results.slice(1, 4).map(({ error }) => error.errors[0].pointer),
        ['/outcomes/1/channel', '/outcomes/2/event', '/outcomes/3']);
    assert.equal(json.counted, 1);
    const nothing = await tell(server, { outcomes: [{}] });
    assert.deepEqual([nothing.status, nothing.json.counted, nothing.json.results.length], [200, 0, 1]);
});

test('what is wrong with an outcome is said with its place', async (t) => {
    const { server } = await world(t, { providers: both });
    const right = { record_id: 'lead_0123456789abcdefghijkl', channel: 'phone', event: 'replied' };
    const wrongs = [
        [{}, ['/record_id', '/channel', '/event']],
        [{ ...right, record_id: 'lead_1' }, ['/record_id']],
        [{ ...right, channel: 'account' }, ['/channel']],
        [{ ...right, event: 'opened' }, ['/event']],
        [{ ...right, occurred_at: 'yesterday' }, ['/occurred_at']],
        [{ ...right, occurred_at: new Date(Date.now() + 3600e3).toISOString() }, ['/occurred_at']],
        [{ ...right, occurred_at: '2001-01-01T00:00:00Z' }, ['/occurred_at']],
        [{ ...right, more: 1 }, ['/more']],
        [{ outcomes: [] }, ['/outcomes']],
        [{ outcomes: Array(101).fill(right) }, ['/outcomes']],
        [{ outcomes: [right, { ...right, event: 1 }], event: 'replied' }, ['/event']],
    ];
    for (const [body, pointers] of wrongs) {
        const { status, json } = await tell(server, body);
        assert.equal(status, 422, JSON.stringify(body));
        assert.deepEqual(json.errors.map(({ pointer }) => pointer), pointers, JSON.stringify(body));
    }
});

test('outcomes want a key that may signal, and waterfalls are changed by full ones only', async (t) => {
    const { server } = await world(t, { providers: both });
    const { json: { record_id } } = await ask(server, 1);
    const may = { read: [403, 200, 403], enrich: [403, 200, 403], signals: [200, 200, 403], full: [200, 200, 200] };
    for (const [scope, expected] of Object.entries(may)) {
        const { json: { secret } } = await server.client.request('POST', '/keys', { body: { name: scope, scope } });
        const client = new Client(server.url, secret);
        const statuses = [
            await client.request('POST', '/outcomes', { body: { record_id, channel: 'work_email', event: 'replied' } }),
            await client.get('/waterfalls/phone'),
            await client.request('PUT', '/waterfalls/phone', { body: { reset: true } }),
        ].map(({ status }) => status);
        assert.deepEqual(statuses, expected, scope);
        client.close();
    }
});

test('pins come first and disabled providers are never asked, at once and after a restart', async (t) => {
    const nobody = () => miss;
    const { server, acme, bolt, core } = await world(t, {
        providers: { acme: { script: nobody }, bolt: { script: nobody }, core: { script: nobody } },
    });
    const wished = await wish(server, { pinned: ['core'], disabled: ['acme'] });
    assert.equal(wished.status, 200);
    assert.deepEqual(places(wished.json), [[1, 'core'], [2, 'bolt'], [null, 'acme']]);
    assert.deepEqual(wished.json.places.map(({ pinned, disabled }) => [pinned, disabled]), [[true, false], [false, false], [false, true]]);
    for (let life = 0; life < 2; life++) {
        assert.deepEqual(order(await ask(server, life, { include: ['attempts'] })), ['core', 'bolt']);
        await server.stop();
        await server.start();
    }
    assert.deepEqual([acme, bolt, core].map(({ calls }) => calls.length), [0, 2, 2]);
    assert.deepEqual(places((await wish(server, { reset: true })).json), [[1, 'acme'], [2, 'bolt'], [3, 'core']]);
    assert.deepEqual(order(await ask(server, 7, { include: ['attempts'] })), ['acme', 'bolt', 'core']);
});

test('when every provider is disabled the waterfall says so, and nobody is asked', async (t) => {
    const { server, acme, bolt } = await world(t, { providers: both });
    const { status, json } = await wish(server, { disabled: ['bolt', 'acme'] });
    assert.equal(status, 200);
    assert.match(json.warning, /every provider .* is disabled/);
    const answer = await ask(server, 1);
    assert.equal(answer.json.channels.work_email, null);
    assert.equal(acme.calls.length + bolt.calls.length, 0);
    const back = await wish(server, {});
    assert.equal(back.json.warning, undefined);
    assert.equal((await ask(server, 1)).json.channels.work_email.source, 'acme');
});

test('a null stays remembered when only the order changed, and not when others are asked', async (t) => {
    const nobody = () => miss;
    const { server, acme, bolt } = await world(t, { providers: { acme: { script: nobody }, bolt: { script: nobody } } });
    const replayed = async () => (await ask(server, 1)).headers['idempotent-replayed'] === 'true';

    await ask(server, 1);
    await wish(server, { pinned: ['bolt'] });
    assert.ok(await replayed());
    server.configure({ ...server.config, waterfalls: { work_email: ['bolt', 'acme'] } });
    await server.stop();
    await server.start();
    assert.ok(await replayed());
    assert.deepEqual([acme, bolt].map(({ calls }) => calls.length), [1, 1]);
    await wish(server, { disabled: ['acme'] });
    assert.ok(!await replayed());
    assert.ok(await replayed());
    await wish(server, { reset: true });
    assert.ok(!await replayed());
    assert.deepEqual([acme, bolt].map(({ calls }) => calls.length), [2, 3]);
});

test('disabling the dear ones lowers what is held', async (t) => {
    const { server } = await world(t, { providers: { acme: { script: found, price: 2 }, bolt: { script: found, price: 50 } }, credits: 10 });
    assert.equal((await ask(server, 1)).status, 402);
    await wish(server, { disabled: ['bolt'] });
    assert.equal((await ask(server, 1)).json.credits_used, 2);
});

test('what is wrong with a wish is said with its place, and nothing changes', async (t) => {
    const { server } = await world(t, { providers: both });
    await wish(server, { pinned: ['bolt'] });
    const wrongs = [
        [{ pinned: ['bolt', 'nobody'] }, ['/pinned/1']],
        [{ pinned: ['bolt', 'bolt'] }, ['/pinned/1']],
        [{ pinned: ['bolt'], disabled: ['bolt'] }, ['/disabled/0']],
        [{ pinned: 'bolt', disabled: [7], deterministic: 'yes' }, ['/pinned', '/disabled/0', '/deterministic']],
        [{ reset: true, pinned: [] }, ['/reset']],
        [{ order: 'learned' }, ['/order']],
    ];
    for (const [body, pointers] of wrongs) {
        const { status, json } = await wish(server, body);
        assert.equal(status, 422, JSON.stringify(body));
        assert.deepEqual(json.errors.map(({ pointer }) => pointer), pointers);
    }
    assert.equal((await wish(server, '{')).status, 400);
    assert.equal((await wish(server, {}, 'fax')).status, 404);
    assert.equal((await server.client.get('/waterfalls/fax')).status, 404);
    assert.deepEqual(places(await waterfall(server)), [[1, 'bolt'], [2, 'acme']]);
});

test('one workspace\'s wishes are not another\'s', async (t) => {
    const { server } = await world(t, { providers: both, prepare: true });
    const made = await run(['workspace', 'create', '--data', server.data, '--name', 'Other']);
    await server.start();
    const other = new Client(server.url, keyIn(made.stdout));
    await wish(server, { pinned: ['bolt'] });
    assert.deepEqual(places((await other.get('/waterfalls/work_email')).json), [[1, 'acme'], [2, 'bolt']]);
    assert.deepEqual(places(await waterfall(server)), [[1, 'bolt'], [2, 'acme']]);
    const { json: { record_id } } = await ask(server, 1);
    const told = await other.request('POST', '/outcomes', { body: { record_id, channel: 'work_email', event: 'replied' } });
    assert.equal(told.status, 404);
    other.close();
});

test('evidence survives a restart, and old evidence counts for less', async (t) => {
    const clock = await movableClock(t);
    const { server } = await world(t, { providers: both, env: clock.env });
    await learn(server, 'bolt', 20, 10, 0);
    const fresh = (await waterfall(server)).places.find(({ provider }) => provider === 'bolt');
    await server.stop();
    await server.start();
    const again = (await waterfall(server)).places.find(({ provider }) => provider === 'bolt');
    assert.deepEqual([again.attempts, again.hits, again.delivered, again.replied], [20, 20, 20, 10]);
    assert.ok(Math.abs(again.reply_rate.mean - fresh.reply_rate.mean) < 0.01);
    await clock.forward(server, 10 * 21 * day);
    const old = (await waterfall(server)).places.find(({ provider }) => provider === 'bolt');
    assert.equal(old.replied, 10);
    assert.ok(old.reply_rate.mean < 0.07, `${old.reply_rate.mean}`);
});

test('the configured order stays when the operator wants it', async (t) => {
    const { server } = await world(t, { providers: both, config: { ranking: { order: 'configured' } } });
    await learn(server, 'bolt', 20, 15, 0);
    const { order: kind, places: [first] } = await waterfall(server);
    assert.deepEqual([kind, first.provider], ['configured', 'acme']);
});

test('erasing a record takes what was told of it along', async (t) => {
    const { server } = await world(t, { providers: both });
    const { json: { record_id } } = await ask(server, 1);
    for (const event of ['delivered', 'replied'])
        await tell(server, { record_id, channel: 'work_email', event });
    const { json } = await server.client.request('DELETE', `/records/${record_id}`);
    assert.equal(json.erased.outcomes, 2);
    assert.equal((await tell(server, { record_id, channel: 'work_email', event: 'bounced' })).status, 404);
});

test('what became of a value that was looked up before counts for whoever found it', async (t) => {
    const { server } = await world(t, { providers: both });
    await wish(server, { disabled: ['acme'] });
    const { json: { record_id } } = await ask(server, 1);
    await wish(server, { disabled: ['bolt'] });
    await tell(server, { record_id, channel: 'work_email', event: 'replied' });
    const { places: all } = await waterfall(server);
    assert.deepEqual(all.map(({ provider, replied }) => [provider, replied]), [['acme', 0], ['bolt', 1]]);
});
