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
