// POST /enrichment/discover: a person by name and company, at the discovery price.
import assert from 'node:assert/strict';
import test from './support/test.mjs';
import { gate, hit, miss } from './support/provider.mjs';
import { Server } from './support/server.mjs';
import { charged, world } from './support/world.mjs';

const chloe = { first_name: 'Chloe', last_name: 'Walker', company_domain: 'westmarkrobotics.com' };
const ann = { first_name: 'Ann', last_name: 'Lee', company_domain: 'acme.example' };
const needs = [['email'], ['first_name', 'last_name', 'company_domain']];
const discover = (server, body) => server.client.request('POST', '/enrichment/discover', { body });

test("seed: discover finds the seed's Chloe Walker and returns the same response shape", async (t) => {
    const server = await Server.start(t, { sandbox: true });
    const { status, json } = await discover(server, { ...chloe, channels: ['work_email', 'phone', 'linkedin_url'] });

    assert.equal(status, 200);
    assert.deepEqual(Object.keys(json), ['record_id', 'channels', 'credits_used']);
    assert.match(json.record_id, /^lead_[0-9A-Za-z]{22}$/);
    const { work_email, phone, linkedin_url } = json.channels;
    assert.deepEqual(work_email, {
        value: 'chloe.walker@westmarkrobotics.com', source: 'Provider A', confidence: 0.94,
        enriched_at: work_email.enriched_at,
    });
    assert.equal(phone, null);
    assert.deepEqual(linkedin_url, {
        value: 'https://linkedin.com/in/chloewalker', source: 'Provider C', confidence: 0.88,
        enriched_at: linkedin_url.enriched_at,
    });
});

test('seed: discovery costs more credits per success: twice the price, unless the provider says else', async (t) => {
    let name = 'ann';
    const script = () => hit({ work_email: `${name}.lee@acme.example`, phone: '+442079460001' });
    const { server } = await world(t, { prepare: true, providers: {
        acme: { script, needs, price: { work_email: 3, phone: 5 }, channels: ['work_email', 'phone'] } } });
    server.config.providers[0].discovery_prices = { phone: 11 };
    await server.start();

    const { json, headers } = await discover(server, { ...ann, channels: ['work_email', 'phone'] });
    assert.equal(json.credits_used, 6 + 11);
    assert.equal(headers['unstuck-credits-used'], '17');
    assert.equal(await charged(server), 17);
    name = 'bob';
    const bob = { ...ann, first_name: 'Bob', channels: ['work_email', 'phone'] };
    assert.equal((await server.enrich(bob)).json.credits_used, 3 + 5);
});

test('seed: a miss of a discovery costs nothing', async (t) => {
    const { server } = await world(t, { providers: { acme: { script: () => miss, needs } } });
    const { json } = await discover(server, { ...ann, channels: ['work_email'] });
    assert.deepEqual(json.channels, { work_email: null });
    assert.equal(await charged(server), 0);
});

test('a person that /enrichment knows is discovered as that record, and not charged for again', async (t) => {
    const { server } = await world(t, { providers: {
        acme: { script: () => hit({ work_email: 'ann.lee@acme.example', phone: '+442079460001' }), needs,
            price: { work_email: 2, phone: 3 }, channels: ['work_email', 'phone'] } } });
    const known = (await server.enrich({ email: 'ann.lee@acme.example', channels: ['work_email'] })).json;
    assert.equal(known.credits_used, 2);

    const found = (await discover(server, { ...ann, channels: ['work_email', 'phone'] })).json;
    assert.equal(found.record_id, known.record_id);
    assert.equal(found.channels.work_email.value, 'ann.lee@acme.example');
    assert.equal(found.credits_used, 6, 'the phone alone, at the discovery price');
    const again = (await discover(server, { ...ann, channels: ['work_email', 'phone'] })).json;
    assert.equal(again.credits_used, 0);
    assert.equal(await charged(server), 8);
});

test('a person discovered is the same record that /enrichment replays for free, by name and by what was found', async (t) => {
    const { server, acme } = await world(t, { providers: {
        acme: { script: () => hit({ work_email: 'ann.lee@acme.example' }), needs } } });
    const first = (await discover(server, { ...ann, channels: ['work_email'] })).json;

    for (const who of [ann, { ...ann, first_name: 'ANN' }, { email: 'Ann.Lee@acme.example' }]) {
        const { json, headers } = await server.enrich({ ...who, channels: ['work_email'] });
        assert.deepEqual(json, { ...first, credits_used: 0 });
        assert.equal(headers['idempotent-replayed'], 'true');
    }
    const again = await discover(server, { ...ann, channels: ['work_email'] });
    assert.equal(again.headers['idempotent-replayed'], 'true');
    assert.equal(acme.calls.length, 1);
    assert.equal(await charged(server), 4);
});

test('first name, last name and domain are all required, each missing one with its pointer', async (t) => {
    const server = await Server.start(t, { sandbox: true });
    for (const name of Object.keys(chloe)) {
        const { [name]: _, ...rest } = chloe;
        const { status, json } = await discover(server, rest);
        assert.equal(status, 422);
        assert.equal(json.code, 'validation_failed');
        assert.deepEqual(json.errors, [{ pointer: `/${name}`, detail: 'is required' }]);
    }
    const { json } = await discover(server, {});
    assert.deepEqual(json.errors.map((error) => error.pointer).sort(), ['/company_domain', '/first_name', '/last_name']);
    assert.equal((await discover(server, { ...chloe, email: 'a@acme.example' })).status, 422);
});

test('seed: discovery is slower, and has a deadline of its own', async (t) => {
    const held = gate();
    t.after(held.open);
    const { server } = await world(t, {
        config: { lookup: { deadline_ms: 150, discover_deadline_ms: 20000 } },
        providers: { acme: { script: async () => (await held.opened, hit({ work_email: 'ann.lee@acme.example' })), needs } },
    });
    const discovery = discover(server, { ...ann, channels: ['work_email'] });
    const enrichment = await server.enrich({ email: 'bob@acme.example', channels: ['work_email'] });
    assert.equal(enrichment.headers['unstuck-incomplete'], 'work_email');
    held.open();
    assert.equal((await discovery).json.channels.work_email.value, 'ann.lee@acme.example');
});

test('force, max_credits, dry_run and the other options hold as they do for /enrichment', async (t) => {
    const { server, acme } = await world(t, { providers: {
        acme: { script: () => hit({ work_email: 'ann.lee@acme.example' }), needs, price: 3 } } });
    const one = { ...ann, channels: ['work_email'] };

    const plan = (await discover(server, { ...one, dry_run: true })).json;
    assert.equal(plan.worst_credits, 6);
    assert.equal((await discover(server, { ...one, max_credits: 5 })).headers['unstuck-incomplete'], 'work_email');
    assert.equal(acme.calls.length, 0);
    await discover(server, { ...one, metadata: { a: 'b' }, include: ['attempts'] }).then(({ json }) => {
        assert.deepEqual(json.metadata, { a: 'b' });
        assert.equal(json.attempts[0].price, 6);
    });
    assert.equal((await discover(server, { ...one, force: true })).json.credits_used, 6);
    assert.equal(await charged(server), 12);
});
