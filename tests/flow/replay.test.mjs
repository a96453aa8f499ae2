// Idempotent on (identity, channels): what is known costs nothing, what is missing is asked once.
import assert from 'node:assert/strict';
import test from './support/test.mjs';
import { hit, misbehave, miss } from './support/provider.mjs';
import { movableClock } from './support/server.mjs';
import { charged, world } from './support/world.mjs';

const everything = ['work_email', 'personal_email', 'phone', 'linkedin_url'];
const ann = { email: 'ann@ex.org' };

// A provider that says something else each time: a replay cannot be mistaken for a second call.
const counting = ({ count }) => hit({
    work_email: `ann${count}@ex.org`, personal_email: `ann${count}@mail.example`,
    phone: `+4420794600${10 + count}`, linkedin_url: `https://linkedin.com/in/ann${count}`,
});

test('a replay calls no provider and costs nothing', async (t) => {
    const { server, acme } = await world(t, { providers: { acme: { script: counting } } });
    const first = await server.enrich({ ...ann, channels: ['work_email'] });
    const again = await server.enrich({ ...ann, channels: ['work_email'] });

    assert.equal(first.json.credits_used, 2);
    assert.equal(first.headers['idempotent-replayed'], undefined);
    assert.equal(again.headers['idempotent-replayed'], 'true');
    assert.deepEqual(again.json, { ...first.json, credits_used: 0 });
    assert.equal(acme.calls.length, 1);
    assert.equal(await charged(server), 2);
});

test('a replay survives a restart', async (t) => {
    const { server, acme } = await world(t, { providers: { acme: { script: counting } } });
    const first = await server.enrich(ann);
    await server.stop();
    await server.start();
    const again = await server.enrich(ann);
    assert.deepEqual(again.json, { ...first.json, credits_used: 0 });
    assert.equal(acme.calls.length, 1);
});

test('asking for more channels later asks and charges only for the missing ones', async (t) => {
    const { server, acme } = await world(t, { providers: { acme: { script: counting, channels: everything } } });
    const first = await server.enrich({ ...ann, channels: ['work_email'] });
    const more = await server.enrich({ ...ann, channels: ['work_email', 'phone'] });

    assert.equal(more.json.credits_used, 2);
    assert.equal(more.headers['idempotent-replayed'], undefined);
    assert.deepEqual(more.json.channels.work_email, first.json.channels.work_email);
    assert.equal(more.json.channels.phone.value, '+442079460012');
    assert.equal(more.json.record_id, first.json.record_id);
    assert.equal(acme.calls.length, 2);
    assert.equal(await charged(server), 4);
});

test('force asks again, charges again, and the new value is kept', async (t) => {
    const { server, acme } = await world(t, { providers: { acme: { script: counting } } });
    await server.enrich({ ...ann, channels: ['work_email'] });
    const forced = await server.enrich({ ...ann, channels: ['work_email'], force: true });
    const replay = await server.enrich({ ...ann, channels: ['work_email'] });

    assert.equal(forced.json.credits_used, 2);
    assert.equal(forced.json.channels.work_email.value, 'ann2@ex.org');
    assert.equal(replay.json.channels.work_email.value, 'ann2@ex.org');
    assert.equal(replay.json.credits_used, 0);
    assert.equal(acme.calls.length, 2);
    assert.equal(await charged(server), 4);
});

test('Age tells how many seconds old a replay is', async (t) => {
    const clock = await movableClock(t);
    const { server } = await world(t, { providers: { acme: { script: counting } }, env: clock.env });
    await server.enrich(ann);
    await clock.forward(server, 100);
    const age = Number((await server.enrich(ann)).headers.age);
    assert.ok(age >= 100 && age < 160, `Age: ${age}`);
});

test('max_age looks up again what is older, and leaves alone what is younger', async (t) => {
    const clock = await movableClock(t);
    const { server, acme } = await world(t, { providers: { acme: { script: counting } }, env: clock.env });
    await server.enrich({ ...ann, channels: ['work_email'] });
    await clock.forward(server, 3600);
    const young = await server.enrich({ ...ann, channels: ['work_email'], max_age: 7200 });
    const old = await server.enrich({ ...ann, channels: ['work_email'], max_age: 1800 });

    assert.equal(young.json.credits_used, 0);
    assert.equal(young.headers['idempotent-replayed'], 'true');
    assert.equal(old.json.credits_used, 2);
    assert.equal(old.json.channels.work_email.value, 'ann2@ex.org');
    assert.equal(acme.calls.length, 2);
});

test('a null is remembered when every provider answered', async (t) => {
    const { server, acme, bolt } = await world(t, {
        providers: { acme: { script: () => miss }, bolt: { script: () => miss } },
    });
    const first = await server.enrich(ann);
    const again = await server.enrich(ann);

    assert.equal(first.json.channels.work_email, null);
    assert.equal(first.headers['unstuck-incomplete'], undefined);
    assert.equal(first.json.credits_used, 0);
    assert.equal(again.headers['idempotent-replayed'], 'true');
    assert.equal(acme.calls.length + bolt.calls.length, 2);
});

test('a null built on a failure is named incomplete and tried again', async (t) => {
    const script = ({ count }) => (count <= 2 ? misbehave.closeEarly() : hit({ work_email: 'ann@ex.org' })); // a GET is sent once more
    const { server, acme, bolt } = await world(t, {
        providers: { acme: { script }, bolt: { script: () => miss } },
    });
    const first = await server.enrich({ ...ann, channels: ['work_email'] });
    assert.equal(first.status, 200);
    assert.equal(first.json.channels.work_email, null);
    assert.equal(first.headers['unstuck-incomplete'], 'work_email');
    assert.equal(first.json.credits_used, 0);

    const again = await server.enrich({ ...ann, channels: ['work_email'] });
    assert.equal(again.json.channels.work_email.value, 'ann@ex.org');
    assert.equal(again.headers['unstuck-incomplete'], undefined);
    assert.equal(again.json.credits_used, 2);
    assert.equal(acme.calls.length, 3);
    assert.equal(bolt.calls.length, 1);
});

test('a hit after a failure is complete', async (t) => {
    const { server } = await world(t, {
        providers: {
            acme: { script: () => ({ status: 500 }) },
            bolt: { script: () => hit({ work_email: 'ann@ex.org' }) },
        },
    });
    const { json, headers } = await server.enrich({ ...ann, channels: ['work_email'] });
    assert.equal(json.channels.work_email.source, 'bolt');
    assert.equal(headers['unstuck-incomplete'], undefined);
});
