// Every operation asked for real: each answer fits the contract, and together they have every member and
// header that the contract knows.
import assert from 'node:assert/strict';
import test from '../flow/support/test.mjs';
import { Client } from '../flow/support/client.mjs';
import { startProvider, hit } from '../flow/support/provider.mjs';
import { until } from '../flow/support/until.mjs';
import { startSandbox, wideLimits } from './support/contract.mjs';

const chloe = 'chloe.walker@westmarkrobotics.com';
const key = (text) => ({ headers: { 'idempotency-key': text } });

async function askEnrichment(contract, client) {
    const ask = (path, body, more) => contract.ask(client, 'POST', path, { body, ...more });
    const all = { metadata: { note: 'mine' }, include: ['attempts'] };
    const person = await ask('/enrichment', { email: chloe, ...all });
    await ask('/enrichment', { email: chloe });
    await ask('/enrichment', { email: 'timeout@sandbox.example', dry_run: true, metadata: {} });
    await ask('/enrichment', { email: chloe, dry_run: true });
    await ask('/enrichment', { email: 'ratelimited@sandbox.example' });
    await ask('/enrichment', { email: 'catchall@sandbox.example', include: ['details'] });
    await ask('/enrichment', { email: 'hit@sandbox.example', include: ['details', 'attempts'] });
    await ask('/enrichment/discover', { first_name: 'Chloe', last_name: 'Walker', company_domain: 'westmarkrobotics.com', ...all });
    const company = await ask('/enrichment/account', { domain: 'westmarkrobotics.com', ...all, include: ['attempts', 'sources'] });
    await ask('/enrichment/account', { domain: 'westmarkrobotics.com' });
    await ask('/enrichment/account', { domain: 'nobody.example', dry_run: true, metadata: { note: 'mine' } });
    await ask('/enrichment/bulk', { records: [{ email: chloe }, {}], ...all });
    await ask('/enrichment/bulk', { records: [{ email: chloe }], dry_run: true });
    return { person: person.json.record_id, company: company.json.account_id };
}

async function askRefusals(contract, client) {
    const ask = (body, more) => contract.ask(client, 'POST', '/enrichment', { body, ...more });
    assert.equal((await ask({ email: 'no' })).status, 422);
    assert.equal((await ask({})).json.code, 'identity_required');
    assert.equal((await ask('{')).status, 400);
    assert.equal((await ask('{}', { headers: { 'content-type': 'text/plain' } })).status, 415);
    assert.equal((await ask(JSON.stringify({ email: 'x'.repeat(70000) }))).status, 413);
    assert.equal((await ask({ email: chloe }, { headers: { authorization: null } })).status, 401);
    assert.equal((await ask({ email: chloe }, key('k'))).status, 200);
    assert.equal((await ask({ email: chloe, force: true }, key('k'))).json.code, 'idempotency_key_reused');
    const records = Array(101).fill({ email: chloe });
    assert.equal((await contract.ask(client, 'POST', '/enrichment/bulk', { body: { records } })).json.code, 'too_many_records');
}

async function askAround(contract, client, ids) {
    const get = (path) => contract.ask(client, 'GET', path);
    for (const id of [ids.person, ids.company]) {
        for (const path of [`/records/${id}`, `/records/${id}/attempts`])
            assert.equal((await get(path)).status, 200);
    }
    for (const path of ['/credits', '/credits/ledger', '/usage', '/keys', '/health', '/ready', '/metrics', '/openapi.json'])
        assert.equal((await get(path)).status, 200, path);
    assert.equal((await contract.ask(client, 'POST', '/admin/reload')).json.generation, 2);
    for (const path of ['/records/lead_x/attempts', '/records/lead_x', '/records/acc_x'])
        assert.equal((await get(path)).status, 404, path);
    for (const path of ['/usage?from=x', '/credits/ledger?cursor=x'])
        assert.equal((await get(path)).status, 422, path);
    for (const id of [ids.person, ids.company])
        assert.equal((await contract.ask(client, 'DELETE', `/records/${id}`)).status, 200);
}

async function askSuppressions(contract, client) {
    const ask = (method, path, body, more) => contract.ask(client, method, path, { body, ...more });
    const made = await ask('POST', '/suppressions', { email: 'gone@westmarkrobotics.com', note: 'by letter' }, key('gone'));
    assert.equal(made.status, 201);
    await ask('POST', '/suppressions', { email: 'gone@westmarkrobotics.com', note: 'by letter' }, key('gone'));
    assert.equal((await ask('POST', '/suppressions', { email: 'Gone@westmarkrobotics.com' })).status, 200);
    const csv = { headers: { 'content-type': 'text/csv' } };
    assert.equal((await ask('POST', '/suppressions', 'email\nx@gone.example\nno\n', csv)).json.refusals.length, 1);
    assert.equal((await ask('POST', '/suppressions', 'x', csv)).status, 422);
    assert.equal((await ask('GET', '/suppressions')).json.suppressions.length, 2);
    assert.equal((await ask('GET', '/suppressions?domain=x')).status, 422);
    assert.equal((await ask('POST', '/enrichment', { email: 'gone@westmarkrobotics.com' })).status, 451);
    assert.equal((await ask('DELETE', `/suppressions/${made.json.suppression_id}`)).status, 200);
    assert.equal((await ask('DELETE', '/suppressions/sup_x')).status, 404);
}

// With an order that is learned from one outcome on, and drawn.
async function askRanking(contract, client) {
    const ask = (method, path, body) => contract.ask(client, method, path, { body });
    const tell = (body) => ask('POST', '/outcomes', body);
    const { json: { record_id } } = await client.request('POST', '/enrichment', { body: { email: 'hit+told@sandbox.example' } });
    const told = { record_id, channel: 'work_email', event: 'delivered', occurred_at: new Date().toISOString() };
    assert.equal((await tell(told)).json.status, 'counted');
    assert.equal((await tell({ outcomes: [told, { ...told, event: 'replied' }, { ...told, record_id: 'lead_0123456789abcdefghijkl' }] })).json.counted, 1);
    assert.equal((await tell({ ...told, channel: 'fax' })).status, 422);
    assert.equal((await ask('GET', '/waterfalls/work_email')).json.order, 'learned');
    assert.equal((await ask('GET', '/waterfalls/account')).status, 200);
    let seed;
    for (let n = 0; !seed; n++) {
        const { json } = await ask('POST', '/enrichment', { email: `hit+drawn${n}@sandbox.example`, include: ['attempts'] });
        [{ seed }] = (await ask('GET', `/records/${json.record_id}/attempts`)).json.lookups;
    }
    const all = (await ask('GET', '/waterfalls/phone')).json.places.map(({ provider }) => provider);
    assert.match((await ask('PUT', '/waterfalls/phone', { disabled: all })).json.warning, /disabled/);
    assert.equal((await ask('PUT', '/waterfalls/phone', { pinned: [all[1]], deterministic: true })).status, 200);
    assert.equal((await ask('PUT', '/waterfalls/phone', { reset: true })).status, 200);
}

async function askKeys(contract, server) {
    const { client } = server;
    const made = await contract.ask(client, 'POST', '/keys', { body: { name: 'reader', scope: 'read' }, ...key('made') });
    assert.equal(made.status, 201);
    const again = await contract.ask(client, 'POST', '/keys', { body: { name: 'reader', scope: 'read' }, ...key('made') });
    assert.equal(again.text, made.text);
    const reader = new Client(server.url, made.json.secret);
    assert.equal((await contract.ask(reader, 'POST', '/enrichment', { body: { email: chloe } })).status, 403);
    reader.close();
    assert.equal((await contract.ask(client, 'DELETE', `/keys/${made.json.key_id}`)).status, 200);
    const own = (await contract.ask(client, 'GET', '/keys')).json.keys.find((each) => each.scope === 'full');
    assert.equal((await contract.ask(client, 'DELETE', `/keys/${own.key_id}`)).json.code, 'last_full_key');
    assert.equal((await contract.ask(client, 'DELETE', '/keys/key_x')).status, 404);
}

async function askWebhooks(contract, server, hook) {
    const { client } = server;
    const path = '/settings/verification-webhook';
    const ask = (method, to, body, more) => contract.ask(client, method, to, { body, ...more });
    const deliveries = async () => (await ask('GET', `${path}/deliveries`)).json.deliveries;
    assert.equal((await ask('PUT', path, { url: hook.url })).status, 201);
    assert.equal((await ask('PUT', path, { url: hook.url, mode: 'after_answer' })).status, 200);
    await ask('GET', path);
    await ask('POST', `${path}/test`, undefined, key('test'));
    await ask('POST', `${path}/test`, undefined, key('test'));
    const { json } = await ask('POST', '/enrichment', { email: 'hit+judged@sandbox.example', channels: ['work_email'] });
    await until(async () => (await deliveries())[0].state === 'delivered');
    await ask('GET', `/records/${json.record_id}`);
    const [{ event_id: id }] = await deliveries();
    await ask('POST', `${path}/deliveries/${id}/redeliver`);
    await ask('DELETE', path);
    const made = await ask('POST', '/settings/webhooks', { url: hook.url, events: ['record.enriched', 'credits.low'], credits_below: 9 });
    assert.equal(made.status, 201, made.text);
    await ask('GET', '/settings/webhooks');
    await ask('GET', `/settings/webhooks/${made.json.endpoint_id}/deliveries`);
    await ask('POST', `/settings/webhooks/${made.json.endpoint_id}/test`);
    await ask('DELETE', `/settings/webhooks/${made.json.endpoint_id}`);
    await ask('GET', '/records?pushable=true');
}

// What the sandbox does not have: a verifier, and numbers that must not be called.
async function askWithDetails(t, seen) {
    const acme = await startProvider(t, 'acme', () => hit({ work_email: 'ann@ex.org', phone: '+442079460001', dnc: true }));
    const vera = await startProvider(t, 'vera', () => ({ json: { status: 'catch_all' } }));
    const entry = acme.entry({ channels: ['work_email', 'phone'] });
    entry.connector.channels.phone.do_not_call = '/dnc';
    const { server, contract } = await startSandbox(t, {
        sandbox: false,
        config: {
            ...wideLimits,
            providers: [entry, vera.entry({ verdict: { at: '/status', words: { catch_all: 'catch_all' } } })],
            waterfalls: { work_email: { verifiers: ['vera'] } },
        },
    });
    contract.seen = seen;
    await contract.ask(server.client, 'POST', '/enrichment', { body: { email: 'ann@ex.org', include: ['details', 'attempts'] } });
}

test('every answer fits the contract, and every member and header of the contract is seen', async (t) => {
    const hook = await startProvider(t, 'hook', () => ({ json: { valid: true } }));
    const { server, contract } = await startSandbox(t, { config: { ...wideLimits, ranking: { outcomes_min: 1, exploration_percent: 100 }, outgoing: { webhooks: { allow: ['127.0.0.1/32'] } } } });
    const ids = await askEnrichment(contract, server.client);
    await askRefusals(contract, server.client);
    await askAround(contract, server.client, ids);
    await askRanking(contract, server.client);
    await askSuppressions(contract, server.client);
    await askKeys(contract, server);
    await askWebhooks(contract, server, hook);

    await askWithDetails(t, contract.seen);

    // Without credits, and past a limit.
    const acme = await startProvider(t, 'acme', () => hit({ work_email: 'ann@ex.org' }));
    const poor = await startSandbox(t, {
        sandbox: false, credits: 1, config: { ...wideLimits, limits: { ...wideLimits.limits, minute: 1 }, providers: [acme.entry()] },
    });
    poor.contract.seen = contract.seen;
    const ask = () => poor.contract.ask(poor.server.client, 'POST', '/enrichment', { body: { email: 'ann@ex.org' } });
    assert.equal((await ask()).status, 402);
    assert.equal((await ask()).status, 429);

    // Another method of a known path.
    const wrong = await server.client.request('PUT', '/credits');
    assert.equal(wrong.status, 405);
    contract.check('GET', '/credits', wrong);

    const missing = [...contract.documented()].filter((each) => !contract.seen.has(each));
    assert.deepEqual(missing, [], 'in the contract, and in no answer');
});
