// What is known of a value beside itself: kept with it, shown in records, and in answers to those who ask for it.
import assert from 'node:assert/strict';
import test from './support/test.mjs';
import { hit } from './support/provider.mjs';
import { world } from './support/world.mjs';

const channels = ['phone'];
const mobile = () => hit({ phone: '+61 491 570 006' });
const values = (json) => Object.fromEntries(Object.entries(json.channels.phone).filter(([name]) =>
    !['source', 'confidence', 'enriched_at'].includes(name)));

test('details are in the answer only when they are asked for, fresh, replayed and shared alike', async (t) => {
    const { server, acme } = await world(t, { providers: { acme: { script: mobile, channels } } });
    const plain = { value: '+61491570006' };
    const detailed = { ...plain, type: 'mobile' };
    const ask = (more) => server.enrich({ email: 'ann@ex.org', channels, ...more }).then(({ json }) => values(json));

    assert.deepEqual(await ask({ include: ['details'] }), detailed);
    assert.deepEqual(await ask(), plain);
    assert.deepEqual(await ask({ include: ['attempts'] }), plain);
    assert.deepEqual(await ask({ include: ['attempts', 'details'] }), detailed);
    assert.equal(acme.calls.length, 1);
    const both = await Promise.all([ask({ force: true, include: ['details'] }), ask({ force: true })]);
    assert.deepEqual(both, [detailed, plain]);
});

test('a record shows what is known of its values', async (t) => {
    const { server } = await world(t, { providers: { acme: { script: mobile, channels } } });
    const { json } = await server.enrich({ email: 'ann@ex.org', channels });
    const record = await server.client.get(`/records/${json.record_id}`);
    assert.deepEqual(values(record.json), { value: '+61491570006', type: 'mobile' });
});

test('details survive a restart', async (t) => {
    const { server } = await world(t, { providers: { acme: { script: mobile, channels } } });
    await server.enrich({ email: 'ann@ex.org', channels });
    await server.restart();
    const { json } = await server.enrich({ email: 'ann@ex.org', channels, include: ['details'] });
    assert.equal(json.credits_used, 0);
    assert.deepEqual(values(json), { value: '+61491570006', type: 'mobile' });
});

test('bulk has details for every record, a discovery too, and a company none', async (t) => {
    const { server } = await world(t, {
        providers: { acme: { script: mobile, channels, needs: [['email'], ['first_name', 'last_name', 'company_domain']] } },
    });
    const post = (path, body) => server.client.request('POST', path, { body });
    const bulk = await post('/enrichment/bulk', { records: [{ email: 'ann@ex.org' }], channels, include: ['details'] });
    assert.equal(bulk.json.results[0].channels.phone.type, 'mobile');
    const person = { first_name: 'Ann', last_name: 'Lee', company_domain: 'ex.org' };
    const discovered = await post('/enrichment/discover', { ...person, channels, include: ['details'] });
    assert.equal(discovered.json.channels.phone.type, 'mobile');
    const company = await post('/enrichment/account', { domain: 'ex.org', include: ['details'] });
    assert.equal(company.status, 422);
    assert.deepEqual(company.json.errors.map(({ pointer }) => pointer), ['/include/0']);
});

// Where a provider's answer says more of its values.
const knowing = {
    work_email: {
        value: '/email', confidence: 0.9,
        status: { at: '/email_status', words: { verified: 'deliverable', bounced: 'undeliverable' } },
    },
    phone: {
        value: '/number', confidence: 0.9, region: '/country', do_not_call: '/dnc',
        type: { at: '/line', words: { work: 'direct', cell: 'mobile' } },
    },
};

async function askKnowing(t, answer) {
    const acme = { script: () => ({ json: answer }), channels: ['work_email', 'phone'] };
    const { server } = await world(t, { providers: { acme }, prepare: true });
    server.config.providers[0].connector.channels = knowing;
    await server.start();
    const { json } = await server.enrich({ email: 'ann@ex.org', channels: acme.channels, include: ['details', 'attempts'] });
    return { server, json };
}

test('what the provider says of its values is kept and shown', async (t) => {
    const { server, json } = await askKnowing(t, {
        email: 'ann@ex.org', email_status: 'Verified', number: '+44 20 7946 0001', line: 'work', dnc: true,
    });
    assert.equal(json.channels.work_email.status, 'deliverable');
    assert.deepEqual(values(json), { value: '+442079460001', type: 'direct', do_not_call: true });
    await server.restart();
    const record = await server.client.get(`/records/${json.record_id}`);
    assert.equal(record.json.channels.work_email.status, 'deliverable');
    assert.deepEqual(values(record.json), { value: '+442079460001', type: 'direct', do_not_call: true });
});

test('a number without its country code is read in the country that the provider names, or the domain', async (t) => {
    const said = await askKnowing(t, { number: '(020) 7946 0001', country: 'gb' });
    assert.deepEqual(values(said.json), { value: '+442079460001', type: 'landline' });
    const { server } = await world(t, { providers: { acme: { script: () => hit({ phone: '020 7946 0001' }), channels } } });
    const at = async (email) => (await server.enrich({ email, channels })).json.channels.phone?.value ?? null;
    assert.equal(await at('ann@acme.co.uk'), '+442079460001');
    assert.equal(await at('ann@acme.example'), null);
    assert.equal(await at('ann@acme.io'), null, 'sold to everybody');
});

test('what a provider itself calls undeliverable is no value', async (t) => {
    const { json } = await askKnowing(t, { email: 'ann@ex.org', email_status: 'bounced' });
    assert.equal(json.channels.work_email, null);
    assert.deepEqual(json.attempts.map(({ outcome }) => outcome), ['invalid', 'miss']);
});
