// POST /enrichment/account: what is known of a company, field by field.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from './support/test.mjs';
import { gate, misbehave, startProvider } from './support/provider.mjs';
import { Server, tempFolder } from './support/server.mjs';
import { charged } from './support/world.mjs';

const westmark = {
    industry: 'Robotics / Hardware', employee_count: 240, revenue_band: '$50M-$100M', founded_year: 2018,
    hq_country: 'UK', hq_city: 'Bristol', tech_stack: ['Snowflake', 'Okta', 'Datadog'], funding_stage: 'Series C',
    last_funding_date: '2025-09-15', total_raised_usd: 87000000,
};
const none = Object.fromEntries(Object.keys(westmark).map((name) => [name, null]));
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const account = (server, body) => server.client.request('POST', '/enrichment/account', { body });

// The entry of a provider that has `fields`, each read from the member of its name.
function entry(provider, fields, price = 1, rest = {}) {
    return {
        name: provider.name, kind: 'http', prices: { account: price }, timeout_ms: 10000, ...rest,
        connector: {
            connector: 1, needs: [['company_domain']],
            request: { method: 'GET', url: `${provider.url}/company?domain={company_domain}` },
            outcomes: [{ status: 404, outcome: 'miss' }],
            account: Object.fromEntries(fields.map((field) => [field, { value: `/${field}`, confidence: 0.8 }])),
        },
    };
}

// A server whose providers answer as scripted: companies(t, { acme: [script, fields, price] })
async function companies(t, scripts, config = {}) {
    const providers = {};
    const entries = [];
    for (const [name, [script, fields, price, rest]] of Object.entries(scripts)) {
        providers[name] = await startProvider(t, name, script);
        entries.push(entry(providers[name], fields, price, rest));
    }
    return { server: await Server.start(t, { config: { ...config, providers: entries } }), ...providers };
}

test("seed: the account question of westmarkrobotics.com gets the seed's answer, member for member and type for type", async (t) => {
    const server = await Server.start(t, { sandbox: true });
    const { status, headers, json } = await account(server, { domain: 'westmarkrobotics.com' });

    assert.equal(status, 200);
    assert.equal(headers['content-type'], 'application/json');
    assert.deepEqual(Object.keys(json), ['account_id', 'fields']);
    assert.match(json.account_id, /^acc_[0-9A-Za-z]{22}$/);
    assert.deepEqual(json.fields, westmark);
    assert.deepEqual(Object.keys(json.fields), Object.keys(westmark));
    assert.equal(headers['unstuck-credits-used'], '5'); // A for 2, C for 3; D had nothing to add
    assert.equal(headers['unstuck-credits-remaining'], '9995');
});

test('asked again, in another spelling, it is a replay that costs nothing', async (t) => {
    const server = await Server.start(t, { sandbox: true });
    const first = await account(server, { domain: 'westmarkrobotics.com' });
    const again = await account(server, { domain: 'https://www.WestmarkRobotics.com/about' });

    assert.deepEqual(again.json, first.json);
    assert.equal(again.headers['idempotent-replayed'], 'true');
    assert.match(again.headers.age, /^\d+$/);
    assert.equal(again.headers['unstuck-credits-used'], '0');
    assert.equal(await charged(server), 5);
    assert.equal((await account(server, { domain: 'westmarkrobotics.com', force: true })).headers['unstuck-credits-used'], '5');
});

test('all ten members are there for a company that nobody knows, and it costs nothing', async (t) => {
    const server = await Server.start(t, { sandbox: true });
    const { json, headers } = await account(server, { domain: 'nobody.example' });
    assert.deepEqual(json.fields, none);
    assert.equal(headers['unstuck-incomplete'], undefined);
    assert.equal(await charged(server), 0);
    assert.equal((await account(server, { domain: 'nobody.example' })).headers['idempotent-replayed'], 'true');
});

test('the sandbox has made-up companies', async (t) => {
    const server = await Server.start(t, { sandbox: true });
    const { json } = await account(server, { domain: 'amberlyrobotics.example' });
    assert.equal(typeof json.fields.industry, 'string');
    assert.ok(Number.isInteger(json.fields.employee_count));
});

test('fields are merged by provider, each with its own source and time, and each contributor is charged once', async (t) => {
    const { server, first, second, third } = await companies(t, {
        first: [() => ({ json: { industry: 'Pumps', founded_year: 1999 } }), ['industry', 'founded_year', 'hq_city'], 2],
        second: [() => ({ json: { industry: 'Other', hq_city: 'Leeds', tech_stack: ['Kafka'] } }), ['industry', 'hq_city', 'tech_stack'], 3],
        third: [() => ({ json: { industry: 'Third' } }), ['industry', 'hq_city'], 7],
    });
    const { json, headers } = await account(server, { domain: 'acme.example', include: ['sources', 'attempts'] });

    assert.deepEqual(json.fields, { ...none, industry: 'Pumps', founded_year: 1999, hq_city: 'Leeds', tech_stack: ['Kafka'] });
    assert.deepEqual(Object.keys(json.sources), Object.keys(westmark));
    const { enriched_at, ...industry } = json.sources.industry;
    assert.deepEqual(industry, { source: 'first', confidence: 0.8 });
    assert.match(enriched_at, time);
    assert.equal(json.sources.hq_city.source, 'second');
    assert.equal(json.sources.hq_country, null);
    assert.deepEqual(json.attempts.map((a) => [a.channel, a.provider, a.rank, a.outcome, a.credits]),
        [['account', 'first', 1, 'hit', 2], ['account', 'second', 2, 'hit', 3]]);
    assert.equal(third.calls.length, 0); // nothing was missing that it has
    assert.deepEqual(first.calls[0].query, { domain: 'acme.example' });
    assert.equal(second.calls.length, 1);
    assert.equal(headers['unstuck-credits-used'], '5');
    assert.equal(await charged(server), 5);
    assert.deepEqual((await server.trail(json.account_id)).map((a) => a.provider), ['first', 'second']);
});

test('who adds nothing is not charged', async (t) => {
    const { server } = await companies(t, {
        first: [() => ({ json: {} }), ['industry'], 2],
        second: [() => ({ json: { industry: 'Pumps' } }), ['industry'], 3],
    });
    const { json, headers } = await account(server, { domain: 'acme.example', include: ['attempts'] });
    assert.equal(headers['unstuck-credits-used'], '3');
    assert.deepEqual(json.attempts.map((a) => a.outcome), ['miss', 'hit']);
});

test('the order is that of the configured waterfall "account"', async (t) => {
    const { server } = await companies(t, {
        first: [() => ({ json: { industry: 'First' } }), ['industry']],
        second: [() => ({ json: { industry: 'Second' } }), ['industry']],
    }, { waterfalls: { account: ['second', 'first'] } });
    assert.equal((await account(server, { domain: 'acme.example' })).json.fields.industry, 'Second');
});

test('values come in the seed\'s types: numbers from text, lists of texts, dates; wrong types are no values', async (t) => {
    const answers = {
        'right.example': { employee_count: '240', founded_year: 2018.0, tech_stack: ['A', 'B'], last_funding_date: '2024-02-29', industry: 'X' },
        'wrong.example': { employee_count: 'many', founded_year: 2018.5, tech_stack: { a: 'A' }, last_funding_date: '2025-02-29', industry: 7 },
        'odd.example': { employee_count: -1, founded_year: true, tech_stack: [7], last_funding_date: 20250915, industry: ['X'] },
    };
    const fields = Object.keys(answers['right.example']);
    const { server } = await companies(t, { acme: [({ query }) => ({ json: answers[query.domain] }), fields] });
    const of = async (domain) => (await account(server, { domain })).json.fields;

    assert.deepEqual(await of('right.example'), {
        ...none, employee_count: 240, founded_year: 2018, tech_stack: ['A', 'B'], last_funding_date: '2024-02-29', industry: 'X',
    });
    assert.deepEqual(await of('wrong.example'), none);
    assert.deepEqual(await of('odd.example'), none);
});

test('a provider that failed makes the answer incomplete, and only what is missing is asked for again', async (t) => {
    let works = false;
    const { server, first, second } = await companies(t, {
        first: [() => ({ json: { industry: 'Pumps' } }), ['industry'], 2],
        second: [() => (works ? { json: { hq_city: 'Leeds' } } : { status: 500 }), ['hq_city'], 3],
    });
    const one = await account(server, { domain: 'acme.example' });
    assert.equal(one.headers['unstuck-incomplete'], 'account');
    assert.equal(one.headers['unstuck-credits-used'], '2');
    works = true;
    const two = await account(server, { domain: 'acme.example' });
    assert.deepEqual(two.json, { ...one.json, fields: { ...none, industry: 'Pumps', hq_city: 'Leeds' } });
    assert.equal(two.headers['unstuck-incomplete'], undefined);
    assert.equal(two.headers['unstuck-credits-used'], '3');
    assert.deepEqual([first.calls.length, second.calls.length], [1, 3], 'the failed GET was sent once more at once');
    assert.equal((await account(server, { domain: 'acme.example' })).headers['idempotent-replayed'], 'true');
});

test('the worst case is held: without it 402 and nobody is asked; max_credits caps it', async (t) => {
    const { server, first } = await companies(t, {
        first: [() => ({ json: { industry: 'Pumps' } }), ['industry'], 6000],
        second: [() => ({ json: { hq_city: 'Leeds' } }), ['hq_city'], 5000],
    });
    const refused = await account(server, { domain: 'acme.example' });
    assert.equal(refused.status, 402);
    assert.deepEqual([refused.json.balance, refused.json.required, refused.json.shortfall], [10000, 11000, 1000]);
    assert.equal(first.calls.length, 0);
    const capped = await account(server, { domain: 'acme.example', max_credits: 6000, include: ['attempts'] });
    assert.equal(capped.json.fields.industry, 'Pumps');
    assert.deepEqual(capped.json.attempts.map((a) => a.outcome), ['hit', 'over_budget']);
    assert.equal(capped.headers['unstuck-incomplete'], 'account');
});

test('the same company asked for twice at once is one waterfall and one charge', async (t) => {
    const held = gate();
    t.after(held.open);
    const { server, acme } = await companies(t, {
        acme: [async () => (await held.opened, { json: { industry: 'Pumps' } }), ['industry'], 4] });
    const both = [account(server, { domain: 'acme.example' }), account(server, { domain: 'ACME.example' })];
    await acme.called(1);
    held.open();
    const [one, two] = await Promise.all(both);
    assert.deepEqual(one.json, two.json);
    assert.equal(acme.calls.length, 1);
    assert.equal(await charged(server), 4);
});

test('the answer outlives a crash, with the books right', async (t) => {
    const { server, acme } = await companies(t, {
        acme: [() => ({ json: { industry: 'Pumps', tech_stack: ['Kafka'] } }), ['industry', 'tech_stack'], 4] });
    const first = await account(server, { domain: 'acme.example', include: ['sources'] });
    await server.kill();
    await server.start();
    const again = await account(server, { domain: 'acme.example', include: ['sources'] });
    assert.deepEqual(again.json, first.json);
    assert.equal(acme.calls.length, 1);
    await server.kill();
    assert.equal((await server.verify()).code, 0);
});

test('a company and a person unknown at its domain are different records, whose ids do not serve for each other', async (t) => {
    const server = await Server.start(t, { sandbox: true });
    const { account_id } = (await account(server, { domain: 'westmarkrobotics.com' })).json;
    const { record_id } = (await server.enrich({ company_domain: 'westmarkrobotics.com' })).json;
    const get = (id, part = '') => server.client.get(`/records/${id}${part}`);

    const company = await get(account_id);
    assert.equal(company.status, 200);
    assert.equal(company.json.account_id, account_id);
    assert.deepEqual(company.json.fields, westmark);
    assert.equal(company.json.status, 'full');
    assert.deepEqual(company.json.identities, [{ kind: 'domain', value: 'westmarkrobotics.com' }]);
    assert.equal((await get(record_id)).json.record_id, record_id);
    assert.notEqual(account_id.slice(4), record_id.slice(5));
    for (const part of ['', '/attempts']) {
        assert.equal((await get(`lead_${account_id.slice(4)}`, part)).status, 404);
        assert.equal((await get(`acc_${record_id.slice(5)}`, part)).status, 404);
    }
    assert.equal((await server.client.request('DELETE', `/records/lead_${account_id.slice(4)}`)).status, 404);
    const erased = await server.client.request('DELETE', `/records/${account_id}`);
    assert.equal(erased.json.account_id, account_id);
    assert.equal((await get(account_id)).status, 404);
    assert.equal((await account(server, { domain: 'westmarkrobotics.com' })).headers['unstuck-credits-used'], '5');
});

test('domain is required and nothing but the options goes with it', async (t) => {
    const server = await Server.start(t, { sandbox: true });
    const pointers = async (body) => {
        const { status, json } = await account(server, body);
        assert.equal(status, 422);
        return json.errors.map((error) => error.pointer);
    };
    assert.deepEqual(await pointers({}), ['/domain']);
    assert.deepEqual(await pointers({ domain: '127.0.0.1' }), ['/domain']);
    assert.deepEqual(await pointers({ domain: 'acme.example', channels: ['phone'] }), ['/channels']);
    assert.deepEqual(await pointers({ domain: 'acme.example', include: ['source'] }), ['/include/0']);
});

test('a dry run says whom it would ask and what it could cost', async (t) => {
    const server = await Server.start(t, { sandbox: true });
    const ask = async () => (await account(server, { domain: 'westmarkrobotics.com', dry_run: true, metadata: { a: 'b' } })).json;
    const plan = await ask();
    assert.equal(plan.account_id, null);
    assert.deepEqual(plan.channels.account.providers, ['A', 'C', 'D'].map((name) => `Provider ${name} (sandbox)`));
    assert.equal(plan.worst_credits, 9);
    assert.deepEqual(plan.metadata, { a: 'b' });
    await account(server, { domain: 'westmarkrobotics.com' });
    assert.deepEqual((await ask()).channels, { account: { cached: true } });
});

test('a dataset answers for companies by its domain column', async (t) => {
    const folder = await tempFolder(t);
    const file = join(folder, 'companies.csv');
    await writeFile(file, 'domain,industry,employee_count,tech_stack,last_funding_date\n' +
        'https://www.acme.example,Pumps,0240,Kafka; Okta,2025-13-01\n');
    const server = await Server.start(t, { config: { providers: [{ name: 'CRM', kind: 'dataset', file, prices: { account: 0 } }] } });
    const { json } = await account(server, { domain: 'acme.example' });
    assert.deepEqual(json.fields, { ...none, industry: 'Pumps', employee_count: 240, tech_stack: ['Kafka', 'Okta'] });
});

test('no answer in time is a timeout in the trail', async (t) => {
    const { server } = await companies(t, { slow: [misbehave.never, ['industry'], 1, { timeout_ms: 50 }] });
    const { json, headers } = await account(server, { domain: 'acme.example', include: ['attempts'] });
    assert.equal(json.attempts[0].outcome, 'timeout');
    assert.equal(headers['unstuck-incomplete'], 'account');
});
